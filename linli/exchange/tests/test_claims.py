"""Several workers, one receiver, a crash in between: real transactions."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from linli.exchange.actions import deliver_due
from linli.exchange.actions import deliveries as module
from linli.exchange.catalogue import delivering
from linli.exchange.models import Delivery, Message
from linli.exchange.tests.conftest import TOWN, at

pytestmark = pytest.mark.django_db(transaction=True)
NOON = at("2026-03-02 12:00")


def fill(row, count: int) -> None:
    made = Message.objects.bulk_create(
        [Message(fact="incidents.IncidentFiled", area=TOWN, data={}, at=NOON) for _ in range(count)]
    )
    Delivery.objects.bulk_create([Delivery(webhook=row, message=one, next_try_at=NOON) for one in made])


def test_workers_side_by_side_send_each_message_once(hook, receiver):
    fill(hook(receiver.url), 60)
    tried: list[int] = []

    def work() -> None:
        try:
            tried.append(deliver_due(now=NOON))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(tried) == 60 == Delivery.objects.filter(state="sent", attempts=1).count()
    assert len(receiver.got) == 60 == len({got.id for got in receiver.got})


class Killed(BaseException):
    """What a SIGKILL between sending and marking leaves behind: sent, not marked."""


def test_a_crash_after_sending_sends_again_under_the_same_id(hook, receiver, monkeypatch):
    fill(hook(receiver.url), 1)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as broken, pytest.raises(Killed):
        broken.setattr(module, "_settle", die)
        deliver_due(now=NOON)
    lease = timedelta(seconds=delivering().lease)
    assert deliver_due(now=NOON + lease - timedelta(seconds=1)) == 0
    assert deliver_due(now=NOON + lease) == 1
    assert deliver_due(now=NOON + 10 * lease) == 0
    assert len(receiver.got) == 2 and receiver.got[0].id == receiver.got[1].id
    assert receiver.got[0].body == receiver.got[1].body
    assert Delivery.objects.get().state == "sent"
