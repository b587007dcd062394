"""From rows to the values money is reckoned with: the shipped terms, plans, what is booked a month."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from django.db.models import Case, Max, Sum, Value, When

from linli.onestop.glossary import read
from linli.onestop.means import Book, parse_book
from linli.onestop.models import COUNTED, Entitlement, PayLine
from linli.onestop.paying import Booked, Change, Plan


@cache
def book() -> Book:
    """The means rules linli ships with."""
    return parse_book(read("means.yaml"))


@cache
def terms() -> Mapping[str, Any]:
    """data/payments.yaml."""
    return read("payments.yaml")


def plan_of(row: Entitlement) -> Plan:
    """What the entitlement owes; reads its adjustments (prefetch them for many)."""
    changes = tuple(
        Change(one.month, one.fen) for one in row.adjustments.all() if one.kind not in ("stop", "restore")
    )  # stops stand in the months themselves
    return Plan(row.kind, row.fen, row.first, end_of(row), changes)


def end_of(row: Entitlement) -> date | None:
    """The first month no more; the first month itself when it was stopped before it began."""
    return row.first if row.months.isempty else row.months.upper


def booked(rows: Iterable[int]) -> dict[int, dict[date, Booked]]:
    """Per entitlement and month what counts: waiting, sent or paid. One query."""
    regular = Max(Case(When(kind="regular", then=Value(1)), default=Value(0)))
    lines = PayLine.objects.filter(entitlement__in=list(rows), state__in=COUNTED)
    found: dict[int, dict[date, Booked]] = {}
    for one in lines.values("entitlement", "month").annotate(total=Sum("fen"), regular=regular):
        found.setdefault(one["entitlement"], {})[one["month"]] = Booked(one["total"], bool(one["regular"]))
    return found
