"""`linli bench lists`: work lists, near-by and search over a million incidents; statements counted, times in ms.

Each list is asked as its own people ask it (county desk, town desk, grid worker, department, checker), first page of
100 rows, rows read to the end. The board has a bench of its own (`linli bench board`).
"""

import argparse
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection, reset_queries

from linli.areas.models import Area
from linli.dispatch import queries as orders
from linli.incidents import proving, queries
from linli.incidents.actions import report_incident
from linli.incidents.actions.duplicates import near_by
from linli.incidents.models import Incident
from linli.incidents.rules import Telling
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.identity.models import Account
from linli.kernel.search.queries import page

needs_database = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """p95 in ms and statements of every list, of search and near-by, and of one create."""
    prepared = proving.county()
    began = time.monotonic()
    rows = proving.million(options.rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    built = time.monotonic() - began
    people = _people(prepared["grids"])
    answers = {name: _measure(work, options.rounds) for name, work in _lists(people, prepared).items()}
    words = {
        word: _measure(lambda word=word: page(queries.seen(people["desk"]), word).rows, options.rounds)
        for word in ("垃圾", "路灯", "井盖", "学校", "苍蝇")
    }
    return {
        "rows": rows,
        "built_seconds": round(built, 1),
        "lists": answers,
        "search": words,
        "nearby_250m": _measure(_near(options.rounds), options.rounds),
        "create": _create(people["worker"]),
        "worst_list_p95_ms": max(answer["p95_ms"] for answer in answers.values()),
        "most_statements": max(answer["statements"] for answer in answers.values()),
        "worst_search_p95_ms": max(answer["p95_ms"] for answer in words.values()),
    }


def _people(grids: list[str]) -> dict[str, Actor]:
    """One of each who has a list."""
    posts = {
        "desk": ("dispatcher", grids[0][:6], ""),
        "town": ("duty_officer", grids[0][:9], ""),
        "worker": ("grid_worker", grids[0], ""),
        "officer": ("officer", grids[0][:6], f"{grids[0][:6]}-CG"),
        "checker": ("checker", grids[0][:6], ""),
    }
    people = {}
    for name, (role, area, unit) in posts.items():
        account = Account.objects.create(username=f"bench-{name}", name=name)
        Grant.objects.create(account=account, role_id=role, area=area, unit=unit)
        people[name] = actor_for(account.pk, name=name)
    return people


def _lists(people: dict[str, Actor], prepared: dict[str, Any]) -> dict[str, Callable[[], object]]:
    lists: dict[str, Callable[[], object]] = {}
    for who in ("desk", "town", "worker", "officer"):
        actor = people[who]
        lists[f"open_incidents.{who}"] = lambda actor=actor: list(queries.open_incidents(actor)[:100])
        lists[f"history.{who}"] = lambda actor=actor: list(queries.seen(actor).order_by("-id")[:100])
        lists[f"orders.{who}"] = lambda actor=actor: list(
            orders.seen(actor).filter(done_at=None).order_by("due_at", "id")[:100]
        )
    lists["triage.desk"] = lambda: list(queries.triage_queue(people["desk"])[:100])
    lists["triage.town"] = lambda: list(queries.triage_queue(people["town"])[:100])
    lists["check.checker"] = lambda: list(queries.check_queue(people["checker"])[:100])
    lists["work.worker"] = lambda: list(orders.work_list(people["worker"])[:100])
    lists["unit.officer"] = lambda: list(orders.unit_list(people["officer"])[:100])
    lists["to_dispatch.desk"] = lambda: list(orders.to_dispatch(people["desk"])[:100])
    return lists


def _near(rounds: int) -> Callable[[], object]:
    """A near-by query at a new place each time."""
    draw = random.Random(5)
    centres = [
        (a.east, a.north) for a in Incident.objects.filter(east__isnull=False).order_by("-id")[: rounds * 20]
    ]
    return lambda: list(
        near_by(*draw.choice(centres), 250.0).order_by("-id").values_list("id", flat=True)[:100]
    )


def _create(worker: Actor) -> dict[str, Any]:
    grid = Area.objects.get(code=worker.grants[0].area)
    place = grid.outline["coordinates"][0][0]

    def one() -> object:
        return report_incident(
            by=worker,
            telling=Telling(
                text="小区门口垃圾没人清", sender="bench", client_uuid=uuid.uuid4(), lon=place[0] + 1e-4, lat=place[1] + 1e-4,
                class_said="sr.litter", channel="grid",
            ),
        )  # fmt: skip

    return _measure(one, 40)


def _measure(work: Callable[[], object], rounds: int) -> dict[str, Any]:
    work()
    connection.force_debug_cursor = True
    reset_queries()
    work()
    statements = len(connection.queries)
    connection.force_debug_cursor = False
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    return {
        "p50_ms": round(took[len(took) // 2], 2),
        "p95_ms": round(took[int(len(took) * 0.95)], 2),
        "statements": statements,
    }
