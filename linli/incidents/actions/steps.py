"""The one way an incident moves: lock, require, decide, save, move, record, tell."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from linli.dispatch.models import Move, WorkOrder
from linli.incidents import facts, rules
from linli.incidents.models import Incident
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record

# what a step may change: not the text, so that its words need not be cut again
CHANGING = [
    f.attname
    for f in Incident._meta.concrete_fields
    if f.name not in ("id", "text", "title", "words", "received_at")
]


def locked(incident: int) -> Incident:
    """The row, locked to the end of the transaction. Raises Refused 404."""
    try:
        return Incident.objects.select_for_update().get(pk=incident)
    except Incident.DoesNotExist:
        raise Refused("没有这件事。", code="no_incident", status=404) from None


def check_fresh(row: Incident, base_version: int | None) -> None:
    """Raises Refused 409 with the new state and who changed it."""
    if base_version is None or base_version == row.version:
        return
    last = Move.objects.filter(subject=row.subject, order=None).order_by("-id").first()
    who = f"{last.by_name}已于刚才{rules.WORDS.get(last.action, last.action)}" if last else "已有变化"
    raise Refused(
        f"这件事{who}，现在是“{rules.STATE_WORDS[row.state]}”。请刷新后再办，您填写的内容仍保留。",
        code="stale",
        status=409,
    )


def move_row(
    row: Incident,
    action: str,
    before: str,
    by: Actor,
    at: datetime,
    *,
    text: str = "",
    reason: str = "",
    files: Sequence[int] = (),
    data: dict[str, Any] | None = None,
    public: bool = True,
) -> Move:
    """The timeline's row (unsaved). A reporter is never named."""
    staff = by.roles - {"anyone", "resident"}
    named = by.name if staff or by.kind == "system" else "报事人"
    return Move(
        subject=row.subject,
        action=action,
        from_state=before,
        to_state=row.state,
        by=by.ref,
        by_name=named,
        by_role="、".join(sorted(staff)),
        unit=row.unit,
        at=at,
        reason=reason,
        text=text,
        files=list(files),
        data=data or {},
        public=public and not row.private,
    )


def incident_fact(fact_type: type, row: Incident, **more: Any) -> Any:
    return fact_type(
        incident=row.pk,
        subject=row.subject,
        area=row.area,
        class_code=row.class_code,
        urgency=row.urgency,
        state=row.state,
        unit=row.unit,
        **more,
    )


@transaction.atomic
def step(
    *,
    by: Actor,
    incident: int,
    action: str,
    verb: str = "",
    may: Callable[[Actor, Incident], None] | None = None,
    base_version: int | None = None,
    text: str = "",
    reason: str = "",
    files: Sequence[int] = (),
    data: dict[str, Any] | None = None,
    check: Callable[[Incident, datetime], None] | None = None,
    change: Callable[[Incident, datetime], None] | None = None,
    tells: Callable[[Incident], Any] | None = None,
    public: bool = True,
) -> Incident:
    """Moves one incident by one action of rules.MOVES. Raises Refused 403, 404, 409 or 422."""
    row, now = locked(incident), timezone.now()
    if may:
        may(by, row)
    else:
        require(by, verb, area=row.area, subject=row.subject)
    check_fresh(row, base_version)
    after = rules.next_state(row.state, action)
    if check:
        check(row, now)
    before, row.state = row.state, after
    if change:
        change(row, now)
    row.version += 1
    row.save(update_fields=CHANGING)
    move_row(
        row, action, before, by, now, text=text, reason=reason, files=files, data=data, public=public
    ).save(force_insert=True)
    record(
        subject=row.subject,
        verb=action,
        by=by,
        fields={"from": before, "to": row.state, "class": row.class_code, "version": row.version},
    )
    tell(tells(row) if tells else incident_fact(facts.IncidentChanged, row, action=action))
    return row


def must_say(text: str, field: str = "text", message: str = "请写明理由") -> None:
    """A reason is mandatory: Refused 422 naming the field."""
    if not text.strip():
        raise Refused(message, code="missing", fields={field: [message]})


def follow_unit(order: WorkOrder) -> None:
    """The case is with the unit its lead order is with, also after a return, a ruling or a recall."""
    if order.role == "lead":
        number = int(order.subject.partition(":")[2])
        Incident.objects.filter(pk=number).exclude(unit=order.unit).update(unit=order.unit)
