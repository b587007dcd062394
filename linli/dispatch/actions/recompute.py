"""Due moments counted anew when the calendar under them changed: a notice published, a day corrected, other hours."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from linli.dispatch import clocks
from linli.dispatch.actions.steps import Said, move_row
from linli.dispatch.models import OPEN, Ask, Move, WorkOrder
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.deadlines.queries import calendar_for, look_again
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.ledger.actions import Deed, record_many

AT_ONCE = 500  # orders locked and written together


def due_again(order: WorkOrder, extensions: Iterable[Ask]) -> datetime:
    """The end of the running stage by the calendar as it is now, with what was granted since it began, in the order it was granted."""
    calendar = calendar_for(order.county)
    at = deadlines.due(order.stage_from, deadlines.Limit.parse(order.limit), calendar).at
    later: list[tuple[datetime, Ask | deadlines.Pause]] = [
        (ask.decided_at, ask) for ask in extensions if ask.decided_at and ask.decided_at >= order.stage_from
    ]
    later += [(pause.until, pause) for pause in clocks.pauses(order) if pause.until]
    for moment, one in sorted(later, key=lambda pair: pair[0]):
        if isinstance(one, Ask):
            at = deadlines.due(at, deadlines.Limit.parse(one.limit), calendar).at
        else:
            at = clocks.after_pause(at, since=one.at, until=moment, limit=order.limit, county=order.county)
    return at


def recompute_dues(
    *, by: Actor = SYSTEM, area: str = "", since: date, until: date | None = None, why: str
) -> int:
    """Counts anew the running stages that lie across the days `since` to `until` (open-ended when None).

    `area` is the code whose calendar changed. Each order that moved gets a step in its timeline and an entry in the
    record saying why; its version stays, so that what a phone queued meanwhile is still welcome. Asked again it finds
    nothing to do. Returns how many moved.
    """
    look_again()
    rows = WorkOrder.objects.filter(
        state__in=OPEN, due_at__gte=datetime.combine(since, time(), SHANGHAI)
    ).exclude(limit="")
    if until is not None:
        rows = rows.filter(stage_from__lt=datetime.combine(until + timedelta(days=1), time(), SHANGHAI))
    if area:
        rows = rows.filter(county=area[:6])
    numbers = list(rows.order_by("id").values_list("id", flat=True))
    return sum(_some(by, numbers[start : start + AT_ONCE], why) for start in range(0, len(numbers), AT_ONCE))


@transaction.atomic
def _some(by: Actor, numbers: list[int], why: str) -> int:
    orders = WorkOrder.objects.select_for_update().filter(pk__in=numbers, state__in=OPEN).order_by("id")
    granted: dict[int, list[Ask]] = {}
    for ask in Ask.objects.filter(order__in=numbers, state="granted", what="extend"):
        granted.setdefault(ask.order_id, []).append(ask)
    now, moved, steps, deeds = timezone.now(), [], [], []
    for order in orders:
        before = order.due_at
        order.due_at = due_again(order, granted.get(order.pk, ()))
        if order.due_at == before:
            continue
        clocks.set_next_rung(order)
        moved.append(order)
        steps.append(_step(by, order, before, now, why))
        fields = {"order": order.pk, "before": before.isoformat(), "after": order.due_at.isoformat()}
        deeds.append(Deed(order.subject, "order.recompute", by.ref, {**fields, "why": why[:200]}))
    WorkOrder.objects.bulk_update(moved, ["due_at", "next_rung_at"])
    Move.objects.bulk_create(steps)
    record_many(deeds)
    return len(moved)


def _step(by: Actor, order: WorkOrder, before: datetime, now: datetime, why: str) -> Move:
    words = [f"{at.astimezone(SHANGHAI):%Y年%-m月%-d日 %H:%M}" for at in (before, order.due_at)]
    text = f"时限重算：由 {words[0]} 改为 {words[1]}。{why}"
    data = {"recomputed": {"before": before.isoformat(), "after": order.due_at.isoformat()}}
    return move_row(order, "note", order.state, by, now, Said(text=text, data=data))
