import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.search.rules import asked, lexemes, scans_ids, tokens, tsquery


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("消防车", ["消防", "防车"]),
        ("火", ["火"]),
        ("湘A12345停在门口", ["湘", "a12345", "停在", "在门", "门口"]),
        ("ＫＴＶ　噪音", ["ktv", "噪音"]),
        ("3号楼，二单元。", ["3", "号楼", "二单", "单元"]),
        ("Wi-Fi 断了！", ["wi", "fi", "断了"]),
        ("㐂〇𠮷", ["㐂〇", "〇𠮷"]),
        ("，。！ _ \x00", []),
        ("", []),
    ],
)
def test_text_is_cut_into_pairs_and_words(text, expected):
    assert tokens(text) == expected


def test_full_width_and_capitals_find_the_same():
    assert tokens("ＡＢＣ１２３") == tokens("abc123")


def test_every_han_character_begins_a_stored_lexeme():
    assert lexemes("消防车") == sorted(["消防", "防车", "车"])


def test_a_query_asks_each_token_once_and_not_too_many():
    assert asked("噪音噪音") == ["噪音", "音噪"]
    assert len(asked("".join(chr(0x4E00 + i) for i in range(100)))) == 32


def test_a_query_is_quoted():
    assert tsquery(["消防", "火"]) == "'消防' & '火':*"
    assert tsquery(["o'b\\"]) == "'o''b\\\\'"


@given(st.text(max_size=60))
def test_any_text_can_be_cut_and_what_is_asked_is_stored(text):
    assert set(tokens(text)) <= set(lexemes(text))
    assert all(lexemes(text))


@given(st.text(st.sampled_from("河道边有人倒垃圾a1 ，"), min_size=2, max_size=20), st.data())
def test_a_piece_of_han_text_asks_only_what_the_whole_stores(text, data):
    start = data.draw(st.integers(0, len(text) - 2))
    piece = text[start : start + 2]
    if all("一" <= char <= "鿿" for char in piece):
        assert set(tokens(piece)) <= set(lexemes(text))


def test_only_what_is_common_as_a_whole_is_walked():
    assert not scans_ids(0.005, 900, 1000)
    assert scans_ids(0.2, 900, 1000)
    assert not scans_ids(0.2, 3, 1000)  # both pairs common, together rare
    assert scans_ids(None, 11, 1000)
    assert not scans_ids(None, 10, 1000)
    assert not scans_ids(None, 0, 0)
