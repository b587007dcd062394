"""Report -> incident -> order, in one transaction and few statements: the front door of the county."""

import uuid
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from linli.dispatch import facts as order_facts
from linli.dispatch.actions import Said, build_order
from linli.dispatch.actions.steps import fact as order_fact
from linli.dispatch.actions.steps import move_row
from linli.dispatch.models import Move, WorkOrder
from linli.incidents import facts, rules
from linli.incidents.actions.case import Case, desk_due, filed_fact, first_order, read_case
from linli.incidents.actions.filing import set_promise
from linli.incidents.models import Incident, Report
from linli.incidents.tracking import tracking_code, tracking_hash
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.bus.actions import rows_for as fact_rows
from linli.kernel.files.actions import attach
from linli.kernel.files.models import Attachment
from linli.kernel.identity.fields import blind
from linli.kernel.inserts import insert_all, new_row, next_ids
from linli.kernel.ledger.actions import Deed
from linli.kernel.ledger.actions import rows_for as ledger_rows

TYPED_IN = ("phone", "hotline", "window", "media", "import")  # the typist is not the reporter


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the reporter takes away."""

    report: int
    incident: int
    number: str
    tracking: str
    state: str
    repeated: bool = False  # this client UUID had been received before


def report_incident(*, by: Actor, telling: rules.Telling) -> Receipt:
    """Takes one report to a placed, classified and, where it is clear, dispatched incident.

    Raises Refused 403, 413, 422, or 409 when the client UUID came before with other content. The same UUID with the
    same content gets the first answer again and changes nothing.
    """
    require(by, "incidents.report")
    rules.check_telling(telling)
    client_uuid = uuid.UUID(str(telling.client_uuid)) if telling.client_uuid else uuid.uuid4()
    # A fresh report without photos is one statement, which is a transaction by itself and saves two round trips.
    single = not (telling.join or telling.files or connection.in_atomic_block)
    try:
        with nullcontext() if single else transaction.atomic():
            return _take(by, telling, client_uuid)
    except IntegrityError as clash:
        # the tracking code follows from sender and UUID, so its constraint may speak first
        if "one_report_per_client_uuid" not in str(clash) and "incidents_report_tracking" not in str(clash):
            raise
    return _first_answer(telling, client_uuid)


def _content(telling: rules.Telling) -> bytes:
    return rules.digest(
        telling.text,
        telling.class_said,
        telling.place_words,
        telling.lon,
        telling.lat,
        telling.name,
        telling.phone,
        telling.files,
        *sorted(telling.answers.items()),
    )


def _first_answer(telling: rules.Telling, client_uuid: uuid.UUID) -> Receipt:
    first = Report.objects.select_related("incident").get(sender=telling.sender, client_uuid=client_uuid)
    if bytes(first.content) != _content(telling):
        raise Refused(
            "这份上报此前已收到，但内容不同。请作为新的上报重新提交。", code="uuid_reused", status=409
        )
    code = tracking_code(telling.sender, client_uuid)
    return Receipt(
        first.pk, first.incident_id, first.incident.number, code, first.incident.state, repeated=True
    )


def _take(by: Actor, telling: rules.Telling, client_uuid: uuid.UUID) -> Receipt:
    case = read_case(by, telling)
    if telling.join:
        incident = _join(telling.join)
        (report_id,) = next_ids(Report)
    else:
        incident = _incident(by, case)
        incident.pk, report_id, order_id = next_ids(Incident, Report, WorkOrder)
    code = tracking_code(telling.sender, client_uuid)
    report = _report(by, case, incident, client_uuid, code)
    report.pk = report_id
    moves = [
        _move(
            incident,
            "follow" if telling.join else "report",
            by,
            case.now,
            "",
            incident.state,
            telling.channel,
        )
    ]
    told: list[Any] = [
        facts.ReportReceived(
            report.pk, incident.pk, incident.subject, incident.area, telling.channel, bool(telling.join)
        )
    ]
    deeds = [
        Deed(
            incident.subject,
            "report",
            by.ref,
            {
                "report": report.pk,
                "class": incident.class_code,
                "state": incident.state,
                "area": incident.area,
            },
            {"phone": telling.phone} if telling.phone else {},
        )
    ]
    orders = [] if telling.join else _order(case, incident, order_id, moves, told, deeds)
    fresh = [] if telling.join else [incident]
    insert_all(fresh, [report], orders, moves, *ledger_rows(deeds), fact_rows(*told))
    if report.files:
        _keep_photos(by, report)
    return Receipt(report.pk, incident.pk, incident.number, code, incident.state)


def _keep_photos(by: Actor, report: Report) -> None:
    """Ties the photos to the report, so that they are kept with it and shown to whoever may see it."""
    keys = Attachment.objects.filter(pk__in=report.files).values_list("key", flat=True)
    try:
        attach(by=by, keys=list(keys), subject=f"incidents.report:{report.pk}", phase="before")
    except Refused as refused:
        raise Refused(
            refused.message, code=refused.code, fields={"photos": refused.fields.get("files", [])}
        ) from None


def _join(number: int) -> Incident:
    incident = Incident.objects.select_for_update().filter(pk=number, private=False).first()
    while incident and incident.merged_into_id:
        incident = Incident.objects.select_for_update().get(pk=incident.merged_into_id)
    if incident is None or not incident.open:
        raise Refused(
            "这件事已经办完或找不到了，请重新上报。", code="cannot_join", fields={"join": ["请重新上报"]}
        )
    incident.reports_count += 1
    incident.version += 1
    incident.save(update_fields=["reports_count", "version"])
    return incident


def _incident(by: Actor, case: Case) -> Incident:
    chosen, telling, now = case.chosen, case.telling, case.now
    filed = case.decision.do == "file"
    state = {"file": "filed", "confirm": "confirming"}.get(case.decision.do, "reported")
    row = new_row(
        Incident,
        title=rules.title_of(case.text) or (chosen.name if chosen else "照片上报"),
        text=case.text,
        class_code=chosen.code if chosen else "",
        class_version=chosen.version if chosen else 0,
        large=chosen.large if chosen else case.guess.get("large", ""),
        domain=chosen.domain if chosen else "",
        urgency=case.urgency,
        state=state,
        channel=telling.channel,
        place_source=case.source,
        place_words=telling.place_words,
        private=bool(chosen and chosen.private),
        hide_reporter=bool(chosen and chosen.private) or telling.anonymous,
        guess={**case.guess, "why": list(case.decision.why)},
        received_at=now,
        filed_at=now if filed else None,
        responded_at=now if case.decision.do == "file" and telling.channel in ("grid", "note") else None,
        own_find=telling.channel in ("grid", "note"),
        due_at=desk_due(now, case.urgency, case.place["county"]),
        **case.place,
    )
    if filed:
        set_promise(row, chosen)
    return row


def _report(by: Actor, case: Case, incident: Incident, client_uuid: uuid.UUID, code: str) -> Report:
    telling = case.telling
    return new_row(
        Report,
        sender=telling.sender,
        client_uuid=client_uuid,
        content=_content(telling),
        incident_id=incident.pk,
        first_incident_id=incident.pk,
        channel=telling.channel,
        class_said=telling.class_said[:64],
        text=case.text,
        place_words=telling.place_words,
        place_source=case.source,
        captured_at=telling.captured_at,
        received_at=case.now,
        account_id=None if telling.channel in TYPED_IN else by.account,
        name=telling.name,
        phone=telling.phone,
        phone_index=blind(telling.phone) if telling.phone else None,
        anonymous=telling.anonymous,
        tracking=tracking_hash(code),
        flags=case.flags,
        files=list(telling.files),
        answers=dict(telling.answers),
        followed=bool(telling.join),
        **case.place,
    )


def _move(
    incident: Incident, action: str, by: Actor, at: datetime, before: str, after: str, reason: str = ""
) -> Move:
    """A step of the incident itself. Who reported stays out of the timeline."""
    staff = by.roles - {"anyone", "resident"}
    return new_row(
        Move,
        subject=incident.subject,
        action=action,
        from_state=before,
        to_state=after,
        by=by.ref,
        by_name=by.name if staff else "报事人",
        by_role="、".join(sorted(staff)),
        unit=incident.unit,
        at=at,
        reason=reason,
        public=not incident.private,
    )


def _order(
    case: Case, incident: Incident, order_id: int, moves: list[Move], told: list[Any], deeds: list[Deed]
) -> list[WorkOrder]:
    """The first order of a case, if it needs one now: to handle, or to confirm on the spot."""
    said = case.telling.answers
    wanted = first_order(case.decision.do, incident, case.chosen, told=lambda: (said,), at=case.now)
    if wanted is None:
        return []
    kind, sent = wanted
    order = build_order(kind, to=sent.to, at=case.now, received=case.now)
    order.pk = order_id
    if case.decision.do == "file":
        incident.unit, incident.routing = order.unit, sent.explanation
        moves.append(_move(incident, "file", SYSTEM, case.now, "reported", "filed"))
        told.append(filed_fact(incident))
    moves.append(move_row(order, "dispatch", "", SYSTEM, case.now, Said(data=sent.explanation)))
    deeds.append(
        Deed(
            incident.subject,
            "order.raise",
            SYSTEM.ref,
            {"order": order.pk, "kind": order.kind, "unit": order.unit},
        )
    )
    told += [order_fact(order_facts.OrderRaised, order), order_fact(order_facts.OrderDispatched, order)]
    return [order]
