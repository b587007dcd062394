"""A case that began from a care need answers it; codes are not tried without end."""

import pytest
from django.core.cache import cache

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.bus.jobs import drain
from linli.kernel.bus.models import Fact
from linli.onestop import actions
from linli.onestop.models import Task
from linli.onestop.tests.conftest import task_of
from linli.onestop.tests.test_pages import client_of, said

pytestmark = pytest.mark.django_db


def test_a_need_is_answered_when_its_case_is_over(county, begin):
    row = begin("MZ-011")
    who = county.actor("resident")
    with pytest.raises(Refused) as refused:
        actions.link_need(by=county.actor("stranger"), application=row.pk, need="care.need:17")
    assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        actions.link_need(by=who, application=row.pk, need="17")
    assert "need" in refused.value.fields
    actions.link_need(by=who, application=row.pk, need="care.need:17")
    assert actions.link_need(by=who, application=row.pk, need="care.need:17").need == "care.need:17"
    with pytest.raises(Refused) as refused:
        actions.link_need(by=who, application=row.pk, need="care.need:18")
    assert refused.value.status == 409
    actions.withdraw_application(by=who, application=row.pk, reason="不再需要")
    drain()
    told = Fact.objects.get(name="onestop.NeedAnswered").body
    assert (told["need"], told["application"], told["cause"]) == ("care.need:17", row.pk, "withdrawn")


def test_a_case_without_a_need_tells_nothing_of_one(county, begin):
    row = begin("MZ-011")
    actions.withdraw_application(by=county.actor("resident"), application=row.pk, reason="不再需要")
    drain()
    assert not Fact.objects.filter(name="onestop.NeedAnswered").exists()


def test_a_payment_made_elsewhere_needs_its_proof(county, accepted):
    task = task_of(accepted(), "check")
    Task.objects.filter(pk=task.pk).update(kind="pay")
    with pytest.raises(Refused) as refused:
        actions.do_task(by=actor_for(task.holder_id), task=task.pk)
    assert "凭证" in refused.value.fields["finding"][0]


def test_codes_are_not_tried_without_end_by_who_is_signed_in(county):
    cache.clear()
    client = client_of(county.accounts["stranger"])
    answers = [
        client.post("/services/resume/", said(code="ABCDEFGHJK", phone="13900001111")) for _ in range(11)
    ]
    assert [one.status_code == 429 for one in answers] == [False] * 10 + [True]
    cache.clear()
