"""Pieces of a case's pages that this part of the room fills: its documents, its trips, papers that could be used again."""

from typing import Any

from django import template

from linli.onestop import queries_outlet, queries_shelf
from linli.onestop.models import Application

register = template.Library()


@register.inclusion_tag("onestop/outlet/_case.html")
def case_outlet(row: Application, staff: str = "") -> dict[str, Any]:
    """Documents and trips; `staff` leads to the window's own pages."""
    if row.accepted_at is None and not row.trips:
        return {}
    return {
        "results": row.results.order_by("-edition") if row.decided_at else [],
        "trips": queries_outlet.trips_of(row),
        "staff": staff,
    }


@register.inclusion_tag("onestop/outlet/_reuse.html")
def reusable(row: Application) -> dict[str, Any]:
    return {"row": row, "papers": queries_shelf.offers(row)}
