"""From the field back to the reporter: confirmed or not, handled, checked, closed, rated, done again."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from linli.dispatch.actions import Said, handle_order, raise_order, rate_subject, verify_order
from linli.dispatch.models import Rating, WorkOrder
from linli.incidents import catalogue, facts, rules
from linli.incidents.actions.case import order_for
from linli.incidents.actions.filing import (
    keep_correction,
    known_class,
    require_reporter,
    send_out,
    set_class,
    set_promise,
)
from linli.incidents.actions.steps import incident_fact, locked, move_row, must_say, step
from linli.incidents.models import Incident
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record

RATE_WITHIN = timedelta(days=15)
SPOT_SHARE = 0.10  # of photo-checked cases are looked at on the spot all the same
HANDLED = ("handled", "done", "cancelled")


@transaction.atomic
def confirm_incident(
    *, by: Actor, order: int, found: bool, text: str, class_code: str = "", said: Said | None = None
) -> Incident:
    """The result of an `incident.confirm` order: found -> filed (with a class), not found -> declined with the reason."""
    must_say(text, "outcome", "请写明现场情况")
    row = WorkOrder.objects.get(pk=order)
    incident = int(row.subject.partition(":")[2])
    case = locked(incident)
    code = class_code or case.class_code
    if found and not catalogue.class_of(code):
        raise Refused("请选择类别。", code="no_class", fields={"class_code": ["请选择类别"]})
    handle_order(by=by, order=order, outcome=text, said=said)
    Incident.objects.filter(pk=incident, responded_at=None).update(responded_at=timezone.now())
    if not found:
        return _after_confirm(by, incident, "decline", text)
    if case.state != "confirming":
        return case

    def change(case: Incident, now: datetime) -> None:
        chosen = known_class(code)
        keep_correction(by, case, chosen)
        set_class(case, chosen)
        case.filed_at = now
        set_promise(case, chosen)
        case.unit, case.routing = send_out(by, case, chosen, "", "", at=now)

    return _after_confirm(by, incident, "file", text, change)


def _after_confirm(by: Actor, incident: int, action: str, text: str, change=None) -> Incident:  # type: ignore[no-untyped-def]
    """The case's step that follows from a grid worker's finding; the order's own gate has been passed."""
    return step(
        by=by,
        incident=incident,
        action=action,
        may=lambda actor, row: None,
        text=text,
        change=change,
        tells=(lambda row: incident_fact(facts.IncidentFiled, row)) if action == "file" else None,
    )


def start_work(*, incident: int, at: datetime) -> None:
    """A lead accepted: filed -> working; the first human act stops the response clock. Called by the reaction."""
    row = locked(incident)
    if row.responded_at is None:
        Incident.objects.filter(pk=incident).update(responded_at=at)
    if row.state == "filed":
        step(by=SYSTEM, incident=incident, action="start", may=lambda actor, row: None)


def note_contact(*, by: Actor, incident: int, text: str) -> Incident:
    """A logged contact with the reporter: a human act, so it counts as the response."""
    must_say(text, message="请写明联系情况")
    require(by, "incidents.triage", area=locked_area(incident))
    with transaction.atomic():
        row = locked(incident)
        now = timezone.now()
        row.responded_at = row.responded_at or now
        row.save(update_fields=["responded_at"])
        move_row(row, "contact", row.state, by, now, text=text).save()
        record(subject=row.subject, verb="contact", by=by, fields={"state": row.state})
        tell(incident_fact(facts.IncidentChanged, row, action="contact"))
    return row


def locked_area(incident: int) -> str:
    row = Incident.objects.filter(pk=incident).first()
    if row is None:
        raise Refused("没有这件事。", code="no_incident", status=404)
    return row.area


@transaction.atomic
def to_checking(*, incident: int) -> bool:
    """When lead, assists and children are all handled: checking, and a check order where somebody must look.

    Called by the reaction to OrderHandled; returns whether the case moved.
    """
    row = locked(incident)
    if row.state not in ("filed", "working"):
        return False
    orders = list(
        WorkOrder.objects.filter(subject=row.subject, kind="incident.handle").values_list("state", flat=True)
    )
    children = row.children.exclude(state__in=["closed", "declined", "void", "checking", "merged"]).exists()
    if not orders or children or any(state not in HANDLED for state in orders):
        return False

    def change(row: Incident, now: datetime) -> None:
        row.handled_at = now

    row = step(by=SYSTEM, incident=incident, action="check", may=lambda actor, row: None, change=change)
    chosen = catalogue.class_of(row.class_code)
    mode = chosen.check_mode if chosen else "photo"
    if mode == "spot" or (mode == "photo" and random.Random(row.pk).random() < SPOT_SHARE):
        sent = catalogue.to_grid_worker(row.area)
        handler = (
            WorkOrder.objects.filter(subject=row.subject, kind="incident.handle", role="lead")
            .order_by("-id")
            .first()
        )
        if handler and sent.to.person and handler.person_id == sent.to.person:  # never the handler
            sent = catalogue.Sent(
                catalogue.Assignee(catalogue.desk(row.area)),
                {"by": "desk", "text": "处置人不能核查自己，由指挥中心核查"},
            )
        raise_order(by=SYSTEM, wanted=order_for(row, "incident.check", sent, verify="none"), to=sent.to)
    return True


@transaction.atomic
def check_incident(
    *,
    by: Actor,
    incident: int,
    passed: bool,
    text: str,
    cause: str = "fixed",
    files: Sequence[int] = (),
    base_version: int | None = None,
    order: int | None = None,
) -> Incident:
    """核查: passes or fails every handled order of the case; passed -> closed with cause and outcome.

    `order` is the `incident.check` order this is the result of; without it the verb `incidents.check` is needed.
    Nobody checks what he handled himself.
    """
    must_say(text, message="请写明核查情况")
    if passed and cause not in rules.CAUSES:
        raise Refused("请选择原因。", code="no_cause", fields={"cause": ["请选择结案原因"]})
    row = locked(incident)
    handled = list(WorkOrder.objects.filter(subject=row.subject, kind="incident.handle", state="handled"))
    if any(one.handled_by == by.ref for one in handled):
        raise Refused("处置人不能核查自己办的事，请由他人核查。", code="own_work", status=403)
    if order is not None:
        handle_order(by=by, order=order, outcome=text, said=Said(files=tuple(files)))
    for one in handled:
        _verify(by, one, passed, text, files, by_order=order is not None)
    _cancel_check_orders(row, order)

    def close(row: Incident, now: datetime) -> None:
        row.cause, row.closed_at = cause, now
        row.outcome = next((one.outcome for one in handled if one.role == "lead" and one.outcome), "") or text

    return step(
        by=by,
        incident=incident,
        action="pass" if passed else "fail",
        verb="incidents.check",
        may=(lambda actor, row: None) if order is not None else None,
        base_version=base_version,
        text=text,
        files=files,
        data={"cause": cause} if passed else {},
        change=close if passed else None,
        tells=(lambda row: incident_fact(facts.IncidentClosed, row, cause=cause)) if passed else None,
    )


def _verify(
    by: Actor, order: WorkOrder, passed: bool, text: str, files: Sequence[int], *, by_order: bool
) -> None:
    """A checker by role verifies in his own name; the holder of a check order through the system, named in the text."""
    actor = by
    if by_order:
        actor = Actor(by.account, "system", by.name)
    verify_order(by=actor, order=order.pk, passed=passed, said=Said(text=text, files=tuple(files)))


def _cancel_check_orders(row: Incident, but: int | None) -> None:
    from linli.dispatch.actions import cancel_order

    for one in WorkOrder.objects.filter(subject=row.subject, kind="incident.check", done_at=None).exclude(
        pk=but or 0
    ):
        cancel_order(by=SYSTEM, order=one.pk, said=Said(text="已由他人核查"))


@transaction.atomic
def reopen_incident(
    *, by: Actor, incident: int, text: str, report: int | None = None, rated: bool = False
) -> Incident:
    """重办: the reporter, staff, or a rating of "not solved"; the old clock still counts, a new order is raised."""
    must_say(text)

    def may(actor: Actor, row: Incident) -> None:
        if rated or actor.kind == "system":
            return
        staff = any(scope.has("incidents.triage") and scope.covers(row.area, "") for scope in actor.grants)
        if not staff:
            require_reporter(actor, row, report)

    def check(row: Incident, now: datetime) -> None:
        if row.closed_at and now - row.closed_at > RATE_WITHIN:
            raise Refused("结案已超过 15 天，请作为新的事件上报。", code="too_late")

    def change(row: Incident, now: datetime) -> None:
        row.round += 1
        row.closed_at = row.handled_at = None
        row.cause = row.outcome = ""
        chosen = catalogue.class_of(row.class_code)
        last = (
            WorkOrder.objects.filter(subject=row.subject, kind="incident.handle", role="lead")
            .order_by("-id")
            .first()
        )
        row.unit, row.routing = send_out(
            SYSTEM, row, chosen, last.unit if last else "", "报事人反映未解决，重新办理", at=now
        )

    return step(
        by=by,
        incident=incident,
        action="reopen",
        may=may,
        text=text,
        check=check,
        change=change,
        tells=lambda row: incident_fact(facts.IncidentReopened, row, round=row.round),
    )


@transaction.atomic
def rate_incident(
    *, by: Actor, report: int, resolved: bool, stars: int, reasons: Sequence[str] = (), text: str = ""
) -> Rating:
    """评价 by a reporter (the page has checked the account or the tracking code); "not solved" reopens the case."""
    from linli.incidents.models import Report

    told = Report.objects.select_related("incident").get(pk=report)
    row = locked(told.incident_id)
    if row.state != "closed" or row.closed_at is None:
        raise Refused("办结之后才能评价。", code="not_closed", status=409)
    if timezone.now() - row.closed_at > RATE_WITHIN:
        raise Refused("结案已超过 15 天，不能再评价。", code="too_late")
    rating = rate_subject(
        by=by,
        rater=f"incidents.report:{report}",
        subject=row.subject,
        round=row.round,
        resolved=resolved,
        stars=stars,
        reasons=reasons,
        text=text,
    )
    if not resolved:
        reopen_incident(by=by, incident=row.pk, text=text or "报事人评价：未解决", report=report, rated=True)
    return rating
