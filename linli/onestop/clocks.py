"""The two clocks of an application (promised, statutory) and the term of a task. Pure, over kernel.deadlines.

A clock stands still while everything open in the case waits for a cause that stops it (data/clocks.yaml, onestop.md
section 4.3): as long as anybody in the house still has work to do, it runs. Days are counted from the day after
acceptance; calendar limits that end on a holiday roll on (民法典 arts. 201, 203).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any

from linli.kernel.deadlines.rules import Calendar, Due, Limit, Pause, at_share, due, elapsed, share
from linli.kernel.deadlines.workdays import join, split
from linli.onestop.catalogue import Definition, Term, publicity_mode
from linli.onestop.conditions import Household, holds
from linli.onestop.glossary import read

PROMISED, STATUTORY = "promised", "statutory"
GREEN, YELLOW, RED = "green", "yellow", "red"


@cache
def causes() -> Mapping[str, Mapping[str, str]]:
    """cause -> its row of data/clocks.yaml."""
    return {row["cause"]: row for row in read("clocks.yaml")["causes"]}


@cache
def warning() -> tuple[Fraction, int]:
    """From which share used, and how many days before the end, a light turns yellow (to_confirm)."""
    row = read("clocks.yaml")["light"]
    return Fraction(row["share"]), int(row["last_days"])


@cache
def usual_term(kind: str) -> Term:
    """How long a task has when its item says nothing: intake, posting, extra or after (to_confirm)."""
    row = read("clocks.yaml")["tasks"][kind]
    return Term(row["days"], row["unit"])


def stops(term: Term, which: str) -> frozenset[str]:
    """The causes that stop one of the two clocks: by the table, and by the item's own words."""
    return term.excludes | {cause for cause, row in causes().items() if row[which] == "stops"}


@dataclass(frozen=True, slots=True)
class Clock:
    """One running clock as kept on the application. `until`: when the open pause is known to end (a publicity)."""

    start: datetime
    days: int
    unit: str  # working_day | calendar_day
    stops: frozenset[str] = frozenset()
    pauses: tuple[Pause, ...] = ()
    until: datetime | None = None

    @property
    def paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1].until is None

    def to_json(self) -> dict[str, Any]:
        return {
            "start": self.start.isoformat(),
            "days": self.days,
            "unit": self.unit,
            "stops": sorted(self.stops),
            "pauses": [
                [p.at.isoformat(), p.until.isoformat() if p.until else None, p.why] for p in self.pauses
            ],
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Clock":
        pauses = tuple(Pause(_at(at), _at(until) if until else None, why) for at, until, why in raw["pauses"])
        known = raw.get("until")
        return cls(
            _at(raw["start"]),
            raw["days"],
            raw["unit"],
            frozenset(raw["stops"]),
            pauses,
            _at(known) if known else None,
        )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def limit_of(days: int, unit: str) -> Limit:
    return Limit(Fraction(days), "wd") if unit == "working_day" else Limit(Fraction(days), "d", roll=True)


def term_due(start: datetime, days: int, unit: str, calendar: Calendar, pauses: Iterable[Pause] = ()) -> Due:
    """When a term ends; 0 days (即办件): the end of the same working day, or of the next one when work is over."""
    if days > 0:
        return due(start, limit_of(days, unit), calendar, pauses)
    index, micros = split(start)
    day = calendar.nth_worked(calendar.worked_through(index - 1) + 1)
    if day == index and micros >= calendar.ends(index):
        day = calendar.nth_worked(calendar.worked_through(index) + 1)
    return Due(join(day, calendar.ends(day)), calendar.is_provisional(day))


def statutory_term(definition: Definition, household: Household) -> Term:
    """The statutory limit of this case: the delegated or fast one where its condition holds, else the item's."""
    for name in ("delegated", "fast"):
        term = definition.term(name)
        if term and holds(term.when, household):
            return replace(term, excludes=term.excludes | definition.statutory.excludes)
    return definition.statutory


def begin(definition: Definition, household: Household, at: datetime) -> dict[str, Clock]:
    """Both clocks of an application accepted at `at`."""
    terms = {PROMISED: definition.promised, STATUTORY: statutory_term(definition, household)}
    return {which: Clock(at, term.days, term.unit, stops(term, which)) for which, term in terms.items()}


def settle(clock: Clock, waiting: Sequence[str], at: datetime, until: datetime | None = None) -> Clock:
    """The clock after what is open changed. `waiting`: the cause of every open task, "" where our own people work.

    `until`: when the wait is known to end.
    """
    still = bool(waiting) and all(cause in clock.stops for cause in waiting)
    if still and not clock.paused:
        why = "、".join(sorted(set(waiting)))
        return replace(clock, pauses=(*clock.pauses, Pause(at, None, why)), until=until)
    if still:
        return replace(clock, until=until)
    if clock.paused:
        last = clock.pauses[-1]
        ended = replace(last, until=max(at, last.at))
        return replace(clock, pauses=(*clock.pauses[:-1], ended), until=None)
    return clock


def lengthen(clock: Clock, days: int) -> Clock:
    """The clock with its limit set to `days` (an extension on a listed ground)."""
    return replace(clock, days=max(days, clock.days))


def clock_due(clock: Clock, calendar: Calendar) -> Due:
    """When the clock runs out; while it stands still, as if it went on when the wait is known to end, else at once."""
    pauses = clock.pauses
    if clock.paused and clock.until:
        pauses = (*pauses[:-1], replace(pauses[-1], until=clock.until))
    return term_due(clock.start, clock.days, clock.unit, calendar, pauses)


def publicity_end(posted: datetime, days: int, unit: str, calendar: Calendar) -> datetime:
    """`days` full days after the day of posting; an end on a day off rolls on to the next working day."""
    return due(posted, limit_of(days, unit), calendar).at


def light(due_at: datetime, start: datetime, now: datetime, days: int, unit: str, calendar: Calendar) -> str:
    """green, yellow (`warning()`) or red (overdue)."""
    if now > due_at:
        return RED
    part, last = warning()
    limit = limit_of(max(days, 1), unit)
    near = elapsed(now, due_at, limit.unit, calendar) <= last and days > last
    return YELLOW if near or share(start, due_at, now, limit, calendar) >= part else GREEN


def warns_at(due_at: datetime, start: datetime, days: int, unit: str, calendar: Calendar) -> datetime:
    """The moment `light` turns from green to yellow, so that lists can be counted by light without asking each."""
    part, last = warning()
    limit = limit_of(max(days, 1), unit)
    worn = at_share(start, due_at, part, limit, calendar) or due_at
    if days <= last:
        return worn
    index = split(due_at)[0]
    day = calendar.nth_worked(calendar.worked_through(index) - last) if limit.unit == "wd" else index - last
    return max(start, min(worn, join(day, 0)))


def expected(
    definition: Definition, household: Household, accepted: datetime, calendar: Calendar
) -> datetime:
    """The day to print beside the promise: as if every step took its share, the publicity to come included."""
    days, unit = definition.promised.days, definition.promised.unit
    at, stopping = definition.publicity_at, stops(definition.promised, PROMISED)
    if at is None or publicity_mode(definition, household) != "required" or "publicity" not in stopping:
        return term_due(accepted, days, unit, calendar).at
    before = min(_days_before(definition, at), days)
    posted = term_due(accepted, before, unit, calendar).at if before else accepted
    ends = publicity_end(posted, definition.publicity.days, definition.publicity.unit, calendar)
    return term_due(accepted, days, unit, calendar, [Pause(posted, ends, "publicity")]).at


def _days_before(definition: Definition, place: int) -> int:
    """Promised days of the stages before `place`; where the item names none, its share by number of stages."""
    named = [
        max((s.promised.days for s in stage.steps if s.promised), default=0) for stage in definition.stages
    ]
    if any(named):
        return sum(named[:place])
    last = definition.decide or len(definition.stages)
    return definition.promised.days * max(place - 1, 0) // max(last, 1)


def step_term(definition: Definition, key: str) -> Term | None:
    """The step's share of the promise, else its own legal term; None when it has neither."""
    step = next((one for one in definition.steps if one.key == key), None)
    return (step.promised or step.limit) if step else None
