"""What comes back from the spot: the result of an order, and what a task does when its order moves."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from linli.dispatch.actions.steps import is_assignee
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor, can
from linli.onestop import orders, placing
from linli.onestop.actions import steps
from linli.onestop.actions.working import Surveyed, do_task
from linli.onestop.models import Application, Survey, Task


@transaction.atomic
def record_fieldwork(
    *, by: Actor, order: int, opinion: str = "agree", finding: str = "", reason: str = "",
    files: Sequence[int] = (), survey: Surveyed | None = None, at: datetime | None = None,
) -> Task:  # fmt: skip
    """The result of a survey or inspection: by whoever the order was given to; task and order close together.

    Raises Refused 403 for others and for kin, 404, 409 when the task has gone on, 422 as `do_task` does.
    """
    row = WorkOrder.objects.filter(pk=order).first()
    found = orders.task_of(row) if row else None
    if row is None or found is None:
        raise Refused("这张工单不是办件的外勤工单。", code="no_task", status=404)
    if not is_assignee(by, row):
        raise Refused("这张工单不是派给您的，不能办理。", code="not_assignee", status=403)
    case, found = steps.locked_task(found.pk)
    if found.state == "open" and row.state in ("done", "cancelled"):
        raise Refused("这张工单已经结束，请刷新后再看。", code="moved_on", status=409)
    if found.state == "open" and found.holder_id != by.account:
        _give(case, found, by.account)
    return do_task(
        by=by, task=found.pk, opinion=opinion, finding=finding, reason=reason, files=files, survey=survey, at=at
    )  # fmt: skip


def _give(case: Application, task: Task, account: int | None) -> bool:
    """The task follows its order to whoever has it now, if they may work on the case; else it stays where it is."""
    if account is None or account in placing.kept_out_of(case):
        return False
    if not can(actor_for(account), "onestop.work", area=case.area, subject=case.subject):
        return False
    task.holder_id, task.placed = account, "holder"
    task.save(update_fields=["holder", "placed"])
    return True


def _locked(order: WorkOrder) -> tuple[Application, Task] | None:
    found = orders.task_of(order)
    return steps.locked_task(found.pk) if found else None


@transaction.atomic
def follow_order(*, order: int) -> None:
    """Dispatched or reassigned: the task's holder is whoever has the order."""
    row = WorkOrder.objects.get(pk=order)
    locked = _locked(row)
    if locked and locked[1].state == "open" and row.open and row.person_id != locked[1].holder_id:
        _give(*locked, row.person_id)


@transaction.atomic
def keep_owner(*, order: int, why: str) -> None:
    """Returned or cancelled: the task goes to somebody else of the post, the unit's head, or the supervisor's list."""
    row = WorkOrder.objects.get(pk=order)
    locked = _locked(row)
    if locked is None or locked[1].state != "open" or orders.order_of(locked[1]) not in (None, row):
        return
    case, task = locked
    out = placing.kept_out_of(case) | ({row.person_id} if row.person_id else set())
    orders.pass_on(task, out)
    note = f"{orders.TITLES.get(row.kind, '外勤')}工单{why}"
    steps.note(SYSTEM, case, "transfer", case.state, steps.moment(None), text=note, public=False)


@transaction.atomic
def urge_late(*, order: int) -> None:
    """Overdue: counted on the task, which stands at the top of its holder's list and of the supervisor's."""
    row = WorkOrder.objects.get(pk=order)
    locked = _locked(row)
    if locked and locked[1].state == "open":
        steps.urge(locked[1])


@transaction.atomic
def close_by_order(*, order: int) -> None:
    """OrderVerified: a task not done yet is done with the order's own words. What needs its record (a visit by two)
    and came back without one is sent out again; a recheck stands on the case's timeline."""
    row = WorkOrder.objects.get(pk=order)
    if row.kind == orders.RECHECK:
        _note_recheck(row)
        return
    locked = _locked(row)
    if locked is None or locked[1].state != "open":
        return
    case, task = locked
    if task.min_people > 1:
        if Survey.objects.filter(task=task, first_signed_at__isnull=False).exists():
            return  # written down; the task closes with the second signature
        orders.send(case, task)
        said = "外勤工单办结时没有调查记录，已重新派发"
        steps.note(SYSTEM, case, "transfer", case.state, steps.moment(None), text=said, public=False)
        return
    by = actor_for(row.person_id) if row.person_id else SYSTEM
    if task.holder_id != row.person_id and not _give(case, task, row.person_id):
        by = SYSTEM
    do_task(by=by, task=task.pk, finding=row.outcome, at=row.handled_at)


def _note_recheck(order: WorkOrder) -> None:
    name, _, number = order.subject.partition(":")
    case = Application.objects.filter(pk=int(number)).first() if name == "onestop.application" else None
    if case is not None:
        steps.note(SYSTEM, case, "recheck", case.state, steps.moment(None), text=order.outcome, public=False)
