"""Field steps go out as work orders: both signatures, the phone, and an owner whatever happens to the order."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from linli.dispatch.actions import Said, accept_order, cancel_order, handle_order, return_order
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.bus.jobs import drain
from linli.kernel.web import sync
from linli.onestop import actions, orders, queries
from linli.onestop.actions import fieldwork
from linli.onestop.actions.publishing import end_postings
from linli.onestop.models import Survey, Task
from linli.onestop.tests.conftest import a_file, at, do, task_of

pytestmark = pytest.mark.django_db


def order_for(task: Task) -> WorkOrder:
    return WorkOrder.objects.filter(subject=task.subject).latest("id")


def mate_of(county, task: Task) -> int:
    both = {county.accounts["town"].pk, county.accounts["mate"].pk}
    return (both - {task.holder_id}).pop()


def surveyed(second: int, **more: Any) -> actions.Surveyed:
    return actions.Surveyed(**{"second": second, "answers": {"住房": "平房"}, "signed": True} | more)


def send(by: Actor, kind: str, order: int, **data: Any) -> dict[str, Any]:
    now = timezone.now().isoformat()
    item = {"uuid": str(uuid.uuid4()), "kind": kind, "base_version": "", "captured_at": now,
            "data": {"order": order, **data}, "files": []}  # fmt: skip
    return sync.receive(by, {"sent_at": now, "items": [item]})["answers"][0]


def test_a_home_visit_is_an_order_of_its_surveyor_that_closes_with_its_task(county, accepted):
    task = task_of(accepted(), "survey")
    order = order_for(task)
    assert (order.kind, order.person_id, order.verify, order.private) == ("onestop.survey", task.holder_id, "none", True)  # fmt: skip
    by, second = actor_for(task.holder_id), mate_of(county, task)
    with pytest.raises(Refused) as refused:
        actions.record_fieldwork(by=by, order=order.pk, survey=surveyed(second, crew_signed=False))
    assert "crew_signed" in refused.value.fields
    with pytest.raises(Refused) as refused:
        actions.record_fieldwork(by=county.actor("stranger"), order=order.pk, survey=surveyed(second))
    assert refused.value.status == 403
    actions.record_fieldwork(by=by, order=order.pk, finding="情况属实", survey=surveyed(second))
    order.refresh_from_db()
    assert order.state == "dispatched" and Task.objects.get(pk=task.pk).state == "open"
    actions.sign_survey(by=actor_for(second), task=task.pk)
    order.refresh_from_db()
    task.refresh_from_db()
    assert (order.state, task.state, task.finding) == ("done", "done", "情况属实")
    drain()
    assert Survey.objects.filter(task=task).count() == 1


def test_the_record_of_a_visit_comes_from_the_phone_and_counts_once(county, accepted):
    task = task_of(accepted(), "survey")
    order, by = order_for(task), actor_for(task.holder_id)
    said = {"second": mate_of(county, task), "answers": {"住房": "平房"}, "signed": True, "crew_signed": True,
            "opinion": "agree", "finding": "情况属实"}  # fmt: skip
    assert send(by, "order.accept", order.pk)["status"] == "done"
    assert send(by, "onestop.survey", order.pk, **said | {"signed": False})["status"] == "refused"
    assert send(county.actor("stranger"), "onestop.survey", order.pk, **said)["status"] == "refused"
    assert send(by, "onestop.survey", order.pk, **said)["status"] == "done"
    actions.sign_survey(by=actor_for(said["second"]), task=task.pk)
    task.refresh_from_db()
    assert task.state == "done" and task.survey.second_id == said["second"]
    assert set(sync.shell(by)["kinds"]) >= {"onestop.survey", "onestop.inspect", "onestop.recheck"}


def test_a_visit_closed_without_its_record_goes_out_again(county, accepted):
    task = task_of(accepted(), "survey")
    order, by = order_for(task), actor_for(task.holder_id)
    accept_order(by=by, order=order.pk)
    handle_order(by=by, order=order.pk, outcome="去过了")
    drain()
    task.refresh_from_db()
    assert task.state == "open" and order_for(task).pk != order.pk and order_for(task).open


def test_a_returned_or_cancelled_order_leaves_the_task_with_an_owner(county, accepted):
    task = task_of(accepted(), "survey")
    order, first, second = order_for(task), task.holder_id, mate_of(county, task)
    return_order(by=actor_for(first), order=order.pk, said=Said(reason="not_ours", text="不在辖区"))
    drain()
    task.refresh_from_db()
    assert task.state == "open" and task.holder_id == second != first
    fieldwork.urge_late(order=order.pk)
    cancel_order(by=SYSTEM, order=order.pk, said=Said(reason="other", text="撤销"))
    drain()
    task.refresh_from_db()
    assert task.urged == 1 and (task.holder_id or task.placed == "supervisor")
    assert task.pk in {one.pk for one in queries.unowned_tasks(county.actor("supervisor"))} or task.holder_id


def test_a_task_handed_to_another_takes_its_order_along(county, accepted):
    task = task_of(accepted(), "survey")
    second = mate_of(county, task)
    actions.transfer_task(by=actor_for(task.holder_id), task=task.pk, to=second, reason="外出学习")
    assert order_for(task).person_id == second and order_for(task).open
    accept_order(by=actor_for(second), order=order_for(task).pk)
    old = order_for(task)
    actions.take_task(
        by=county.actor("town" if county.accounts["mate"].pk == second else "mate"), task=task.pk
    )
    old.refresh_from_db()
    assert old.state == "cancelled" and order_for(task).open and order_for(task).person_id != second


def test_a_case_that_ends_calls_its_surveyors_back(county, accepted):
    row = accepted()
    order = order_for(task_of(row, "survey"))
    actions.withdraw_application(by=county.actor("resident"), application=row.pk, reason="不再需要")
    drain()
    order.refresh_from_db()
    assert order.state == "cancelled"


def to_decision(county, row) -> None:
    for task in row.tasks.filter(state="open", stage__lt=3).exclude(step="kin_record"):
        do(row, task.step, task.branch)
    do(row, "first", when="2026-02-13 10:00")
    actions.publish_results(by=county.actor("town"), application=row.pk, at=at("2026-02-13 16:30"))
    end_postings(now=at("2026-02-25 00:05"))


def test_a_reported_case_is_visited_before_its_decision(county, accepted):
    row = accepted()
    actions.note_report(by=county.actor("town"), application=row.pk)
    to_decision(county, row)
    visit = task_of(row, "visit")
    assert visit.min_people == 2 and order_for(visit).kind == "onestop.survey"
    assert not row.tasks.filter(step="decide", state="open").exists()
    with pytest.raises(Refused) as refused:
        actions.do_task(by=actor_for(visit.holder_id), task=visit.pk)
    assert "survey" in refused.value.fields
    second = county.accounts["town"].pk
    actions.do_task(
        by=actor_for(visit.holder_id), task=visit.pk, survey=surveyed(second), at=at("2026-02-25 10:00")
    )
    actions.sign_survey(by=actor_for(second), task=visit.pk, at=at("2026-02-25 10:00"))
    assert task_of(row, "decide")


def test_a_report_that_comes_when_the_decision_is_open_holds_it(county, accepted):
    row = accepted()
    to_decision(county, row)
    decide = task_of(row, "decide")
    actions.note_report(by=county.actor("town"), application=row.pk)
    assert task_of(row, "visit")
    said = {"reason": "人均收入高于标准", "basis": "民发〔2021〕57号 第4条"}
    with pytest.raises(Refused) as refused:
        actions.refuse(by=actor_for(decide.holder_id), task=decide.pk, **said)
    assert refused.value.code == "not_yet"
    with pytest.raises(Refused) as refused:
        actions.note_report(by=county.actor("stranger"), application=row.pk)
    assert refused.value.status == 403


def test_a_supplement_after_acceptance_stops_the_promise_until_it_comes(county, accepted):
    row = accepted()
    to_decision(county, row)
    decide = task_of(row, "decide")
    by = actor_for(decide.holder_id)
    with pytest.raises(Refused) as refused:
        actions.ask_more(by=by, task=decide.pk, defects=[" "])
    assert "defects" in refused.value.fields
    notice = actions.ask_more(
        by=by, task=decide.pk, defects=["车辆转让合同", "银行流水"], at=at("2026-02-25 09:00")
    )
    assert notice.defects == ["车辆转让合同", "银行流水"] and notice.new_facts
    row.refresh_from_db()
    assert queries.limits_of(row).paused == "supplement"
    with pytest.raises(Refused) as refused:
        actions.ask_more(by=by, task=decide.pk, defects=["别的"])
    assert refused.value.code == "asked"
    who = county.actor("resident")
    with pytest.raises(Refused):
        actions.answer_more(by=who, application=row.pk)
    with pytest.raises(Refused) as refused:
        actions.answer_more(by=county.actor("stranger"), application=row.pk, said="已补")
    assert refused.value.status == 403
    paper = a_file(county.accounts["resident"])
    after = actions.answer_more(by=who, application=row.pk, files=[paper], at=at("2026-03-02 09:00"))
    assert queries.limits_of(after).paused == "" and after.promised_due > row.promised_due
    decide.refresh_from_db()
    assert decide.cause == "" and decide.state == "open"


def test_a_granted_case_is_looked_at_again_by_one_open_order(county, accepted):
    row = accepted()
    order = orders.recheck_after(row, "公示后反映属实")
    assert order is not None and order.kind == "onestop.recheck" and order.person_id
    assert orders.recheck_after(row, "再次反映") is None
    by = actor_for(order.person_id)
    accept_order(by=by, order=order.pk)
    answer = send(by, "onestop.recheck", order.pk, opinion="agree", finding="情况没有变化")
    drain()
    assert answer["status"] == "done"
    order.refresh_from_db()
    assert order.state == "done" and order.outcome == "情况没有变化"


def test_an_inspection_closed_in_the_field_closes_its_task(county, accepted):
    row = accepted()
    task = task_of(row, "survey")
    Task.objects.filter(pk=task.pk).update(min_people=1)
    order, by = order_for(task), actor_for(task.holder_id)
    accept_order(by=by, order=order.pk)
    handle_order(by=by, order=order.pk, outcome="验收合格")
    drain()
    task.refresh_from_db()
    assert (task.state, task.finding) == ("done", "验收合格")
