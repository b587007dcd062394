"""Background work in procrastinate: reactions, daily jobs, and whatever a room defers."""

import importlib
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from linli.kernel.bus import actions, registry, rules
from linli.kernel.bus.models import Delivery, Fact, TimerRun
from linli.kernel.bus.registry import daily, every
from linli.kernel.ledger import actions as ledger

log = logging.getLogger(__name__)
LOST = timedelta(minutes=10)  # a queued reaction that no job holds for so long has lost its job


class Unfinished(Exception):
    """Some reaction of the job failed and wants another try."""


@app.task(
    name=actions.REACT,
    queue="facts",
    retry=RetryStrategy(max_attempts=actions.TRIES + 2, exponential_wait=3),
)
def react_to(deliveries: list[int]) -> None:
    """Each reaction in a transaction of its own: a job that dies half way runs again and skips what is done."""
    registry.load()
    outcomes = [actions.react(delivery) for delivery in deliveries]
    if "again" in outcomes:
        raise Unfinished(f"{outcomes.count('again')} of {len(deliveries)}")


@app.task(name="bus.run", queue="work", retry=RetryStrategy(max_attempts=4, exponential_wait=5))
def run(function: str, arguments: dict) -> None:
    """Runs a room's background function by its dotted name; see `defer`."""
    module, _, name = function.rpartition(".")
    getattr(importlib.import_module(module), name)(**arguments)


def defer(function: str, **arguments: object) -> None:
    """Queues `linli.<room>.jobs.<name>` in the caller's transaction; arguments must be JSON values.

    It runs at least once (again after a crash, up to five tries with back-off), so it must bear being run twice.
    """
    defer_to("work", function, **arguments)


def defer_to(queue: str, function: str, /, **arguments: object) -> None:
    """`defer` into a queue that a process of its own works off (`linli ocr`); the worker leaves it alone."""
    if not function.startswith("linli.") or ".jobs." not in function:
        raise ValueError(f"{function} is not a room's job")
    run.configure(queue=queue, task_kwargs={"function": function, "arguments": arguments}).defer()


def drain(limit: int = 10_000) -> int:
    """Relays and runs all waiting reactions here and now, for tests, imports and replays. Returns how many ran."""
    ran = 0
    while ran < limit:
        relayed = actions.relay()
        waiting = list(
            Delivery.objects.filter(state="queued").order_by("id").values_list("id", flat=True)[:500]
        )
        if not waiting and not relayed:
            return ran
        for delivery in waiting:
            actions.react(delivery)
            ran += 1
    return ran


@every(20)
def start_daily(now: datetime | None = None) -> int:
    """Queues each daily timer whose hour has come, once whatever the number of workers; a missed day is caught up.

    Not procrastinate's own cron: that one counts in UTC and forgets what came due while no worker was up.
    """
    now, started = now or timezone.now(), 0
    for timer in registry.timers():
        if timer.at:
            started += _start_one(timer, now)
    return started


@transaction.atomic
def _start_one(timer: registry.Timer, now: datetime) -> int:
    TimerRun.objects.bulk_create(
        [TimerRun(name=timer.name, ran=now)], ignore_conflicts=True
    )  # first seen: not yet due
    row = TimerRun.objects.select_for_update(skip_locked=True).filter(pk=timer.name).first()
    if row is None or not rules.due_daily(timer.at, row.ran, now):
        return 0
    row.ran = now
    row.save(update_fields=["ran"])
    run_daily.defer(name=timer.name)
    return 1


@app.task(name="bus.run_daily", queue="work", retry=RetryStrategy(max_attempts=3, exponential_wait=10))
def run_daily(name: str) -> None:
    """Runs a daily timer by name; how it fared is kept for the administrator's page."""
    registry.load()
    timer = {timer.name: timer for timer in registry.timers()}.get(name)
    if timer is None:
        raise LookupError(f"daily job {name} is gone")
    actions.run_timer(timer)


@every(60)
@transaction.atomic
def rescue() -> int:
    """Reactions whose job was lost (killed too often, deleted by hand): queued anew, two tries poorer."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT d.id FROM bus_delivery d JOIN bus_fact f ON f.id = d.fact_id
               WHERE d.state = 'queued' AND f.delivered < %s AND NOT EXISTS (
                 SELECT 1 FROM procrastinate_jobs j WHERE j.task_name = 'bus.react_to'
                 AND j.status IN ('todo', 'doing') AND j.args->'deliveries' @> to_jsonb(d.id))
               ORDER BY d.id LIMIT 200 FOR UPDATE OF d SKIP LOCKED""",
            [timezone.now() - LOST],
        )
        lost = [row[0] for row in cursor.fetchall()]
    again = []
    for delivery in Delivery.objects.filter(pk__in=lost):
        delivery.attempts += 2
        if delivery.attempts >= actions.TRIES:
            delivery.state, delivery.reason = "parked", delivery.reason or "工作进程多次中断，未能执行完"
        else:
            again.append(delivery.pk)
        delivery.save(update_fields=["attempts", "state", "reason"])
    actions.queue(again)
    return len(lost)


@daily("03:40")
def prune() -> int:
    """Deletes facts delivered, and all their reactions done, longer ago than LINLI_BUS_DAYS (30); failed jobs too."""
    days = getattr(settings, "LINLI_BUS_DAYS", 30)
    before, gone = timezone.now() - timedelta(days=days), 0
    while True:
        old = Fact.objects.filter(delivered__lt=before).exclude(deliveries__state__in=["queued", "parked"])
        batch = list(old.order_by("delivered").values_list("id", flat=True)[:5000])
        if not batch:
            break
        Delivery.objects.filter(fact__in=batch).delete()
        gone += Fact.objects.filter(pk__in=batch).delete()[0]
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM procrastinate_jobs j WHERE j.status NOT IN ('todo', 'doing') AND NOT EXISTS
               (SELECT 1 FROM procrastinate_events e WHERE e.job_id = j.id AND e.at > %s)""",
            [before],
        )
    return gone


@every(1)
def sequence_ledger() -> int:
    """The ledger's sequencer: gives waiting entries their places within seconds; one worker at a time."""
    placed = ledger.sequence()
    while placed and placed % 2000 == 0 and (more := ledger.sequence()):
        placed += more
    return placed
