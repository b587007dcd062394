"""What somebody has in hand here, for signed hand-over lists and for closing a unit."""

from collections.abc import Iterator, Sequence

from linli.kernel.actor import SYSTEM
from linli.kernel.ledger.actions import Deed, record_many
from linli.onestop.models import Task
from linli.onestop.placing import kept_out_of, place


def held_by_account(account: int) -> Iterator[tuple[int, str]]:
    rows = Task.objects.filter(holder=account, state="open").select_related("application").order_by("due_at")
    for task in rows:
        yield task.pk, f"{task.application.number} {task.name}"


def move_tasks(account_from: int, account_to: int, ids: Sequence[int | str]) -> None:
    """To the receiver; where they are kin of the case, to whoever else holds the post."""
    rows = Task.objects.select_for_update(of=("self",)).select_related("application", "application__person")
    deeds = []
    for task in rows.filter(pk__in=ids, holder=account_from, state="open"):
        out = kept_out_of(task.application)
        if account_to in out:
            where = place(task.role, task.application.area, out | {account_from})
            task.unit, task.holder_id, task.placed = where.unit, where.holder, where.placed
        else:
            task.holder_id, task.placed = account_to, "holder"
        task.save(update_fields=["unit", "holder", "placed"])
        fields = {"task": task.pk, "before": account_from, "after": task.holder_id or 0}
        deeds.append(Deed(task.application.subject, "onestop.hand_over", SYSTEM.ref, fields))
    record_many(deeds)


def held_by_unit(unit: str) -> int:
    return Task.objects.filter(unit=unit, state="open").count()
