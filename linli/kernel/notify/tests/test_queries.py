import pytest

from linli.kernel.actor import Actor
from linli.kernel.notify.actions import notify
from linli.kernel.notify.models import Notice, Outbox
from linli.kernel.notify.queries import failed, inbox, outbox, unread_count
from linli.kernel.notify.tests.conftest import NOON, acting

pytestmark = pytest.mark.django_db
NOBODY = Actor(None, "anonymous", "")


def tell(account, channels=("in_app",)) -> Notice:
    words = {"title": "新工单", "text": "请查看"}
    return notify(to=account.pk, template="notify.plain", context=words, channels=channels, now=NOON)[0]


def test_an_inbox_holds_ones_own_notices_newest_first(worker, other):
    first, second = tell(worker), tell(worker)
    tell(worker, ("sms",))
    tell(other)
    assert list(inbox(acting(worker))) == [second, first]
    assert unread_count(acting(worker)) == 2


def test_a_stranger_has_no_inbox(worker):
    tell(worker)
    assert not inbox(NOBODY).exists()
    assert unread_count(NOBODY) == 0


def test_failures_are_seen_by_whoever_manages_notices(worker, other):
    tell(worker, ("sms",))
    Notice.objects.update(state="failed", next_try_at=None, last_error="网关拒绝（HTTP 500）")
    assert failed(acting(other, "notify.manage")).count() == 1
    assert not failed(acting(other, "incidents.view")).exists()


def test_the_outbox_of_the_demo_is_empty_in_production(db, settings):
    Outbox.objects.create(channel="sms", address="13800000009", title="验证码", text="123456")
    settings.PRODUCTION = False
    assert len(outbox()) == 1
    settings.PRODUCTION = True
    assert outbox() == []
