"""How cases and tasks are titled and linked from other rooms; a title names the matter, never the person."""

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.subjects import Subject
from linli.onestop import queries
from linli.onestop.models import Application, Task


def _case_title(number: int, viewer: Actor) -> str:
    row = Application.objects.select_related("item").filter(pk=number).first()
    if row is None:
        return "已删除的办件"
    return f"{row.item.name} {row.number}".strip() if _may_see(number, viewer) else "一个办件"


def _may_see(number: int, viewer: Actor) -> bool:
    try:
        return bool(queries.application_of(viewer, number))
    except Refused:
        return False


def _of_task(number: int) -> int:
    return Task.objects.filter(pk=number).values_list("application", flat=True).first() or 0


APPLICATION = Subject(
    "onestop.application", _case_title, lambda number, viewer: f"/onestop/cases/{number}/", _may_see
)
TASK = Subject(
    "onestop.task",
    lambda number, viewer: _case_title(_of_task(number), viewer),
    lambda number, viewer: f"/onestop/cases/{_of_task(number)}/",
    lambda number, viewer: _may_see(_of_task(number), viewer),
)
