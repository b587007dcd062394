"""Both rooms on one posting: onestop asks for it, publicity hangs it, and what happens there happens here."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.onestop import actions, board, notices, queries
from linli.onestop.actions.publishing import end_postings
from linli.onestop.glossary import shipped_items
from linli.onestop.models import Application, Task
from linli.onestop.tests.conftest import COUNTY, VILLAGE, _account, at, do, task_of
from linli.publicity import actions as publicity
from linli.publicity import registry
from linli.publicity.models import Notice
from linli.publicity.queries import standing
from linli.publicity.tests.conftest import post

pytestmark = pytest.mark.django_db
Clock = Callable[[str], datetime]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    def set_to(words: str) -> datetime:
        moment = at(words)
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    return set_to


@pytest.fixture
def posted(county, accepted, clock, settings, tmp_path):
    """A case whose initial opinion is favourable, its list ordered, or hanging since 2026-02-13 16:30."""
    settings.LINLI_FILES = tmp_path / "files"
    notices.bind(board.PublicityBoard())
    clerk = _account("社区巳", "grid_worker", VILLAGE)

    def make(item: str = "MZ-001", hang: bool = True, **more: Any) -> Application:
        row = accepted(item, **more)
        if item == "MZ-001":
            for step, branch in (("survey", ""), ("check", ""), ("investigate", "县残联"),
                                 ("investigate", "县民政局养老股"), ("investigate", "县人社局")):  # fmt: skip
                if Task.objects.filter(application=row, step=step, branch=branch, state="open").exists():
                    do(row, step, branch, when="2026-02-12 10:00")
            do(row, "first", when="2026-02-12 15:00")
        else:
            do(row, "survey", when="2026-02-12 10:00")
        clock("2026-02-13 09:00")
        actions.publish_results(by=county.actor("town"), application=row.pk)
        if hang:
            clock("2026-02-13 16:30")
            notice = notice_of(row)
            order = notice.postings.get().order
            order.person_id = clerk.pk
            order.save(update_fields=["person"])
            post(actor_for(clerk.pk), notice)
            drain()
        row.refresh_from_db()
        return row

    return make


def notice_of(row: Application) -> Notice:
    return Notice.objects.filter(subject=row.subject).latest("id")


def objected(row: Application) -> int:
    said = publicity.Objecting(
        grounds="这户有一辆小汽车，情况不实", client_uuid=uuid.uuid4(), real_name=True, name="钱反映", phone="13912345678"
    )  # fmt: skip
    return publicity.object_to_notice(by=SYSTEM, notice=notice_of(row).pk, said=said).objection


def uphold(number: int, upheld: bool = True) -> None:
    boss = _account(f"裁定{number}", "supervisor", COUNTY)
    publicity.rule_objection(
        by=actor_for(boss.pk, name=boss.name), objection=number, upheld=upheld, reasons="经查该户名下确有车辆，需重新核实"
    )  # fmt: skip


def test_every_item_that_is_posted_has_a_kind_with_its_own_whitelist():
    required = [one for one in shipped_items() if one["publicity"].get("mode") == "required"]
    kinds = registry.kinds()
    assert len(required) > 15
    for item in required:
        kind = kinds[board.kind_code(item["code"])]
        assert kind.days == item["publicity"].get("days", 7)
        assert {one.key for one in kind.fields} == set(item["publicity"].get("fields", ["name", "area"]))
    assert "第 19 条" in kinds["onestop.MZ-001"].basis and kinds["onestop.MZ-001"].status == "cited"
    forbidden = [one["code"] for one in shipped_items() if one["publicity"].get("mode") == "forbidden"]
    assert forbidden and not any(board.kind_code(code) in kinds for code in forbidden)


def test_an_edited_whitelist_falls_back_on_the_general_kind():
    given = {"subject": "onestop.application:1", "task": 1, "round": 1, "title": "", "area": "", "unit": ""}
    edited = notices.Posting(**given, fields={"name": "王"}, days=7, day_unit="calendar_day", item="MZ-001")
    assert board.kind_for(edited) == "onestop.case"
    working = notices.Posting(**given, fields={"name": "王"}, days=7, day_unit="working_day", item="新事项")
    assert board.kind_for(working) == "onestop.case_wd"


def test_the_list_hangs_the_clocks_stand_and_the_case_goes_on_when_its_days_are_over(posted, clock):
    row = posted()
    notice, task = notice_of(row), task_of(row, "publicity")
    assert [one["name"] for one in notice.rows] == ["王*"] and set(notice.rows[0]) == {"name", "household_size", "amount"}  # fmt: skip
    assert task.publicity == notice.ref and task.due_at == notice.ends_at
    assert timezone.localtime(task.posted_at).isoformat()[:16] == "2026-02-13T16:30"
    assert queries.limits_of(row).paused == "publicity"
    clock("2026-02-24 23:00")
    assert publicity.end_due() == 0 and end_postings() == 0
    with pytest.raises(Refused, match="尚未期满"):
        actions.end_publicity(by=SYSTEM, application=row.pk)
    clock("2026-02-25 00:01")
    assert publicity.end_due() == 1
    assert standing(row.subject).cleared and task_of(row, "decide")
    row.refresh_from_db()
    assert timezone.localtime(row.promised_due).date().isoformat() == "2026-02-27"


def test_an_objection_upheld_on_the_third_day_is_looked_into_and_the_days_still_pass(posted, clock):
    row = posted()
    clock("2026-02-16 10:00")
    uphold(objected(row))
    drain()
    row.refresh_from_db()
    assert row.round == 2 and row.publish_from == 1 and notice_of(row).outcome == "upheld"
    again = task_of(row, "reinvestigate")
    actions.do_task(by=actor_for(again.holder_id), task=again.pk)
    assert not row.tasks.filter(step="decide", state="open").exists()
    clock("2026-02-24 10:00")
    assert end_postings() == 0
    clock("2026-02-25 00:01")
    assert end_postings() == 1 and task_of(row, "decide")
    assert Notice.objects.filter(subject=row.subject).count() == 1  # 低保 need not be posted again


def test_what_must_be_posted_again_hangs_again_from_the_first_day(posted, county, clock):
    row = posted("MZ-003", papers=[])
    clock("2026-02-16 10:00")
    uphold(objected(row))
    row.refresh_from_db()
    assert row.round == 2 and row.publish_from == 2
    do(row, "survey", when="2026-02-17 10:00")
    actions.publish_results(by=county.actor("town"), application=row.pk)
    first, second = Notice.objects.filter(subject=row.subject).order_by("id")
    assert (first.outcome, second.state) == ("upheld", "draft")


def test_an_objection_that_is_rejected_changes_nothing(posted, clock):
    row = posted()
    clock("2026-02-16 10:00")
    uphold(objected(row), upheld=False)
    row.refresh_from_db()
    assert row.round == 1 and task_of(row, "publicity")


def test_a_late_objection_is_a_report_and_upheld_it_begins_a_new_round(posted, clock):
    row = posted()
    clock("2026-02-25 00:01")
    publicity.end_due()
    number = objected(row)
    row.refresh_from_db()
    assert row.complaint and row.round == 1
    uphold(number)
    row.refresh_from_db()
    assert (
        row.round == 2 and task_of(row, "reinvestigate") and not row.tasks.filter(step="decide", state="open")
    )


def test_a_list_upheld_before_it_hung_is_ordered_anew(posted, county, clock):
    row = posted(hang=False)
    uphold(objected(row))
    task = task_of(row, "publicity")
    assert task.publicity == "" and task.posted_at is None and task.holder_id
    again = task_of(row, "reinvestigate")
    actions.do_task(by=actor_for(again.holder_id), task=again.pk)
    actions.publish_results(by=actor_for(task.holder_id), application=row.pk)
    assert notice_of(row).state == "draft"


def test_a_notice_withdrawn_at_the_board_gives_the_posting_back_to_its_owner(posted, county, clock):
    row = posted()
    clock("2026-02-16 10:00")
    publicity.withdraw_publicity(by=county.actor("mate"), notice=notice_of(row).pk, reason="名单人数有误")
    task = task_of(row, "publicity")
    assert task.holder_id and task.publicity == "" and task.posted_at is None
    row.refresh_from_db()
    assert queries.limits_of(row).paused == ""
    actions.publish_results(by=actor_for(task.holder_id), application=row.pk)
    assert task_of(row, "publicity").publicity == notice_of(row).ref
    with pytest.raises(Refused) as refused:
        actions.reopen_publicity(by=county.actor("stranger"), application=row.pk, reason="名单有误")
    assert refused.value.status == 403


def test_a_case_that_is_withdrawn_or_sent_back_takes_its_list_down(posted, county, clock):
    row = posted()
    actions.withdraw_application(by=county.actor("resident"), application=row.pk, reason="不再需要")
    drain()
    assert notice_of(row).outcome == "withdrawn"
    row.refresh_from_db()
    assert row.state == "withdrawn"


def test_an_ended_case_takes_its_list_down_at_once(posted, county, clock):
    row = posted()
    actions.end_application(by=county.actor("mate"), application=row.pk, cause="moved", reason="已迁往外县")
    assert notice_of(row).outcome == "withdrawn"


def test_days_lost_on_the_wall_move_the_due_date(posted, county, clock):
    row = posted()
    clock("2026-02-16 10:00")
    notice = notice_of(row)
    outage = publicity.mark_down(
        by=county.actor("mate"), notice=notice.pk, what="poster", posting=notice.postings.get().pk, reason="被风吹落了"
    )  # fmt: skip
    clock("2026-02-25 09:00")
    publicity.restore(by=county.actor("mate"), outage=outage.pk, reason="已重新张贴")
    assert board.follow_ends() == 1 and task_of(row, "publicity").due_at == notice_of(row).ends_at
    assert board.follow_ends() == 0
    assert notice_of(row).ends_at > at("2026-02-25 00:00") + timedelta(days=5)


def test_a_forbidden_case_never_reaches_the_board(county, accepted):
    notices.bind(board.PublicityBoard())
    row = accepted("MZ-007", papers=[], commit=["GUARD"])
    with pytest.raises(Refused, match="不得公示"):
        actions.publish_results(by=county.actor("town"), application=row.pk)
    assert not Notice.objects.exists()
