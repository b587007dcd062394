"""Twenty times something is killed under load. Nothing answered is lost, nothing is done twice, the record holds."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pytest

ROUNDS = int(os.environ.get("LINLI_CRASH_ROUNDS", "20"))
LINLI = [sys.executable, "-m", "linli"]
PREPARE = """
import json, django
django.setup()
from linli.incidents import proving
print(json.dumps(proving.county(120)))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """A running `linli serve` of its own."""

    process: subprocess.Popen
    home: Path
    port: int
    url: str
    prepared: dict
    log: Path
    answered: dict[str, int] = field(default_factory=dict)  # client UUID -> report
    sent: set[str] = field(default_factory=set)

    def victim(self, name: str) -> psutil.Process | None:
        """A process to kill: the postmaster, or a worker of web or worker."""
        if name == "database":
            try:
                pid = int((self.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
                return psutil.Process(pid)
            except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
                return None  # still on its way back from the last time
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if name in child.cmdline()[2:5]:
                    return child
            except psutil.Error:
                continue
        return None


@pytest.fixture
def house() -> Iterator[House]:
    # not pytest's own folder: each pytest run closes that to everybody else, and the database may be another user
    home = Path(tempfile.mkdtemp(prefix="linli-crash-"))
    home.chmod(0o755)
    port, live = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    environment |= {
        "LINLI_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "linli.site.settings",
        "LINLI_LOG": "WARNING",
    }
    log = home / "serve.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*LINLI, "serve", "--port", str(port), "--live-port", str(live)],
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        wait_for(port, log)
        url = subprocess.run(
            [*LINLI, "database", "url"], env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()
        said = subprocess.run(
            [sys.executable, "-c", PREPARE],
            env={**environment, "LINLI_DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        yield House(process, home, port, url, json.loads(said.splitlines()[-1]), log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(home, ignore_errors=True)


def wait_for(port: int, log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/openapi.json", timeout=5).read()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"没有就绪：{log.read_text()[-2000:]}")


def report(house: House, client_uuid: str, draw: random.Random) -> int | None:
    """Sends one report once; its id when it was answered."""
    body = {
        "client_uuid": client_uuid,
        "description": f"路口的垃圾没人收 {client_uuid[:6]}",
        "class": "sr.litter",
    }
    body["location"] = {"area": draw.choice(house.prepared["grids"])}
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.port}/api/v1/reports",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {house.prepared['token']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(json.load(answer)["report"])
    except urllib.error.HTTPError as error:
        assert error.code in (500, 502, 503), error.read()
    except (OSError, ValueError):
        pass
    return None


def reporter(house: House, stop: threading.Event, seed: int) -> None:
    """A phone that sends each report again, with its UUID, until it is answered."""
    draw = random.Random(seed)
    while not stop.is_set():
        client_uuid = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        house.sent.add(client_uuid)
        while True:
            number = report(house, client_uuid, draw := random.Random(client_uuid))
            if number is not None:
                house.answered[client_uuid] = number
                break
            time.sleep(0.2)
        draw = random.Random(seed + len(house.answered))
        time.sleep(0.02)


def ask(house: House, sql: str) -> int:
    with psycopg.connect(house.url) as connection:
        row = connection.execute(sql).fetchone()
        return int(row[0]) if row else 0


def settled(house: House) -> bool:
    """Every fact handed on and every reaction at its end."""
    waiting = "SELECT (SELECT count(*) FROM bus_fact WHERE delivered IS NULL) + (SELECT count(*) FROM bus_delivery WHERE state = 'queued')"
    try:
        return ask(house, waiting) == 0
    except psycopg.OperationalError:
        return False


def test_nothing_answered_is_lost_and_nothing_runs_twice(house: House) -> None:
    stop = threading.Event()
    phones = [
        threading.Thread(target=reporter, args=(house, stop, seed * 1000), daemon=True) for seed in range(4)
    ]
    for phone in phones:
        phone.start()
    draw, killed = random.Random(20261122), {"web": 0, "worker": 0, "database": 0}
    for turn in range(ROUNDS):
        time.sleep(draw.uniform(0.5, 2.5))
        name = ("web", "worker", "database")[turn % 3]
        victim = next((found for _ in range(60) if (found := house.victim(name) or time.sleep(0.25))), None)
        if victim:
            victim.kill()
            killed[name] += 1
    time.sleep(3)
    stop.set()
    for phone in phones:
        phone.join(180)
        assert not phone.is_alive(), "一部手机没有等到回答：" + house.log.read_text()[-1500:]
    assert all(killed.values()) and len(house.answered) >= ROUNDS

    for _ in range(600):
        if settled(house):
            break
        time.sleep(0.5)
    assert settled(house), house.log.read_text()[-3000:]

    with psycopg.connect(house.url) as connection:
        rows = connection.execute("SELECT client_uuid::text, id FROM incidents_report").fetchall()
        assert dict(rows) == house.answered and len(rows) == len(house.sent)
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM incidents_incident), (SELECT count(*) FROM dispatch_workorder),"
            " (SELECT count(*) FROM bus_fact WHERE name = 'incidents.ReportReceived'),"
            " (SELECT count(*) FROM ledger_entry WHERE verb = 'report'),"
            " (SELECT count(*) FROM notify_notice WHERE template = 'incidents.received' AND channel = 'in_app')"
        ).fetchone()
        assert counts == (len(rows),) * 5
        parked = connection.execute(
            "SELECT reaction, reason FROM bus_delivery WHERE state <> 'done'"
        ).fetchall()
        assert parked == []

    environment = {**os.environ, "LINLI_HOME": str(house.home), "LINLI_DATABASE_URL": house.url}
    verdict = subprocess.run([*LINLI, "ledger", "verify"], env=environment, capture_output=True, text=True)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
