"""The calendar of an area, kept in memory and read again when an administrator changed it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from time import monotonic

import yaml
from django.db import connection
from django.db.models import Q, QuerySet

from linli.kernel.actor import Actor, require
from linli.kernel.deadlines.models import CalendarDay, CalendarYear, DutyHours
from linli.kernel.deadlines.workdays import (
    FIRST_YEAR,
    LAST_YEAR,
    SHANGHAI,
    Calendar,
    DayRule,
    Hours,
    parse_windows,
    published_years,
)

RECHECK_SECONDS = 3.0
_DATA = Path(__file__).parent / "data"
_STAMP = """
    SELECT (SELECT (count(*), max(changed))::text FROM deadlines_calendarday),
           (SELECT (count(*), max(changed))::text FROM deadlines_calendaryear),
           (SELECT (count(*), max(changed))::text FROM deadlines_dutyhours)
"""
_lock = Lock()
_kept: dict[str, Calendar] = {}  # by area
_built: dict[tuple[Hours, ...], Calendar] = {}  # areas with the same hours share one
_state: dict[str, object] = {"stamp": None, "checked": -RECHECK_SECONDS}


@cache
def statutory_days() -> frozenset[date]:
    """Rest days by law for every year, from data/statutory.yaml; moving feasts where they are listed."""
    raw = yaml.safe_load((_DATA / "statutory.yaml").read_text("utf-8"))
    days = {
        date.fromisoformat(f"{year}-{md}") for year in range(FIRST_YEAR, LAST_YEAR + 1) for md in raw["fixed"]
    }
    for year, feasts in raw["moving"].items():
        days |= {date.fromisoformat(f"{year}-{md}") for dates in feasts.values() for md in dates}
    return frozenset(days)


@cache
def default_hours() -> Hours:
    """Duty hours of an area nobody has given any, from data/duty_hours.yaml."""
    raw = yaml.safe_load((_DATA / "duty_hours.yaml").read_text("utf-8"))
    return Hours(parse_windows(raw["windows"]), raw["follows_calendar"])


def forget() -> None:
    """Makes the next `calendar_for` read the tables again, e.g. right after a change in this process."""
    with _lock:
        _kept.clear()
        _built.clear()
        _state.update(stamp=None, checked=-RECHECK_SECONDS)


def look_again() -> None:
    """Makes the next `calendar_for` compare the tables' stamp, keeping what is still good."""
    _state["checked"] = -RECHECK_SECONDS


def calendar_for(area: str = "") -> Calendar:
    """The calendar of an area code (longest matching duty hours win); "" for the county-wide default.

    From memory; the tables' stamp is read at most every three seconds.
    """
    if monotonic() - float(str(_state["checked"])) >= RECHECK_SECONDS:
        _recheck()
    found = _kept.get(area)
    return found if found is not None else _build(area)


def _recheck() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        stamp = cursor.fetchone()
    with _lock:
        if stamp != _state["stamp"]:
            _kept.clear()
            _built.clear()
        _state.update(stamp=stamp, checked=monotonic())


def _build(area: str) -> Calendar:
    hours = _hours_of(area)
    found = _built.get(hours)
    if found is None:
        found = Calendar(
            hours=hours,
            statutory=statutory_days(),
            rules=[
                DayRule(day, working) for day, working in CalendarDay.objects.values_list("day", "working")
            ],
            published=CalendarYear.objects.values_list("year", flat=True),
        )
        _built[hours] = found
    _kept[area] = found
    return found


def _hours_of(area: str) -> tuple[Hours, ...]:
    """Versions of the hours in force for `area`: at any date the longest code wins, then the newest row."""
    above = [area[:length] for length in (0, 6, 9, 12, 15) if length <= len(area)]
    rows = list(DutyHours.objects.filter(area__in=above))
    versions = [default_hours()]
    for since in sorted({row.valid_from for row in rows}):
        row = max((r for r in rows if r.valid_from <= since), key=lambda r: (len(r.area), r.valid_from))
        versions.append(Hours(parse_windows(row.windows), row.follows_calendar, since))
    return tuple(versions)


def today(now: datetime) -> date:
    """The date people in the county read on their wall."""
    return now.astimezone(SHANGHAI).date()


# ---- what the administrator's pages show


@dataclass(frozen=True, slots=True)
class YearSeen:
    """How well a year is known; `status` is cited, known or provisional."""

    year: int
    status: str
    source: str
    off: int
    working: int


@dataclass(frozen=True, slots=True)
class DaySeen:
    """A day that differs from its weekday; `corrected` when an administrator's word decides it."""

    day: date
    working: bool
    name: str
    source: str
    corrected: bool


def years_seen(viewer: Actor, first: int, last: int) -> list[YearSeen]:
    """Years from `first` to `last` and those entered by hand, each with its source and how many days differ."""
    require(viewer, "deadlines.edit")
    entered = {row.year: row.source for row in CalendarYear.objects.all()}
    years = sorted({*range(first, last + 1), *entered})
    seen = []
    for year in years:
        days = list(_differing(year))
        status, source = _year_status(year, entered)
        seen.append(
            YearSeen(year, status, source, sum(not works for _, works in days), sum(w for _, w in days))
        )
    return seen


def _year_status(year: int, entered: dict[int, str]) -> tuple[str, str]:
    if year in entered:
        return "cited", entered[year]
    if year in published_years():
        return "known", "国务院办公厅年度放假通知（随程序附带的 chinesecalendar 数据）"
    return "provisional", "全国年节及纪念日放假办法（国务院令第795号）推算，调休安排尚未公布"


def _differing(year: int) -> list[tuple[date, bool]]:
    """Days of a year that are not what their weekday says: (day, worked)."""
    calendar, day, found = calendar_for(), date(year, 1, 1), []
    while day.year == year:
        works = calendar.is_working(day)
        if works != (day.weekday() < 5):
            found.append((day, works))
        day += timedelta(days=1)
    return found


def days_seen(viewer: Actor, year: int) -> list[DaySeen]:
    """The days of a year that differ from their weekday, and every corrected day, in order."""
    require(viewer, "deadlines.edit")
    rows = {row.day: row for row in CalendarDay.objects.filter(day__year=year)}
    calendar = calendar_for()
    days = sorted({day for day, _ in _differing(year)} | set(rows))
    _, source = _year_status(year, dict(CalendarYear.objects.filter(year=year).values_list("year", "source")))
    return [
        DaySeen(
            day,
            calendar.is_working(day),
            rows[day].name if day in rows else ("调休上班" if calendar.is_working(day) else "放假"),
            rows[day].source if day in rows else source,
            day in rows,
        )
        for day in days
    ]


def corrections(viewer: Actor) -> QuerySet[CalendarDay]:
    """Days set by an administrator, for whoever keeps the calendar."""
    require(viewer, "deadlines.edit")
    return CalendarDay.objects.all()


def duty_hours(viewer: Actor) -> QuerySet[DutyHours]:
    """Versions of duty hours: the county's and those of the areas the viewer keeps."""
    require(viewer, "deadlines.edit")
    where = Q(pk=None)
    for scope in viewer.scopes("deadlines.edit"):
        where |= Q(area__startswith=scope.area) if len(scope.area) > 6 else ~Q(pk=None)
    return DutyHours.objects.all() if viewer.kind == "system" else DutyHours.objects.filter(where)
