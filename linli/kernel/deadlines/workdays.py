"""The calendar a clock runs on: which days are worked, when somebody is on duty. Pure: values in, values out.

A moment is held as (day index, microseconds since local midnight), counted from 2004-01-01 in Asia/Shanghai,
which has been UTC+8 without summer time since 1991. Prefix sums over days make every question a look-up.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from itertools import pairwise

from chinese_calendar import constants

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
FIRST_YEAR, LAST_YEAR = 2004, 2060
DAY = 86_400_000_000  # microseconds
_MINUTE = 60_000_000
_BASE = datetime(FIRST_YEAR, 1, 1, tzinfo=SHANGHAI)
_BASE_UTC = _BASE.astimezone(UTC)
_BASE_DATE = _BASE.date()
_DAYS = (date(LAST_YEAR + 1, 1, 1) - _BASE_DATE).days
_WORK_ENDS = 17 * 60 + 30  # of a working day on which nobody is on duty

Window = tuple[int, int]  # minutes after midnight, [from, until)


class OutOfCalendar(ValueError):
    """A moment before 2004 or after 2060: no calendar can say what is worked then."""


@dataclass(frozen=True)
class DayRule:
    """One dated correction: `working` overrides everything else known about `day`."""

    day: date
    working: bool


def minutes(text: str) -> int:
    """ "08:30" -> 510; "24:00" is allowed as an end. ValueError names the wrong text."""
    hours, _, rest = text.partition(":")
    if not (hours.isdigit() and rest.isdigit() and len(rest) == 2):
        raise ValueError(f"时刻“{text}”应写成 08:30 的样子")
    value = int(hours) * 60 + int(rest)
    if int(rest) > 59 or value > 1440:
        raise ValueError(f"时刻“{text}”超出 00:00—24:00")
    return value


def parse_windows(raw: Mapping[str, Iterable[Iterable[str]]]) -> tuple[tuple[Window, ...], ...]:
    """Seven tuples (Monday first) of duty windows from {"1": [["08:30", "17:30"]], …}; a missing day has none.

    ValueError when a window is empty, overlaps the next, or no day of the week has any.
    """
    unknown = set(raw) - set("1234567")
    if unknown:
        raise ValueError(f"星期应为 1 至 7，不能是“{min(unknown)}”")
    week: list[tuple[Window, ...]] = []
    for weekday in "1234567":
        windows: list[Window] = []
        for pair in raw.get(weekday, ()):
            start, end = (minutes(text) for text in pair)
            if start >= end:
                raise ValueError(f"星期{weekday}的值班时段“{'—'.join(pair)}”应先起后止")
            windows.append((start, end))
        windows.sort()
        for (_, end), (start, _) in pairwise(windows):
            if start < end:
                raise ValueError(f"星期{weekday}的值班时段互相重叠")
        week.append(tuple(windows))
    if not any(week):
        raise ValueError("一周之内至少要有一段值班时间")
    return tuple(week)


@dataclass(frozen=True)
class Hours:
    """Duty hours of an area. `follows_calendar`: nobody on duty on rest days, and a make-up working day without
    windows of its own keeps Monday's."""

    week: tuple[tuple[Window, ...], ...]
    follows_calendar: bool = False
    since: date = date(FIRST_YEAR, 1, 1)


DAILY = parse_windows({day: [["08:30", "17:30"]] for day in "1234567"})


def split(moment: datetime) -> tuple[int, int]:
    """(day index, microseconds into the local day) of an aware moment; ValueError for a naive one."""
    gap = moment - _BASE_UTC if moment.tzinfo is not None else None
    if gap is None:
        raise ValueError("时刻必须带时区")
    if not 0 <= gap.days < _DAYS:
        raise OutOfCalendar(f"{moment:%Y-%m-%d} 不在 {FIRST_YEAR}—{LAST_YEAR} 年历之内")
    return gap.days, gap.seconds * 1_000_000 + gap.microseconds


def join(day: int, micros: int) -> datetime:
    """The UTC moment of a day index and microseconds into it; OutOfCalendar behind the last day."""
    if day >= _DAYS:
        raise OutOfCalendar(f"时限超出 {LAST_YEAR} 年")
    return _BASE_UTC + timedelta(days=day, microseconds=micros)


def index_of(day: date) -> int:
    return (day - _BASE_DATE).days


def date_of(index: int) -> date:
    return _BASE_DATE + timedelta(days=index)


@cache
def published_years() -> frozenset[int]:
    """Years whose State Council notice the installed `chinesecalendar` carries."""
    return frozenset(day.year for day in constants.holidays if FIRST_YEAR <= day.year <= LAST_YEAR)


@cache
def _official() -> tuple[bool, ...]:
    """Working or not, for every day, from weekends and the published notices."""
    flags = [(i + 3) % 7 < 5 for i in range(_DAYS)]  # 2004-01-01 was a Thursday
    for day in constants.holidays:
        flags[index_of(day)] = False
    for day in constants.workdays:
        flags[index_of(day)] = True
    return tuple(flags)


class Calendar:
    """Working days and duty windows of one area, as prefix sums; immutable once built (under 0.1 s).

    `hours`: versions of the duty hours by `since`; the first also serves the time before it. `statutory`: rest days by law, applied only in years without a notice. `rules`: dated corrections, applied
    last. `published`: years declared complete beyond those of the library.
    """

    def __init__(
        self,
        *,
        hours: Iterable[Hours] = (Hours(DAILY),),
        statutory: Iterable[date] = (),
        rules: Iterable[DayRule] = (),
        published: Iterable[int] = (),
    ) -> None:
        self.published = published_years() | frozenset(published)
        versions = sorted(hours, key=lambda version: version.since)
        self.follows_calendar = any(version.follows_calendar for version in versions)
        self._working = self._decide(statutory, rules)
        self._worked_before = _prefix(int(flag) for flag in self._working)
        self._kinds = self._lay_out(versions)
        self._duty_before = _prefix(sum(b - a for a, b in windows) for windows in self._kinds)
        self._work_duty_before = _prefix(
            sum(b - a for a, b in self._work_windows(i)) if self._working[i] else 0 for i in range(_DAYS)
        )

    def _decide(self, statutory: Iterable[date], rules: Iterable[DayRule]) -> list[bool]:
        flags = list(_official())
        for day in statutory:
            if day.year not in self.published and FIRST_YEAR <= day.year <= LAST_YEAR:
                flags[index_of(day)] = False
        for rule in rules:
            if FIRST_YEAR <= rule.day.year <= LAST_YEAR:
                flags[index_of(rule.day)] = rule.working
        return flags

    def _lay_out(self, versions: list[Hours]) -> list[tuple[Window, ...]]:
        """Duty windows of every day in microseconds."""
        kinds: list[tuple[Window, ...]] = []
        starts = [0, *(min(max(index_of(v.since), 0), _DAYS) for v in versions[1:]), _DAYS]
        for version, (low, high) in zip(versions, pairwise(starts), strict=True):
            week = [tuple((a * _MINUTE, b * _MINUTE) for a, b in day) for day in version.week]
            for index in range(low, high):
                windows = week[(index + 3) % 7]
                if version.follows_calendar:
                    windows = (windows or week[0]) if self._working[index] else ()
                kinds.append(windows)
        return kinds

    def _work_windows(self, index: int) -> tuple[Window, ...]:
        return self._kinds[index] or ((510 * _MINUTE, _WORK_ENDS * _MINUTE),)

    # ---- days

    def is_working(self, day: date) -> bool:
        return self._working[index_of(day)]

    def is_provisional(self, index: int) -> bool:
        return date_of(index).year not in self.published

    def worked_through(self, index: int) -> int:
        """Working days up to and including the day."""
        return self._worked_before[index + 1]

    def nth_worked(self, count: int) -> int:
        """Index of the day on which `worked_through` first reaches `count`."""
        found = bisect_left(self._worked_before, count) - 1
        if found >= _DAYS:
            raise OutOfCalendar(f"时限超出 {LAST_YEAR} 年")
        return found

    def ends(self, index: int) -> int:
        """Microseconds at which work ends on a working day (never midnight itself, which is the next day)."""
        return min(self._work_windows(index)[-1][1], DAY - 1_000_000)

    # ---- duty time

    def duty_at(self, index: int, micros: int, *, working_only: bool = False) -> int:
        """Duty microseconds between the beginning of the calendar and the moment."""
        if working_only:
            if not self._working[index]:
                return self._work_duty_before[index]
            return self._work_duty_before[index] + _inside(self._work_windows(index), micros)
        return self._duty_before[index] + _inside(self._kinds[index], micros)

    def at_duty(self, amount: int, *, working_only: bool = False) -> tuple[int, int]:
        """The earliest moment at which `duty_at` reaches `amount` (so a window's end, not the next one's start)."""
        sums = self._work_duty_before if working_only else self._duty_before
        index = bisect_left(sums, amount) - 1
        if index >= _DAYS:
            raise OutOfCalendar(f"时限超出 {LAST_YEAR} 年")
        if index < 0:
            return 0, 0
        left = amount - sums[index]
        for start, end in self._work_windows(index) if working_only else self._kinds[index]:
            if left <= end - start:
                return index, start + left
            left -= end - start
        raise AssertionError("prefix sums and windows disagree")

    def on_duty(self, moment: datetime) -> bool:
        index, micros = split(moment)
        return any(start <= micros < end for start, end in self._kinds[index])

    def next_duty(self, moment: datetime) -> datetime:
        """The moment itself when somebody is on duty, else the beginning of the next window."""
        index, micros = split(moment)
        for start, end in self._kinds[index]:
            if micros < end:
                return join(index, max(start, micros))
        following = bisect_right(self._duty_before, self._duty_before[index + 1]) - 1
        return join(following, self._kinds[following][0][0])


def _prefix(values: Iterable[int]) -> list[int]:
    total, sums = 0, [0]
    for value in values:
        total += value
        sums.append(total)
    return sums


def _inside(windows: tuple[Window, ...], micros: int) -> int:
    done = 0
    for start, end in windows:
        if micros <= start:
            break
        done += min(micros, end) - start
    return done
