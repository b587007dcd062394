"""`linli bench onestop`: department lists, lights by town, on-time rates, one step, and the bytes a case takes.

200,000 cases and about 800,000 tasks over 32 towns and three years, along the routes of the editions in force.
"""

import argparse
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, reset_queries
from django.utils import timezone

from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.identity.models import Account
from linli.onestop import actions, proving, queries, queries_rates
from linli.onestop.actions import rates
from linli.onestop.models import Application, Rate, Task
from linli.onestop.paying import add_months

needs_database = True
STATE = ("application", "member", "slot", "task", "decision")  # what a case is
RECORD = ("onestop_lookup", "dispatch_move")  # what is kept of how it came about


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--steps", type=int, default=200)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """p95 in ms and statements of every list, CPU of a step, bytes of a case, the roll-up against its recount."""
    began = time.monotonic()
    towns = proving.county()
    rows = proving.cases(options.cases, towns)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    built = time.monotonic() - began
    people = _people(towns)
    lists = {name: measure(work, options.rounds) for name, work in _lists(people).items()}
    lights = {
        who: measure(lambda who=who: queries_rates.lights_by_town(people[who]), options.rounds)
        for who in ("supervisor", "town")
    }
    before = _roll_up()
    figures = {
        "rows": rows,
        "open_tasks": Task.objects.filter(state="open").count(),
        "under_way": Application.objects.filter(state="accepted").count(),
        "built_seconds": round(built, 1),
        "lists": lists,
        "lights": lights,
        "rates": _rates(people["supervisor"], options.rounds),
        "roll_up": before,
        "bytes_a_case": _bytes(rows["applications"]),
        "step": _step(options.steps),
        "worst_list_p95_ms": max(one["p95_ms"] for one in lists.values()),
        "worst_lights_p95_ms": max(one["p95_ms"] for one in lights.values()),
    }
    return figures


def _people(towns: list[str]) -> dict[str, Actor]:
    """One of each who has a list."""
    supervisor = Account.objects.create(username="bench-supervisor", name="督查")
    Grant.objects.create(account=supervisor, role_id="supervisor", area=proving.COUNTY)
    names = {
        "town": f"{towns[0]}-ZX.officer.0",
        "window": f"{towns[0]}-ZX.window_clerk.3",
        "civil": f"{proving.COUNTY}-MZ.officer.0",
        "market": f"{proving.COUNTY}-SC.officer.0",
        "village": f"{towns[0]}001-CUN.community_clerk.0",
    }
    found = {who: Account.objects.get(username=name) for who, name in names.items()} | {
        "supervisor": supervisor
    }
    return {who: actor_for(account.pk, name=account.name) for who, account in found.items()}


def _lists(people: dict[str, Actor]) -> dict[str, Callable[[], object]]:
    """First pages as the offices' pages and the API read them: 50 rows, with their case, item and holder."""
    lists: dict[str, Callable[[], object]] = {}
    for who in ("town", "civil", "market", "village"):
        actor = people[who]
        lists[f"department.{who}"] = lambda actor=actor: list(queries.tasks_seen(actor)[:50])
        lists[f"own.{who}"] = lambda actor=actor: list(queries.my_tasks(actor)[:50])
    for who in ("town", "civil", "market", "supervisor"):
        actor = people[who]
        lists[f"cases.{who}"] = lambda actor=actor: list(queries.applications_seen(actor)[:50])
    lists["intake.window"] = lambda: list(queries.intake_list(people["window"])[:50])
    lists["unowned.supervisor"] = lambda: list(queries.unowned_tasks(people["supervisor"])[:50])
    for light in ("red", "yellow", "green"):
        lists[f"lit.{light}"] = lambda light=light: list(
            queries_rates.cases_lit(people["supervisor"], light)[:50]
        )
    return lists


def _roll_up() -> dict[str, Any]:
    """Built whole, then the running month alone; the counts must be those of the cases."""
    began = time.perf_counter()
    rows = rates.rebuild()
    built = time.perf_counter() - began
    kept = sorted(Rate.objects.values_list("month", "street", "unit", "item", "decided", "promised"))
    began = time.perf_counter()
    rates.follow()
    return {
        "rows": rows,
        "rebuild_seconds": round(built, 2),
        "follow_ms": round(1000 * (time.perf_counter() - began), 1),
        "equal": kept
        == sorted(Rate.objects.values_list("month", "street", "unit", "item", "decided", "promised")),
    }


def _rates(viewer: Actor, rounds: int) -> dict[str, Any]:
    """A year by town, unit and item, three years by month; and the cases behind one number."""
    rates.rebuild()
    today = timezone.localdate()
    year, ever = add_months(today, -11), add_months(today, -36)
    asked: dict[str, Callable[[], object]] = {
        f"year.{by}": lambda by=by: queries_rates.on_time(viewer, year, today, by)  # type: ignore[misc]
        for by in ("street", "unit", "item__code")
    }
    asked["ever.month"] = lambda: queries_rates.on_time(viewer, ever, today, "month")
    late = f"{proving.COUNTY}001"
    asked["cases_behind"] = lambda: list(
        queries_rates.cases_behind(viewer, year, today, late="promised", street=late)[:50]
    )
    return {name: measure(work, rounds) for name, work in asked.items()}


def _bytes(cases: int) -> dict[str, Any]:
    """Rows and indexes told apart, of what a case is and of what is recorded about it."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for table in (*(f"onestop_{name}" for name in STATE), *RECORD):
            cursor.execute(f"SELECT pg_table_size('{table}'), pg_indexes_size('{table}')")
            rows, indexes = cursor.fetchone()
            found[table] = {"rows": round(rows / cases), "indexes": round(indexes / cases)}
    state = [found[f"onestop_{name}"] for name in STATE]
    engine = [found["onestop_application"], found["onestop_task"]]
    return found | {
        "state": {part: sum(one[part] for one in state) for part in ("rows", "indexes")},
        "state_total": sum(one["rows"] + one["indexes"] for one in state),
        "case_and_tasks_total": sum(one["rows"] + one["indexes"] for one in engine),
    }


def _step(count: int) -> dict[str, Any]:
    """`do_task` by each task's own holder: CPU of this process and of its database server, and time on the wall."""
    ready = Task.objects.filter(
        state="open", kind="desk", application__state="accepted", min_people=1, binding="",
        holder__isnull=False,
    ).exclude(step__in=["accept", "decide", "notice", "recheck"])  # fmt: skip
    numbers = list(ready.values_list("pk", "holder"))
    random.Random(7).shuffle(numbers)
    holders = {holder: actor_for(holder) for _, holder in numbers[: count + 5]}
    for task, holder in numbers[count : count + 5]:  # editions parsed, statements planned
        actions.do_task(by=holders[holder], task=task)
    ours, theirs, wall = time.process_time(), _server_cpu(), time.perf_counter()
    for task, holder in numbers[:count]:
        actions.do_task(by=holders[holder], task=task)
    done = len(numbers[:count])
    used, after = time.process_time() - ours, _server_cpu()
    return {
        "steps": done,
        "cpu_ms": round(1000 * used / done, 2),
        "database_cpu_ms": round(1000 * (after - theirs) / done, 2) if after >= 0 else None,
        "wall_ms": round(1000 * (time.perf_counter() - wall) / done, 2),
    }


def _server_cpu() -> float:
    """CPU seconds of the server process behind this connection; -1 where it is not on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()
    try:
        parts = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return -1.0
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def measure(work: Callable[[], object], rounds: int) -> dict[str, Any]:
    """Warmed up once; statements counted, then each round on the clock."""
    work()
    connection.force_debug_cursor = True
    reset_queries()
    work()
    statements, connection.force_debug_cursor = len(connection.queries), False
    took = sorted(_timed(work) for _ in range(rounds))
    return {
        "p50_ms": round(took[rounds // 2], 2),
        "p95_ms": round(took[int(rounds * 0.95)], 2),
        "statements": statements,
    }


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
