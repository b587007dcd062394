"""The desk: file, decline, have it confirmed, correct the class, find the place, hand it on."""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from linli.areas import queries as areas
from linli.dispatch.actions import Assignee, Said, cancel_order, raise_order
from linli.dispatch.models import WorkOrder
from linli.incidents import catalogue, facts, promises
from linli.incidents.actions.case import first_order, order_for, promise
from linli.incidents.actions.steps import incident_fact, must_say, step
from linli.incidents.models import Correction, Incident, IncidentClass
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.bus.actions import tell

REFER_ROOMS = {
    "council": "居民议事",
    "mediation": "矛盾调解",
    "care": "关爱服务",
    "onestop": "一站式办事",
    "outside": "其他渠道",
}


def known_class(code: str) -> IncidentClass:
    found = catalogue.class_of(code)
    if found is None:
        raise Refused(
            "没有这个类别，请从列表中选择。", code="no_class", fields={"class_code": ["请从列表中选择类别"]}
        )
    return found


def set_class(row: Incident, chosen: IncidentClass) -> None:
    row.class_code, row.class_version = chosen.code, chosen.version
    row.large, row.domain = chosen.large, chosen.domain
    row.private = row.private or chosen.private
    if row.urgency != "critical":
        row.urgency = chosen.urgency


@transaction.atomic
def file_incident(
    *,
    by: Actor,
    incident: int,
    class_code: str = "",
    urgency: str = "",
    unit: str = "",
    text: str = "",
    base_version: int | None = None,
) -> Incident:
    """立案: class and place are there, the lead order is raised in the same transaction.

    `unit` overrides routing with the dispatcher's own choice, which is then the explanation.
    """
    chosen = known_class(class_code) if class_code else None

    def check(row: Incident, now: datetime) -> None:
        if chosen is None and not row.class_code:
            raise Refused("请先选择类别再立案。", code="no_class", fields={"class_code": ["请选择类别"]})
        if not row.street:
            raise Refused(
                "请先补定位置再立案。",
                code="no_place",
                fields={"location": ["请在地图上选点，或选择村（社区）"]},
            )
        if unit and unit not in areas.unit_names():
            raise Refused("没有这个单位。", code="no_unit", fields={"unit": ["请从列表中选择承办单位"]})

    def change(row: Incident, now: datetime) -> None:
        if chosen:
            keep_correction(by, row, chosen)
            set_class(row, chosen)
        if urgency:
            row.urgency = urgency
        row.filed_at = now
        known = catalogue.class_of(row.class_code)
        set_promise(row, known)
        _end_orders(row, "已立案")
        row.unit, row.routing = send_out(by, row, known, unit, text, at=now)

    return step(
        by=by,
        incident=incident,
        action="file",
        verb="incidents.triage",
        base_version=base_version,
        text=text,
        check=check,
        change=change,
        tells=lambda row: incident_fact(facts.IncidentFiled, row),
    )


def set_promise(row: Incident, known: IncidentClass | None) -> None:
    """At filing: the limit of the class, and what is promised within it, with its reasons; the promise is frozen then."""
    row.due_at = promise(row.received_at, known, row.urgency, row.county)
    told = promises.promised(
        received=row.received_at,
        limit=row.due_at,
        class_code=row.class_code,
        large=row.large,
        street=row.street,
    )
    row.promised_at, row.guess = told.at, {**row.guess, "promise": told.why}


def send_out(
    by: Actor, row: Incident, known: IncidentClass | None, unit: str, text: str, *, at: datetime
) -> tuple[str, dict[str, Any]]:
    """Raises the lead order (and assists); returns the unit and the explanation for the case. `at`: now."""
    if unit:
        sent = catalogue.Sent(Assignee(unit), {"by": "dispatcher", "text": text or "派遣员指定"})
        wanted = order_for(
            row, "incident.handle", sent, verify="other", handle=known.milestones if known else None
        )
    else:
        found = first_order("file", row, known, told=partial(catalogue.answers_of, row), at=at)
        assert found is not None  # "file" always wants an order
        wanted, sent = found
    order = raise_order(by=by if unit else SYSTEM, wanted=wanted, to=sent.to, received=row.received_at)
    for function in sent.assist:
        helper = areas.unit_for(function, row.area)
        if helper and helper != order.unit:
            assist = order_for(row, "incident.handle", sent, verify="other", role="assist")
            raise_order(by=SYSTEM, wanted=assist, to=Assignee(helper), received=row.received_at)
    return order.unit, sent.explanation


def _end_orders(row: Incident, why: str) -> None:
    for order in WorkOrder.objects.filter(subject=row.subject, done_at=None).values_list("id", flat=True):
        cancel_order(by=SYSTEM, order=order, said=Said(text=why))


def ask_confirm(*, by: Actor, incident: int, text: str = "", base_version: int | None = None) -> Incident:
    """派网格员核实: the grid's own worker goes and looks."""

    def change(row: Incident, now: datetime) -> None:
        if not row.area[6:]:
            raise Refused(
                "请先补定位置。", code="no_place", fields={"location": ["请在地图上选点，或选择村（社区）"]}
            )
        sent = catalogue.to_grid_worker(row.area)
        raise_order(
            by=by,
            wanted=order_for(row, "incident.confirm", sent, verify="none"),
            to=sent.to,
            received=row.received_at,
        )

    return step(
        by=by,
        incident=incident,
        action="ask_confirm",
        verb="incidents.triage",
        base_version=base_version,
        text=text,
        change=change,
    )


def decline_incident(*, by: Actor, incident: int, text: str, base_version: int | None = None) -> Incident:
    """不予立案, with a reason the reporter is told; one objection goes to the duty chief."""
    must_say(text, message="请写明不予立案的理由，报事人会看到")

    def change(row: Incident, now: datetime) -> None:
        row.responded_at = row.responded_at or now
        _end_orders(row, "不予立案")

    return step(
        by=by,
        incident=incident,
        action="decline",
        verb="incidents.triage",
        base_version=base_version,
        text=text,
        change=change,
    )


def object_to_decline(*, by: Actor, incident: int, text: str, report: int | None = None) -> Incident:
    """The reporter's one objection: back to the desk, for the duty chief. `report` proves a tracking-code holder."""
    must_say(text, message="请写明异议理由")

    def may(actor: Actor, row: Incident) -> None:
        require_reporter(actor, row, report)

    def check(row: Incident, now: datetime) -> None:
        if row.routing.get("objected"):
            raise Refused("您已经提出过一次异议，结果以值班长答复为准。", code="objected", status=409)

    def change(row: Incident, now: datetime) -> None:
        row.routing = {**row.routing, "objected": True, "ask": "duty_chief"}

    return step(by=by, incident=incident, action="object", may=may, text=text, check=check, change=change)


def require_reporter(actor: Actor, row: Incident, report: int | None) -> None:
    """The account that reported, or whoever holds the tracking code of `report` (the page has checked it)."""
    mine = row.reports.filter(account=actor.account).exists() if actor.account else False
    if not mine and not (report and row.reports.filter(pk=report).exists()):
        raise Refused("只有报事人可以这样做。", code="not_reporter", status=403)


def keep_correction(by: Actor, row: Incident, chosen: IncidentClass) -> None:
    """Keeps a person's re-class: what the nightly training learns from."""
    guessed = row.guess.get("top", [[""]])[0][0] if row.guess.get("top") else ""
    if by.account and chosen.code != row.class_code:
        Correction.objects.create(
            incident=row,
            text=row.text,
            before=row.class_code,
            after=chosen.code,
            guessed=guessed,
            by_id=by.account,
        )
        tell(facts.ClassCorrected(row.pk, row.subject, row.area, row.class_code, chosen.code))


def reclass_incident(
    *, by: Actor, incident: int, class_code: str, text: str = "", base_version: int | None = None
) -> Incident:
    """改类 at any time before closing and after; running orders keep their clocks and unit."""
    chosen = known_class(class_code)

    def change(row: Incident, now: datetime) -> None:
        keep_correction(by, row, chosen)
        set_class(row, chosen)

    return step(
        by=by,
        incident=incident,
        action="reclass",
        verb="incidents.triage",
        base_version=base_version,
        text=text or f"改为{chosen.name}",
        data={"class": chosen.code},
        change=change,
    )


def locate_incident(
    *,
    by: Actor,
    incident: int,
    lon: float | None = None,
    lat: float | None = None,
    area: str = "",
    base_version: int | None = None,
) -> Incident:
    """补定位置: a point, or an area code."""
    place = (
        areas.located(lon, lat)
        if lon is not None and lat is not None
        else areas.located(None, None, code=area)
    )
    if not place["street"]:
        raise Refused(
            "这个位置不在本县网格内。", code="outside", fields={"location": ["请选择本县范围内的位置"]}
        )

    def change(row: Incident, now: datetime) -> None:
        for name, value in place.items():
            setattr(row, name, value)
        row.place_source = "pin" if lon is not None else "grid"
        WorkOrder.objects.filter(subject=row.subject, done_at=None).update(
            grid=row.grid,
            community=row.community,
            street=row.street,
            lon=row.lon,
            lat=row.lat,
            east=row.east,
            north=row.north,
        )

    return step(
        by=by,
        incident=incident,
        action="locate",
        verb="incidents.triage",
        base_version=base_version,
        text=areas.area_path(place["grid"] or place["community"] or place["street"]),
        change=change,
    )


def void_incident(*, by: Actor, incident: int, text: str, base_version: int | None = None) -> Incident:
    """作废 by a duty chief, with a reason; the case is kept."""
    must_say(text, message="请写明作废理由")

    def change(row: Incident, now: datetime) -> None:
        _end_orders(row, "事件作废")

    return step(
        by=by,
        incident=incident,
        action="void",
        verb="incidents.void",
        base_version=base_version,
        text=text,
        change=change,
    )


def refer_incident(
    *, by: Actor, incident: int, room: str, text: str, base_version: int | None = None
) -> Incident:
    """转办: not a matter of this room; closed with cause `referred`, and the target room is told."""
    must_say(text, message="请写明转办理由")
    if room not in REFER_ROOMS:
        raise Refused(
            "请选择转办去向。",
            code="no_room",
            fields={"room": ["请选择：" + "、".join(REFER_ROOMS.values())]},
        )

    def change(row: Incident, now: datetime) -> None:
        row.cause, row.outcome, row.closed_at = "referred", f"转{REFER_ROOMS[room]}：{text}", now
        row.responded_at = row.responded_at or now
        _end_orders(row, "事件转办")

    return step(
        by=by,
        incident=incident,
        action="refer",
        verb="incidents.triage",
        base_version=base_version,
        text=text,
        data={"room": room},
        change=change,
        tells=lambda row: incident_fact(
            facts.IncidentReferred,
            row,
            room=room,
            reason="" if row.private else text[:500],
            text="" if row.private else row.text[:500],
        ),
    )
