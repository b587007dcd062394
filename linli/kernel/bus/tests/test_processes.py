"""Real workers in processes of their own, ended as hard as a power cut ends them."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.kernel.bus import actions, jobs
from linli.kernel.bus.models import Delivery, Fact
from linli.kernel.bus.processes import LOST_DATABASE
from linli.kernel.bus.tests.conftest import wait_until
from linli.kernel.bus.tests.probe import Told
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)
WORKER = "from linli.kernel.bus.processes import work; work()"
RELAY = """
from linli.kernel.bus import actions
while True:
    actions.relay(limit=7)
"""
Child = Callable[..., subprocess.Popen]


def heard() -> Counter:
    return Counter(Entry.objects.filter(verb="heard").values_list("subject", flat=True))


def test_a_relay_killed_at_work_loses_and_doubles_nothing(child: Child) -> None:
    actions.tell(*(Told(number) for number in range(700)))
    relay = child(RELAY)
    wait_until(lambda: Fact.objects.filter(delivered__isnull=False).count() >= 100)
    relay.send_signal(signal.SIGKILL)
    relay.wait()
    jobs.drain()
    assert set(heard().values()) == {1} and len(heard()) == 700


def test_a_killed_workers_reactions_run_again_and_each_takes_effect_once(child: Child) -> None:
    actions.tell(*(Told(number, slow=0.02) for number in range(150)))
    first, second = child(WORKER), child(WORKER)
    wait_until(lambda: len(heard()) >= 40)
    first.send_signal(signal.SIGKILL)
    first.wait()
    with connection.cursor() as cursor:  # its heartbeat stops now; the test does not wait for it to grow old
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    wait_until(lambda: not Delivery.objects.filter(state="queued").exists() and len(heard()) == 150)
    assert set(heard().values()) == {1}
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=30) == 0
    assert not ProcrastinateJob.objects.filter(status="doing", worker__isnull=False).exists()


def test_a_worker_that_is_asked_to_stop_finishes_the_reaction_at_hand(child: Child) -> None:
    actions.tell(Told(1, slow=2.0))
    worker = child(WORKER)
    wait_until(lambda: ProcrastinateJob.objects.filter(task_name="bus.react_to", status="doing").exists())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    assert heard() == {"probe.told:1": 1}


def test_a_worker_whose_database_goes_away_ends_so_that_it_is_brought_back(child: Child) -> None:
    worker = child(WORKER)

    def connected() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_workers")
            return int(cursor.fetchone()[0])

    wait_until(lambda: connected() > 0)

    def cut() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        return worker.poll() is not None

    wait_until(cut)
    assert worker.returncode == LOST_DATABASE
