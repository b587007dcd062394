"""当场办结: a grid worker finds something and mends it on the spot; checked by sample (incidents.md section 4)."""

import random
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch.actions import Assignee, Said, accept_order, dispatch_order, handle_with_photos
from linli.dispatch.models import WorkOrder
from linli.incidents import facts, rules
from linli.incidents.actions.closing import SPOT_SHARE, start_work
from linli.incidents.actions.intake import Receipt, report_incident
from linli.incidents.actions.steps import incident_fact, must_say, step
from linli.incidents.catalogue import COMMITTEE, desk
from linli.incidents.models import Incident
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require


@transaction.atomic
def report_and_fix(
    *,
    by: Actor,
    telling: rules.Telling,
    outcome: str,
    keys: Iterable[uuid.UUID] = (),
    position: tuple[float, float] | None = None,
    photos_follow: bool = False,
) -> Receipt:
    """Report, file and handle in one act. One in ten goes to checking, the others are closed as fixed.

    Raises Refused 422 when class or place are not clear enough to file at once, 403 outside one's own grids.
    """
    must_say(outcome, "outcome", "请写明怎么处理的")
    receipt = report_incident(by=by, telling=telling)
    if receipt.repeated:
        return receipt
    row = Incident.objects.get(pk=receipt.incident)
    require(by, "incidents.report_own", area=row.area, subject=row.subject)
    if row.state != "filed":
        raise Refused("还不能当场办结。", code="not_filed", fields=_unclear(row))
    order = _take_over(by, row)
    drawn = (
        random.Random(row.pk).random() < SPOT_SHARE
    )  # the draw to_checking makes for the check on the spot
    if not drawn:
        WorkOrder.objects.filter(pk=order.pk).update(verify="none")
    shown = bool(telling.files) or photos_follow  # the pictures of the report show the work as well
    handle_with_photos(by=by, order=order.pk, outcome=outcome, keys=keys, position=position, wanted=not shown)
    start_work(incident=row.pk, at=timezone.now())
    if not drawn:
        _close(row.pk, outcome)
    return Receipt(
        receipt.report, row.pk, receipt.number, receipt.tracking, "closed" if not drawn else "working"
    )


def _unclear(row: Incident) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if not row.grid:
        wrong["place"] = ["请定位到网格内的具体地点"]
    if not row.class_code:
        wrong["class_said"] = ["请选择类别"]
    return wrong or {"fixed": ["这一类要先核实再办理，请按普通上报提交"]}


def _take_over(by: Actor, row: Incident) -> WorkOrder:
    """The lead order, now the finder's own."""
    order = WorkOrder.objects.get(subject=row.subject, kind="incident.handle", role="lead")
    unit = areas.unit_for(COMMITTEE, row.area) or desk(row.area) or order.unit
    why = "网格员当场处置"
    dispatch_order(
        by=SYSTEM,
        order=order.pk,
        to=Assignee(unit, by.account),
        explanation={"by": "grid", "text": why},
        said=Said(text=why),
    )
    Incident.objects.filter(pk=row.pk).update(unit=unit, routing={"by": "grid", "text": why})
    return accept_order(by=by, order=order.pk)


def _close(incident: int, outcome: str) -> None:
    def handled(row: Incident, now) -> None:  # type: ignore[no-untyped-def]
        row.handled_at = now

    def closed(row: Incident, now) -> None:  # type: ignore[no-untyped-def]
        row.cause, row.outcome, row.closed_at = "fixed", outcome, now

    step(by=SYSTEM, incident=incident, action="check", may=lambda actor, row: None, change=handled)
    step(
        by=SYSTEM,
        incident=incident,
        action="pass",
        may=lambda actor, row: None,
        text="当场处置，未抽中核查",
        data={"cause": "fixed"},
        change=closed,
        tells=lambda row: incident_fact(facts.IncidentClosed, row, cause="fixed"),
    )
