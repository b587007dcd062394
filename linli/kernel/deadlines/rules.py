"""How long somebody has, and how much of it is used. Moments in and out are aware; results are UTC.

Units: `wd` working days (start day excluded, due when work ends on the nth), `dh` duty hours (count only while
somebody is on duty), `ch`/`h` hours and `min` minutes round the clock, `d` calendar days (start day excluded, due
at the end of the nth; `d roll` moves on to the next working day, 民法典 arts. 201, 203).
A pause stops the clock: to the microsecond for dh, ch, h and min; by whole days for wd and d, where the day a
pause begins is spent and the day it ends is not counted, as the start day is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache

from linli.kernel.deadlines.workdays import DAY, Calendar, OutOfCalendar, join, split

UNITS = {"wd": "工作日", "dh": "工作时", "ch": "小时", "h": "小时", "min": "分钟", "d": "天"}
_MICROS = {"dh": 3_600_000_000, "ch": 3_600_000_000, "h": 3_600_000_000, "min": 60_000_000}
_LAST_SECOND = DAY - 1_000_000


class LimitError(ValueError):
    """A limit that cannot be read; the message names the text and shows how to write it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A positive amount of one unit; `roll` only for `d`."""

    amount: Fraction
    unit: str
    roll: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise LimitError(f"不认识的时限单位“{self.unit}”，可用 wd、dh、ch、h、min、d")
        if self.amount <= 0:
            raise LimitError(f"时限必须大于零，不能是 {self.amount}")
        if self.unit in ("wd", "d") and self.amount.denominator != 1:
            raise LimitError(f"{UNITS[self.unit]}必须是整数，半天请改用工作时（dh）")
        if self.roll and self.unit != "d":
            raise LimitError("只有自然日（d）可以顺延（roll）")

    @staticmethod
    @lru_cache(maxsize=1024)
    def parse(text: str) -> "Limit":
        """ "4 dh", "0.5 dh", "1 wd", "15 min", "3 ch", "7 d", "7 d roll"; LimitError otherwise."""
        parts = text.split()
        if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] != "roll"):
            raise LimitError(f"时限“{text}”应写成“4 dh”“1 wd”“15 min”“7 d”的样子")
        number = parts[0]
        if not number.isascii() or not number.replace(".", "", 1).replace("/", "", 1).isdigit():
            raise LimitError(f"时限“{text}”的数量应是正数，例如 0.5 或 4")
        try:
            amount = Fraction(number)
        except (ValueError, ZeroDivisionError):
            raise LimitError(f"时限“{text}”的数量应是正数，例如 0.5 或 4") from None
        return Limit(amount, parts[1], len(parts) == 3)

    def __str__(self) -> str:
        whole = self.amount.denominator == 1
        exact = whole or 10**6 % self.amount.denominator == 0
        number = str(self.amount.numerator) if whole else str(float(self.amount) if exact else self.amount)
        return f"{number} {self.unit}" + (" roll" if self.roll else "")

    @property
    def zh(self) -> str:
        """For people: 4 工作时."""
        return str(self).split()[0] + " " + UNITS[self.unit]

    @property
    def micros(self) -> int:
        """Length of an hour or minute limit; rounded up, since a clock must not cut a promise short."""
        exact = self.amount * _MICROS[self.unit]
        return -(-exact.numerator // exact.denominator)


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stood still from `at` until `until`; None while it still does."""

    at: datetime
    until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    extra: Limit
    why: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """One running clock: all a room stores to compute its due date again."""

    start: datetime
    limit: Limit
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()

    @property
    def paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1].until is None


@dataclass(frozen=True, slots=True)
class Due:
    """`provisional`: rests on a year whose notice is not out; recompute then. `paused`: the clock stands still
    now, and `at` is what it would be had it been resumed at once."""

    at: datetime
    provisional: bool
    paused: bool = False


Stops = list[tuple[datetime, datetime | None]]  # of one span: clipped, in order, disjoint


def _stops(pauses: Iterable[Pause], start: datetime) -> Stops:
    """Pauses clipped to begin at `start`, in order, overlapping ones joined."""
    merged: Stops = []
    for pause in sorted(pauses, key=lambda p: p.at):
        if pause.until is not None and (pause.until <= start or pause.until <= pause.at):
            continue
        at = max(pause.at, start)
        if merged and (merged[-1][1] is None or merged[-1][1] >= at):
            last_at, last_until = merged[-1]
            joined = None if last_until is None or pause.until is None else max(last_until, pause.until)
            merged[-1] = (last_at, joined)
        else:
            merged.append((at, pause.until))
    return merged


# ---- the clock of a unit: moments to a running count of microseconds, and back


def _reading(moment: datetime, unit: str, calendar: Calendar) -> int:
    index, micros = split(moment)
    if unit == "dh":
        return calendar.duty_at(index, micros)
    if unit == "wd":
        return calendar.duty_at(index, micros, working_only=True)
    return index * DAY + micros


def _moment(reading: int, unit: str, calendar: Calendar) -> datetime:
    if unit in ("dh", "wd"):
        return join(*calendar.at_duty(reading, working_only=unit == "wd"))
    return join(*divmod(reading, DAY))


def due(start: datetime, limit: Limit, calendar: Calendar, pauses: Iterable[Pause] = ()) -> Due:
    """When `limit` from `start` is used up, pauses left out.

    Raises ValueError for a naive moment, OutOfCalendar before 2004 or after 2060.
    """
    stops = _stops(pauses, start) if pauses else []
    paused = False
    if limit.unit in ("wd", "d"):
        index, paused = _due_day(start, limit, calendar, stops)
        at = join(index, calendar.ends(index) if limit.unit == "wd" else _LAST_SECOND)
    else:
        target = _reading(start, limit.unit, calendar) + limit.micros
        for begin, end in stops:
            before = _reading(begin, limit.unit, calendar)
            if before >= target:
                break
            if end is None:
                paused = True
            else:
                target += _reading(end, limit.unit, calendar) - before
        at = _moment(target, limit.unit, calendar)
    leans = limit.unit == "wd" or limit.roll or (limit.unit == "dh" and calendar.follows_calendar)
    return Due(at, leans and calendar.is_provisional(split(at)[0]), paused)


def _due_day(start: datetime, limit: Limit, calendar: Calendar, stops: Stops) -> tuple[int, bool]:
    """Index of the day a wd or d limit ends, and whether an open pause holds it."""
    working = limit.unit == "wd"
    first = split(start)[0]
    count = (calendar.worked_through(first) if working else first) + limit.amount.numerator
    held = False
    for begin, end in stops:
        index = calendar.nth_worked(count) if working else count
        ends = calendar.ends(index) if working else _LAST_SECOND
        if begin >= join(index, ends):
            break
        if end is None:
            held = True
            continue
        from_day, to_day = split(begin)[0], split(end)[0]
        count += (
            calendar.worked_through(to_day) - calendar.worked_through(from_day)
            if working
            else to_day - from_day
        )
        index = calendar.nth_worked(count) if working else count
        if join(index, calendar.ends(index) if working else _LAST_SECOND) <= end:
            count += 1  # the last day was under way when the pause began: it is given again
    index = calendar.nth_worked(count) if working else count
    if limit.roll:
        index = calendar.nth_worked(calendar.worked_through(index - 1) + 1)
    return index, held


def elapsed(
    start: datetime, end: datetime, unit: str, calendar: Calendar, pauses: Iterable[Pause] = ()
) -> Fraction:
    """Units used between two moments, never negative: whole for wd and d, exact for the others."""
    if unit not in UNITS:
        raise LimitError(f"不认识的时限单位“{unit}”")
    if end <= start:
        return Fraction(0)
    stops = [(a, min(b or end, end)) for a, b in _stops(pauses, start) if a < end]
    if unit in ("wd", "d"):

        def days(a: datetime, b: datetime) -> int:
            low, high = split(a)[0], split(b)[0]
            return (
                calendar.worked_through(high) - calendar.worked_through(low) if unit == "wd" else high - low
            )

        return Fraction(days(start, end) - sum(days(a, b) for a, b in stops))
    return Fraction(_run(start, end, unit, calendar, stops), _MICROS[unit])


def _run(
    start: datetime,
    end: datetime,
    unit: str,
    calendar: Calendar,
    stops: Sequence[tuple[datetime, datetime | None]],
) -> int:
    """Microseconds the unit's clock ran between two moments."""
    used = _reading(end, unit, calendar) - _reading(start, unit, calendar)
    for begin, until in stops:
        if begin < end:
            used -= _reading(min(until or end, end), unit, calendar) - _reading(begin, unit, calendar)
    return used


def _closed(stops: Stops) -> Stops:
    """Without the pause still running: a due moment is told as though it had been resumed at once."""
    return [stop for stop in stops if stop[1] is not None]


def share(
    start: datetime,
    due_at: datetime,
    now: datetime,
    limit: Limit,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
) -> Fraction:
    """Part of the stage that is used: 0 at the start, 1 at `due_at`, more when overdue.

    Runs on the limit's own clock (working days run in the working hours of working days).
    """
    if now <= start:
        return Fraction(0)
    stops = _stops(pauses, start)
    whole = _run(start, due_at, limit.unit, calendar, _closed(stops))
    if whole <= 0:
        return Fraction(int(now >= due_at))
    return Fraction(_run(start, now, limit.unit, calendar, stops), whole)


def at_share(
    start: datetime,
    due_at: datetime,
    part: Fraction | float | str,
    limit: Limit,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
) -> datetime | None:
    """The moment `share` reaches `part` (0.5, 0.8, 1.0, 1.5 …); None when an open pause keeps it from coming."""
    wanted = Fraction(str(part)) if isinstance(part, float) else Fraction(part)
    if wanted < 0:
        raise ValueError("时限份额不能为负")
    if wanted == 1 and not any(pause.until is None and pause.at < due_at for pause in pauses):
        return due_at
    stops = _stops(pauses, start)
    whole = max(_run(start, due_at, limit.unit, calendar, _closed(stops)), 0)
    exact = wanted * whole
    target = _reading(start, limit.unit, calendar) + -(-exact.numerator // exact.denominator)
    for begin, until in stops:
        before = _reading(begin, limit.unit, calendar)
        if before >= target:
            break
        if until is None:
            return None
        target += _reading(until, limit.unit, calendar) - before
    return max(_moment(target, limit.unit, calendar), start) if wanted else start


# ---- a span through its life


def pause(span: Span, at: datetime, why: str = "") -> Span:
    """Stops the clock; ValueError when it stands already or `at` lies before an earlier act."""
    if span.paused:
        raise ValueError("时限已经暂停，请先恢复")
    earliest = span.pauses[-1].until if span.pauses else span.start
    if earliest is not None and at < earliest:
        raise ValueError("暂停时刻早于上一次计时的起点")
    return replace(span, pauses=(*span.pauses, Pause(at, None, why)))


def resume(span: Span, at: datetime) -> Span:
    """Lets a stopped clock run on; ValueError when it runs or `at` lies before the pause."""
    if not span.paused:
        raise ValueError("时限没有暂停，无需恢复")
    last = span.pauses[-1]
    if at < last.at:
        raise ValueError("恢复时刻早于暂停时刻")
    return replace(span, pauses=(*span.pauses[:-1], replace(last, until=at)))


def extend(span: Span, extra: Limit, why: str = "") -> Span:
    """Gives more time. The same unit is added; another unit is counted from the due moment so far."""
    return replace(span, extensions=(*span.extensions, Extension(extra, why)))


def span_due(span: Span, calendar: Calendar) -> Due:
    """The due moment of a span with its pauses and extensions."""
    same = [e.extra for e in span.extensions if e.extra.unit == span.limit.unit]
    total = replace(span.limit, amount=sum((e.amount for e in same), span.limit.amount))
    found = due(span.start, total, calendar, span.pauses)
    for extension in span.extensions:
        if extension.extra.unit != span.limit.unit:
            further = due(found.at, extension.extra, calendar, span.pauses)
            found = Due(further.at, found.provisional or further.provisional, found.paused or further.paused)
    return found


def span_share(span: Span, now: datetime, calendar: Calendar) -> Fraction:
    return share(span.start, span_due(span, calendar).at, now, span.limit, calendar, span.pauses)


def span_at_share(span: Span, part: Fraction | float | str, calendar: Calendar) -> datetime | None:
    return at_share(span.start, span_due(span, calendar).at, part, span.limit, calendar, span.pauses)


def overdue(due_at: datetime, now: datetime) -> bool:
    return now > due_at


# ---- in words


def words(due_at: datetime, now: datetime, calendar: Calendar, unit: str = "") -> str:
    """还剩 3 工作时 · 已超 2 工作日 · 还剩 12 分钟. Rounded down; `unit` is the limit's, when known."""
    low, high, lead = (now, due_at, "还剩") if now <= due_at else (due_at, now, "已超")
    gap = high - low
    if gap < timedelta(minutes=1):
        return f"{lead}不到 1 分钟"
    if gap < timedelta(hours=1):
        return f"{lead} {gap // timedelta(minutes=1)} 分钟"
    plain = f"{gap // timedelta(hours=1)} 小时" if gap < timedelta(hours=48) else f"{gap.days} 天"
    if unit in ("ch", "h", "min"):
        return f"{lead} {plain}"
    if unit == "d":
        days = split(high)[0] - split(low)[0]
        return f"{lead} {days} 天" if days else f"{lead} {plain}"
    days = calendar.worked_through(split(high)[0]) - calendar.worked_through(split(low)[0])
    clock = "dh" if unit == "dh" else "wd"
    hours = (_reading(high, clock, calendar) - _reading(low, clock, calendar)) // _MICROS["dh"]
    if days >= 1 and (unit == "wd" or hours >= (24 if unit == "dh" else 9)):
        return f"{lead} {days} 工作日"
    return f"{lead} {hours} 工作时" if hours else f"{lead} {plain}"


__all__ = [
    "Calendar",
    "Due",
    "Extension",
    "Limit",
    "LimitError",
    "OutOfCalendar",
    "Pause",
    "Span",
    "at_share",
    "due",
    "elapsed",
    "extend",
    "overdue",
    "pause",
    "resume",
    "share",
    "span_at_share",
    "span_due",
    "span_share",
    "words",
]
