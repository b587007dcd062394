"""`linli bench intake`: the whole path from HTTP to the durable 201, beside two bare inserts by pgbench.

Server, load and database share this machine. The server is the real one (Granian, the real URLconf, an API token), the
database the embedded one with fsync, in a directory of its own that is removed afterwards.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import psycopg
from django.db import connection, reset_queries
from shapely.geometry import shape

from linli.areas import queries as areas
from linli.areas.models import Area
from linli.incidents import catalogue, proving
from linli.incidents.actions import report_incident
from linli.incidents.rules import Telling, check_telling
from linli.kernel.identity.queries import actor_for_token
from linli.kernel.search.rules import lexemes

needs_database = True
CLASSES = (
    "sr.litter",
    "sr.dirty_road",
    "sr.stall",
)  # said by the reporter, so that every report gets its order
PERCENTILES = (50, 95, 99)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=20.0, help="每一段压测的秒数")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--parts-only", action="store_true", help="只测各部分的 CPU 毫秒，不起服务")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Returns rates, percentiles (ms), errors, rows against answers, CPU ms by part, and pgbench's rate."""
    url = os.environ["LINLI_DATABASE_URL"]
    prepared = proving.county()
    prepared["box"] = _box(prepared["grids"])
    prepared["texts"] = proving.TEXTS
    prepared |= _parts(prepared)
    if options.parts_only:
        return {"parts_ms": prepared["parts_ms"], "queries_per_report": prepared["queries"]}
    port = _free_port()
    environment = {**os.environ, "LINLI_LOG": "WARNING", "LINLI_WEB_THREADS": str(options.threads)}
    command = [sys.executable, "-m", "linli", "web", "--port", str(port), "--workers", str(options.workers)]
    server = subprocess.Popen(command, env=environment)
    try:
        _wait_for(port)
        return _measure(options, url, port, prepared, server.pid)
    finally:
        server.terminate()
        server.wait(20)


def _box(grids: list[str]) -> tuple[float, float, float, float]:
    """The box of the county's grids, a little inside."""
    bounds = [
        shape(outline).bounds
        for outline in Area.objects.filter(code__in=grids).values_list("outline", flat=True)
    ]
    west, south, east, north = zip(*bounds, strict=True)
    return min(west) + 1e-6, min(south) + 1e-6, max(east) - 1e-6, max(north) - 1e-6


def _parts(prepared: dict) -> dict[str, Any]:
    """CPU milliseconds of the parts of one intake, measured one by one in this process, and its statements."""
    draw = random.Random(7)
    by = actor_for_token(prepared["token"])
    assert by is not None
    bodies = [json.loads(_body(draw, prepared)) for _ in range(200)]
    tellings = [
        Telling(
            text=body["description"],
            sender="bench",
            client_uuid=body["client_uuid"],
            class_said=body["class"],
            lon=body["location"]["lon"],
            lat=body["location"]["lat"],
            channel="grid",
        )
        for body in bodies
    ]
    report_incident(by=by, telling=tellings[0])

    def each(work: Callable[[Telling], object]) -> float:
        began = time.process_time()
        for telling in tellings[1:]:
            work(telling)
        return round(1000 * (time.process_time() - began) / (len(tellings) - 1), 3)

    parts = {
        "authentication": each(lambda telling: actor_for_token(prepared["token"])),
        "validation": each(check_telling),
        "grid_lookup": each(lambda telling: areas.located(telling.lon, telling.lat)),
        "classification": each(lambda telling: catalogue.classify(telling.text)),
        "words": each(lambda telling: lexemes(telling.text)),
        "whole_action": each(lambda telling: report_incident(by=by, telling=telling)),
    }
    connection.force_debug_cursor = True
    reset_queries()
    report_incident(by=by, telling=replace(tellings[0], client_uuid=uuid.uuid4()))
    queries = len(connection.queries)
    connection.force_debug_cursor = False
    return {"parts_ms": parts, "queries": queries}


def _measure(options: argparse.Namespace, url: str, port: int, prepared: dict, pid: int) -> dict[str, Any]:
    _load(port, prepared, seconds=3, connections=4)  # warm-up: caches, plans, code paths
    before = _count(url)
    steady = _load(port, prepared, seconds=options.seconds, connections=4, rate=20)
    mid_cpu = _cpu_seconds(pid, url)
    full = _load(port, prepared, seconds=options.seconds, connections=options.connections)
    after, cpu_after = _count(url), _cpu_seconds(pid, url)
    answers = steady["created"] + full["created"]
    created = max(1, full["created"])
    bare = _pgbench(url, options)
    return {
        "connections": options.connections,
        "seconds": options.seconds,
        "per_second": round(full["created"] / full["seconds"], 1),
        "p50_ms": full["p50"],
        "p95_ms": full["p95"],
        "p99_ms": full["p99"],
        "at_20_per_second": {"p50_ms": steady["p50"], "p95_ms": steady["p95"], "p99_ms": steady["p99"]},
        "errors": steady["errors"] + full["errors"],
        "answers": answers,
        "rows": after - before,
        "rows_equal_answers": answers == after - before,
        "cpu_ms_per_report": {
            "web": round(1000 * (cpu_after["web"] - mid_cpu["web"]) / created, 2),
            "database": round(1000 * (cpu_after["database"] - mid_cpu["database"]) / created, 2),
            "load": round(1000 * full["cpu"] / created, 2),
        },
        "parts_ms": prepared["parts_ms"],
        "queries_per_report": prepared["queries"],
        "pgbench_two_inserts_per_second": bare,
        "share_of_pgbench": round(full["created"] / full["seconds"] / bare, 3) if bare else None,
        "fsync": True,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/openapi.json", timeout=5).read()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("压测用的网页进程没有在 60 秒内就绪")


def _load(
    port: int, prepared: dict, *, seconds: float, connections: int, rate: float = 0.0
) -> dict[str, Any]:
    """Keep-alive connections, each a thread with a raw socket; `rate` paces all of them together (0: no pause)."""
    took: list[float] = []
    errors: list[int] = []
    lock = threading.Lock()
    began, cpu = time.monotonic(), time.process_time()
    end = began + seconds

    def one(number: int) -> None:
        draw = random.Random(number + int(seconds * 1000) + connections)
        sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = sock.makefile("rb")
        mine, bad = [], []
        turn = began + number / rate if rate else 0.0
        while time.monotonic() < end:
            if rate:
                time.sleep(max(0.0, turn - time.monotonic()))
                turn += connections / rate
            body = _body(draw, prepared)
            start = time.monotonic()
            sock.sendall(_head(prepared, len(body)) + body)
            status = _read(reader)
            mine.append(time.monotonic() - start)
            if status != 201:
                bad.append(status)
        sock.close()
        with lock:
            took.extend(mine)
            errors.extend(bad)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    spent = time.monotonic() - began
    return {
        "created": len(took) - len(errors),
        "errors": len(errors),
        "seconds": spent,
        "cpu": time.process_time() - cpu,
        **{
            f"p{p}": round(1000 * took[min(len(took) - 1, len(took) * p // 100)], 1) if took else None
            for p in PERCENTILES
        },
    }


def _head(prepared: dict, length: int) -> bytes:
    return (
        "POST /api/v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {prepared['token']}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def _body(draw: random.Random, prepared: dict) -> bytes:
    west, south, east, north = prepared["box"]
    return json.dumps(
        {
            "client_uuid": str(uuid.UUID(int=draw.getrandbits(128), version=4)),
            "description": draw.choice(prepared["texts"]),
            "class": draw.choice(CLASSES),
            "location": {"lon": draw.uniform(west, east), "lat": draw.uniform(south, north)},
        }
    ).encode()


def _read(reader: Any) -> int:
    status = int(reader.readline().split()[1])
    length = 0
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    reader.read(length)
    return status


def _query(url: str, sql: str) -> Any:
    with psycopg.connect(url) as direct:
        return direct.execute(sql).fetchone()[0]  # type: ignore[index]


def _count(url: str) -> int:
    """Reports that have their incident, order, ledger entry and fact."""
    return int(
        _query(
            url,
            "SELECT least((SELECT count(*) FROM incidents_report), (SELECT count(*) FROM incidents_incident),"
            " (SELECT count(*) FROM dispatch_workorder), (SELECT count(DISTINCT subject) FROM ledger_entry),"
            " (SELECT count(*) FROM bus_fact WHERE name = 'incidents.ReportReceived'))",
        )
    )


def _cpu_seconds(web: int, url: str) -> dict[str, float]:
    """CPU seconds used so far by the web processes and the database's."""

    def used(root: psutil.Process) -> float:
        total = 0.0
        for process in [root, *root.children(recursive=True)]:
            try:
                times = process.cpu_times()
                total += times.user + times.system
            except psutil.NoSuchProcess:
                continue
        return total

    with psycopg.connect(url) as direct:
        backend = direct.execute("SELECT pg_backend_pid()").fetchone()
        master = psutil.Process(int(backend[0])).parent() if backend else None
    return {"web": used(psutil.Process(web)), "database": used(master) if master else 0.0}


def _pgbench(url: str, options: argparse.Namespace) -> float | None:
    """Transactions a second of two bare inserts, same database, same connections, same run."""
    with psycopg.connect(url, autocommit=True) as direct:
        direct.execute("CREATE TABLE bench_a (id bigserial PRIMARY KEY, words text)")
        direct.execute("CREATE TABLE bench_b (id bigserial PRIMARY KEY, words text)")
    script = Path(tempfile.mkstemp(suffix=".sql")[1])
    script.write_text(
        "BEGIN;\nINSERT INTO bench_a(words) VALUES ('x');\nINSERT INTO bench_b(words) VALUES ('x');\nCOMMIT;\n"
    )
    command = [
        sys.executable,
        "-m",
        "linli",
        "pgbench",
        "-n",
        "-f",
        str(script),
        "-c",
        str(options.connections),
    ]
    command += ["-j", "2", "-T", str(max(5, int(options.seconds / 2)))]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    script.unlink()
    for line in said.splitlines():
        if line.startswith("tps ="):
            return float(line.split()[2])
    return None
