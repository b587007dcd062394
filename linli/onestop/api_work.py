"""Windows and departments by API: intake, tasks, decisions, and the queue of look-ups that did not answer."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Query, Router

from linli.kernel.actor import require
from linli.onestop import actions, queries
from linli.onestop import api_given as given
from linli.onestop import api_words as docs
from linli.onestop.api_door import (
    MOST,
    WORK,
    first_due,
    newest_first,
    office_of_case,
    office_of_task,
    official,
    who,
)
from linli.onestop.api_out import case_out, decision_out, failed_out, notice_out, task_out
from linli.onestop.models import Task

window, tasks, lookups = Router(tags=["onestop"]), Router(tags=["onestop"]), Router(tags=["onestop"])
Number = Annotated[int, Path(ge=1, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Cursor = Annotated[str, Query(max_length=100)]
LISTS = {
    "own": (WORK, queries.my_tasks),
    "unit": (WORK, queries.tasks_seen),
    "intake": ("onestop.accept", queries.intake_list),
    "unowned": ("onestop.supervise", queries.unowned_tasks),
}


@window.post(
    "/{number}/accept", auth=office_of_case, response=docs.CaseOut, openapi_extra=docs.refuses(*docs.ACT)
)
def accept(request: HttpRequest, number: Number, payload: given.AcceptIn) -> Any:
    """受理，可容缺；缺的材料一次说全。"""
    row = queries.case_at_work(who(request), number)
    return case_out(actions.accept(by=who(request), application=row.pk, **payload.dict()))


@window.post(
    "/{number}/supplement",
    auth=office_of_case,
    response=docs.NoticeOut,
    openapi_extra=docs.refuses(*docs.ACT),
)
def supplement(request: HttpRequest, number: Number, payload: given.SupplementIn) -> Any:
    """一次性告知补正，每个办件一次；清单缺的自动列入。"""
    row = queries.case_at_work(who(request), number)
    return notice_out(actions.ask_supplement(by=who(request), application=row.pk, defects=payload.defects))


@window.post(
    "/{number}/decline", auth=office_of_case, response=docs.NoticeOut, openapi_extra=docs.refuses(*docs.ACT)
)
def decline(request: HttpRequest, number: Number, payload: given.DeclineIn) -> Any:
    """不予受理：理由、依据、应向何处申请。"""
    row = queries.case_at_work(who(request), number)
    return notice_out(actions.decline(by=who(request), application=row.pk, **payload.dict()))


@tasks.get("", auth=official, response=docs.TasksOut, openapi_extra=docs.refuses(*docs.READ))
def list_tasks(
    request: HttpRequest,
    list: Literal["own", "unit", "intake", "unowned"] = "own",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Any:
    """待办任务，按期限：own 我的，unit 本单位，intake 窗口，unowned 无人承办。"""
    verb, rows = LISTS[list]
    require(who(request), verb)
    found = rows(who(request)).select_related("application__item", "holder")
    return first_due(found, limit, cursor, task_out)


@tasks.get("/{number}", auth=office_of_task, response=docs.TaskOut, openapi_extra=docs.refuses(*docs.READ))
def one(request: HttpRequest, number: Number) -> Any:
    """一项任务。"""
    return _now(request, number)


def _now(request: HttpRequest, number: int) -> dict[str, Any]:
    queries.task_at_work(who(request), number)
    return _row(number)


def _row(number: int) -> dict[str, Any]:
    return task_out(Task.objects.select_related("application__item", "holder").get(pk=number))


@tasks.post(
    "/{number}/take", auth=office_of_task, response=docs.TaskOut, openapi_extra=docs.refuses(*docs.ACT)
)
def take(request: HttpRequest, number: Number) -> Any:
    """接办。"""
    _, task = queries.task_at_work(who(request), number)
    return _row(actions.take_task(by=who(request), task=task.pk).pk)


@tasks.post("/{number}/do", auth=office_of_task, response=docs.TaskOut, openapi_extra=docs.refuses(*docs.ACT))
def do(request: HttpRequest, number: Number, payload: given.DoIn) -> Any:
    """办理：意见、核实情况；两人办的附调查记录。重发得到第一次的答复。"""
    _, task = queries.task_at_work(who(request), number)
    said = payload.dict(exclude={"survey"})
    survey = actions.Surveyed(**payload.survey.dict()) if payload.survey else None
    return _row(actions.do_task(by=who(request), task=task.pk, survey=survey, **said).pk)


@tasks.post(
    "/{number}/sign", auth=office_of_task, response=docs.TaskOut, openapi_extra=docs.refuses(*docs.ACT)
)
def sign(request: HttpRequest, number: Number, payload: given.CountersignIn) -> Any:
    """第二名调查人员签字；有异议的，写明意见，退给第一名调查人员。"""
    survey = actions.sign_survey(by=who(request), task=number, objection=payload.objection)
    return _row(survey.task_id)


@tasks.post(
    "/{number}/return", auth=office_of_task, response=docs.CaseOut, openapi_extra=docs.refuses(*docs.ACT)
)
def give_back(request: HttpRequest, number: Number, payload: given.ReturnIn) -> Any:
    """退回到受理之后、决定之前的一步，开始新的一轮。"""
    _, task = queries.task_at_work(who(request), number)
    return case_out(actions.return_application(by=who(request), task=task.pk, **payload.dict()))


@tasks.post(
    "/{number}/transfer", auth=office_of_task, response=docs.TaskOut, openapi_extra=docs.refuses(*docs.ACT)
)
def transfer(request: HttpRequest, number: Number, payload: given.TransferIn) -> Any:
    """转办给本处有权办理的人。"""
    _, task = queries.task_at_work(who(request), number)
    return _row(actions.transfer_task(by=who(request), task=task.pk, **payload.dict()).pk)


@tasks.post(
    "/{number}/urge", auth=office_of_task, response=docs.TaskOut, openapi_extra=docs.refuses(*docs.ACT)
)
def urge(request: HttpRequest, number: Number) -> Any:
    """催办。"""
    _, task = queries.task_at_work(who(request), number)
    return _row(actions.urge_task(by=who(request), task=task.pk).pk)


@tasks.post(
    "/{number}/approve", auth=office_of_task, response=docs.DecisionOut, openapi_extra=docs.refuses(*docs.ACT)
)
def approve(request: HttpRequest, number: Number, payload: given.ApproveIn) -> Any:
    """审核确认：金额（分），并回应各部门意见。"""
    _, task = queries.task_at_work(who(request), number)
    return decision_out(actions.approve(by=who(request), task=task.pk, **payload.dict()))


@tasks.post(
    "/{number}/refuse", auth=office_of_task, response=docs.DecisionOut, openapi_extra=docs.refuses(*docs.ACT)
)
def refuse(request: HttpRequest, number: Number, payload: given.RefuseIn) -> Any:
    """不予确认：理由、依据；书面告知书同时作出。"""
    _, task = queries.task_at_work(who(request), number)
    return decision_out(actions.refuse(by=who(request), task=task.pk, **payload.dict())[0])


@lookups.get("", auth=official, response=docs.FailedsOut, openapi_extra=docs.refuses(*docs.READ))
def failed(request: HttpRequest, limit: Limit = 50, cursor: Cursor = "") -> Any:
    """在办的办件中，部门没有答复或不相符的材料。"""
    require(who(request), queries.VIEW)
    return newest_first(queries.open_lookups_failed(who(request)), limit, cursor, failed_out)
