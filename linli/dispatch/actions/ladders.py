"""The ladder speaks: rungs are claimed by `next_rung_at`, so a clock that moves takes its rungs along."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from linli.dispatch import clocks, facts, rules
from linli.dispatch.actions.steps import Said, fact, move_row
from linli.dispatch.models import Rung, WorkOrder
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import Deed, record_many


@transaction.atomic
def fire_rungs(now: datetime | None = None, limit: int = 200) -> int:
    """Fires every rung that is due, each once, whatever the number of workers. Returns how many orders spoke."""
    now = now or timezone.now()
    orders = list(
        WorkOrder.objects.select_for_update(skip_locked=True)
        .filter(next_rung_at__lte=now)
        .order_by("next_rung_at")[:limit]
    )
    fired, moves, told, deeds = [], [], [], []
    for order in orders:
        ladder = clocks.rungs(order)
        while order.next_rung_at and order.next_rung_at <= now and order.rung < len(ladder):
            rung = ladder[order.rung]
            fired.append(
                Rung(order=order, stage=order.stage, round=order.round, rung=order.rung, fired_at=now)
            )
            moves.append(_move(order, rung, now))
            told.append(fact(facts.OrderEscalated, order, stage=order.stage, rung=order.rung, act=rung.act))
            if rung.share == 1.0:
                told.append(fact(facts.OrderOverdue, order, stage=order.stage))
            deeds.append(
                Deed(
                    order.subject,
                    f"order.{rung.act}",
                    SYSTEM.ref,
                    {"order": order.pk, "stage": order.stage, "rung": order.rung},
                )
            )
            order.rung += 1
            clocks.set_next_rung(order)
        if order.rung >= len(ladder):
            order.next_rung_at = None
    Rung.objects.bulk_create(fired, ignore_conflicts=True)
    for move in moves:
        move.save(force_insert=True)
    WorkOrder.objects.bulk_update(orders, ["rung", "next_rung_at"])
    if told:
        tell(*told)
        record_many(deeds)
    return len(orders)


ACTS = {
    "nudge": "nudge",
    "remind": "remind",
    "supervise": "supervise",
    "level_up": "escalate",
    "red_list": "escalate",
}


def _move(order: WorkOrder, rung: rules.RungRule, now: datetime):  # type: ignore[no-untyped-def]
    share = f"已用时 {rung.share:.0%}" if rung.share is not None else f"已过 {rung.seconds} 秒"
    said = Said(text=share, data={"act": rung.act, "who": list(rung.who), "stage": order.stage})
    return move_row(order, ACTS.get(rung.act, rung.act), order.state, SYSTEM, now, said)
