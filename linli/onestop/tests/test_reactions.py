"""What others tell, and what runs on a timer."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.onestop import actions, jobs
from linli.onestop.models import Application, Notice, Task
from linli.onestop.tests.conftest import at, do
from linli.people.actions import register_death

pytestmark = pytest.mark.django_db(transaction=False)


def test_a_death_ends_the_applicants_open_cases(county, accepted):
    row = accepted()
    register_death(by=SYSTEM, person=county.old.pk, on=date(2026, 2, 1), evidence="死亡证明")
    drain()
    row.refresh_from_db()
    assert row.state == "ended" and row.closed_at is not None
    assert not Task.objects.filter(application=row, state="open").exists()


def test_a_case_is_ended_with_its_cause_by_those_who_work_on_it(county, accepted):
    row = accepted()
    with pytest.raises(Refused) as refused:
        actions.end_application(by=county.actor("stranger"), application=row.pk, cause="moved", reason="迁出")
    assert refused.value.status == 403
    with pytest.raises(Refused):
        actions.end_application(by=county.actor("town"), application=row.pk, cause="bored", reason="不想办")
    assert (
        actions.end_application(
            by=county.actor("town"), application=row.pk, cause="moved", reason="全家迁出本县"
        ).state
        == "ended"
    )


def test_a_paper_posting_ends_by_itself_the_day_after_its_last(county, accepted):
    row = accepted()
    for step, branch in list(row.tasks.filter(state="open").values_list("step", "branch")):
        do(row, step, branch)
    do(row, "first")
    actions.publish_results(by=county.actor("town"), application=row.pk, at=at("2026-02-13 16:30"))
    before = Task.objects.get(application=row, kind="publicity")
    assert before.state == "open"
    if timezone.now() < before.due_at:
        Task.objects.filter(pk=before.pk).update(due_at=timezone.now() - timedelta(hours=1))
    assert jobs.end_paper_postings() == 1 and jobs.end_paper_postings() == 0
    assert Task.objects.filter(application=row, step="decide", state="open").exists()


def test_a_supplement_that_never_comes_lapses_after_its_term_and_not_on_the_day(county, begin):
    row = begin()
    actions.ask_supplement(by=county.actor("window"), application=row.pk, defects=["签名不清"])
    Notice.objects.filter(application=row).update(due_at=timezone.now() - timedelta(hours=2))
    assert jobs.lapse_supplements() == 0
    Notice.objects.filter(application=row).update(due_at=timezone.now() - timedelta(days=2))
    assert jobs.lapse_supplements() == 1
    row.refresh_from_db()
    assert row.state == "lapsed"
    assert Application.objects.filter(state="lapsed").count() == 1
