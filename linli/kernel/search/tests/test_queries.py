import pytest

from linli.kernel.access.queries import visible_to
from linli.kernel.actor import Actor
from linli.kernel.search import queries
from linli.kernel.search.queries import is_common, match, page
from linli.kernel.search.tests.conftest import fill, plan


def found(rows) -> list[str]:
    return [row.text for row in rows]


def test_a_row_is_found_by_any_piece_of_its_text(notes):
    notes.objects.create(title="路灯", text="金沙路人行道的井盖不见了，晚上很危险")
    for words in ("井盖", "金沙路", "危险", "路灯", "盖", "了", "险", "井盖 危险"):
        assert match(notes.objects, words).count() == 1, words
    for words in ("井 路障", "路道", "下水道"):
        assert match(notes.objects, words).count() == 0, words


def test_all_words_must_be_there(notes):
    notes.objects.create(text="河道有人倒垃圾")
    notes.objects.create(text="河道水位上涨")
    assert found(match(notes.objects, "河道 垃圾")) == ["河道有人倒垃圾"]


def test_numbers_and_latin_words_are_found_in_any_width(notes):
    notes.objects.create(text="案卷430181-20261122-00017，ＫＴＶ噪音")
    for words in ("430181-20261122-00017", "00017", "ktv", "ＫＴＶ"):
        assert match(notes.objects, words).count() == 1, words
    assert match(notes.objects, "0001").count() == 0


def test_blank_words_leave_the_list_and_signs_match_nothing(notes):
    notes.objects.create(text="一")
    notes.objects.create(text="二")
    assert found(match(notes.objects, "  ")) == ["二", "一"]
    assert found(match(notes.objects, "？！")) == []


@pytest.mark.parametrize(
    "words", ["'", "\\", "a'b", "' | '消防", "消防:*", "!消防", "(消防", "\x00消防", "𠮷 '"]
)
def test_signs_of_the_query_language_do_no_harm(notes, words):
    notes.objects.create(text="消防通道被占")
    assert match(notes.objects, words).count() in (0, 1)


def test_a_saved_change_is_found_and_the_old_text_is_not(notes):
    row = notes.objects.create(text="井盖不见了")
    row.text = "路灯不亮"
    row.save()
    assert found(match(notes.objects, "路灯")) == ["路灯不亮"]
    assert found(match(notes.objects, "井盖")) == []
    notes.objects.update(text="树倒了", words="树倒了")
    assert found(match(notes.objects, "树倒")) == ["树倒了"]


def test_a_row_read_and_saved_keeps_its_words(notes):
    notes.objects.create(text="井盖不见了")
    row = notes.objects.get()
    assert row.words is None
    row.save()
    assert match(notes.objects, "井盖").count() == 1


def test_a_rare_word_uses_the_index_and_a_common_one_walks_the_ids(notes):
    fill(notes, [("道路积水很深", 3000), ("井盖不见了", 6), ("今天开会学习", 3000)])
    rare, common = match(notes.objects, "井盖"), match(notes.objects, "积水")
    assert "search_tests_note_words" in plan(rare[:25])
    walked = plan(common[:25])
    assert "search_tests_note_words" not in walked
    assert "Index Scan Backward" in walked
    assert rare.count() == 6
    assert common.count() == 3000


def test_two_common_pairs_that_hardly_meet_are_not_walked(notes):
    fill(notes, [("张三报修", 2000), ("三丰小区", 2000), ("张三丰来访", 2)])
    rows = match(notes.objects, "张三丰")
    assert "Index Scan Backward" not in plan(rows[:25])
    assert rows.count() == 2


def test_without_statistics_the_newest_rows_are_sampled(notes):
    notes.objects.bulk_create([notes(text="道路积水很深") for _ in range(1500)])
    queries.forget()
    assert is_common(notes.objects.all(), ["积水"])
    assert not is_common(notes.objects.all(), ["井盖"])


def test_a_small_table_is_never_walked(notes):
    notes.objects.bulk_create([notes(text="道路积水很深") for _ in range(50)])
    queries.forget()
    assert not is_common(notes.objects.all(), ["积水"])


@pytest.mark.parametrize("words", ["积水", "井盖", ""])
def test_pages_hold_every_row_once_newest_first(notes, words):
    fill(notes, [("道路积水很深，井盖不见了", 60), ("今天开会学习", 3000), ("道路积水", 500)])
    seen: list[int] = []
    before = None
    while True:
        one = page(notes.objects, words, before=before, size=50)
        seen += [row.pk for row in one.rows]
        before = one.before
        if before is None:
            break
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == {"积水": 560, "井盖": 60, "": 3560}[words]


def test_a_stranger_finds_nothing_beyond_the_rows_he_may_see(notes):
    notes.objects.create(text="井盖不见了", town="430181001")
    stranger = Actor(None, "anonymous", "")
    may_see = visible_to(stranger, "incidents.view", notes.objects.all())
    assert match(may_see, "井盖").count() == 0
    assert page(may_see, "井盖").rows == []


def test_statistics_are_asked_once_a_minute(notes, django_assert_max_num_queries):
    fill(notes, [("井盖不见了", 5), ("今天开会学习", 2000)])
    list(match(notes.objects, "井盖"))
    with django_assert_max_num_queries(1):
        list(match(notes.objects, "井盖"))
