"""Notes written without a network: the form the phone keeps, and the households it may need."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.files.actions import attach
from linli.kernel.web.rules import parse_day
from linli.kernel.web.sync import OfflineField, OfflineItem, OfflineKind, OfflineSource
from linli.people import actions, queries
from linli.people.queries import VIEW

MOST = 600  # households a phone keeps; a grid has 300 to 500

SCHEMA = {
    "household": OfflineField("住户", "number", required=True),
    "heard": OfflineField("听到什么", most=2000),
    "asked": OfflineField("有什么诉求", most=2000),
    "promised": OfflineField("答应了什么", most=2000),
    "promise_due": OfflineField("答应的日期"),
}


def take_note(by: Actor, item: OfflineItem) -> dict[str, Any]:
    """A note written on the phone, at the phone's time once its clock is put right."""
    household = int(item.data["household"])
    due = item.data.get("promise_due") or ""
    day = parse_day(due) if due else None
    if due and day is None:
        said = "答应的日期看不懂，请重新选择"
        raise Refused(said, code="wrong_day", fields={"promise_due": [said]})
    note = actions.write_note(
        by=by,
        household=household,
        at=item.taken.at,
        flagged=item.taken.flagged,
        promise_due=day,
        files=photo_ids(by, item.files, household),
        **{name: item.data.get(name) or "" for name in ("heard", "asked", "promised")},
    )
    return {"note": note.pk, "message": "民情日记已保存"}


def photo_ids(by: Actor, keys: list[str], household: int) -> list[int]:
    """Ties uploaded files to the household. Raises Refused for a key that is none."""
    try:
        wanted = [UUID(key) for key in keys]
    except ValueError as why:
        raise Refused(
            "照片编号有误，请重新选择照片。", code="bad_files", fields={"files": ["请重新选择照片"]}
        ) from why
    return (
        [row.pk for row in attach(by=by, keys=wanted, subject=f"people.household:{household}")]
        if wanted
        else []
    )


def households(by: Actor) -> list[dict[str, Any]]:
    """Masked lines of the households of one's own grids; nothing for whoever looks after more than a community."""
    scopes = areas.scopes_of(by, VIEW)
    if not scopes or any(len(scope) < 12 for scope in scopes):
        return []
    return [
        {
            "id": row.pk,
            "label": str(row),
            "address": row.dwelling.masked_address,
            "visited_at": row.visited_at.isoformat() if row.visited_at else None,
        }
        for row in queries.households_seen(by).order_by("id")[:MOST]
    ]


NOTE = OfflineKind("people.note", "民情日记", SCHEMA, take_note)
HOUSEHOLDS = OfflineSource("people.households", households)
