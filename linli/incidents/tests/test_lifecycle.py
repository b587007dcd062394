"""What a desk and reporters do with a case between its first and its last step; nobody else may."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.dispatch.models import Move, WorkOrder
from linli.incidents import actions, facts
from linli.incidents.models import Correction, Incident, Report
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import GRID, LAT, LON, Town
from linli.kernel import Refused
from linli.kernel.bus.jobs import drain
from linli.kernel.bus.models import Fact


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def told(fact: type) -> int:
    return Fact.objects.filter(name=f"incidents.{fact.__name__}").count()


def reported(town: Town, **more: object) -> Incident:
    """A resident's report at the desk: no class, so nobody has been sent yet."""
    fields = {
        "text": "这里有点不对劲",
        "sender": "x",
        "client_uuid": uuid.uuid4(),
        "lon": LON,
        "lat": LAT,
    } | more
    receipt = actions.report_incident(by=town.resident, telling=Telling(**fields))  # type: ignore[arg-type]
    return Incident.objects.get(pk=receipt.incident)


def filed(town: Town, **more: object) -> Incident:
    return actions.file_incident(by=town.clerk, incident=reported(town, **more).pk, class_code="sr.litter")


def test_the_desk_files_a_case_and_the_explanation_stands_on_it(town: Town) -> None:
    case = filed(town)
    assert case.state == "filed" and case.unit == "430181-CG" and case.routing["text"] and case.promised_at
    assert Correction.objects.get(incident=case).after == "sr.litter"
    assert told(facts.IncidentFiled) == 1 and told(facts.ClassCorrected) == 1


def test_a_case_without_class_or_place_is_not_filed(town: Town) -> None:
    case = reported(town)
    assert "class_code" in refused(lambda: actions.file_incident(by=town.clerk, incident=case.pk)).fields
    nowhere = reported(town, lon=None, lat=None)
    assert nowhere.grid == ""
    said = refused(lambda: actions.file_incident(by=town.chief, incident=nowhere.pk, class_code="sr.litter"))
    assert "location" in said.fields
    placed = actions.locate_incident(by=town.chief, incident=nowhere.pk, lon=LON, lat=LAT)
    assert placed.grid == GRID
    assert refused(
        lambda: actions.locate_incident(by=town.chief, incident=nowhere.pk, lon=0.0, lat=0.0)
    ).fields["location"]
    assert actions.file_incident(by=town.clerk, incident=nowhere.pk, class_code="sr.litter").state == "filed"


def test_the_dispatchers_own_choice_of_unit_is_the_explanation(town: Town) -> None:
    case = reported(town)
    case = actions.file_incident(
        by=town.clerk, incident=case.pk, class_code="sr.litter", unit="430181-SL", text="在河道里"
    )
    assert case.unit == "430181-SL" and case.routing == {"by": "dispatcher", "text": "在河道里"}
    other = reported(town)
    wrong = refused(
        lambda: actions.file_incident(by=town.clerk, incident=other.pk, class_code="sr.litter", unit="没有")
    )
    assert "unit" in wrong.fields


def test_two_clerks_at_once_the_later_is_told_who_was_faster(town: Town) -> None:
    case = reported(town)
    actions.file_incident(by=town.clerk, incident=case.pk, class_code="sr.litter", base_version=case.version)
    late = refused(
        lambda: actions.decline_incident(
            by=town.chief, incident=case.pk, text="重复", base_version=case.version
        )
    )
    assert late.status == 409 and "王受理" in late.message


def test_somebody_is_sent_to_look_and_finds_nothing(town: Town) -> None:
    case = actions.ask_confirm(by=town.clerk, incident=reported(town).pk)
    order = WorkOrder.objects.get(subject=case.subject, kind="incident.confirm")
    assert case.state == "confirming" and order.person_id == town.worker.account
    from linli.dispatch import actions as dispatch

    dispatch.accept_order(by=town.worker, order=order.pk)
    assert (
        "outcome"
        in refused(
            lambda: actions.confirm_incident(by=town.worker, order=order.pk, found=False, text="")
        ).fields
    )
    case = actions.confirm_incident(by=town.worker, order=order.pk, found=False, text="到场未见")
    assert case.state == "declined" and case.responded_at


def test_a_declined_reporter_may_object_once(town: Town) -> None:
    case = reported(town)
    assert (
        "text" in refused(lambda: actions.decline_incident(by=town.clerk, incident=case.pk, text=" ")).fields
    )
    actions.decline_incident(by=town.clerk, incident=case.pk, text="不属受理范围")
    assert (
        refused(lambda: actions.object_to_decline(by=town.far, incident=case.pk, text="不服")).status == 403
    )
    case = actions.object_to_decline(by=town.resident, incident=case.pk, text="就是你们管")
    assert case.state == "reported" and case.routing["ask"] == "duty_chief"
    actions.decline_incident(by=town.chief, incident=case.pk, text="复核后仍不属受理范围")
    assert (
        refused(lambda: actions.object_to_decline(by=town.resident, incident=case.pk, text="再来")).status
        == 409
    )


def test_a_reclass_is_kept_for_learning_and_running_orders_stay(town: Town) -> None:
    case = filed(town)
    order = WorkOrder.objects.get(subject=case.subject)
    case = actions.reclass_incident(by=town.clerk, incident=case.pk, class_code="sr.dirty_road")
    assert case.class_code == "sr.dirty_road" and Correction.objects.filter(incident=case).count() == 2
    order.refresh_from_db()
    assert order.state == "dispatched"
    assert refused(
        lambda: actions.reclass_incident(by=town.clerk, incident=case.pk, class_code="没有")
    ).fields["class_code"]


def test_a_merge_keeps_every_reporter_and_is_undone_exactly(town: Town) -> None:
    first, second = filed(town), reported(town, text="同一堆垃圾，臭死了")
    assert (
        refused(lambda: actions.merge_incident(by=town.clerk, incident=first.pk, into=first.pk)).code
        == "wrong_target"
    )
    assert (
        refused(lambda: actions.merge_incident(by=town.far, incident=second.pk, into=first.pk)).status == 403
    )
    merged = actions.merge_incident(by=town.clerk, incident=second.pk, into=first.pk)
    assert merged.state == "merged" and merged.merged_into_id == first.pk
    assert Report.objects.filter(incident=first).count() == 2
    drain()
    back = actions.unmerge_incident(by=town.clerk, incident=second.pk, text="不是同一处")
    assert back.state == "reported" and Report.objects.filter(incident=second).count() == 1
    first.refresh_from_db()
    assert first.reports_count == 1
    assert told(facts.IncidentMerged) == told(facts.IncidentUnmerged) == 1


def test_a_merge_is_not_undone_after_thirty_days(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = filed(town), reported(town)
    actions.merge_incident(by=town.clerk, incident=second.pk, into=first.pk)
    later = timezone.now() + timedelta(days=31)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert (
        refused(lambda: actions.unmerge_incident(by=town.clerk, incident=second.pk, text="晚了")).code
        == "too_late"
    )


def test_a_case_is_split_for_several_units_and_waits_for_all_of_them(town: Town) -> None:
    from linli.dispatch import actions as dispatch

    case = filed(town)
    children = actions.split_incident(
        by=town.clerk,
        incident=case.pk,
        parts=[("sr.litter", "430181-ZJ", "清理建筑垃圾"), ("sr.dirty_road", "", "冲洗路面")],
    )
    assert [child.unit for child in children] == ["430181-ZJ", "430181-CG"] and children[0].depth == 2
    lead = WorkOrder.objects.get(subject=case.subject, role="lead")
    dispatch.accept_order(by=town.officer, order=lead.pk)
    dispatch.handle_order(by=town.officer, order=lead.pk, outcome="本单位部分已处理")
    drain()
    assert Incident.objects.get(pk=case.pk).state == "working"
    for child in children:
        actions.void_incident(by=town.chief, incident=child.pk, text="并入日常保洁")
    assert (
        "parts" in refused(lambda: actions.split_incident(by=town.clerk, incident=case.pk, parts=[])).fields
    )


def test_a_case_is_at_most_three_deep(town: Town) -> None:
    case = filed(town)
    child = actions.split_incident(by=town.clerk, incident=case.pk, parts=[("sr.litter", "", "一层")])[0]
    grandchild = actions.split_incident(by=town.clerk, incident=child.pk, parts=[("sr.litter", "", "二层")])[
        0
    ]
    assert (
        refused(
            lambda: actions.split_incident(
                by=town.clerk, incident=grandchild.pk, parts=[("sr.litter", "", "三层")]
            )
        ).code
        == "too_deep"
    )


def test_units_are_called_out_to_assist(town: Town) -> None:
    case = filed(town)
    assert (
        "units"
        in refused(
            lambda: actions.whistle(by=town.clerk, incident=case.pk, units=["没有"], text="来帮忙")
        ).fields
    )
    actions.whistle(by=town.clerk, incident=case.pk, units=["430181-SL", "430181-GS"], text="下面有水管")
    assert WorkOrder.objects.filter(subject=case.subject, role="assist").count() == 2
    assert (
        refused(lambda: actions.whistle(by=town.far, incident=case.pk, units=["430181-SL"], text="x")).status
        == 403
    )


def test_a_referred_case_is_closed_and_its_room_is_told(town: Town) -> None:
    case = reported(town)
    assert (
        "room"
        in refused(
            lambda: actions.refer_incident(by=town.clerk, incident=case.pk, room="哪里", text="x")
        ).fields
    )
    case = actions.refer_incident(by=town.clerk, incident=case.pk, room="mediation", text="邻里噪音纠纷")
    assert case.state == "closed" and case.cause == "referred" and told(facts.IncidentReferred) == 1


def test_a_logged_contact_is_the_first_human_response(town: Town) -> None:
    case = reported(town)
    assert case.responded_at is None
    assert actions.note_contact(by=town.clerk, incident=case.pk, text="已电话了解情况").responded_at
    assert refused(lambda: actions.note_contact(by=town.far, incident=case.pk, text="x")).status == 403


def test_a_void_case_is_kept_and_only_a_duty_chief_voids(town: Town) -> None:
    case = filed(town)
    assert refused(lambda: actions.void_incident(by=town.clerk, incident=case.pk, text="x")).status == 403
    assert actions.void_incident(by=town.chief, incident=case.pk, text="测试误报").state == "void"
    assert not WorkOrder.objects.filter(subject=case.subject, done_at=None).exists()


def closed(town: Town) -> Incident:
    from linli.dispatch import actions as dispatch

    case = filed(town)
    order = WorkOrder.objects.get(subject=case.subject, kind="incident.handle")
    dispatch.accept_order(by=town.officer, order=order.pk)
    dispatch.handle_order(by=town.officer, order=order.pk, outcome="清走了")
    drain()
    return actions.check_incident(by=town.checker, incident=case.pk, passed=True, text="干净")


def test_a_closed_case_says_why_and_the_database_insists(town: Town) -> None:
    case = closed(town)
    assert case.state == "closed" and case.cause and case.outcome and told(facts.IncidentClosed) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=case.pk).update(cause="")


def test_staff_and_the_reporter_reopen_and_nobody_else_and_not_for_ever(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = closed(town)
    assert refused(lambda: actions.reopen_incident(by=town.far, incident=case.pk, text="x")).status == 403
    again = actions.reopen_incident(by=town.resident, incident=case.pk, text="又堆起来了")
    assert again.state == "working" and again.round == 2 and again.promised_at == case.promised_at
    assert told(facts.IncidentReopened) == 1
    other = closed(town)
    later = timezone.now() + timedelta(days=16)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert (
        refused(lambda: actions.reopen_incident(by=town.clerk, incident=other.pk, text="晚了")).code
        == "too_late"
    )


def test_a_handler_does_not_check_the_case(town: Town) -> None:
    from linli.dispatch import actions as dispatch

    case = filed(town)
    order = WorkOrder.objects.get(subject=case.subject, kind="incident.handle")
    dispatch.accept_order(by=town.officer, order=order.pk)
    dispatch.handle_order(by=town.officer, order=order.pk, outcome="清走了")
    drain()
    assert (
        refused(
            lambda: actions.check_incident(by=town.officer, incident=case.pk, passed=True, text="x")
        ).status
        == 403
    )
    wrong = refused(
        lambda: actions.check_incident(by=town.checker, incident=case.pk, passed=True, text="x", cause="没有")
    )
    assert "cause" in wrong.fields


def test_following_adds_a_report_to_the_case(town: Town) -> None:
    case = filed(town)
    receipt = actions.report_incident(
        by=town.resident,
        telling=Telling(text="我也看到了", sender="y", client_uuid=uuid.uuid4(), join=case.pk),
    )
    assert receipt.incident == case.pk
    case.refresh_from_db()
    assert case.reports_count == 2 and Move.objects.filter(subject=case.subject, action="follow").exists()


def test_repeats_near_by_are_suggested_after_intake(town: Town) -> None:
    first = filed(town)
    second = reported(town, text="这里有点不对劲", class_said="sr.litter")
    drain()
    second.refresh_from_db()
    assert [one["incident"] for one in second.suggestions] == [first.pk] and "距 0 米" in second.suggestions[
        0
    ]["why"]


def test_a_rule_whose_unit_was_closed_sends_work_to_the_desk(town: Town) -> None:
    from linli.areas import queries as areas
    from linli.areas.models import Unit

    Unit.objects.filter(code="430181-CG").update(active=False)
    areas.forget()
    case = filed(town)
    assert case.unit == "430181001-ZX" and case.routing["by"] == "desk"
