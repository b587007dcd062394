"""What an administrator sees of the bus."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from linli.kernel.actor import Actor, require
from linli.kernel.bus import registry
from linli.kernel.bus.models import Delivery, Fact, TimerRun


@dataclass(frozen=True, slots=True)
class TimerState:
    """A timer as the page shows it; `ran` is None when it never ran, `reason` is "" while it fares well."""

    name: str
    rhythm: str
    ran: datetime | None
    took_ms: int
    failed: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits: facts not relayed yet, reactions queued, reactions parked, live workers."""

    undelivered: int
    queued: int
    parked: int
    workers: int


def parked(viewer: Actor) -> QuerySet[Delivery]:
    """Reactions that gave up, newest first, with their facts."""
    require(viewer, "bus.view")
    return Delivery.objects.filter(state="parked").select_related("fact").order_by("-id")


def timers(viewer: Actor) -> list[TimerState]:
    """Every timer of this program and how it fared lately."""
    require(viewer, "bus.view")
    registry.load()
    runs = TimerRun.objects.in_bulk()
    states = []
    for timer in sorted(registry.timers(), key=lambda timer: timer.name):
        rhythm = f"每天 {timer.at}" if timer.at else f"每 {timer.seconds:g} 秒"
        run = runs.get(timer.name)
        one = (run.ran, run.took_ms, run.failed, run.reason) if run else (None, 0, None, "")
        states.append(TimerState(timer.name.removeprefix("linli."), rhythm, *one))
    return states


def backlog(viewer: Actor) -> Backlog:
    """What waits now."""
    require(viewer, "bus.view")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 s'"
        )
        workers = cursor.fetchone()[0]
    return Backlog(
        Fact.objects.filter(delivered=None).count(),
        Delivery.objects.filter(state="queued").count(),
        Delivery.objects.filter(state="parked").count(),
        workers,
    )
