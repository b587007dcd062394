"""The window: what waits, one case accepted, sent back once, or declined; entry for somebody at the counter."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form, form_page
from linli.kernel.web.tables import Column, Empty
from linli.onestop import actions, queries, reading
from linli.onestop.forms_desk import AssistForm, DeclineForm, DeliverForm, SupplementForm, TolerateForm
from linli.onestop.models import Application, Notice
from linli.onestop.pages.desk import TaskTable, case_link
from linli.onestop.pages.frame import STAFF, ask, bound


class IntakeTable(TaskTable):
    code, title = "onestop.intake", "窗口待受理"
    columns = (
        Column("item", "事项", "application.item.name", phone="head", link=lambda row: case_link(row.application_id)),
        Column("number", "编号", "application.number"),
        Column("state", "状态", "application.get_state_display"),
        Column("submitted", "提交时间", "application.submitted_at", kind="time", phone="none"),
        *TaskTable.lights,
    )  # fmt: skip
    empty = Empty("没有待受理的办件", "居民提交后会出现在这里。", "窗口代录", "/onestop/window/new/")


@require_safe
def intake(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "onestop.accept")
    return IntakeTable(request, queries.intake_list(viewer)).answer("onestop/desk/intake.html")


def assist(request: HttpRequest) -> HttpResponse:
    """代录: the same case as online, with the channel `window`."""
    by = caller(request)
    require(by, "onestop.assist")
    choices = [(one.item.code, one.item.name) for one in queries.items_in_force()]
    form = AssistForm(*bound(request), items=choices)
    form.cancel_url = reverse("onestop:intake")

    def act(said: dict[str, Any]) -> str:
        person = queries.person_to_assist(by, said["number"])
        if person is None:
            raise Refused(
                "没有找到申请人。",
                code="no_person",
                fields={"number": ["请核对号码；未登记的，请先登记人口信息"]},
            )
        draft = actions.save_draft(
            by=by, item=said["item"], person=person.pk, channel="window", authority=said["authority"],
            client_uuid=str(said["client_uuid"] or ""),
        )  # fmt: skip
        return reverse("onestop:apply", args=[draft.application, "story"])

    return form_page(request, form, act, context=STAFF)


def _at_window(request: HttpRequest, number: int) -> tuple[Actor, Application]:
    by = caller(request)
    row = queries.case_at_work(by, number)
    require(by, "onestop.accept", area=row.area, subject=row.subject)
    return by, row


def _page(request: HttpRequest, row: Application, form: Form, act: Any) -> HttpResponse:
    return ask(request, form, act, to=case_link(row.pk), lead=f"{row.item.name} {row.number}")


def accept(request: HttpRequest, number: int) -> HttpResponse:
    by, row = _at_window(request, number)
    tolerable = {one.code for one in reading.definition_of(row.version).materials if one.tolerable_days}
    open_slots = row.slots.filter(state__in=("waiting", "failed"), material__in=tolerable)
    form = TolerateForm(*bound(request), choices=[(slot.material, slot.name) for slot in open_slots])

    def act(said: dict[str, Any]) -> None:
        actions.accept(by=by, application=row.pk, tolerate=said.get("tolerate", []))
        messages.success(request, "已受理，两个时限开始计算")

    return _page(request, row, form, act)


def supplement(request: HttpRequest, number: int) -> HttpResponse:
    by, row = _at_window(request, number)

    def act(said: dict[str, Any]) -> None:
        actions.ask_supplement(by=by, application=row.pk, defects=said["defects"].splitlines())
        messages.success(request, "已一次性告知全部问题")

    return _page(request, row, SupplementForm(*bound(request)), act)


def decline(request: HttpRequest, number: int) -> HttpResponse:
    by, row = _at_window(request, number)

    def act(said: dict[str, Any]) -> None:
        actions.decline(
            by=by,
            application=row.pk,
            reason=said["reason"],
            basis=said["basis"],
            right_place=said["right_place"],
        )
        messages.success(request, "已作出不予受理的决定，请按期送达")

    return _page(request, row, DeclineForm(*bound(request)), act)


def deliver(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    found = Notice.objects.filter(pk=number).first()
    row = queries.case_at_work(by, found.application_id if found else 0)
    require(by, "onestop.work", area=row.area, subject=row.subject)

    def act(said: dict[str, Any]) -> None:
        actions.deliver_notice(by=by, notice=number, how=said["how"])
        messages.success(request, "已登记送达")

    return _page(request, row, DeliverForm(*bound(request)), act)
