"""The calendar of an area, kept in memory and read again when an administrator changed it."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from time import monotonic

import yaml
from django.db import connection

from linli.kernel.deadlines.models import CalendarDay, CalendarYear, DutyHours
from linli.kernel.deadlines.workdays import (
    FIRST_YEAR,
    LAST_YEAR,
    SHANGHAI,
    Calendar,
    DayRule,
    Hours,
    parse_windows,
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
