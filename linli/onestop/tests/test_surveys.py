"""A survey is done when two accounts have signed one record, and the household: on the phone and on its page."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.identity.models import Account
from linli.kernel.notify.models import Notice as Sent
from linli.onestop import actions, orders
from linli.onestop.models import Survey, Task
from linli.onestop.tests.conftest import task_of
from linli.onestop.tests.test_orders import mate_of, order_for, surveyed
from linli.onestop.tests.test_pages import client_of, html, own_files, picture, said  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(county, accepted) -> Task:
    """A record the first surveyor has signed."""
    task = task_of(accepted(), "survey")
    record = surveyed(mate_of(county, task))
    actions.do_task(by=actor_for(task.holder_id), task=task.pk, finding="情况属实", survey=record)
    return task


def test_the_task_waits_for_the_second_account_and_then_closes_with_its_order(county, written):
    survey = written.survey
    assert (written.state, survey.done_at, survey.second_signed_at) == ("open", None, None)
    assert Sent.objects.filter(template="onestop.survey_to_sign", account=survey.second_id).count() == 1
    for name in ("stranger", "head", "resident"):
        with pytest.raises(Refused) as refused:
            actions.sign_survey(by=county.actor(name), task=written.pk)
        assert refused.value.status == 403
    with pytest.raises(Refused):
        actions.sign_survey(by=actor_for(survey.first_id), task=written.pk)
    actions.sign_survey(by=actor_for(survey.second_id), task=written.pk)
    again = actions.sign_survey(by=actor_for(survey.second_id), task=written.pk)
    written.refresh_from_db()
    assert (written.state, written.done_by_id, written.finding) == ("done", survey.first_id, "情况属实")
    assert again.second_signed_at and order_for(written).state == "done"


def test_the_second_may_object_and_the_first_writes_it_anew(county, written):
    second, first = written.survey.second_id, written.survey.first_id
    actions.sign_survey(by=actor_for(second), task=written.pk, objection="家里是四口人，不是两口")
    assert Sent.objects.filter(template="onestop.survey_objected", account=first).exists()
    with pytest.raises(Refused) as refused:
        actions.sign_survey(by=actor_for(second), task=written.pk)
    assert refused.value.status == 409
    actions.do_task(by=actor_for(first), task=written.pk, finding="四口人", survey=surveyed(second))
    actions.sign_survey(by=actor_for(second), task=written.pk)
    written.refresh_from_db()
    assert written.finding == "四口人" and written.survey.objection == ""


def test_the_database_takes_no_survey_that_lacks_a_signature(county, written):
    now = timezone.now()
    for wrong in (
        {},
        {"second_signed_at": now, "signed": False},
        {"second_signed_at": now, "second": written.survey.first_id},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Survey.objects.filter(task=written).update(done_at=now, **wrong)


def test_the_survey_is_filled_in_and_signed_on_the_phone(county, accepted):
    task = task_of(accepted(), "survey")
    order, mate = order_for(task), mate_of(county, task)
    first = client_of(Account.objects.get(pk=task.holder_id))
    here = f"/orders/{order.pk}/survey/"
    assert "另一名调查人员" in html(first.get(here))
    told = {"order": order.pk, "second": mate, "housing": "两间平房", "opinion": "agree", "finding": "属实"}
    assert "请填写我本人签字" in html(first.post(here, said(**told)), 422)
    sent = first.post(here, said(**told, crew_signed="on", signed="on", photos=[picture()]))
    assert sent.status_code == 302, sent.content.decode()[:1500]
    second = client_of(Account.objects.get(pk=mate))
    assert "最低生活保障" in html(second.get("/onestop/surveys/"))
    record = f"/onestop/surveys/{task.pk}/"
    page = html(second.get(record))
    assert "两间平房" in page and "还没有签字" in page and 'alt="调查照片 1"' in page
    assert "请写明哪里不实" in html(second.post(record, said(answer="object")), 422)
    assert second.post(record, said(answer="sign")).status_code == 302
    order.refresh_from_db()
    assert order.state == "done" and "没有等您签字的记录" in html(second.get("/onestop/surveys/"))
    assert html(first.get(record)).count("签字</span>") == 3
    stranger = client_of(county.accounts["stranger"])
    for url in (here, record):
        html(stranger.get(url), 404)


def test_an_inspection_and_a_recheck_have_forms_of_their_own(county, accepted):
    row = accepted()
    task = task_of(row, "survey")
    Task.objects.filter(pk=task.pk).update(min_people=1)
    order = order_for(task)
    order.kind = orders.INSPECT
    order.save(update_fields=["kind"])
    inspector = client_of(Account.objects.get(pk=task.holder_id))
    told = {"opinion": "agree", "finding": "装好了，能用"}
    assert inspector.post(f"/orders/{order.pk}/inspect/", said(**told)).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.finding) == ("done", "装好了，能用")
    again = orders.recheck_after(row, "有人反映")
    by = client_of(Account.objects.get(pk=again.person_id))
    assert by.post(f"/orders/{again.pk}/recheck/", said(**told)).status_code == 302
    again.refresh_from_db()
    assert again.state == "done" and "装好了" in again.outcome
    html(client_of(county.accounts["stranger"]).get(f"/orders/{again.pk}/recheck/"), 404)
