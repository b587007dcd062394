"""The one way an order moves: lock, may, decide, save, move, record, tell. The verbs stand in the modules beside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from linli.dispatch import clocks, registry, rules
from linli.dispatch.models import Move, WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import Actor, can
from linli.kernel.bus.actions import tell
from linli.kernel.inserts import new_row
from linli.kernel.ledger.actions import record

Change = Callable[[WorkOrder, datetime], None]


@dataclass(frozen=True, slots=True)
class Said:
    """What came along with an act. `base_version` is the order's version the actor saw (stale forms, offline acts)."""

    reason: str = ""
    text: str = ""
    files: tuple[int, ...] = ()
    base_version: int | None = None
    device_at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    public: bool = True


def subject_of(order: WorkOrder) -> str:
    return f"dispatch.order:{order.pk}"


def is_assignee(by: Actor, order: WorkOrder) -> bool:
    """The person it was given to, one of the crew, or anybody working in the unit when no person is named."""
    if by.kind == "system":
        return True
    if order.person_id:
        named = by.account == order.person_id
        return named or (by.account is not None and order.crew.filter(person=by.account).exists())
    return bool(order.unit) and any(
        scope.unit == order.unit and scope.covers(order.area, order.unit)
        for scope in by.scopes("dispatch.work")
    )


def require_assignee(by: Actor, order: WorkOrder) -> None:
    if subject_of(order) in by.bars or order.subject in by.bars or not is_assignee(by, order):
        raise Refused("这张工单不是派给您的，不能办理。", code="not_assignee", status=403)


def require_on(by: Actor, verb: str, order: WorkOrder) -> None:
    """`verb` on this order's place and unit; a bar on the order or its subject beats any role."""
    barred = subject_of(order) in by.bars or order.subject in by.bars
    if barred or not can(by, verb, area=order.area, unit=order.unit, subject=subject_of(order)):
        raise Refused("您没有办理这张工单的权限。", code="not_allowed", status=403)


def locked(order: int) -> WorkOrder:
    """The row, locked to the end of the transaction. Raises Refused 404."""
    try:
        return WorkOrder.objects.select_for_update().get(pk=order)
    except WorkOrder.DoesNotExist:
        raise Refused("没有这张工单。", code="no_order", status=404) from None


def check_fresh(order: WorkOrder, base_version: int | None) -> None:
    """Raises Refused 409 with the new state and who changed it, when the actor saw an older version."""
    if base_version is None or base_version == order.version:
        return
    last = order.moves.order_by("-id").first()
    who = f"{last.by_name}已于刚才{rules.WORDS.get(last.action, last.action)}" if last else "已有变化"
    raise Refused(
        f"这张工单{who}，现在是“{rules.STATE_WORDS[order.state]}”。请刷新后再办，您填写的内容仍保留。",
        code="stale",
        status=409,
    )


def fact(fact_type: type, order: WorkOrder, **more: object) -> Any:
    """An order fact with its standing fields."""
    return fact_type(
        order=order.pk,
        kind=order.kind,
        subject=order.subject,
        unit=order.unit,
        area=order.area,
        mode=order.mode,
        urgency=order.urgency,
        role=order.role,
        **more,
    )


def move_row(order: WorkOrder, action: str, before: str, by: Actor, at: datetime, said: Said) -> Move:
    """The timeline's row for a step (unsaved)."""
    return new_row(
        Move,
        subject=order.subject,
        order_id=order.pk,
        action=action,
        from_state=before,
        to_state=order.state,
        by=by.ref,
        by_name=by.name,
        by_role="、".join(sorted(by.roles - {"anyone", "resident"})),
        unit=order.unit,
        at=at,
        device_at=said.device_at,
        reason=said.reason,
        text=said.text,
        files=list(said.files),
        public=said.public and not order.private,
        data=dict(said.data),
    )


@transaction.atomic
def step(
    *,
    by: Actor,
    order: int,
    action: str,
    may: Callable[[Actor, WorkOrder], None],
    said: Said,
    given: Mapping[str, object] | None = None,
    change: Change | None = None,
    check: Callable[[WorkOrder, datetime], None] | None = None,
    tells: type | None = None,
    more: Callable[[WorkOrder], Mapping[str, object]] | None = None,
) -> WorkOrder:
    """Moves one order by one action; everything it does is in one transaction.

    `may` raises Refused 403; `check` raises for rules of this verb; `change` sets the row's other fields;
    `tells` is the fact told. Raises Refused 404, 409 (moved on, stale) or 422 (something is missing).
    """
    row, now = locked(order), timezone.now()
    may(by, row)
    check_fresh(row, said.base_version)
    given = {"reason": said.reason, "text": said.text, **(given or {})}
    after = rules.next_state(row.state, action, given)
    if check:
        check(row, now)
    before, row.state = row.state, after
    unit = row.unit
    if change:
        change(row, now)
    if row.state == before or row.next_rung_at is None or not row.open:
        clocks.set_next_rung(row)
    row.version += 1
    row.save()
    moved = registry.kind(row.kind).moved
    if moved and row.unit != unit:
        moved(row)
    move = move_row(row, action, before, by, now, said)
    move.save(force_insert=True)
    record(
        subject=row.subject,
        verb=f"order.{action}",
        by=by,
        fields={
            "order": row.pk,
            "kind": row.kind,
            "from": before,
            "to": after,
            "unit": row.unit,
            "version": row.version,
        },
    )
    if tells:
        tell(fact(tells, row, **(more(row) if more else {})))
    return row
