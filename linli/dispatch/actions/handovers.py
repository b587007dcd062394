"""交接: a signed hand-over list of areas moves open orders and duty shifts from one person to another."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from linli.dispatch.actions.steps import Said, locked, move_row
from linli.dispatch.models import Duty, WorkOrder
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record


def open_orders(account: int) -> list[tuple[int, str]]:
    """Open orders named to this person: (id, title); private ones without their title."""
    rows = WorkOrder.objects.filter(person=account, done_at=None).order_by("due_at", "id")
    return [(row.pk, "保密工单" if row.private else row.title) for row in rows.only("id", "title", "private")]


@transaction.atomic
def hand_over_orders(
    account_from: int, account_to: int, orders: Sequence[int | str], by: Actor = SYSTEM
) -> None:
    """Gives these open orders to the other person as they stand: state and clocks run on, the timeline says so."""
    giver, taker = (Account.objects.get(pk=account).name for account in (account_from, account_to))
    now = timezone.now()
    for number in orders:
        row = locked(int(number))
        if row.person_id != account_from or not row.open:
            continue
        row.person_id = account_to
        row.version += 1
        row.save(update_fields=["person", "version"])
        said = Said(text=f"由{giver}移交{taker}", data={"from": account_from, "to": account_to})
        move_row(row, "reassign", row.state, by, now, said).save(force_insert=True)
        record(
            subject=row.subject,
            verb="order.hand_over",
            by=by,
            fields={"order": row.pk, "from": account_from, "to": account_to},
        )


def open_duties(account: int) -> list[tuple[int, str]]:
    """Duty shifts not over yet: (id, post and time)."""
    rows = Duty.objects.filter(person=account, end__gt=timezone.now()).order_by("start")
    return [(row.pk, f"{row.post} {timezone.localtime(row.start):%m月%d日 %H:%M} 起") for row in rows]


def hand_over_duties(account_from: int, account_to: int, duties: Sequence[int | str]) -> None:
    """The shifts' person becomes the other one."""
    numbers = [int(number) for number in duties]
    Duty.objects.filter(pk__in=numbers, person=account_from).update(person=account_to)


def held_by_unit(unit: str) -> int:
    """How many open orders a unit still has in hand: it cannot be closed before they are placed elsewhere."""
    return WorkOrder.objects.filter(unit=unit, done_at=None).count()
