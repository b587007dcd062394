"""不予确认 with everything the law asks of it: a second survey, a second posting, reasons in writing, delivered in time."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from linli.exchange.actions import ask_due
from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.bus.jobs import drain
from linli.onestop import actions
from linli.onestop.actions.publishing import end_postings
from linli.onestop.models import Application, Batch, Entitlement
from linli.onestop.tests.conftest import (  # noqa: F401  fixtures
    TOWN,
    Begin,
    County,
    accepted,
    begin,
    do,
    person,
)
from linli.people.models import Consent, Person
from linli.publicity import actions as publicity
from linli.publicity.models import Notice
from tests.office import (  # noqa: F401  fixtures
    PHONE,
    Office,
    connected,
    county,
    department,
    fill,
    follow,
    hang_list,
    object_unknown,
    office,
    post_list,
    send,
    told,
    uphold,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signed(office: Office) -> Iterator[Office]:  # noqa: F811
    """Everybody of the household has signed."""
    for who in (office.county.old, office.county.wife):
        Consent.objects.create(person=who, purpose="onestop.check", given_by="self", evidence="签字")
    yield office


def refuse(here: Office, row: Application) -> None:
    """First without reason and rule, which is sent back naming both, then as it must be."""
    seat, task = here.holder(row, "decide")
    follow(follow(seat.go("/onestop/desk/"), task.name), "不予确认")
    found = {"reason": "本人名下有一辆营运货车，不属于没有生活来源", "basis": "特困人员认定办法 第五条"}
    if seat.page.locator("main [name=ground]").count():
        found["ground"] = "other"
    fill(seat, **found | {"reason": "否", "basis": "无"})
    seat.page.click("main form.form .acts button.btn")
    seat.page.wait_for_selector("main :text('请写明理由')")
    send(fill(seat, **found), f"/onestop/cases/{row.pk}/")


def test_a_refusal_is_reasoned_delivered_in_time_and_read_by_the_applicant(
    signed: Office,
    accepted: Begin,  # noqa: F811
) -> None:
    here = signed
    here.clock("2026-02-09 10:00")
    row = accepted("MZ-003", papers=[])
    here.clock("2026-02-10 10:00")
    do(row, "survey", when="2026-02-10 10:00")

    # posted, objected to, upheld: surveyed again, and 特困 hangs a second time from its first day
    here.clock("2026-02-11 09:00")
    first = post_list(here, row)
    here.clock("2026-02-11 15:00")
    hang_list(here, first)
    here.clock("2026-02-12 10:00")
    object_unknown(here, first)
    uphold(here, first)
    row.refresh_from_db()
    assert (row.round, row.publish_from) == (2, 2)
    here.clock("2026-02-13 10:00")
    do(row, "survey", when="2026-02-13 10:00")
    second = post_list(here, row)
    here.clock("2026-02-13 16:00")
    hang_list(here, second)
    first.refresh_from_db()
    assert first.outcome == "upheld" and second.pk != first.pk and second.ends == date(2026, 2, 24)
    assert not row.tasks.filter(step="decide").exists()
    here.clock("2026-02-25 00:01")
    assert publicity.end_due() == 1
    drain()

    # refused: the notice exists at once, with its own owner and three working days
    here.clock("2026-02-26 10:00")
    refuse(here, row)
    drain()
    row.refresh_from_db()
    notice = row.notices.get()
    assert (row.state, notice.kind) == ("refused", "refusal")
    assert (
        f"{timezone.localtime(notice.due_at):%m-%d}" == "03-02"
    )  # Friday, the Saturday worked for the feast, Monday …
    task = row.tasks.get(kind="notice", state="open")
    assert task.holder_id and task.unit.startswith(TOWN)
    said = told(here)[-1]
    for wanted in ("营运货车", "第五条", "申请行政复议", "3 月 2 日"):
        assert wanted in said
    resident = here.sit("resident", PHONE).go(f"/my/cases/{row.pk}/")
    for wanted in (
        "不予确认",
        "营运货车",
        "特困人员认定办法 第五条",
        "60 日内申请行政复议",
        "6 个月内提起行政诉讼",
    ):
        assert wanted in resident.words

    # delivered by hand the next day, and seen as delivered; no money can follow
    here.clock("2026-02-27 09:30")
    officer = here.sit(here.name(task.holder_id)).go(f"/onestop/cases/{row.pk}/")
    send(fill(follow(officer, "登记送达"), how="当面签收"), f"/onestop/cases/{row.pk}/")
    notice.refresh_from_db()
    assert notice.delivered_at < notice.due_at and not row.tasks.filter(state="open").exists()
    resident = here.sit("resident", PHONE).go(f"/my/cases/{row.pk}/")
    assert "当面签收" in resident.words
    assert not Entitlement.objects.exists() and not Batch.objects.exists()
    assert Notice.objects.filter(subject=row.subject).count() == 2


def test_a_healthy_forty_year_old_is_never_routed_to_nobody(
    signed: Office,
    county: County,  # noqa: F811
    begin: Begin,  # noqa: F811
) -> None:
    """The sketch's `all([])`: no department asked, so paid unseen. Here the lead is always asked, and stands alone."""
    here = signed
    here.clock("2026-02-06 09:00")
    Person.objects.filter(pk=here.county.old.pk).update(account=None)
    fit = person("赵青", date(1985, 6, 1), here.county.accounts["resident"])
    county.old = fit
    row = begin("MZ-001", members={fit.pk: {}})
    drain()

    assert (
        ask_due() == 0 and row.slots.filter(way="share", state="failed").exists()
    )  # no number: nothing is asked
    for slot in row.slots.filter(way="share"):
        slot.state = "shared"
        slot.save()
    here.clock("2026-02-09 10:00")
    window = here.sit("window").go(f"/onestop/cases/{row.pk}/")
    send(follow(window, "受理"), f"/onestop/cases/{row.pk}/")
    opened = row.tasks.filter(state="open")
    assert {task.branch for task in opened} == {"", "县人社局"}
    assert all(task.holder_id and task.unit for task in opened)
    lead = opened.get(step="check")
    with pytest.raises(Refused):
        actions.approve(by=actor_for(lead.holder_id), task=lead.pk, fen=1)
    resident: Any = here.sit("resident", PHONE).go(f"/my/cases/{row.pk}/")
    assert "经济状况信息核对 办理中" in resident.words and "民政局" in resident.words
    assert end_postings() == 0 and not Entitlement.objects.exists()
