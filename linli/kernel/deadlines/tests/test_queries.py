from datetime import date

import pytest

from linli.kernel.deadlines import queries
from linli.kernel.deadlines.models import CalendarDay, DutyHours
from linli.kernel.deadlines.queries import calendar_for, default_hours, statutory_days, today
from linli.kernel.deadlines.tests.conftest import at
from linli.kernel.deadlines.workdays import index_of

pytestmark = pytest.mark.django_db
MORNING = {day: [["08:00", "12:00"]] for day in "1234567"}
EVENING = {day: [["18:00", "22:00"]] for day in "1234567"}


def hours(area: str, windows: dict, since: str) -> None:
    DutyHours.objects.create(area=area, windows=windows, valid_from=date.fromisoformat(since), source="试验")


def test_an_area_without_hours_gets_the_default():
    assert calendar_for("430181001").on_duty(at("2026-03-02 08:30"))
    assert default_hours().follows_calendar is False


def test_the_longest_area_code_wins_and_neighbours_keep_theirs():
    hours("430181001", MORNING, "2026-01-01")
    hours("430181001002", EVENING, "2026-01-01")
    assert calendar_for("430181001").on_duty(at("2026-03-02 08:10"))
    assert calendar_for("430181001002003").on_duty(at("2026-03-02 19:00"))
    assert not calendar_for("430181002").on_duty(at("2026-03-02 19:00"))
    assert not calendar_for().on_duty(at("2026-03-02 08:10"))


def test_hours_are_used_from_their_date_on():
    hours("430181", MORNING, "2026-07-01")
    calendar = calendar_for("430181001")
    assert calendar.on_duty(at("2026-06-30 16:00"))
    assert not calendar.on_duty(at("2026-07-01 16:00"))


def test_an_older_row_of_a_longer_code_beats_a_newer_row_above():
    hours("430181001", EVENING, "2026-01-01")
    hours("430181", MORNING, "2026-07-01")
    assert calendar_for("430181001").on_duty(at("2026-08-01 19:00"))


def test_a_calendar_is_read_again_after_a_change(monkeypatch):
    assert calendar_for().is_working(date(2026, 3, 4))
    CalendarDay.objects.create(day=date(2026, 3, 4), working=False, name="停工日", source="试验")
    assert calendar_for().is_working(date(2026, 3, 4))  # not asked again yet
    monkeypatch.setattr(queries, "RECHECK_SECONDS", 0.0)
    assert not calendar_for().is_working(date(2026, 3, 4))


def test_a_calendar_in_memory_asks_the_database_nothing(django_assert_num_queries):
    calendar_for("430181001")
    with django_assert_num_queries(0):
        calendar_for("430181001")


def test_areas_with_the_same_hours_share_one_calendar():
    assert calendar_for("430181001") is calendar_for("430181002")


def test_the_statute_knows_2027():
    assert {date(2027, 1, 1), date(2027, 2, 6), date(2027, 5, 2), date(2027, 10, 3)} <= statutory_days()
    calendar = calendar_for()
    assert not calendar.is_working(date(2027, 2, 5))  # 除夕, a Friday
    assert calendar.is_provisional(index_of(date(2027, 2, 5)))


def test_today_is_the_date_on_the_wall_in_the_county():
    assert today(at("2026-03-02 00:30")) == date(2026, 3, 2)
