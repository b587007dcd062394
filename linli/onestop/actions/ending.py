"""Cases that end before their end: a death, or a procedure that can no longer serve (民发〔2021〕57号 art. 29)."""

from datetime import datetime

from django.db import transaction

from linli.kernel.actor import SYSTEM, Actor
from linli.onestop import facts, notices
from linli.onestop.actions import steps
from linli.onestop.models import Application
from linli.onestop.rules import MOVES

CAUSES = {
    "death": "申请人死亡",
    "moved": "迁出本县",
    "purpose_gone": "申请事由消失",
    "no_cooperation": "不配合调查核实",
}
MAY_END = tuple(state for state, moves in MOVES.items() if "end" in moves)


@transaction.atomic
def end_application(
    *, by: Actor, application: int, cause: str, reason: str, at: datetime | None = None
) -> Application:  # fmt: skip
    """终止: `cause` of CAUSES, with its reason in words. What is posted comes down, open work stops."""
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.end", row)
    before = steps.move(row, "end")
    said = steps.must_say(reason, "reason", "请写明终止的原因和依据")
    if cause not in CAUSES:
        steps.must_say("", "cause", f"请选择终止的情形：{'、'.join(CAUSES.values())}")
    hanging = list(
        row.tasks.filter(kind="publicity", state="open")
        .exclude(publicity="")
        .values_list("publicity", flat=True)
    )
    stopped = steps.close_tasks(row, now)
    for notice in hanging:
        notices.take_down(by, notice, CAUSES[cause])
    told = [steps.case_fact(facts.ApplicationClosed, row, cause="ended")] if row.number else None
    return steps.keep(by, row, "end", before, now, text=said, told=told, cause=cause, stopped=stopped)


def end_for_death(*, person: int) -> int:
    """Every case somebody had open as applicant ends when their death is registered. Returns how many."""
    numbers = list(Application.objects.filter(person=person, state__in=MAY_END).values_list("pk", flat=True))
    for number in numbers:
        end_application(by=SYSTEM, application=number, cause="death", reason=CAUSES["death"])
    return len(numbers)
