"""并案 and its exact undoing, 拆分 into child incidents, 吹哨 for assisting units."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch.actions import Assignee, Said, cancel_order, raise_order
from linli.dispatch.models import WorkOrder
from linli.incidents import catalogue, facts
from linli.incidents.actions.case import order_for
from linli.incidents.actions.filing import set_promise
from linli.incidents.actions.steps import incident_fact, locked, move_row, must_say, step
from linli.incidents.models import Incident, Report
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record

UNMERGE_WITHIN = timedelta(days=30)


@transaction.atomic
def merge_incident(
    *, by: Actor, incident: int, into: int, text: str = "", base_version: int | None = None
) -> Incident:
    """并案: the reports move to `into`, so every reporter stays informed; rights on both are needed."""
    first, second = sorted(
        (incident, into)
    )  # one order of locking, so that two merges cannot wait for each other
    locked(first)
    if second != first:
        locked(second)
    target = Incident.objects.get(pk=into)
    require(by, "incidents.merge", area=target.area, subject=target.subject)
    if incident == into or not target.open:
        raise Refused(
            "只能并入另一件未办结的事。", code="wrong_target", fields={"into": ["请选择另一件未办结的事"]}
        )

    def change(row: Incident, now) -> None:  # type: ignore[no-untyped-def]
        row.before_merge, row.merged_into = row_state, target
        for order in WorkOrder.objects.filter(subject=row.subject, done_at=None).values_list("id", flat=True):
            cancel_order(by=SYSTEM, order=order, said=Said(text=f"并入 {target.number}"))

    row_state = Incident.objects.values_list("state", flat=True).get(pk=incident)
    row = step(
        by=by,
        incident=incident,
        action="merge",
        verb="incidents.merge",
        base_version=base_version,
        text=text or f"并入 {target.number}",
        data={"into": into},
        change=change,
        tells=lambda row: incident_fact(facts.IncidentMerged, row, into=into),
    )
    moved = Report.objects.filter(incident=row).update(incident=target)
    Incident.objects.filter(pk=into).update(
        reports_count=F("reports_count") + moved, version=F("version") + 1
    )
    target.refresh_from_db()
    move_row(
        target,
        "merge",
        target.state,
        by,
        timezone.now(),
        text=f"{row.number} 并入本件",
        data={"from": row.pk},
    ).save()
    return row


@transaction.atomic
def unmerge_incident(*, by: Actor, incident: int, text: str) -> Incident:
    """Takes a merge back exactly, within 30 days: the reports that came with it return, and the state before."""
    must_say(text)
    row = locked(incident)
    target = row.merged_into
    if target is None:
        raise Refused("这件事没有并案。", code="moved_on", status=409)
    merged_at = row_moved_at(row)
    if timezone.now() - merged_at > UNMERGE_WITHIN:
        raise Refused("并案已超过 30 天，不能撤销。", code="too_late")
    locked(target.pk)

    def change(row: Incident, now) -> None:  # type: ignore[no-untyped-def]
        row.merged_into = None
        row.state = (
            "reported"
            if row.before_merge in ("filed", "working", "checking", "confirming")
            else row.before_merge
        )

    row = step(
        by=by,
        incident=incident,
        action="unmerge",
        verb="incidents.merge",
        text=text,
        change=change,
        tells=lambda row: incident_fact(facts.IncidentUnmerged, row, out_of=target.pk),
    )
    back = Report.objects.filter(incident=target, first_incident=row).update(incident=row)
    Incident.objects.filter(pk=target.pk).update(
        reports_count=F("reports_count") - back, version=F("version") + 1
    )
    return row


def row_moved_at(row: Incident):  # type: ignore[no-untyped-def]
    from linli.dispatch.models import Move

    last = Move.objects.filter(subject=row.subject, action="merge").order_by("-id").first()
    return last.at if last else row.received_at


@transaction.atomic
def split_incident(
    *, by: Actor, incident: int, parts: Sequence[tuple[str, str, str]], base_version: int | None = None
) -> list[Incident]:
    """拆分 into child incidents: (class code, unit code or "", what is to be done). At most three deep."""
    if not parts:
        raise Refused("请至少写一个子事项。", code="missing", fields={"parts": ["请至少写一个子事项"]})
    row = step(
        by=by,
        incident=incident,
        action="split",
        verb="incidents.triage",
        base_version=base_version,
        text=f"拆分为 {len(parts)} 项",
    )
    if row.depth >= 3:
        raise Refused("最多拆分两层。", code="too_deep")
    return [_child(by, row, *part) for part in parts]


def _child(by: Actor, parent: Incident, class_code: str, unit: str, text: str) -> Incident:
    chosen = catalogue.class_of(class_code)
    if chosen is None or not text.strip():
        raise Refused(
            "子事项要有类别和内容。", code="missing", fields={"parts": ["每个子事项都要选类别、写内容"]}
        )
    now = timezone.now()
    child = Incident(
        parent=parent,
        depth=parent.depth + 1,
        title=text[:40],
        text=text,
        class_code=chosen.code,
        class_version=chosen.version,
        large=chosen.large,
        domain=chosen.domain,
        urgency=chosen.urgency,
        state="filed",
        channel=parent.channel,
        place_source=parent.place_source,
        place_words=parent.place_words,
        private=parent.private or chosen.private,
        received_at=now,
        filed_at=now,
        reports_count=0,
        **{
            name: getattr(parent, name)
            for name in ("lon", "lat", "east", "north", "grid", "community", "street", "county")
        },
    )
    set_promise(child, chosen)
    child.save(force_insert=True)
    area = child.area
    sent = catalogue.route(
        class_code=chosen.code, large=chosen.large, area=area, urgency=child.urgency, at=now
    )
    if unit:
        sent = catalogue.Sent(Assignee(unit), {"by": "dispatcher", "text": "拆分时指定"})
    order = raise_order(
        by=by,
        wanted=order_for(child, "incident.handle", sent, verify="other", handle=chosen.milestones),
        to=sent.to,
    )
    Incident.objects.filter(pk=child.pk).update(unit=order.unit, routing=sent.explanation)
    move_row(child, "file", "", by, now, text=f"由 {parent.number} 拆分").save()
    record(subject=child.subject, verb="split", by=by, fields={"parent": parent.pk, "unit": order.unit})
    tell(incident_fact(facts.IncidentFiled, child))
    child.refresh_from_db()
    return child


@transaction.atomic
def whistle(
    *, by: Actor, incident: int, units: Sequence[str], text: str, base_version: int | None = None
) -> Incident:
    """吹哨: calls units out to assist; each gets its own order. Also the lead handler may blow it."""
    must_say(text, message="请写明需要协助什么")
    known = areas.unit_names()
    wrong = [unit for unit in units if unit not in known]
    if wrong or not units:
        raise Refused("请选择要吹哨的单位。", code="no_unit", fields={"units": ["请选择要吹哨的单位"]})

    def may(actor: Actor, row: Incident) -> None:
        lead = WorkOrder.objects.filter(subject=row.subject, role="lead", done_at=None).first()
        if lead is None or lead.person_id is None or actor.account != lead.person_id:
            require(actor, "incidents.triage", area=row.area, subject=row.subject)

    row = step(
        by=by,
        incident=incident,
        action="whistle",
        may=may,
        base_version=base_version,
        text=text,
        data={"units": list(units)},
    )
    for unit in units:
        sent = catalogue.Sent(Assignee(unit), {"by": "whistle", "text": text})
        raise_order(
            by=by, wanted=order_for(row, "incident.handle", sent, verify="other", role="assist"), to=sent.to
        )
    return row
