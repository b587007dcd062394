"""The desk: tasks by due date with their lights, tasks nobody has, one case with everything known of it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.areas import queries as areas
from linli.dispatch import wording
from linli.kernel.actor import Actor, can, require
from linli.kernel.files.models import Attachment
from linli.kernel.web.caller import caller
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.onestop import queries, rules, showing
from linli.onestop.glossary import glossary
from linli.onestop.models import Application, Task
from linli.onestop.models.cases import STATES


def case_link(number: int) -> str:
    return reverse("onestop:case", args=[number])


class TaskTable(Table):
    """Due first. The light is said in words, its colour only repeats it."""

    order, export = "due_at", False
    lights = (
        Column("due_at", "期限", kind="clock", phone="line", sort="due_at", start="opened_at"),
        Column(
            "light", "亮灯", lambda row: showing.LIGHTS[showing.light_of(row)], kind="chip", phone="tail",
            tone=lambda row: showing.TONES[showing.light_of(row)],
        ),
    )  # fmt: skip
    columns = (
        Column("name", "任务", phone="head", link=lambda row: reverse("onestop:task", args=[row.pk])),
        Column("item", "事项", "application.item.name"),
        Column("number", "编号", "application.number", phone="none"),
        Column("round", "轮次", kind="num", phone="none"),
        Column("urged", "催办次数", kind="num", phone="none"),
        Column("holder", "承办人", lambda row: row.holder.name if row.holder else "无人承办"),
        *lights,
    )
    empty = Empty("没有待办任务", "有任务到您这里时会按期限排列。")


class OwnTasks(TaskTable):
    code, title = "onestop.desk", "我的任务"
    columns = tuple(one for one in TaskTable.columns if one.key != "holder")


class UnitTasks(TaskTable):
    code, title = "onestop.unit", "本单位任务"


class UnownedTasks(TaskTable):
    code, title = "onestop.unowned", "无人承办的任务"
    empty = Empty("没有无人承办的任务", "找不到承办人的任务会列在这里，不会丢失。")


class CaseTable(Table):
    code, title, order = "onestop.cases", "办件", "-id"
    columns = (
        Column("item", "事项", "item.name", phone="head", link=lambda row: case_link(row.pk)),
        Column("number", "编号"),
        Column("person", "申请人", "person.masked_name"),
        Column("area", "地区", lambda row: areas.area_path(row.area), phone="none"),
        Column(
            "state", "状态", "get_state_display", kind="chip", phone="tail",
            tone=lambda row: showing.CASE_TONES.get(row.state, "done"),
        ),
        Column("promised_due", "承诺期限", kind="clock", start="accepted_at", ended="closed_at"),
    )  # fmt: skip
    filters = (
        Filter("number", "编号"),
        Filter("state", "状态", kind="choice", options=tuple(one for one in STATES if one[0] != "draft")),
    )
    empty = Empty("没有符合条件的办件")


def _tabs(viewer: Actor) -> list[tuple[str, str]]:
    every = (
        ("onestop:desk", "我的任务", "onestop.work"),
        ("onestop:unit", "本单位", "onestop.work"),
        ("onestop:intake", "窗口", "onestop.accept"),
        ("onestop:all", "全部办件", queries.VIEW),
        ("onestop:unowned", "无人承办", "onestop.supervise"),
    )
    return [(reverse(name), label) for name, label, verb in every if can(viewer, verb)]


def _list(request: HttpRequest, table: Table, viewer: Actor) -> HttpResponse:
    return table.answer("onestop/desk/list.html", {"tabs": _tabs(viewer), "here": request.path})


@require_safe
def own(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "onestop.work")
    return _list(request, OwnTasks(request, queries.my_tasks(viewer)), viewer)


@require_safe
def unit(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "onestop.work")
    return _list(request, UnitTasks(request, queries.tasks_seen(viewer)), viewer)


@require_safe
def unowned(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "onestop.supervise")
    return _list(request, UnownedTasks(request, queries.unowned_tasks(viewer)), viewer)


@require_safe
def all_cases(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, queries.VIEW)
    return _list(request, CaseTable(request, queries.applications_seen(viewer)), viewer)


def known_of(viewer: Actor, row: Application) -> dict[str, Any]:
    """What the pages of a case and of a task both show: form, members, checklist, findings, earlier rounds, timeline."""
    tasks = list(row.tasks.select_related("holder", "done_by").order_by("id"))
    moves = queries.timeline_of(row, viewer)
    files = {one.pk: one for one in Attachment.objects.filter(subject=row.subject)}
    units = areas.unit_names()
    lines = [(task, units.get(task.unit, task.unit), _light(task)) for task in tasks]
    return {
        "title": row.item.name,
        "row": row,
        "tone": showing.CASE_TONES.get(row.state, "done"),
        "where": areas.area_path(row.area),
        "unit": units.get(row.unit, ""),
        "written": showing.written(row),
        "members": [
            (one, [_fact(n) for n, v in one.facts.items() if v is True]) for one in row.members.select_related("person")
        ],
        "slots": [_slot(slot, files) for slot in queries.checklist_of(row)],
        "tasks": [line for line in lines if line[0].round == row.round],
        "earlier": [line for line in lines if line[0].round != row.round],
        "steps": wording.steps(moves, rules.WORDS, files),
        "limits": queries.limits_of(row),
        "lights": showing.LIGHTS,
        "notices": list(row.notices.order_by("id")),
    }  # fmt: skip


def _fact(fact: str) -> str:
    return glossary().facts.get(fact, fact).removeprefix("成员")


def _light(task: Task) -> tuple[str, str]:
    if task.state != "open":
        return "", ""
    light = showing.light_of(task)
    return showing.LIGHTS[light], showing.TONES[light]


def _slot(slot: Any, files: dict[int, Attachment]) -> dict[str, Any]:
    lookups = list(slot.lookups.all())
    return {
        "slot": slot,
        "words": showing.slot_words(slot),
        "tone": {"waiting": "warn", "failed": "bad", "tolerated": "warn"}.get(slot.state, "ok"),
        "mismatch": [one for one in lookups if one.result == "mismatch"],
        "lookups": lookups,
        "files": [wording.picture(files[number]) for number in slot.files if number in files],
    }


@require_safe
def case(request: HttpRequest, number: int) -> HttpResponse:
    """One case. Its own people are sent to their own page of it."""
    viewer = caller(request)
    row = Application.objects.select_related("person").filter(pk=number).first()
    if row is not None and viewer.account is not None and viewer.account == row.person.account_id:
        return HttpResponseRedirect(reverse("onestop:progress", args=[number]))
    row = queries.case_at_work(viewer, number)
    context = known_of(viewer, row)
    open_tasks = [task for task, _, _ in context["tasks"] if task.state == "open"]
    units = {task.unit for task in open_tasks if task.step == "accept"}
    context |= {
        "may_accept": row.state == "submitted"
        and any(can(viewer, "onestop.accept", area=row.area, unit=one, subject=row.subject) for one in units),
        "may_extend": row.state == "accepted"
        and can(viewer, "onestop.extend", area=row.area, unit=row.unit, subject=row.subject),
        "own": {task.pk for task in open_tasks if task.holder_id == viewer.account},
        "may_deliver": can(viewer, "onestop.work", area=row.area, subject=row.subject),
    }
    return render(request, "onestop/desk/case.html", context)
