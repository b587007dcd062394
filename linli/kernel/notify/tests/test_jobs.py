from datetime import timedelta

import pytest
from django.utils import timezone

from linli.kernel.bus.registry import timers
from linli.kernel.notify.jobs import deliver, forget_old
from linli.kernel.notify.models import Notice
from linli.kernel.notify.tests.test_queries import tell

pytestmark = pytest.mark.django_db


def test_the_worker_delivers_every_second():
    timer = {timer.name: timer for timer in timers()}["linli.kernel.notify.jobs.deliver"]
    assert timer.seconds == 1.0


def test_delivering_sends_what_is_due(worker, gateway):
    tell(worker, ("sms",))
    assert deliver() == 1
    assert len(gateway.got) == 1


def test_old_settled_notices_are_forgotten(worker):
    old, waiting, new = tell(worker), tell(worker, ("sms",)), tell(worker)
    Notice.objects.exclude(pk=new.pk).update(created_at=timezone.now() - timedelta(days=181))
    Notice.objects.filter(pk=new.pk).update(created_at=timezone.now())
    assert forget_old() == 1
    assert set(Notice.objects.values_list("pk", flat=True)) == {waiting.pk, new.pk}
    assert old.pk not in Notice.objects.values_list("pk", flat=True)
