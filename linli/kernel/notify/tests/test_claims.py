"""Several workers, one gateway: real transactions."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from linli.kernel.notify.actions import deliver_due, notify
from linli.kernel.notify.models import Notice
from linli.kernel.notify.tests.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = {"title": "新工单", "text": "请查看"}


def test_workers_side_by_side_send_each_notice_once(worker, gateway):
    for number in range(60):
        notify(
            to=worker.pk,
            template="notify.plain",
            context=WORDS,
            channels=["sms"],
            client_key=str(number),
            now=NOON,
        )
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
    assert sum(tried) == 60
    assert Notice.objects.filter(attempts=1).count() == 60 and len(gateway.got) <= 60
    # a busy machine's gateway may have been too slow for one or two
    deliver_due(now=NOON + timedelta(hours=1))
    assert Notice.objects.filter(state="sent").count() == 60


def test_a_notice_of_a_rolled_back_transaction_never_leaves(worker, gateway):
    with pytest.raises(RuntimeError), transaction.atomic():
        notify(to=worker.pk, template="notify.plain", context=WORDS, channels=["sms"], now=NOON)
        raise RuntimeError
    assert deliver_due(now=NOON) == 0
    assert not gateway.got


def test_a_claim_of_a_dead_sender_is_taken_up_after_the_lease(worker, gateway):
    notify(to=worker.pk, template="notify.plain", context=WORDS, channels=["sms"], now=NOON)
    Notice.objects.update(state="sending", next_try_at=NOON + timedelta(seconds=120))
    assert deliver_due(now=NOON + timedelta(seconds=119)) == 0
    assert deliver_due(now=NOON + timedelta(seconds=120)) == 1
    assert len(gateway.got) == 1
