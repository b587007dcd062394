from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.web import rules

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "不到 1 分钟"),
        (45, "45 分钟"),
        (60, "1 小时"),
        (95, "1 小时 35 分钟"),
        (300, "5 小时"),
        (1500, "1 天 1 小时"),
        (9000, "6 天"),
    ],
)
def test_a_span_is_said_in_the_words_that_matter(minutes, words):
    assert rules.span_words(timedelta(minutes=minutes)) == words


def test_a_clock_turns_from_ok_to_warn_to_bad():
    start = NOW - timedelta(hours=10)
    assert rules.clock(NOW + timedelta(hours=10), NOW, start=start).state == "ok"
    assert rules.clock(NOW + timedelta(hours=2), NOW, start=start).state == "warn"
    late = rules.clock(NOW - timedelta(hours=3), NOW, start=start)
    assert (late.state, late.words) == ("bad", "已超时 3 小时")
    assert rules.clock(NOW + timedelta(hours=9), NOW, left="3 工作时").words == "还剩 3 工作时"
    assert rules.clock(None, NOW).words == "未设时限"


def test_a_finished_clock_says_how_late():
    assert rules.finished_clock(NOW, NOW).state == "done"
    assert rules.finished_clock(NOW, NOW + timedelta(days=4)).words == "超时 4 天办结"


def test_a_moment_is_said_in_beijing_time():
    assert rules.moment_words(NOW) == "2026年11月22日 周日 14:05"


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_every_way_to_write_a_day_is_read(day):
    shapes = [
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y-%m-%d}",
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
    ]
    assert {rules.parse_day(shape) for shape in shapes} == {day}


@pytest.mark.parametrize("written", ["", "昨天", "2026-13-01", "2026-2-30", "26-1-1"])
def test_what_is_no_day_is_none(written):
    assert rules.parse_day(written) is None


def test_names_and_numbers_are_masked():
    assert [rules.mask_name(n) for n in ("张伟", "欧阳建国", "李", "")] == ["张*", "欧阳**", "李*", ""]
    assert rules.mask_number("430181195203040012") == "4301****0012"
    assert rules.mask_number("13800001234") == "138****1234"
    assert rules.mask_number("12345") == "*****"


@given(st.text(max_size=40))
def test_no_text_stays_a_formula(text):
    safe = rules.safe_cell(text)
    assert not safe.startswith(("=", "+", "@", "\t", "\r", "\n"))
    assert not safe.startswith("-") or float(safe) <= 0


def test_numbers_and_plain_words_stay_as_they_are():
    assert [rules.safe_cell(v) for v in (-3, "-3.5", "关口街道", None)] == [-3, "-3.5", "关口街道", None]


def test_a_phone_that_runs_ahead_is_put_right_by_its_skew():
    skew = timedelta(minutes=-20)  # the phone is twenty minutes ahead
    taken = rules.believe(NOW + timedelta(minutes=15), NOW, skew)
    assert taken.at == NOW - timedelta(minutes=5)
    assert not taken.flagged


@pytest.mark.parametrize("off", [timedelta(days=2), timedelta(days=-31)])
def test_an_absurd_time_is_flagged_and_not_used(off):
    taken = rules.believe(NOW + off, NOW, timedelta(0))
    assert (taken.at, taken.flagged, taken.said) == (NOW, True, NOW + off)


def test_nothing_is_ever_taken_from_the_future():
    taken = rules.believe(NOW + timedelta(minutes=2), NOW, timedelta(0))
    assert (taken.at, taken.flagged) == (NOW, False)


def test_text_in_either_chinese_coding_is_read():
    assert (
        rules.decode_text("姓名,电话".encode("gb18030"))
        == rules.decode_text("姓名,电话".encode("utf-8-sig"))
        == "姓名,电话"
    )
    with pytest.raises(ValueError, match="编码"):
        rules.decode_text(b"\xff\xff\xff")


def test_columns_are_matched_by_name_then_by_likeness():
    wanted = {"name": ("姓名",), "phone": ("联系电话", "手机"), "address": ("地址",)}
    assert rules.match_columns(["手机号码", "姓名（必填）", "家庭地址"], wanted) == {
        "name": 1,
        "phone": 0,
        "address": 2,
    }


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert (
        rules.digest({"a": 1, "b": [2]})
        == rules.digest({"b": [2], "a": 1})
        != rules.digest({"a": 1, "b": [3]})
    )
