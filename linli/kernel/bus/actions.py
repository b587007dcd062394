"""Telling facts, relaying them to their reactions, running a reaction once."""

import json
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from linli.kernel.actor import Actor, require
from linli.kernel.bus import registry
from linli.kernel.bus.models import Delivery, Fact, TimerRun
from linli.kernel.inserts import insert_all, new_row
from linli.kernel.ledger.actions import record

log = logging.getLogger(__name__)
LIVE_CHANNEL = "linli_live"
REACT = "bus.react_to"  # the task of jobs.react_to
AT_ONCE = 25  # reactions a job; a job costs the queue several milliseconds whatever it holds
TRIES = 6  # then a delivery is parked with its reason


def tell(*facts: Any) -> None:
    """Writes one row a fact in the caller's transaction, in one statement, and nothing else (house.md section 4)."""
    insert_all(rows_for(*facts))


def rows_for(*facts: Any) -> list[Fact]:
    """The unsaved rows of some facts, for a caller that writes them together with rows of its own."""
    now = timezone.now()
    return [new_row(Fact, name=registry.name_of(type(fact)), body=_body(fact), at=now) for fact in facts]


def _body(fact: Any) -> dict[str, Any]:
    """A fact's own fields, one level deep; `dataclasses.asdict` copies every value and is ten times as slow."""
    return {name: getattr(fact, name) for name in fact.__dataclass_fields__}


@transaction.atomic
def relay(limit: int = 200) -> int:
    """Claims undelivered facts, queues their reactions and tells the live stream once. Returns how many facts."""
    registry.load()
    facts = list(
        Fact.objects.select_for_update(skip_locked=True).filter(delivered=None).order_by("id")[:limit]
    )
    if not facts:
        return 0
    deliveries = Delivery.objects.bulk_create(
        [Delivery(fact=fact, reaction=label) for fact in facts for label in registry.reactions_to(fact.name)]
    )
    queue([delivery.pk for delivery in deliveries])
    Fact.objects.filter(pk__in=[fact.pk for fact in facts]).update(delivered=timezone.now())
    _announce(facts)
    return len(facts)


def queue(deliveries: Sequence[int]) -> None:
    """Queues reactions in the caller's transaction, `AT_ONCE` a job; by name, since jobs stand above actions."""
    if deliveries:
        react_to = app.configure_task(REACT, queue="facts")
        parts: list[dict[str, Any]] = [
            {"deliveries": list(deliveries[i : i + AT_ONCE])} for i in range(0, len(deliveries), AT_ONCE)
        ]
        react_to.batch_defer(*parts)


def _announce(facts: list[Fact]) -> None:
    """One NOTIFY a batch; PostgreSQL caps a payload at 8,000 bytes, so a batch may be cut into several."""
    items = [{"id": fact.pk, "fact": fact.name, **_public(fact.body)} for fact in facts]
    with connection.cursor() as cursor:
        for start in range(0, len(items), 25):
            cursor.execute("SELECT pg_notify(%s, %s)", [LIVE_CHANNEL, json.dumps(items[start : start + 25])])


def _public(body: dict[str, Any]) -> dict[str, Any]:
    """What may travel to a browser: ids, codes and classes; never text."""
    return {
        name: body[name]
        for name in ("subject", "area", "unit", "order", "incident", "kind", "urgency")
        if name in body
    }


def react(delivery_id: int) -> str:
    """Runs one reaction in one transaction with its mark. Returns done, gone, again or parked."""
    try:
        with transaction.atomic():
            rows = Delivery.objects.select_for_update(of=("self",)).select_related(
                "fact"
            )  # the fact is shared
            delivery = rows.get(pk=delivery_id)
            if delivery.state != "queued":
                return "gone"  # done by another run of this job, or parked meanwhile
            fact = registry.rebuild(delivery.fact.name, delivery.fact.body)
            registry.reaction(delivery.fact.name, delivery.reaction)(fact)
            Delivery.objects.filter(pk=delivery_id).update(state="done", done_at=timezone.now(), reason="")
        return "done"
    except Delivery.DoesNotExist:
        return "gone"
    except Exception as why:
        log.exception("reaction %s failed", delivery_id)
        return _count_failure(delivery_id, why)


@transaction.atomic
def _count_failure(delivery_id: int, why: Exception) -> str:
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
    if delivery.state != "queued":
        return "gone"
    delivery.attempts += 1
    delivery.reason = f"{type(why).__name__}: {why}"[:2000]
    delivery.state = "parked" if delivery.attempts >= TRIES else "queued"
    delivery.save(update_fields=["attempts", "reason", "state"])
    return "parked" if delivery.state == "parked" else "again"


@transaction.atomic
def run_again(*, by: Actor, delivery: int) -> None:
    """Puts a parked reaction back in the queue; an administrator's act."""
    require(by, "bus.retry", area=settings.LINLI_COUNTY)
    if Delivery.objects.filter(pk=delivery, state="parked").update(state="queued", attempts=0):
        queue([delivery])
        record(subject=f"bus.delivery:{delivery}", verb="run_again", by=by)


NOTED = timedelta(seconds=10)  # how often a timer that fares well writes its row


def run_timer(timer: registry.Timer) -> object:
    """Runs a timer and keeps how it fared. What it raises goes on to the caller, after it was noted."""
    began = time.monotonic()
    try:
        done = timer.run()
    except Exception as why:
        _note(timer.name, began, f"{type(why).__name__}: {why}"[:2000])
        raise
    _note(timer.name, began, "")
    return done


def _note(name: str, began: float, reason: str) -> None:
    """One small row a timer: at most every ten seconds, at once on failure and on recovery."""
    now, took = timezone.now(), int((time.monotonic() - began) * 1000)
    rows = TimerRun.objects.filter(pk=name)
    if reason:
        changed = rows.update(ran=now, took_ms=took, failed=now, reason=reason)
    elif rows.filter(ran__gt=now - NOTED, failed=None).exists():
        return
    else:
        changed = rows.update(ran=now, took_ms=took, failed=None, reason="")
    if not changed:
        failed = now if reason else None
        row = TimerRun(name=name, ran=now, took_ms=took, failed=failed, reason=reason)
        TimerRun.objects.bulk_create([row], ignore_conflicts=True)
