"""What a month owes and what a batch has to add, from values alone. Months are the first of the month; money is fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

PAID_HERE = ("monthly", "yearly", "one_off")


def month_of(day: date) -> date:
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """The first of the month `count` months on."""
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def months_between(first: date, last: date) -> list[date]:
    """Every month from first to last, both included."""
    found, month = [], month_of(first)
    while month <= last:
        found.append(month)
        month = add_months(month, 1)
    return found


def first_month(kind: str, start: str, applied: date, decided: date) -> date:
    """月: the month payment begins. 低保 the month after the decision (民发〔2021〕57号 art. 21); a one-off at once.

    `month_after_eligibility` counts from the application: nobody is paid for a time before they asked (to_confirm).
    """
    if start == "month_of_application":
        return month_of(applied)
    if start == "month_after_eligibility":
        return add_months(applied, 1)
    return month_of(decided) if kind == "one_off" and not start else add_months(decided, 1)


@dataclass(frozen=True, slots=True)
class Change:
    """From this month on the amount is `fen`; a later entry of the list overrides an earlier one."""

    month: date
    fen: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One entitlement: what it grants, from when, until (the first month no more; None: open), as changed since."""

    kind: str  # monthly | yearly | one_off
    fen: int
    first: date
    until: date | None
    changes: tuple[Change, ...] = ()


def owed(plan: Plan, month: date) -> int:
    """Fen due for one month."""
    if month < plan.first or (plan.until is not None and month >= plan.until):
        return 0
    if plan.kind == "one_off" and month != plan.first:
        return 0
    if plan.kind == "yearly" and month.month != plan.first.month:
        return 0
    fitting = [change.fen for change in plan.changes if change.month <= month]
    return fitting[-1] if fitting else plan.fen


@dataclass(frozen=True, slots=True)
class Booked:
    """What stands for a month: fen of all lines that count, and whether its regular line is among them."""

    fen: int
    regular: bool


@dataclass(frozen=True, slots=True)
class NewLine:
    month: date
    kind: str  # regular | correction
    fen: int  # signed


def wanted(plan: Plan, booked: Mapping[date, Booked], upto: date) -> list[NewLine]:
    """The lines that make every month up to `upto` come out right; asked again after they are booked, none.

    A month never paid is paid now; a month paid otherwise than it owes gets a signed correction. What was paid too
    much is set off against what is due now, never more than that: the rest waits for the next batch.
    """
    span = set(months_between(plan.first, upto)) | {month for month in booked if month <= upto}
    plus, minus = [], []
    for month in sorted(span):
        stands = booked.get(month, Booked(0, False))
        delta = owed(plan, month) - stands.fen
        if delta > 0:
            plus.append(NewLine(month, "correction" if stands.regular else "regular", delta))
        elif delta < 0:
            minus.append(NewLine(month, "correction", delta))
    return plus + _set_off(minus, sum(line.fen for line in plus))


def _set_off(minus: Sequence[NewLine], room: int) -> list[NewLine]:
    found = []
    for line in minus:
        taken = min(room, -line.fen)
        if taken:
            found.append(NewLine(line.month, line.kind, -taken))
            room -= taken
    return found


def overpaid(plan: Plan, booked: Mapping[date, Booked]) -> int:
    """Fen paid beyond what is owed, over the months booked."""
    return sum(max(0, stands.fen - owed(plan, month)) for month, stands in booked.items())


def phase_faults(months: int, most: int) -> str:
    """渐退期: whether a phase-out may last so long (民发〔2022〕83号 一(三): at most 6 months)."""
    return "" if 0 <= months <= most else f"渐退期最长 {most} 个月"
