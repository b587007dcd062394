"""The reading process for real: killed at work, idle, woken; the common worker leaves its queue alone."""

import signal
import subprocess
from collections.abc import Callable

import pytest
from django.db import connection

from linli.kernel.bus.jobs import defer, defer_to
from linli.kernel.bus.tests.conftest import wait_until
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)
JOBS = "linli.kernel.ocr.tests.jobs"
WORKER = "from linli.kernel.bus.processes import work; work()"
# what a process becomes is its exit code: 7 the reader, 8 the sleeper
OCR = """
import os, sys
from linli.kernel.ocr import processes
url, life, idle = os.environ["LINLI_DATABASE_URL"], sys.argv[1], float(sys.argv[2])
become = lambda words: os._exit(7 if words == ["--reading"] else 8)
sys.exit(processes.wait(url, become) if life == "wait" else processes.read_on(url, become, idle))
"""
Child = Callable[..., subprocess.Popen]


def done() -> list[tuple[str, int]]:
    rows = Entry.objects.filter(verb="done").order_by("id")
    return [(row.subject, row.fields["process"]) for row in rows]


def test_a_reader_killed_at_work_loses_no_page_and_the_common_worker_never_reads_one(child: Child) -> None:
    defer_to("ocr", f"{JOBS}.read_once", page=1)
    reader = child(OCR, "read", "60")
    wait_until(lambda: Entry.objects.filter(verb="begun").exists())
    reader.send_signal(signal.SIGKILL)
    reader.wait()
    with connection.cursor() as cursor:  # its heartbeat stops now; the test does not wait for it to grow old
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    defer(f"{JOBS}.read_at_once", page=2)
    worker, second = child(WORKER), child(OCR, "read", "60")
    wait_until(lambda: len(done()) == 2)
    assert sorted(done()) == [("probe.page:1", second.pid), ("probe.page:2", worker.pid)]
    second.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGTERM)
    second.wait(timeout=30), worker.wait(timeout=30)


def test_it_sleeps_until_a_page_waits_and_lets_the_models_go_when_idle(child: Child) -> None:
    sleeper = child(OCR, "wait", "0")
    defer_to("ocr", f"{JOBS}.read_at_once", page=3)
    assert sleeper.wait(timeout=60) == 7 and done() == []
    reader = child(OCR, "read", "0.1")
    assert reader.wait(timeout=60) == 8 and done() == [("probe.page:3", reader.pid)]


def test_only_a_rooms_jobs_are_queued() -> None:
    with pytest.raises(ValueError, match="not a room's job"):
        defer_to("ocr", "os.system", command="true")
