"""缓办 and 延期 on the case: its clock, its timeline, what its reporter hears; the promise stays as it was told."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from linli.dispatch import actions as dispatch
from linli.dispatch.models import WorkOrder
from linli.incidents import actions, outside, queries, showing
from linli.incidents.actions.pausing import follow_pause, recount_dues
from linli.incidents.models import Incident, Report
from linli.incidents.tests.conftest import Town
from linli.incidents.tests.scenes import client, html, lead, report
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.kernel.deadlines.actions import set_day
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.ledger.models import Entry
from linli.kernel.notify.models import Notice


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path / "files"


def working(town: Town) -> Incident:
    """A resident's report, filed and accepted."""
    row = report(town, by=town.resident, client_uuid=uuid.uuid4())
    if row.state in ("reported", "confirming"):
        actions.file_incident(by=town.clerk, incident=row.pk, class_code="sr.dirty_road")
    dispatch.accept_order(by=town.officer, order=lead(row).pk)
    drain()
    return Incident.objects.get(pk=row.pk)


def paused(town: Town, row: Incident, days: int = 20) -> WorkOrder:
    ask = dispatch.ask_for_time(
        by=town.officer,
        order=lead(row).pk,
        what="suspend",
        reason="等资金",
        ground="budget",
        until=timezone.now() + timedelta(days=days),
    )
    dispatch.decide_ask(by=SYSTEM, ask=ask.pk, granted=True, decision="同意，资金到位即办")
    drain()
    row.refresh_from_db()
    return lead(row)


def heard(row: Incident, template: str) -> list[str]:
    return list(
        Notice.objects.filter(subject=row.subject, template=template, channel="in_app").values_list(
            "text", flat=True
        )
    )


def test_a_suspended_lead_order_stands_on_the_case_and_its_reporter_hears_of_it(town: Town) -> None:
    row = working(town)
    due, promised = row.due_at, row.promised_at
    paused(town, row)
    assert row.suspended and (row.due_at, row.promised_at) == (due, promised)
    assert showing.case_chip(row).words == "缓办"
    page = html(client(town, "clerk").get(f"/incidents/{row.pk}/"))
    assert "缓办中，恢复后顺延" in page and "同意，资金到位即办；最迟" in page
    (words,) = heard(row, "incidents.suspended")
    assert "最迟" in words and "复核" in words
    mine = Report.objects.get(incident=row)
    steps = outside.shown_steps(queries.reporter_steps(row))
    assert any(step["what"] == "缓办" and "复核" in step["reason"] for step in steps)
    assert "缓办，时限暂停" in html(client(town, "resident").get(f"/my/reports/{mine.pk}/"))


def test_resuming_moves_the_limit_by_what_it_stood_and_never_the_promise(town: Town) -> None:
    row = working(town)
    due, promised = row.due_at, row.promised_at
    order = paused(town, row)
    since = (timezone.now() - timedelta(days=5)).isoformat()
    Incident.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(days=4))
    WorkOrder.objects.filter(pk=order.pk).update(pauses=[{**order.pauses[0], "at": since}])
    dispatch.resume_order(by=SYSTEM, order=order.pk)
    drain()
    row.refresh_from_db()
    assert not row.suspended and row.due_at > timezone.now() and row.promised_at == promised
    assert row.due_at != due
    assert len(heard(row, "incidents.resumed")) == 1


def test_a_second_pause_of_the_same_case_is_told_again(town: Town) -> None:
    row = working(town)
    for days in (20, 30):
        dispatch.resume_order(by=SYSTEM, order=paused(town, row, days).pk)
        drain()
    assert len(heard(row, "incidents.suspended")) == len(heard(row, "incidents.resumed")) == 2


def test_an_extension_is_told_to_the_reporter(town: Town) -> None:
    row = working(town)
    order = lead(row)
    ask = dispatch.ask_for_time(
        by=town.officer, order=order.pk, what="extend", reason="等料", limit=order.limit
    )
    dispatch.decide_ask(by=town.chief, ask=ask.pk, granted=True, decision="同意")
    drain()
    assert len(heard(row, "incidents.extended")) == 1


def test_a_case_whose_suspended_order_is_cancelled_stands_no_longer(town: Town) -> None:
    row = working(town)
    paused(town, row)
    actions.void_incident(by=town.chief, incident=row.pk, text="重复")
    drain()
    row.refresh_from_db()
    assert not row.suspended


def test_following_twice_changes_nothing(town: Town) -> None:
    row = working(town)
    paused(town, row)
    assert follow_pause(incident=row.pk).suspended
    before = Incident.objects.get(pk=row.pk)
    again = follow_pause(incident=row.pk)
    assert (again.due_at, again.version) == (before.due_at, before.version)


def litter(town: Town) -> Incident:
    """A case with a limit of one working day, filed now."""
    row = report(town, by=town.resident, client_uuid=uuid.uuid4())
    if row.state in ("reported", "confirming"):
        actions.file_incident(by=town.clerk, incident=row.pk, class_code="sr.litter")
    return Incident.objects.get(pk=row.pk)


def test_limits_follow_a_corrected_calendar_and_the_promise_stays(town: Town) -> None:
    row = litter(town)
    due, promised = row.due_at, row.promised_at
    last = due.astimezone(SHANGHAI).date()
    set_day(by=SYSTEM, day=last, working=False, name="冰冻停工", source="县政府通告")
    drain()
    row.refresh_from_db()
    assert row.due_at > due and row.promised_at == promised
    assert Entry.objects.filter(subject=row.subject, verb="recount").count() == 1
    assert recount_dues(since=last, why="再来一次") == 0


def test_a_recount_without_a_change_moves_nothing_and_keeps_what_stood_still(town: Town) -> None:
    row = working(town)
    paused(town, row)
    dispatch.resume_order(by=SYSTEM, order=lead(row).pk)
    drain()
    litter(town)
    today = timezone.now().astimezone(SHANGHAI).date()
    assert recount_dues(since=today - timedelta(days=1), why="核对") == 0
    assert recount_dues(area="430299", since=today, why="邻县") == 0
