"""The story of 低保, step by step, and who is refused on the way."""

from datetime import datetime

import pytest

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.models import Fact
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.ledger.models import Entry
from linli.onestop import actions
from linli.onestop.actions.money import finish_paid
from linli.onestop.models import Application, Entitlement, Task
from linli.onestop.tests.conftest import a_file, answer_all, at, do, task_of
from linli.onestop.tests.sheets import reckoned

pytestmark = pytest.mark.django_db
ANSWERS = {"县残联": "二级残疾，已采信", "县人社局": "已核", "县民政局养老股": "已核"}


def day(moment: datetime | None) -> str:
    assert moment is not None
    return moment.astimezone(SHANGHAI).strftime("%m-%d")


def open_steps(row: Application) -> set[str]:
    rows = Task.objects.filter(application=row, state="open").values_list("step", "branch")
    return {branch or step for step, branch in rows}


def to_first(row: Application) -> None:
    """Survey, check and whoever assists, side by side."""
    for step, branch in list(
        Task.objects.filter(application=row, state="open").values_list("step", "branch")
    ):
        do(row, step, branch)


def approve(row: Application, when: str = "2026-02-26 10:00", **more: object) -> object:
    task = task_of(row, "decide")
    asked = set(row.tasks.filter(state="done").exclude(binding="").values_list("branch", flat=True))
    more.setdefault("answers", dict.fromkeys(asked, "已采信"))
    if row.item.code == "MZ-001" and row.state == "accepted":
        reckoned(row, when=when)
    return actions.approve(by=actor_for(task.holder_id), task=task.pk, at=at(when), **more)


def test_a_disabled_man_of_68_gets_his_allowance(county, accepted):
    row = accepted()
    assert row.number.startswith("BJ-430181-20260206-")
    assert (day(row.promised_due), day(row.statutory_due)) == ("02-25", "03-27")
    assert open_steps(row) == {"survey", "check", "县残联", "县民政局养老股"}
    to_first(row)
    assert open_steps(row) == {"first"}
    do(row, "first", when="2026-02-13 16:00")
    assert open_steps(row) == {"publicity"}
    posted = actions.publish_results(by=county.actor("town"), application=row.pk, at=at("2026-02-13 16:30"))
    assert day(posted.due_at) == "02-24"
    row.refresh_from_db()
    assert (day(row.promised_due), day(row.statutory_due)) == ("02-27", "03-27")
    with pytest.raises(Refused, match="尚未期满"):
        actions.end_publicity(by=SYSTEM, application=row.pk, at=at("2026-02-24 12:00"))
    actions.end_publicity(by=SYSTEM, application=row.pk, at=at("2026-02-25 00:05"))
    assert open_steps(row) == {"decide"}
    decision = approve(row)
    assert (decision.fen, decision.findings["县残联"]) == (65000, "已采信")
    assert open_steps(row) == {"announce"}
    do(row, "announce")
    with pytest.raises(Refused, match="发放批次"):
        do(row, "pay")
    finish_paid(Entitlement.objects.get(decision=decision), at("2026-03-12 10:00"))
    row.refresh_from_db()
    assert row.state == "closed" and row.closed_at is not None
    told = set(Fact.objects.values_list("name", flat=True))
    assert {"onestop.LookupRequested", "onestop.ApplicationAccepted", "onestop.ApplicationDecided"} <= told
    assert Fact.objects.get(name="onestop.ApplicationClosed").body["cause"] == "done"
    assert Entry.objects.filter(subject=row.subject, verb="onestop.approve").exists()


def test_an_upheld_objection_begins_a_second_round(county, accepted):
    row = accepted()
    to_first(row)
    do(row, "first", when="2026-02-13 16:00")
    actions.publish_results(by=county.actor("town"), application=row.pk, at=at("2026-02-13 16:30"))
    with pytest.raises(Refused) as refused:
        actions.rule_objection(by=county.actor("stranger"), application=row.pk, upheld=True, reason="不实")
    assert refused.value.status == 403
    actions.rule_objection(
        by=county.actor("town"), application=row.pk, upheld=True, reason="收入不实", at=at("2026-02-14 10:00")
    )
    row.refresh_from_db()
    assert row.round == 2 and open_steps(row) == {"reinvestigate", "publicity"}
    do(row, "reinvestigate", when="2026-02-24 10:00")
    assert open_steps(row) == {"publicity"}  # 低保 is not posted again, but its days run out
    actions.end_publicity(by=SYSTEM, application=row.pk, at=at("2026-02-25 00:05"))
    approve(row)
    row.refresh_from_db()
    assert row.state == "approved"


def test_an_objection_not_upheld_changes_nothing_but_is_answered(county, accepted):
    row = accepted()
    to_first(row)
    do(row, "first")
    with pytest.raises(Refused, match="没有公示"):
        actions.rule_objection(by=county.actor("mate"), application=row.pk, upheld=False, reason="不属实的")
    actions.publish_results(by=county.actor("town"), application=row.pk, at=at("2026-02-13 16:30"))
    after = actions.rule_objection(
        by=county.actor("town"), application=row.pk, upheld=False, reason="经查属实"
    )
    assert after.round == 1 and open_steps(row) == {"publicity"}


def test_a_refusal_says_why_and_its_notice_has_an_owner_and_three_working_days(county, accepted):
    row = accepted()
    to_first(row)
    do(row, "first", opinion="disagree", reason="人均收入高于标准")
    task = task_of(row, "decide")  # an unfavourable opinion is not posted
    officer, answers = actor_for(task.holder_id), {"县残联": "已采信"}
    with pytest.raises(Refused, match="公示尚未期满"):
        approve(row)
    with pytest.raises(Refused) as refused:
        actions.refuse(by=officer, task=task.pk, reason="财产", basis="LOCAL", answers={})
    assert set(refused.value.fields) == {"reason", "basis", "answers"}
    decision, notice = actions.refuse(
        by=officer, task=task.pk, reason="名下有两套住房，财产不符合规定", basis="民发〔2021〕57号 第21条",
        answers=answers, at=at("2026-02-13 10:00"),
    )  # fmt: skip
    assert decision.outcome == "refuse" and day(notice.due_at) == "02-25"
    assert "行政复议" in notice.remedy
    delivery = task_of(row, "notice", "refusal")
    assert delivery.holder_id is not None
    actions.deliver_notice(by=actor_for(delivery.holder_id), notice=notice.pk, how="当面签收")
    assert not open_steps(row)
    row.refresh_from_db()
    assert row.state == "refused"


def test_the_window_names_every_defect_once_and_only_once(county, begin):
    row = begin(members={county.old.pk: {}})
    row.slots.filter(material="INC").update(state="waiting")
    window = county.actor("window")
    with pytest.raises(Refused, match="收入证明"):
        actions.accept(by=window, application=row.pk)
    notice = actions.ask_supplement(by=window, application=row.pk, defects=["申请表第 2 栏未填"])
    assert notice.defects == ["缺少收入证明或收入声明", "申请表第 2 栏未填"]
    resident = county.actor("resident")
    with pytest.raises(Refused, match="补交的材料有误"):
        actions.answer_supplement(by=resident, application=row.pk, papers={"NIX": [1]})
    actions.answer_supplement(
        by=resident, application=row.pk, papers={"INC": [a_file(county.accounts["resident"])]}
    )
    with pytest.raises(Refused) as refused:
        actions.ask_supplement(by=window, application=row.pk, defects=["又一处"])
    assert refused.value.code == "told_once"
    assert actions.accept(by=window, application=row.pk).state == "accepted"


def test_a_decline_says_where_to_go_instead(county, begin):
    row = begin()
    with pytest.raises(Refused) as refused:
        actions.decline(by=county.actor("window"), application=row.pk, reason="", basis="", right_place="")
    assert set(refused.value.fields) == {"reason", "basis", "right_place"}
    notice = actions.decline(
        by=county.actor("window"), application=row.pk, reason="户籍不在本县", basis="民发〔2021〕57号 第5条",
        right_place="户籍所在地乡镇",
    )  # fmt: skip
    row.refresh_from_db()
    assert row.state == "declined" and notice.right_place == "户籍所在地乡镇"
    assert open_steps(row) == {"decline"}


def test_a_return_begins_a_round_and_old_opinions_no_longer_count(county, accepted):
    row = accepted()
    to_first(row)
    task = task_of(row, "first")
    holder = actor_for(task.holder_id)
    with pytest.raises(Refused, match="只能退回"):
        actions.return_application(by=holder, task=task.pk, to="decide", reason="有误")
    actions.return_application(by=holder, task=task.pk, to="investigate", reason="入户情况不清")
    row.refresh_from_db()
    assert row.round == 2
    assert open_steps(row) == {"survey", "check", "县残联", "县民政局养老股"}
    assert Task.objects.filter(application=row, round=1, state="superseded").count() == 5


def test_new_facts_call_a_department_and_begin_a_round(county, accepted):
    row = accepted()
    to_first(row)
    do(row, "first")
    actions.note_facts(
        by=county.actor("town"), application=row.pk, facts={"kin_of_official": True}, reason="村干部亲属"
    )
    row.refresh_from_db()
    assert row.round == 2
    with pytest.raises(Refused, match="新情况有误"):
        actions.note_facts(by=county.actor("town"), application=row.pk, facts={"rich": True}, reason="听说")


def test_a_late_mismatch_raises_a_task_before_the_decision(county, begin):
    row = begin()
    actions.accept(by=county.actor("window"), application=row.pk, at=at("2026-02-09 10:00"))
    answer_all(row, when="2026-02-09 11:00")
    one = row.slots.get(material="HK").lookups.first()
    with pytest.raises(Refused) as refused:
        actions.record_lookup(by=SYSTEM, lookup=one.pk, result="mismatch", evidence=b"e" * 32)
    assert refused.value.status == 409
    row2_slot = row.slots.get(material="VEH").lookups.first()
    row2_slot.state, row2_slot.result = "failed", ""
    row2_slot.save()
    actions.record_lookup(by=SYSTEM, lookup=row2_slot.pk, result="mismatch", evidence=b"e" * 32)
    assert "VEH" in open_steps(row)


def test_an_answer_may_bring_in_a_department(county, begin):
    row = begin(members={county.old.pk: {}})
    actions.accept(by=county.actor("window"), application=row.pk, at=at("2026-02-09 10:00"))
    assert "县残联" not in open_steps(row)
    one = row.slots.get(material="ID").lookups.get(member__person=county.old)
    actions.record_lookup(
        by=SYSTEM, lookup=one.pk, result="match", evidence=b"e" * 32, values={"disability_cert": True}
    )
    assert "县残联" in open_steps(row)


def test_a_source_that_fails_lets_the_paper_be_handed_in(county, begin):
    row = begin()
    for one in row.slots.get(material="MAR").lookups.all():
        actions.record_lookup(by=SYSTEM, lookup=one.pk, result="timed_out")
    window = county.actor("window")
    with pytest.raises(Refused, match="结婚证"):
        actions.accept(by=window, application=row.pk)
    actions.fill_slot(
        by=county.actor("resident"), application=row.pk, papers={"MAR": [a_file(county.accounts["resident"])]}
    )
    assert actions.accept(by=window, application=row.pk).state == "accepted"


def test_the_statutory_limit_is_extended_once_on_a_listed_ground(county, accepted):
    row = accepted()
    head = county.actor("head")
    with pytest.raises(Refused, match="规定的事由"):
        actions.extend_limit(by=head, application=row.pk, ground="工作忙")
    promised = row.promised_due
    after = actions.extend_limit(by=head, application=row.pk, ground="人户分离")
    assert day(after.statutory_due) == "04-20" and after.promised_due == promised
    with pytest.raises(Refused, match="延长过"):
        actions.extend_limit(by=head, application=row.pk, ground="人户分离")
    with pytest.raises(Refused) as refused:
        actions.extend_limit(by=county.actor("MZ"), application=row.pk, ground="人户分离")
    assert refused.value.status == 403


def test_a_withdrawn_case_stops_and_may_be_made_anew(county, accepted, begin):
    row = accepted()
    with pytest.raises(Refused) as refused:
        begin()
    assert refused.value.code == "already_open"
    with pytest.raises(Refused):
        actions.withdraw_application(by=county.actor("stranger"), application=row.pk, reason="不办了")
    actions.withdraw_application(by=county.actor("resident"), application=row.pk, reason="不办了")
    assert not open_steps(row)
    assert begin().state == "submitted"
