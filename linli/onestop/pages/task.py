"""One task: form and shared data beside what the holder says; handed on, urged, returned; the decision."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from linli.dispatch.queries import people_of_unit
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form
from linli.onestop import actions, queries, reading, showing_money
from linli.onestop.actions.working import OWN_WAY
from linli.onestop.forms import ConfirmForm
from linli.onestop.forms_desk import ApproveForm, BackForm, ExtendForm, HandOnForm, OpinionForm, RefuseForm
from linli.onestop.models import Application, Recheck, Task
from linli.onestop.pages import means
from linli.onestop.pages.desk import case_link, known_of
from linli.onestop.pages.frame import ask, bound, kept


def _task(request: HttpRequest, number: int, verb: str = "onestop.work") -> tuple[Actor, Application, Task]:
    """A task for its holder and whoever has the verb there. Raises Refused 403, 404."""
    by = caller(request)
    row, found = queries.task_at_work(by, number)
    if found.holder_id != by.account:
        require(by, verb, area=row.area, unit=found.unit, subject=row.subject)
    return by, row, found


def _link(task: Task) -> str:
    return reverse("onestop:task", args=[task.pk])


def _lead(row: Application, task: Task) -> str:
    return f"{task.name} · {row.item.name} {row.number}"


def work(request: HttpRequest, number: int) -> HttpResponse:
    by, row, task = _task(request, number)
    context = known_of(by, row) | {
        "task": task,
        "here": task.state == "open" and task.holder_id == by.account,
        "takeable": task.state == "open" and task.holder_id != by.account,
        "own_url": _own_url(row, task),
        "own_way": OWN_WAY.get(task.step, "publicity" if task.kind == "publicity" else ""),
        "may_assign": can(by, "onestop.assign", area=row.area, subject=row.subject),
        "may_return": row.state == "accepted" and task.step not in ("accept", "notice"),
    }
    if task.step == "decide":
        context |= means.standing(by, row, task)
    people = None
    if task.min_people > 1:
        people = [(str(one.pk), one.name) for one in people_of_unit(task.unit) if one.pk != by.account]
    form = OpinionForm(*bound(request), people=people)

    def act(said: dict[str, Any]) -> None:
        files = kept(by, said["photos"] or [], said["client_uuid"])
        done = actions.do_task(
            by=by, task=task.pk, opinion=said["opinion"], finding=said["finding"], reason=said["reason"],
            files=files, survey=_survey(said),
        )  # fmt: skip
        waits = done.state == "open"
        messages.success(request, "记录已保存，等另一名调查人员签字" if waits else "意见已提交")

    return ask(
        request, form, act, to=case_link(row.pk), lead=_lead(row, task), template="onestop/desk/task.html",
        context=context,
    )  # fmt: skip


def _own_url(row: Application, task: Task) -> str:
    """Where a task with a page of its own is done."""
    number = Recheck.objects.filter(task=task).values_list("pk", flat=True).first()
    return reverse("onestop:recheck", args=[number]) if number else case_link(row.pk)


def _survey(said: dict[str, Any]) -> actions.Surveyed | None:
    if not said.get("second"):
        return None
    return actions.Surveyed(
        second=int(said["second"]), answers={"情况": said["seen"]}, place=said["place"], signed=said["signed"],
        remote=said["remote"],
    )  # fmt: skip


@require_POST
def take(request: HttpRequest, number: int) -> HttpResponse:
    by, _, task = _task(request, number)
    actions.take_task(by=by, task=task.pk)
    messages.success(request, "已接办")
    return HttpResponseRedirect(_link(task))


@require_POST
def urge(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row, task = queries.task_at_work(by, number)
    actions.urge_task(by=by, task=task.pk)
    messages.success(request, "已催办")
    return HttpResponseRedirect(case_link(row.pk))


def back(request: HttpRequest, number: int) -> HttpResponse:
    """退回: to a step after intake and before the decision."""
    by, row, task = _task(request, number)
    definition = reading.definition_of(row.version)
    before = definition.stages[1 : definition.decide or 1]
    steps = [
        (one.key, "、".join(step.name for step in one.steps)) for one in before if one.kind != "publicity"
    ]
    form = BackForm(*bound(request), steps=steps)

    def act(said: dict[str, Any]) -> None:
        actions.return_application(by=by, task=task.pk, to=said["to"], reason=said["reason"])
        messages.success(request, "已退回，开始新的一轮")

    return ask(request, form, act, to=case_link(row.pk), back=_link(task))


def transfer(request: HttpRequest, number: int) -> HttpResponse:
    """转办 within the unit that has the task."""
    by = caller(request)
    row, task = queries.task_at_work(by, number)
    if task.holder_id != by.account:
        require(by, "onestop.assign", area=row.area, subject=row.subject)
    people = [(str(one.pk), one.name) for one in people_of_unit(task.unit) if one.pk != task.holder_id]
    form = HandOnForm(*bound(request), people=people)

    def act(said: dict[str, Any]) -> None:
        actions.transfer_task(by=by, task=task.pk, to=int(said["to"]), reason=said["reason"])
        messages.success(request, "已转办")

    return ask(request, form, act, to=case_link(row.pk), lead=_lead(row, task))


def _asked(row: Application) -> list[str]:
    """Departments whose finding the decision answers: every fact, and an opinion that dissents, of whatever round."""
    done = row.tasks.filter(state="done").exclude(binding="").order_by("id")
    named = [one.branch for one in done if one.binding == "fact" or one.opinion == "disagree"]
    return list(dict.fromkeys(named))


def _decision(request: HttpRequest, number: int) -> tuple[Actor, Application, Task]:
    by, row, task = _task(request, number, "onestop.decide")
    if task.step != "decide":
        raise Refused("这项任务不是决定，请用“办理”。", code="not_a_decision", status=404)
    return by, row, task


def _decide(
    request: HttpRequest, by: Actor, row: Application, task: Task, form: Form, act: Any, **more: Any
) -> HttpResponse:
    return ask(
        request, form, act, to=case_link(row.pk), lead=form.page_lead or _lead(row, task), back=_link(task),
        template="onestop/money/decide.html",
        context=known_of(by, row) | {"task": task} | means.standing(by, row, task) | more,
    )  # fmt: skip


def approve(request: HttpRequest, number: int) -> HttpResponse:
    """The amount stands on the page already, from the sheet or the tariff; typed only where neither says it."""
    by, row, task = _decision(request, number)
    due = means.amount_due(row)
    if due.wants_sheet and request.method != "POST":
        messages.info(request, "金额由核算得出，请先填写核算表")
        return HttpResponseRedirect(means.means_link(task.pk))
    form = ApproveForm(*bound(request), departments=_asked(row), pays=due.typed)

    def act(said: dict[str, Any]) -> None:
        made = actions.approve(by=by, task=task.pk, fen=form.fen, answers=form.answers, reason=said["reason"])
        messages.success(request, f"已确认：{showing_money.yuan(made.fen)}" if made.fen else "已确认")

    return _decide(request, by, row, task, form, act, due=due)


def refuse(request: HttpRequest, number: int) -> HttpResponse:
    by, row, task = _decision(request, number)
    due = means.amount_due(row)
    form = RefuseForm(*bound(request), departments=_asked(row), on_means=bool(due.methods))

    def act(said: dict[str, Any]) -> None:
        actions.refuse(
            by=by, task=task.pk, reason=said["reason"], basis=said["basis"], answers=form.answers,
            ground=said.get("ground", "other"),
        )  # fmt: skip
        messages.success(request, "已作出不予确认的决定，告知书待送达")

    return _decide(request, by, row, task, form, act)


def extend(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = queries.case_at_work(by, number)
    require(by, "onestop.extend", area=row.area, subject=row.subject)
    term = reading.definition_of(row.version).term("extended")
    form = ExtendForm(*bound(request), grounds=list(term.reasons) if term else [])

    def act(said: dict[str, Any]) -> None:
        actions.extend_limit(by=by, application=row.pk, ground=said["ground"])
        messages.success(request, "已延长法定时限")

    return ask(request, form, act, to=case_link(row.pk), lead=f"{row.item.name} {row.number}")


def publish(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = queries.case_at_work(by, number)
    require(by, "onestop.publish", area=row.area, subject=row.subject)
    form = ConfirmForm(*bound(request))
    form.page_title, form.submit_label = "发起公示", "发起公示"
    form.page_lead = "只公示规定的内容，姓名隐去。公示期满且异议处理完毕后才能确认。"

    def act(said: dict[str, Any]) -> None:
        actions.publish_results(by=by, application=row.pk)
        messages.success(request, "已发起公示")

    return ask(request, form, act, to=case_link(row.pk))
