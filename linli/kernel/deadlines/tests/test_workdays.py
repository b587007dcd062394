"""Which days are worked, against the State Council notices of 2024 to 2026."""

from datetime import date

import pytest

from linli.kernel.deadlines.tests.conftest import at, wall
from linli.kernel.deadlines.workdays import (
    DAILY,
    Calendar,
    DayRule,
    Hours,
    OutOfCalendar,
    index_of,
    minutes,
    parse_windows,
    published_years,
    split,
)

CALENDAR = Calendar()
OFFICE = parse_windows({day: [["08:30", "12:00"], ["14:30", "17:30"]] for day in "12345"})
REST = {
    2024: "01-01 02-10 02-17 04-04 04-06 05-01 05-05 06-10 09-15 09-17 10-01 10-07",
    2025: "01-01 01-28 02-04 04-04 04-06 05-01 05-05 05-31 06-02 10-01 10-08",
    2026: "01-01 01-03 02-15 02-23 04-04 04-06 05-01 05-05 06-19 06-21 09-25 09-27 10-01 10-07",
}
MADE_UP = {
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


def days(table: dict[int, str]) -> list[date]:
    return [date.fromisoformat(f"{year}-{md}") for year, row in table.items() for md in row.split()]


@pytest.mark.parametrize("day", days(REST), ids=str)
def test_a_day_of_the_notice_is_rest(day):
    assert not CALENDAR.is_working(day)


@pytest.mark.parametrize("day", days(MADE_UP), ids=str)
def test_a_make_up_weekend_is_worked(day):
    assert day.weekday() >= 5
    assert CALENDAR.is_working(day)


@pytest.mark.parametrize(("year", "worked"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_its_number_of_working_days(year, worked):
    last, before = index_of(date(year, 12, 31)), index_of(date(year - 1, 12, 31))
    assert CALENDAR.worked_through(last) - CALENDAR.worked_through(before) == worked


def test_the_days_around_a_notice_follow_the_week():
    assert CALENDAR.is_working(date(2026, 2, 24))  # Tuesday after the Spring Festival
    assert not CALENDAR.is_working(date(2026, 3, 1))  # an ordinary Sunday
    assert CALENDAR.is_working(date(2024, 2, 9))  # 除夕 was no holiday in 2024


def test_2026_is_published_and_2027_is_provisional():
    assert {2024, 2025, 2026} <= published_years()
    if 2027 in published_years():
        pytest.fail("chinesecalendar now knows 2027: move the provisional examples on by a year")
    assert CALENDAR.is_provisional(index_of(date(2027, 1, 4)))
    assert not CALENDAR.is_provisional(index_of(date(2026, 12, 31)))


def test_statute_rests_only_in_a_year_without_notice():
    calendar = Calendar(statutory=[date(2027, 10, 1), date(2026, 12, 30)])
    assert not calendar.is_working(date(2027, 10, 1))
    assert calendar.is_working(date(2026, 12, 30))


def test_a_dated_rule_beats_notice_and_statute():
    calendar = Calendar(
        statutory=[date(2027, 10, 1)],
        rules=[DayRule(date(2027, 10, 1), True), DayRule(date(2026, 3, 4), False)],
    )
    assert calendar.is_working(date(2027, 10, 1))
    assert not calendar.is_working(date(2026, 3, 4))


def test_a_published_year_is_no_longer_provisional():
    assert not Calendar(published=[2027]).is_provisional(index_of(date(2027, 1, 4)))


def test_duty_is_daily_by_default_even_on_holidays():
    assert CALENDAR.on_duty(at("2026-02-17 10:00"))
    assert not CALENDAR.on_duty(at("2026-02-17 17:30"))
    assert not CALENDAR.on_duty(at("2026-02-17 08:29"))


def test_office_hours_that_follow_the_calendar_rest_on_holidays_and_work_on_make_up_days():
    calendar = Calendar(hours=[Hours(OFFICE, follows_calendar=True)])
    assert not calendar.on_duty(at("2026-02-17 10:00"))
    assert calendar.on_duty(at("2026-02-28 10:00"))  # Saturday with Monday's hours
    assert not calendar.on_duty(at("2026-02-28 13:00"))
    assert not calendar.on_duty(at("2026-03-07 10:00"))


def test_hours_change_on_their_day():
    summer = parse_windows({day: [["08:00", "12:00"]] for day in "1234567"})
    calendar = Calendar(hours=[Hours(DAILY), Hours(summer, since=date(2026, 7, 1))])
    assert not calendar.on_duty(at("2026-06-30 08:10"))
    assert calendar.on_duty(at("2026-07-01 08:10"))
    assert not calendar.on_duty(at("2026-07-01 16:00"))


def test_the_next_duty_is_now_or_the_next_window():
    calendar = Calendar(hours=[Hours(OFFICE, follows_calendar=True)])
    assert wall(calendar.next_duty(at("2026-02-13 09:00"))) == "2026-02-13 09:00"
    assert wall(calendar.next_duty(at("2026-02-13 12:30"))) == "2026-02-13 14:30"
    assert wall(calendar.next_duty(at("2026-02-14 18:00"))) == "2026-02-24 08:30"


def test_work_on_a_make_up_day_ends_even_when_nobody_is_on_duty():
    calendar = Calendar(hours=[Hours(OFFICE)])
    assert calendar.ends(index_of(date(2026, 2, 28))) == minutes("17:30") * 60_000_000


def test_a_moment_without_zone_or_beyond_the_calendar_is_refused():
    with pytest.raises(ValueError, match="时区"):
        split(at("2026-01-01 00:00").replace(tzinfo=None))
    with pytest.raises(OutOfCalendar):
        split(at("2003-12-31 23:59"))
    with pytest.raises(OutOfCalendar):
        split(at("2061-01-01 00:00"))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"1": [["8点", "17:30"]]}, "时刻"),
        ({"1": [["08:30", "24:30"]]}, "超出"),
        ({"1": [["17:30", "08:30"]]}, "先起后止"),
        ({"1": [["08:30", "12:00"], ["11:00", "17:00"]]}, "重叠"),
        ({"8": [["08:30", "12:00"]]}, "星期"),
        ({}, "至少"),
    ],
)
def test_wrong_windows_are_named(raw, said):
    with pytest.raises(ValueError, match=said):
        parse_windows(raw)
