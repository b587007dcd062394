"""A report becomes a case and the case is closed truthfully; a stranger changes nothing."""

import uuid

import pytest

from linli.dispatch import actions as dispatch
from linli.dispatch.models import Move, WorkOrder
from linli.incidents import actions
from linli.incidents.models import Incident, Report
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import GRID, LAT, LON, Town
from linli.kernel import Refused
from linli.kernel.access.queries import anonymous
from linli.kernel.bus.jobs import drain


def telling(**more: object) -> Telling:
    return Telling(
        **{
            "text": "小区门口垃圾堆了三天没人清",
            "sender": "device:1",
            "client_uuid": uuid.uuid4(),
            "lon": LON,
            "lat": LAT,
            "class_said": "sr.litter",
        }
        | more
    )  # type: ignore[arg-type]


def filed(town: Town) -> Incident:
    """A case on its way at the department."""
    receipt = actions.report_incident(by=town.worker, telling=telling(channel="grid"))
    return Incident.objects.get(pk=receipt.incident)


def test_a_grid_workers_own_find_is_filed_and_dispatched_at_once(town: Town) -> None:
    case = filed(town)
    assert case.state == "filed" and case.grid == GRID and case.promised_at
    order = WorkOrder.objects.get(subject=case.subject)
    assert (
        order.state == "dispatched" and order.unit and order.due_at and order.explanation["text"] is not None
    )
    assert [move.action for move in Move.objects.filter(subject=case.subject).order_by("id")] == [
        "report",
        "file",
        "dispatch",
    ]


def test_a_residents_report_is_confirmed_by_the_grid_worker_first(town: Town) -> None:
    receipt = actions.report_incident(by=anonymous(), telling=telling())
    assert receipt.state == "confirming" and len(receipt.tracking) == 10
    order = WorkOrder.objects.get(subject=f"incidents.incident:{receipt.incident}")
    assert order.kind == "incident.confirm" and order.person_id == town.worker.account


def test_the_same_uuid_is_received_once_and_other_content_is_a_conflict(town: Town) -> None:
    one = telling()
    first = actions.report_incident(by=anonymous(), telling=one)
    again = actions.report_incident(by=anonymous(), telling=one)
    assert again.report == first.report and again.tracking == first.tracking and again.repeated
    with pytest.raises(Refused) as refused:
        actions.report_incident(
            by=anonymous(), telling=telling(client_uuid=one.client_uuid, text="别的内容，路灯坏了")
        )
    assert refused.value.status == 409
    assert Report.objects.count() == 1


def test_a_case_travels_to_its_end_and_is_reopened_when_not_solved(town: Town) -> None:
    receipt = actions.report_incident(by=town.resident, telling=telling())
    drain()
    confirm = WorkOrder.objects.get(subject=f"incidents.incident:{receipt.incident}")
    dispatch.accept_order(by=town.worker, order=confirm.pk)
    actions.confirm_incident(by=town.worker, order=confirm.pk, found=True, text="确有垃圾")
    drain()
    case = Incident.objects.get(pk=receipt.incident)
    assert case.state == "filed" and case.responded_at
    order = WorkOrder.objects.get(subject=case.subject, kind="incident.handle")
    handler = town.officer if order.unit == "430181-CG" else town.worker
    dispatch.accept_order(by=handler, order=order.pk)
    drain()
    assert Incident.objects.get(pk=case.pk).state == "working"
    dispatch.handle_order(by=handler, order=order.pk, outcome="已清运")
    drain()
    assert Incident.objects.get(pk=case.pk).state == "checking"
    actions.check_incident(by=town.checker, incident=case.pk, passed=False, text="还有残留")
    order.refresh_from_db()
    assert order.state == "accepted" and order.reworks == 1
    dispatch.handle_order(by=handler, order=order.pk, outcome="再次清运")
    drain()
    actions.check_incident(by=town.checker, incident=case.pk, passed=True, text="干净了")
    case.refresh_from_db()
    assert case.state == "closed" and case.cause == "fixed" and case.outcome == "再次清运"
    report = Report.objects.get(incident=case)
    actions.rate_incident(by=town.resident, report=report.pk, resolved=False, stars=2, text="又堆起来了")
    case.refresh_from_db()
    assert case.state == "working" and case.round == 2
    assert WorkOrder.objects.filter(subject=case.subject, kind="incident.handle").count() == 2


def test_a_stranger_changes_nothing(town: Town) -> None:
    case = filed(town)
    order = WorkOrder.objects.get(subject=case.subject)
    for attempt in (
        lambda: dispatch.accept_order(by=town.far, order=order.pk),
        lambda: actions.file_incident(by=town.far, incident=case.pk),
        lambda: actions.void_incident(by=town.clerk, incident=case.pk, text="不是值班长"),
        lambda: actions.check_incident(by=town.far, incident=case.pk, passed=True, text="x"),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 403
