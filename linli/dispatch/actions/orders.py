"""Raising an order and taking it through its life."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from linli.dispatch import clocks, facts, registry, rules
from linli.dispatch.actions.steps import (
    Said,
    fact,
    is_assignee,
    move_row,
    require_assignee,
    require_on,
    step,
)
from linli.dispatch.models import OrderCrew, WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import Actor, can
from linli.kernel.bus.actions import tell
from linli.kernel.inserts import new_row
from linli.kernel.ledger.actions import record

LOCATED = ("lon", "lat", "east", "north", "source_crs", "grid", "community", "street", "county")


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who is to do it: a unit, and a person of it where one is known."""

    unit: str
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a room wants done: the fields of an order it decides itself."""

    kind: str
    subject: str
    title: str
    place: Mapping[str, Any]  # the LOCATED columns
    urgency: str = "routine"
    role: str = "lead"
    mode: str = "actual"
    private: bool = False
    instructions: str = ""
    handle: Any = None  # limit text, or milestones [{"name": …, "limit": …}]
    verify: str = ""
    not_before: datetime | None = None
    planned_day: date | None = None
    crew: Sequence[int] = ()
    explanation: Mapping[str, Any] = field(default_factory=dict)


def located(row: Any) -> dict[str, Any]:
    """The place columns of a Located row, to hand on to an order about it."""
    return {name: getattr(row, name) for name in LOCATED}


def build_order(
    wanted: Wanted, *, to: Assignee | None, at: datetime, received: datetime | None = None
) -> WorkOrder:
    """An unsaved order with its clocks set: dispatched at once when `to` is given, else waiting for a dispatcher.

    The dispatch clock counts from `received`, the accept clock from dispatch (incidents.md section 4).
    """
    order = new_row(
        WorkOrder,
        kind=wanted.kind,
        subject=wanted.subject,
        role=wanted.role,
        urgency=wanted.urgency,
        mode=wanted.mode,
        private=wanted.private,
        title=wanted.title[:120],
        instructions=wanted.instructions,
        unit=to.unit if to else "",
        person_id=to.person if to else None,
        state="dispatched" if to else "raised",
        not_before=wanted.not_before,
        planned_day=wanted.planned_day,
        plan=clocks.plan_for(wanted.kind, wanted.urgency, wanted.handle),
        explanation=dict(wanted.explanation),
        verify=wanted.verify or registry.kind(wanted.kind).verify,
        created=at,
        first_dispatched_at=at if to else None,
        **wanted.place,
    )
    clocks.start(order, "accept" if to else "dispatch", at if to else received or at)
    return order


@transaction.atomic
def raise_order(
    *,
    by: Actor,
    wanted: Wanted,
    to: Assignee | None = None,
    received: datetime | None = None,
    said: Said | None = None,
) -> WorkOrder:
    """Writes an order for a room; the room has already required what its own verb needs.

    Raises IntegrityError when the subject already has an open lead order of this kind.
    """
    now = timezone.now()
    order = build_order(wanted, to=to, at=now, received=received)
    order.save(force_insert=True)
    for place, person in enumerate(wanted.crew):
        OrderCrew.objects.create(order=order, person_id=person, part="second" if place else "lead")
    move = move_row(
        order, "dispatch" if to else "raise", "", by, now, said or Said(data=dict(wanted.explanation))
    )
    move.save(force_insert=True)
    record(
        subject=order.subject,
        verb="order.raise",
        by=by,
        fields={"order": order.pk, "kind": order.kind, "unit": order.unit},
    )
    tell(fact(facts.OrderRaised, order), *([fact(facts.OrderDispatched, order)] if to else []))
    return order


def dispatch_order(
    *,
    by: Actor,
    order: int,
    to: Assignee,
    explanation: Mapping[str, Any] | None = None,
    said: Said | None = None,
) -> WorkOrder:
    """Gives a raised or disputed order to a unit; the first dispatch starts the case clock.

    A second return is not a dispatcher's any more: `rule_order` decides it.
    """
    said = said or Said()

    def check(row: WorkOrder, now: datetime) -> None:
        if row.state == "disputed" and rules.after_return(row.returns) == "duty_chief":
            raise Refused("已是第二次退回，须由值班长终审裁定。", code="wants_ruling", status=403)

    def change(row: WorkOrder, now: datetime) -> None:
        row.unit, row.person_id = to.unit, to.person
        row.explanation = dict(explanation or {"by": "dispatcher", "text": said.text})
        row.first_dispatched_at = row.first_dispatched_at or now
        row.round += 1
        clocks.start(row, "accept", now)

    return step(
        by=by,
        order=order,
        action="dispatch",
        may=lambda actor, row: require_on(actor, "dispatch.dispatch", unitless(row)),
        said=said,
        given={"unit": to.unit},
        check=check,
        change=change,
        tells=facts.OrderDispatched,
    )


def unitless(row: WorkOrder) -> WorkOrder:
    """Dispatching is asked of the place, not of the unit the order happens to have now."""
    shadow = WorkOrder(pk=row.pk, subject=row.subject, **located(row))
    return shadow


def accept_order(*, by: Actor, order: int, said: Said | None = None) -> WorkOrder:
    """接单: an unnamed order becomes the person's who accepts it."""

    def change(row: WorkOrder, now: datetime) -> None:
        row.accepted_at = row.accepted_at or now
        if row.person_id is None and by.account is not None:
            row.person_id = by.account
        clocks.start(row, "handle", row.first_dispatched_at or now)

    return step(
        by=by,
        order=order,
        action="accept",
        may=require_assignee,
        said=said or Said(),
        change=change,
        tells=facts.OrderAccepted,
    )


def return_order(*, by: Actor, order: int, said: Said, propose: str = "") -> WorkOrder:
    """退回, with reason, text and the unit proposed instead; once, within the accept limit, never after a ruling."""

    def check(row: WorkOrder, now: datetime) -> None:
        rules.check_return(returns=row.returns, final=row.final, now=now, due_at=row.due_at)

    def change(row: WorkOrder, now: datetime) -> None:
        row.returns += 1
        row.explanation = {**row.explanation, "proposed": propose, "ask": rules.after_return(row.returns)}
        row.plan = {**row.plan, "dispatch": clocks.limit(row.kind, "dispatch", row.urgency)}
        if row.returns > 1:
            row.plan["dispatch"] = clocks.limit(row.kind, "ruling", row.urgency)
        clocks.start(row, "dispatch", now)

    return step(
        by=by,
        order=order,
        action="return",
        may=require_assignee,
        said=said,
        check=check,
        change=change,
        tells=facts.OrderReturned,
        more=lambda row: {"returns": row.returns},
    )


def reassign_order(*, by: Actor, order: int, person: int, said: Said | None = None) -> WorkOrder:
    """改派 within the unit, by its head; the clocks run on."""

    def change(row: WorkOrder, now: datetime) -> None:
        row.person_id = person
        row.round += 1
        if row.stage == "handle":  # accepted before: the new person accepts within what is left
            row.stage = "accept"
        clocks.set_next_rung(row)

    return step(
        by=by,
        order=order,
        action="reassign",
        may=lambda actor, row: require_on(actor, "dispatch.reassign", row),
        said=said or Said(),
        change=change,
        tells=facts.OrderReassigned,
    )


def arrive(*, by: Actor, order: int, said: Said | None = None) -> WorkOrder:
    """到场: the position, if given in `said.data`, stays with the move."""

    def change(row: WorkOrder, now: datetime) -> None:
        row.arrived_at = row.arrived_at or now

    return step(
        by=by,
        order=order,
        action="arrive",
        may=require_assignee,
        said=said or Said(),
        change=change,
        tells=facts.OrderArrived,
    )


def add_note(*, by: Actor, order: int, said: Said) -> WorkOrder:
    """A word on the way. Allowed to whoever works on it or may dispatch it."""

    def may(actor: Actor, row: WorkOrder) -> None:
        if not is_assignee(actor, row) and not can(actor, "dispatch.dispatch", area=row.area):
            require_assignee(actor, row)

    return step(by=by, order=order, action="note", may=may, said=said)


def finish_milestone(*, by: Actor, order: int, said: Said | None = None) -> WorkOrder:
    """One step of several is done (fence, repair, restore): the next limit counts from now."""

    def check(row: WorkOrder, now: datetime) -> None:
        if rules.last_milestone(row.plan, row.milestone):
            raise Refused("这已是最后一个阶段，请直接办结。", code="last_milestone")

    def change(row: WorkOrder, now: datetime) -> None:
        row.milestone += 1
        row.round += 1
        clocks.start(row, "handle", now)

    return step(
        by=by,
        order=order,
        action="milestone",
        may=require_assignee,
        said=said or Said(),
        check=check,
        change=change,
    )


def handle_order(
    *, by: Actor, order: int, outcome: str, said: Said | None = None, flags: Sequence[str] = ()
) -> WorkOrder:
    """办结. With verify `none` (or a sample not drawn) it is done at once, both facts told together."""
    said = said or Said()

    def change(row: WorkOrder, now: datetime) -> None:
        row.outcome, row.handled_by, row.handled_at = outcome, by.ref, now
        row.flags = sorted({*row.flags, *flags})
        if row.verify == "none":
            row.state, row.done_at = "done", now
        else:
            row.round += 1
            clocks.start(row, "check", now)

    with transaction.atomic():
        row = step(
            by=by,
            order=order,
            action="handle",
            may=require_assignee,
            said=Said(
                said.reason,
                said.text or outcome,
                said.files,
                said.base_version,
                said.device_at,
                said.data,
                said.public,
            ),
            given={"outcome": outcome.strip()},
            change=change,
            tells=facts.OrderHandled,
        )
        if row.state == "done":
            tell(fact(facts.OrderVerified, row))
    return row


def recall_order(*, by: Actor, order: int, said: Said) -> WorkOrder:
    """收回 by the dispatcher, with a reason."""

    def change(row: WorkOrder, now: datetime) -> None:
        row.person_id, row.unit = None, ""
        row.round += 1
        clocks.start(row, "dispatch", now)

    return step(
        by=by,
        order=order,
        action="recall",
        may=lambda actor, row: require_on(actor, "dispatch.dispatch", unitless(row)),
        said=said,
        change=change,
        tells=facts.OrderRecalled,
    )


def verify_order(*, by: Actor, order: int, passed: bool, said: Said | None = None) -> WorkOrder:
    """核查 by another person: passed -> done; failed -> back to work with half the limit, the rework counted."""
    said = said or Said()

    def check(row: WorkOrder, now: datetime) -> None:
        if by.kind != "system" and row.handled_by == by.ref:
            raise Refused("处置人不能核查自己办的事，请由他人核查。", code="own_work", status=403)

    def change(row: WorkOrder, now: datetime) -> None:
        if passed:
            row.verified_by, row.done_at = by.ref, now
        else:
            row.reworks += 1
            row.round += 1
            row.handled_at = None
            clocks.start(row, "handle", now, half=True)

    return step(
        by=by,
        order=order,
        action="pass" if passed else "fail",
        may=lambda actor, row: require_on(actor, "dispatch.verify", unitless(row)),
        said=said,
        check=check,
        change=change,
        tells=facts.OrderVerified if passed else facts.OrderReworked,
    )


def cancel_order(*, by: Actor, order: int, said: Said) -> WorkOrder:
    """撤销 by the raising room, with a reason."""

    def change(row: WorkOrder, now: datetime) -> None:
        row.done_at = now

    return step(
        by=by,
        order=order,
        action="cancel",
        may=lambda actor, row: require_on(actor, "dispatch.dispatch", unitless(row)),
        said=said,
        change=change,
        tells=facts.OrderCancelled,
    )
