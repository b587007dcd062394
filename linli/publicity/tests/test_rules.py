"""Days counted as the law counts them, through 春节 and 国庆, with days lost."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.kernel.deadlines.rules import LimitError
from linli.kernel.deadlines.workdays import SHANGHAI, Calendar
from linli.publicity import rules
from linli.publicity.rules import Outage, period

CALENDAR = Calendar()
NEVER = datetime(2030, 1, 1, tzinfo=SHANGHAI)


def moment(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)


def down(since: str, until: str = "") -> Outage:
    return Outage(moment(since), moment(until) if until else None)


@pytest.mark.parametrize(
    ("posted", "days", "unit", "ends"),
    [
        ("2026-03-02", 7, "d", "2026-03-09"),  # Monday to Monday: seven whole days after the day of posting
        ("2026-03-01", 7, "d", "2026-03-09"),  # the seventh day is a Sunday: ends on Monday
        (
            "2026-02-13",
            7,
            "d",
            "2026-02-24",
        ),  # inside 春节 (02-15 … 02-23): the first working day after (vector)
        ("2026-02-16", 7, "d", "2026-02-24"),
        ("2026-02-17", 7, "d", "2026-02-24"),
        ("2025-01-21", 7, "d", "2025-02-05"),  # 春节 2025 (01-28 … 02-04)
        ("2025-09-26", 7, "d", "2025-10-09"),  # 国庆、中秋 2025 (10-01 … 10-08) (vector)
        ("2025-10-01", 7, "d", "2025-10-09"),
        ("2025-09-21", 7, "d", "2025-09-28"),  # a Sunday that is worked: no rolling on
        ("2026-09-25", 7, "d", "2026-10-08"),  # 国庆 2026 (10-01 … 10-07)
        ("2026-10-01", 7, "d", "2026-10-08"),
        ("2026-02-13", 5, "wd", "2026-02-27"),  # 02-14 is worked, then 02-24 … 02-27
        ("2025-09-26", 5, "wd", "2025-10-10"),  # 09-28, 09-29, 09-30, 10-09, 10-10
        ("2026-03-02", 1, "wd", "2026-03-03"),
        ("2026-12-28", 7, "d", "2027-01-04"),
    ],
)
def test_the_last_day_of_a_notice(posted: str, days: int, unit: str, ends: str) -> None:
    found = period(date.fromisoformat(posted), days, unit, CALENDAR, now=NEVER)
    assert found.ends == date.fromisoformat(ends) and found.lost == 0
    assert found.ends_at == moment(f"{found.ends + timedelta(days=1)} 00:00")


def test_without_rolling_a_limit_ends_on_a_day_of_rest() -> None:
    assert period(date(2026, 2, 13), 7, "d", CALENDAR, roll=False, now=NEVER).ends == date(2026, 2, 20)


@pytest.mark.parametrize(
    ("posted", "unit", "outages", "ends", "lost"),
    [
        ("2026-03-02", "d", [down("2026-03-04 10:00", "2026-03-04 15:00")], "2026-03-10", 1),
        ("2026-03-02", "d", [down("2026-03-04 10:00", "2026-03-06 09:00")], "2026-03-12", 3),
        ("2026-03-02", "d", [down("2026-03-02 10:00", "2026-03-02 18:00")], "2026-03-09", 0),  # day not counted
        ("2026-03-02", "d", [down("2026-03-03 08:00", "2026-03-03 09:00"), down("2026-03-03 20:00", "2026-03-04 07:00")], "2026-03-11", 2),
        ("2026-03-02", "d", [down("2026-03-09 08:00", "2026-03-09 09:00"), down("2026-03-10 08:00", "2026-03-10 09:00")], "2026-03-11", 2),
        ("2026-03-02", "d", [down("2026-03-20 08:00", "2026-03-21 09:00")], "2026-03-09", 0),  # after the end
        ("2026-02-13", "d", [down("2026-02-16 08:00", "2026-02-18 09:00")], "2026-02-24", 3),  # 02-23 rolls to 02-24
        ("2026-02-13", "d", [down("2026-02-16 08:00", "2026-02-20 09:00")], "2026-02-25", 5),
        ("2025-09-26", "d", [down("2025-09-29 08:00", "2025-09-30 09:00")], "2025-10-09", 2),
        ("2026-03-02", "wd", [down("2026-03-06 10:00", "2026-03-09 09:00")], "2026-03-13", 2),  # the week end costs nothing
        ("2026-03-02", "wd", [down("2026-03-07 10:00", "2026-03-08 09:00")], "2026-03-11", 0),
    ],
)  # fmt: skip
def test_every_day_touched_by_an_outage_is_given_again(
    posted: str, unit: str, outages: list[Outage], ends: str, lost: int
) -> None:
    found = period(date.fromisoformat(posted), 7, unit, CALENDAR, outages=outages, now=NEVER)
    assert (found.ends, found.lost) == (date.fromisoformat(ends), lost)


def test_an_outage_still_running_counts_up_to_now() -> None:
    found = period(
        date(2026, 3, 2), 7, "d", CALENDAR, outages=[down("2026-03-04 10:00")], now=moment("2026-03-05 09:00")
    )
    assert (found.ends, found.lost) == (date(2026, 3, 11), 2)


def test_a_year_without_published_holidays_is_provisional() -> None:
    assert period(date(2026, 12, 28), 7, "d", CALENDAR, now=NEVER).provisional
    assert not period(date(2026, 3, 2), 7, "d", CALENDAR, now=NEVER).provisional


@pytest.mark.parametrize(("days", "unit"), [(0, "d"), (7, "h2"), (-1, "wd")])
def test_no_days_and_unknown_units_are_refused(days: int, unit: str) -> None:
    with pytest.raises(LimitError):
        period(date(2026, 3, 2), days, unit, CALENDAR, now=NEVER)


FROM = date(2025, 1, 1)


@settings(max_examples=150, deadline=None)
@given(
    posted=st.integers(0, 600),
    days=st.integers(1, 30),
    unit=st.sampled_from(["d", "wd"]),
    gaps=st.lists(st.tuples(st.integers(0, 60 * 24), st.integers(1, 96)), max_size=4),
)
def test_a_notice_always_hangs_its_whole_days(
    posted: int, days: int, unit: str, gaps: list[tuple[int, int]]
) -> None:
    """Brute force: enough days after posting were whole, and the last day is one of work where it must be."""
    first = FROM + timedelta(days=posted)
    begin = moment(f"{first} 00:00")
    outages = [Outage(begin + timedelta(hours=at), begin + timedelta(hours=at + long)) for at, long in gaps]
    found = period(first, days, unit, CALENDAR, outages=outages, now=NEVER)
    counted = [first + timedelta(days=n) for n in range(1, (found.ends - first).days + 1)]
    broken = rules.touched(outages, NEVER)
    whole = [day for day in counted if day not in broken and (unit == "d" or CALENDAR.is_working(day))]
    assert len(whole) >= days
    assert (found.ends - first).days >= days + found.lost  # what the database holds
    assert CALENDAR.is_working(found.ends)
    without = period(first, days, unit, CALENDAR, now=NEVER)
    assert found.ends >= without.ends


def test_late_is_what_comes_at_or_after_the_midnight_of_the_end() -> None:
    end = moment("2026-03-10 00:00")
    assert not rules.late("running", end, end - timedelta(microseconds=1))
    assert rules.late("running", end, end) and rules.late("ended", end, end - timedelta(days=3))
    assert not rules.late("draft", None, end)


def test_whoever_is_concerned_may_not_rule() -> None:
    free = {
        "account": 7,
        "name": "孙复核",
        "barred": {1, 2},
        "own": False,
        "texts": ("陈经办收了礼", "陈 经 办"),
    }
    assert rules.may_not_rule(**free) == ""  # type: ignore[arg-type]
    assert "当事人或经办人" in rules.may_not_rule(**free | {"account": 2})  # type: ignore[arg-type]
    assert "点了您的名" in rules.may_not_rule(**free | {"name": "陈经办"})  # type: ignore[arg-type]
    assert "自己提出" in rules.may_not_rule(**free | {"own": True})  # type: ignore[arg-type]
    assert "登录" in rules.may_not_rule(**free | {"account": None})  # type: ignore[arg-type]


def test_a_one_character_name_names_nobody() -> None:
    assert not rules.named_in("陈", "陈经办收了礼") and not rules.named_in("", "什么都没有")
    assert rules.named_in("欧阳 望北", "反映欧阳望北")


def test_over_states_lead_nowhere_but_to_late_reports() -> None:
    assert rules.MOVES["withdrawn"] == {} and rules.MOVES["ended"] == {"object": "ended"}
    assert {after for moves in rules.MOVES.values() for after in moves.values()} <= set(rules.STATES)
    assert {step for moves in rules.MOVES.values() for step in moves} <= set(rules.WORDS)


def test_the_same_list_prints_the_same_text_and_another_does_not() -> None:
    columns, rows = [{"key": "name", "label": "户主"}], [{"name": "张*"}]
    said = {"number": "GS-1", "title": "公示", "place": "某村", "days": "7 天", "columns": columns}
    text = rules.sheet_text(**said, rows=rows)  # type: ignore[arg-type]
    assert text == rules.sheet_text(**said, rows=[dict(rows[0])]) and "1\t张*" in text  # type: ignore[arg-type]
    assert text != rules.sheet_text(**said, rows=[{"name": "李*"}])  # type: ignore[arg-type]


def test_why_a_notice_waits_is_said_in_words() -> None:
    assert rules.waits_for(over=False, down=True, unruled=2) == ""
    assert "中断" in rules.waits_for(over=True, down=True, unruled=2)
    assert rules.waits_for(over=True, down=False, unruled=2) == "期满，等待 2 件异议裁定"
    assert rules.waits_for(over=True, down=False, unruled=0) == ""
    assert "异议" not in rules.waits_for(over=True, down=False, unruled=2, told=False)
