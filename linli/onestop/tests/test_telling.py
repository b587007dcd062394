"""What the applicant is told, and what nobody is told."""

import pytest

from linli.kernel.access.queries import actor_for
from linli.kernel.bus.jobs import drain
from linli.kernel.notify.models import Notice as Message
from linli.onestop import actions, telling
from linli.onestop.actions.publishing import end_postings
from linli.onestop.tests.conftest import at, do, task_of
from linli.onestop.tests.sheets import reckoned

pytestmark = pytest.mark.django_db


def told(row, template: str) -> list[str]:
    drain()
    rows = Message.objects.filter(template=template, subject=row.subject, channel="in_app")
    return list(rows.order_by("id").values_list("text", flat=True))


def to_decision(county, row) -> None:
    for task in row.tasks.filter(state="open", stage__lt=3):
        do(row, task.step, task.branch)
    do(row, "first", when="2026-02-13 10:00")
    actions.publish_results(by=county.actor("town"), application=row.pk, at=at("2026-02-13 16:30"))
    end_postings(now=at("2026-02-25 00:05"))


def test_each_step_is_told_with_its_number_and_the_day_beside_the_promise(county, accepted):
    row = accepted()
    assert row.number in told(row, "onestop.submitted")[0]
    (first,) = told(row, "onestop.accepted")
    assert (
        "承诺 7 个工作日（不含公示 7 天" in first
        and "预计 2 月 27 日" in first
        and "家庭经济状况调查" in first
    )
    to_decision(county, row)
    steps = told(row, "onestop.moved")
    assert steps and all("预计 2 月 27 日" in one and row.number in one for one in steps)
    assert len(set(steps)) == len(steps)
    decide = task_of(row, "decide")
    asked = row.tasks.filter(round=row.round).exclude(binding="").values_list("branch", flat=True)
    reckoned(row)
    actions.approve(
        by=actor_for(decide.holder_id),
        task=decide.pk,
        answers=dict.fromkeys(asked, "采信"),
        at=at("2026-02-26 10:00"),
    )
    (said,) = told(row, "onestop.approved")
    assert "长期公布" in said and "650" not in said


def test_a_refusal_says_why_by_what_rule_and_what_can_be_done(county, accepted):
    row = accepted()
    to_decision(county, row)
    decide = task_of(row, "decide")
    asked = row.tasks.filter(round=row.round).exclude(binding="").values_list("branch", flat=True)
    actions.refuse(
        by=actor_for(decide.holder_id), task=decide.pk, reason="名下有两套住房", basis="民发〔2021〕57号 第4条",
        answers=dict.fromkeys(asked, "采信"), at=at("2026-02-26 10:00"),
    )  # fmt: skip
    (said,) = told(row, "onestop.refused")
    for part in ("不予确认", "名下有两套住房", "57号 第4条", "行政复议", "3 月 2 日"):
        assert part in said
    assert not told(row, "onestop.closed")


def test_a_supplement_names_every_defect_in_one_notice(county, begin):
    row = begin()
    task = row.tasks.get(step="accept")
    actions.ask_supplement(by=actor_for(task.holder_id), application=row.pk, defects=["签名缺页", "照片不清"])
    (said,) = told(row, "onestop.supplement")
    assert "1. 签名缺页；2. 照片不清" in said


def test_a_declined_case_says_where_to_go(county, begin):
    row = begin()
    task = row.tasks.get(step="accept")
    actions.decline(
        by=actor_for(task.holder_id), application=row.pk, reason="户籍不在本县", basis="民发〔2021〕57号 第4条",
        right_place="户籍地街道",
    )  # fmt: skip
    (said,) = told(row, "onestop.refused")
    assert "不予受理" in said and "请向户籍地街道申请" in said


def test_whoever_has_no_account_is_told_by_phone_and_the_house_keeps_its_own_steps(county, accepted):
    row = accepted()
    drain()
    before = Message.objects.filter(subject=row.subject).count()
    actions.urge_task(by=county.actor("supervisor"), task=task_of(row, "survey").pk)
    drain()
    assert Message.objects.filter(subject=row.subject).count() == before
    county.old.account, county.old.phone = None, "13800001111"
    county.old.save()
    assert telling._send(telling._read(row.pk), "onestop.closed", "test", outcome="已撤件", review="") == 1
    assert Message.objects.filter(subject=row.subject, channel="sms", template="onestop.closed").count() == 1
