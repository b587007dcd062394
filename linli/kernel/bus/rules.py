"""When a daily timer is due, and what a ticket of the live stream lets through. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

HERE = timezone(timedelta(hours=8))  # China has one time zone and no summer time
Ticket = Sequence[Sequence[Any]]  # [[area, unit, [rooms]], …]; "*" in rooms is every room


def due_daily(at: str, last: datetime, now: datetime) -> bool:
    """True when HH:MM Asia/Shanghai has passed since `last`: today's, or an earlier day's that was missed."""
    hour, minute = (int(part) for part in at.split(":"))
    local = now.astimezone(HERE)
    latest = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if latest > local:
        latest -= timedelta(days=1)
    return last < latest


def may_receive(ticket: Ticket, item: Mapping[str, Any]) -> bool:
    """True if some scope of the ticket covers the fact's room, area and unit.

    A fact without an area goes to whole-county scopes only; one without a unit not to unit scopes.
    """
    room = str(item.get("fact", "")).partition(".")[0]
    area, unit = str(item.get("area") or ""), str(item.get("unit") or "")
    for prefix, own_unit, rooms in ticket:
        here = area.startswith(prefix) if area else len(prefix) <= 6
        if here and (not own_unit or own_unit == unit) and (room in rooms or "*" in rooms):
            return True
    return False


def wanted(item: Mapping[str, Any], kinds: Sequence[str]) -> bool:
    """True if the listener asked for this kind of fact: `incidents.IncidentFiled`, `incidents`, or nothing at all."""
    name = str(item.get("fact", ""))
    return not kinds or name in kinds or name.partition(".")[0] in kinds
