"""Steps done on the spot are work orders of the field: raised with their task, called back with it.

`onestop.survey` a home visit by two, `onestop.inspect` any other field step, `onestop.recheck` a granted case looked at
again. The order's subject is the task (of a recheck the case); the task keeps an owner of its own throughout.
"""

from functools import cache

from django.db import IntegrityError, transaction

from linli.areas import queries as areas
from linli.dispatch.actions import (
    Assignee,
    Said,
    Wanted,
    accept_order,
    cancel_order,
    dispatch_order,
    handle_order,
    located,
    raise_order,
)
from linli.dispatch.actions.steps import is_assignee
from linli.dispatch.background import Background, register_background
from linli.dispatch.models import WorkOrder
from linli.dispatch.registry import OrderKind, register
from linli.kernel.actor import SYSTEM, Actor
from linli.onestop import placing
from linli.onestop.glossary import read
from linli.onestop.models import Application, Survey, Task
from linli.onestop.reviewing import REVIEW
from linli.people.models import Person
from linli.people.queries import home_of

SURVEY, INSPECT, RECHECK = "onestop.survey", "onestop.inspect", "onestop.recheck"
ASK = "onestop.offer"  # at the door of somebody without an account: does the person want what is offered?
TITLES = {SURVEY: "入户调查", INSPECT: "到场查验", RECHECK: "动态复核"}
VISIT = "visit"  # the step of a home visit asked for before the decision
INSTRUCTIONS = {
    SURVEY: "至少两人同去，说明来意，看居住和生活状况，如实记录；调查人员和被调查人都要签字。",
    INSPECT: "到现场查验，写明查到的情况，拍照留存。",
    RECHECK: "到户复核现在的情况，写明有无变化。",
}


def register_kinds() -> None:
    for code, title in TITLES.items():
        register(OrderKind(code, title, verify="none", form=code))
    register(OrderKind(ASK, "上门告知", verify="none", form=ASK))
    register(OrderKind(REVIEW, "差评核实", verify="none"))
    register_background("onestop", background_of)


def background_of(order: WorkOrder, viewer: Actor, with_likes: bool) -> Background:
    """The case behind an order: where its record is filled in; nothing about the person."""
    task = task_of(order)
    if order.kind == REVIEW:
        return Background(acts=(("查看办件", f"/onestop/cases/{order.subject.partition(':')[2]}/"),))
    if task is None:
        return Background()
    known = [("步骤", task.name), ("人数", f"至少 {task.min_people} 人")]
    survey = Survey.objects.filter(task=task).select_related("second").first()
    if survey is not None and survey.first_signed_at and not survey.second_signed_at:
        known.append(("签字", f"等{survey.second}签字" if survey.second else "等第二人签字"))
    acts = [("查看办件", f"/onestop/cases/{task.application_id}/")]
    if survey is not None:
        acts.append(("查看调查记录", f"/onestop/surveys/{task.pk}/"))
    return Background(facts=tuple(known), acts=tuple(acts))


@cache
def visited_items() -> frozenset[str]:
    """Items whose decision asks for a home visit when kin are recorded or somebody reported it (data/visits.yaml)."""
    return frozenset(row["item"] for row in read("visits.yaml")["items"])


def visit_wanted(row: Application) -> bool:
    return (row.kin or row.complaint) and row.item.code in visited_items()


def kind_of(task: Task) -> str:
    """ "" for a task that is done at a desk."""
    if task.step == VISIT or (task.kind == "field" and task.min_people > 1):
        return SURVEY
    return INSPECT if task.kind == "field" else ""


def order_of(task: Task) -> WorkOrder | None:
    """The open lead order of a task."""
    return open_order(task.subject)


def open_order(subject: str) -> WorkOrder | None:
    done = ("done", "cancelled")
    return WorkOrder.objects.filter(subject=subject, role="lead").exclude(state__in=done).first()


def task_of(order: WorkOrder) -> Task | None:
    name, _, number = order.subject.partition(":")
    return Task.objects.filter(pk=int(number)).first() if name == "onestop.task" else None


def send(row: Application, task: Task) -> WorkOrder | None:
    """Raises the order of a field task for its holder, or for a dispatcher where nobody holds it; None at a desk."""
    kind = kind_of(task)
    if not kind or order_of(task) is not None:
        return None
    to = Assignee(task.unit, task.holder_id) if task.holder_id and task.unit else None
    return _raise(kind, task.subject, row, f"{task.name}：{row.item.name}", INSTRUCTIONS[kind], to)


def _raise(
    kind: str, subject: str, row: Application, title: str, instructions: str, to: Assignee | None
) -> WorkOrder:  # fmt: skip
    wanted = Wanted(
        kind=kind, subject=subject, title=title, place=located(row), instructions=instructions, private=True
    )
    return raise_order(by=SYSTEM, wanted=wanted, to=to)


def call_back(task: Task, why: str) -> None:
    """The task is no longer wanted, or was done at a desk."""
    order = order_of(task)
    if order is not None:
        cancel_order(by=SYSTEM, order=order.pk, said=Said(text=why, reason=why[:64]))


def done_here(by: Actor, task: Task) -> None:
    """The task's result is in: its order is handled by whoever did it, if it is theirs, else called back."""
    order = order_of(task)
    if order is None:
        return
    if take(by, order):
        handle_order(by=by, order=order.pk, outcome=f"{task.name}：已办", said=Said(public=False))
    else:
        call_back(task, "已在办件中办结")


def take(by: Actor, order: WorkOrder) -> bool:
    """Whether the order is `by`'s to close; one that was only offered to them is accepted on the way."""
    if not is_assignee(by, order):
        return False
    if order.state == "dispatched":
        order = accept_order(by=by, order=order.pk)
    return order.state == "accepted"


def ask(subject: str, title: str, words: str, person: Person, to: Assignee | None) -> WorkOrder | None:
    """Somebody is sent to a person's door; None while one is on the way."""
    home = home_of(person)
    place = home.household.dwelling if home else None
    where = (
        located(place) if place is not None and place.area else areas.located(None, None, code=person.area)
    )
    wanted = Wanted(kind=ASK, subject=subject, title=title, place=where, instructions=words, private=True)
    try:
        with transaction.atomic():
            return raise_order(by=SYSTEM, wanted=wanted, to=to)
    except IntegrityError:
        return None


def hand_on(task: Task) -> None:
    """The task has another holder: so has its order. Not yet accepted, it is dispatched anew; accepted, called back
    and raised for the new one."""
    order = order_of(task)
    if order is None or order.person_id == task.holder_id:
        return
    if order.state in ("raised", "dispatched", "disputed") and task.holder_id and task.unit:
        dispatch_order(by=SYSTEM, order=order.pk, to=Assignee(task.unit, task.holder_id))
        return
    call_back(task, "任务已由他人承办")
    send(task.application, task)


def recheck_after(row: Application, why: str) -> WorkOrder | None:
    """A granted case is looked at again on the spot by the town; None while such an order is open already."""
    where = placing.place("town.field", row.area, placing.kept_out_of(row))
    to = Assignee(where.unit, where.holder) if where.holder else None
    words = f"{INSTRUCTIONS[RECHECK]}起因：{why}。"
    try:
        with transaction.atomic():
            return _raise(RECHECK, row.subject, row, f"{TITLES[RECHECK]}：{row.item.name}", words, to)
    except IntegrityError:
        return None


def look_into(row: Application, words: str) -> WorkOrder:
    """A bad review: the head of the unit asks what happened, mends it, and answers; else a dispatcher finds somebody."""
    head = placing.head_of(row.unit)
    said = f"申请人评价“{words}”。请联系申请人了解情况、改正，并把结果写在办结说明里，申请人会收到。"
    to = Assignee(row.unit, head) if head else None
    return _raise(REVIEW, row.subject, row, f"差评核实：{row.item.name}", said, to)


def pass_on(task: Task, kept_out: set[int]) -> None:
    """The task of an order that came back: to whoever else of the post may do it, the head, or the supervisor."""
    where = placing.place(task.role, task.area, kept_out)
    task.unit, task.holder_id, task.placed = where.unit or task.unit, where.holder, where.placed
    task.save(update_fields=["unit", "holder", "placed"])
