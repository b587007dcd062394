"""Several workers, one department: real transactions."""

import threading

import pytest
from django.db import connection

from linli.exchange import actions
from linli.exchange.models import Request
from linli.exchange.tests.departments import NINE, connected, department, numbered  # noqa: F401
from linli.kernel.bus.jobs import drain
from linli.onestop.models import Lookup
from linli.onestop.tests.conftest import begin, county  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


def test_workers_side_by_side_ask_each_question_once(county, begin, connected):  # noqa: F811
    numbered(county.old)
    numbered(county.wife, "004")
    begin("MZ-001")
    drain()
    Request.objects.update(next_try_at=NINE)
    asked: list[int] = []

    def work() -> None:
        try:
            asked.append(actions.ask_due(now=NINE))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(str(one) for one in Request.objects.values_list("uuid", flat=True))
    assert sum(asked) == len(numbers) > 10 and sorted(connected.asked) == numbers
    assert set(Lookup.objects.values_list("state", flat=True)) == {"answered"}
