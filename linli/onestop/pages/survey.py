"""On the spot: a survey by two, an inspection, a recheck, filled in on the phone; and the second surveyor's signature."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.dispatch import wording
from linli.dispatch.actions import Said, accept_order, handle_order
from linli.dispatch.actions.steps import is_assignee
from linli.dispatch.forms import OrderForm
from linli.dispatch.models import WorkOrder
from linli.dispatch.pages.frame import base_for, base_version, in_field, posted, renewing
from linli.dispatch.queries import people_of_unit
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.files.queries import of_subject
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.pages import offline_page
from linli.kernel.web.tables import Column, Empty, Table
from linli.onestop import actions, orders, queries, surveying
from linli.onestop.forms_survey import FindingForm, SecondForm, SurveyForm
from linli.onestop.models import Application, Survey, Task
from linli.onestop.pages.frame import STAFF, bound, kept


def _order(viewer: Actor, number: int, kind: str) -> WorkOrder:
    """The viewer's own order of this kind, taken if it was only offered. Raises Refused 403, 404."""
    order = WorkOrder.objects.filter(pk=number, kind=kind).first()
    if order is None or viewer.account is None or not is_assignee(viewer, order):
        raise Refused("没有这张工单，或者它不是派给您的。", code="no_order", status=404)
    return order


def _page(
    request: HttpRequest, viewer: Actor, order: WorkOrder, form: OrderForm, act: Any, kind: str
) -> HttpResponse:
    def run(said: dict[str, Any]) -> str:
        with renewing(form, lambda: WorkOrder.objects.values_list("version", flat=True).get(pk=order.pk)):
            if order.state == "dispatched":
                accept_order(by=viewer, order=order.pk)
            act(said)
        return "/work/" if in_field(viewer) else f"/orders/{order.pk}/"

    context = {
        "base": base_for(viewer), "field": in_field(viewer), "order": order, "clock": wording.chip(order),
        "offline": kind,
    }  # fmt: skip
    return offline_page(form_page(request, form, run, template="dispatch/act.html", context=context))


def survey(request: HttpRequest, number: int) -> HttpResponse:
    """入户调查: the first surveyor's record."""
    viewer = caller(request)
    order = _order(viewer, number, orders.SURVEY)
    task = orders.task_of(order)
    people = [(str(a.pk), a.name) for a in people_of_unit(order.unit) if a.pk != viewer.account]
    form = SurveyForm(*posted(request), request=request, order=order, people=people)
    before = Survey.objects.filter(task=task).first() if task else None
    if before is not None and before.objection and before.first_signed_at is None:
        form.page_lead = f"第二调查人没有签字：{before.objection}。请改好后重新提交。"
        form.initial |= _as_written(before)

    def act(said: dict[str, Any]) -> None:
        files = kept(viewer, said["photos"] or [], said["client_uuid"])
        record = actions.Surveyed(
            second=int(said["second"]), answers=surveying.answers_of(said), place=said["place"], photos=files,
            signed=said["signed"], remote=said["remote"], crew_signed=said["crew_signed"],
            lon=said.get("lon"), lat=said.get("lat"),
        )  # fmt: skip
        actions.record_fieldwork(
            by=viewer, order=number, opinion=said["opinion"], finding=said["finding"], reason=said["reason"],
            survey=record,
        )  # fmt: skip
        messages.success(request, "记录已保存，等另一名调查人员签字")

    return _page(request, viewer, order, form, act, orders.SURVEY)


def _as_written(row: Survey) -> dict[str, Any]:
    """What the first wrote before, to be mended."""
    names = {words: name for name, words in surveying.QUESTIONS}
    told = {names[words]: said for words, said in surveying.read_answers(row).items() if words in names}
    said = {name: row.said.get(name, "") for name in ("opinion", "finding", "reason")}
    return {"second": row.second_id, "place": row.place, "remote": row.remote, **said, **told}


def inspect(request: HttpRequest, number: int) -> HttpResponse:
    """到场查验: one person's result."""
    viewer = caller(request)
    order = _order(viewer, number, orders.INSPECT)
    form = FindingForm(*posted(request), request=request, order=order)

    def act(said: dict[str, Any]) -> None:
        files = kept(viewer, said["photos"] or [], said["client_uuid"])
        actions.record_fieldwork(
            by=viewer, order=number, opinion=said["opinion"], finding=said["finding"], reason=said["reason"],
            files=files,
        )  # fmt: skip
        messages.success(request, "已办结")

    return _page(request, viewer, order, form, act, orders.INSPECT)


def recheck(request: HttpRequest, number: int) -> HttpResponse:
    """动态复核: what has changed since the grant."""
    viewer = caller(request)
    order = _order(viewer, number, orders.RECHECK)
    form = FindingForm(*posted(request), request=request, order=order)
    form.page_title = "动态复核"

    def act(said: dict[str, Any]) -> None:
        files = kept(viewer, said["photos"] or [], said["client_uuid"])
        words = (
            f"{said['finding']}（{'属实' if said['opinion'] == 'agree' else '不属实：' + said['reason']}）"
        )
        handle_order(
            by=viewer, order=number, outcome=words,
            said=Said(files=tuple(files), base_version=base_version(said), public=False),
        )  # fmt: skip
        messages.success(request, "已办结")

    return _page(request, viewer, order, form, act, orders.RECHECK)


class ToSignTable(Table):
    code, title, order, export = "onestop.surveys", "待我签字的调查记录", "first_signed_at", False
    columns = (
        Column(
            "item", "事项", "task.application.item.name", phone="head",
            link=lambda row: reverse("onestop:survey_record", args=[row.task_id]),
        ),
        Column("number", "编号", "task.application.number"),
        Column("first", "调查人", "first.name"),
        Column("first_signed_at", "签字时间", kind="time", phone="tail"),
    )  # fmt: skip
    empty = Empty("没有等您签字的记录", "与您同去的调查人员填好记录后，会出现在这里。")


@require_safe
def to_sign(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "onestop.work")
    context = {"base": base_for(viewer)}
    return ToSignTable(request, surveying.to_sign(viewer)).answer("web/list.html", context)


def _record(viewer: Actor, task: int) -> Survey:
    """A record for its two surveyors and whoever works on the case. Raises Refused 404."""
    rows = Survey.objects.select_related("task__application__item", "first", "second")
    row = rows.filter(task=task).first()
    own = row is not None and viewer.account in (row.first_id, row.second_id) and viewer.account is not None
    if row is None or not (own or _at_work(viewer, row.task.application_id)):
        raise Refused("没有这份调查记录，或者它不在您的管辖范围内。", code="no_survey", status=404)
    return row


def _at_work(viewer: Actor, application: int) -> bool:
    try:
        return bool(queries.case_at_work(viewer, application))
    except Refused:
        return False


def record(request: HttpRequest, number: int) -> HttpResponse:
    """The record as it stands, who has signed, and the second surveyor's own signature."""
    viewer = caller(request)
    row = _record(viewer, number)
    task, case = row.task, row.task.application
    mine = row.second_id == viewer.account and row.first_signed_at and not row.second_signed_at
    form = SecondForm(*bound(request))

    def act(said: dict[str, Any]) -> str:
        words = said["objection"] if said["answer"] == "object" else ""
        if said["answer"] == "object" and not words.strip():
            raise Refused("请写明哪里不实。", code="say_why", fields={"objection": ["请写明哪里不实"]})
        actions.sign_survey(by=viewer, task=task.pk, objection=words)
        messages.success(request, "已退回修改" if words else "已签字，调查办结")
        return reverse("onestop:surveys")

    if request.method == "POST" and not mine:
        raise Refused("现在没有要您签字的记录。", code="moved_on", status=409)
    context = STAFF | {
        "base": base_for(viewer), "survey": row, "task": task, "row": case, "mine": mine,
        "answers": surveying.read_answers(row).items(), "photos": _photos(viewer, row, case, task),
        "may_case": can(viewer, "onestop.view", area=case.area),
    }  # fmt: skip
    return form_page(request, form, act, template="onestop/survey.html", context=context)


def _photos(viewer: Actor, row: Survey, case: Application, task: Task) -> list[dict[str, Any]]:
    """Pictures sent with the form, and those the phone sent after it."""
    wanted = {*row.photos, *row.said.get("files", [])}
    found = [one for one in of_subject(viewer, case.subject) if one.pk in wanted]
    return [wording.picture(one) for one in [*found, *of_subject(viewer, task.subject)]]
