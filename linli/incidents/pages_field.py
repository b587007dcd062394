"""On the spot: the one-thumb report, the result of a confirmation, the check of a finished case."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from linli.dispatch import queries as order_queries
from linli.dispatch import wording
from linli.dispatch.actions import Said, attach_photos
from linli.dispatch.actions.steps import is_assignee
from linli.dispatch.forms import keep_photos
from linli.dispatch.models import WorkOrder
from linli.dispatch.pages.frame import base_for, base_version, in_field, posted, renewing
from linli.incidents import actions, catalogue, forms_desk, photos, queries, rules, showing
from linli.incidents.models import Incident
from linli.incidents.pages_desk import FIELDS, IncidentTable, renamed, telling_of
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.pages import offline_page
from linli.kernel.web.tables import Empty

CHIPS = 9


def chips(viewer: Actor) -> list[str]:
    """The classes on the report form: those seen most lately, then those that need no second look."""
    known = catalogue.classes.get()
    often = [code for code in queries.common_classes(viewer) if code in known]
    plain = sorted((row for row in known.values() if row.skip_confirm), key=lambda row: row.pk)
    return list(dict.fromkeys([*often, *(row.code for row in plain)]))[:CHIPS]


def own_grid(viewer: Actor) -> str:
    """The one grid somebody works in, to fall back on without a position."""
    grids = {scope.area for scope in viewer.scopes("incidents.report_own") if len(scope.area) == 15}
    return grids.pop() if len(grids) == 1 else ""


def field_telling(viewer: Actor, said: dict[str, Any], files: tuple[int, ...]) -> rules.Telling:
    """The grid worker's form as intake takes it; a picture alone is told by its class."""
    code = said.get("other_class") or said.get("class_said") or ""
    text = said.get("text") or (forms_desk.class_name(code) if code else "")
    area = own_grid(viewer) if not said.get("place") else ""
    return telling_of(viewer, said | {"text": text, "class_said": code, "area": area}, files, "grid")


def quick_report(request: HttpRequest) -> HttpResponse:
    """拍照、选类、提交: filed at once where it is the grid worker's own."""
    viewer = caller(request)
    require(viewer, "incidents.report_own")
    form = forms_desk.QuickReportForm(*posted(request), request=request, common=chips(viewer))
    form.cancel_url = "/work/"

    def run(said: dict[str, Any]) -> str:
        said["client_uuid"] = said["client_uuid"] or uuid.uuid4()
        kept, faults = photos.keep(viewer, said["photos"], said["client_uuid"])
        if faults:
            raise Refused("照片有问题", code="bad_photos", fields={"photos": faults})
        files = tuple(photo.pk for photo in kept)
        telling = field_telling(viewer, said, files)
        try:
            if said["fixed"]:
                position = (
                    (telling.lon, telling.lat)
                    if telling.lon is not None and telling.lat is not None
                    else None
                )
                receipt = actions.report_and_fix(
                    by=viewer, telling=telling, outcome=said["outcome"], position=position
                )
            else:
                receipt = actions.report_incident(by=viewer, telling=telling)
        except Refused as refused:
            raise renamed(refused, FIELDS) from None
        messages.success(request, f"{receipt.number} {_received(receipt.state)}")
        return "/work/"

    context = {"base": base_for(viewer), "field": in_field(viewer), "offline": "incidents.report"}
    return offline_page(form_page(request, form, run, template="incidents/desk/quick.html", context=context))


def _received(state: str) -> str:
    words = {
        "closed": "已当场办结",
        "filed": "已立案派遣",
        "working": "已办结，抽中核查",
        "confirming": "已收到，待核实",
    }
    return words.get(state, "已收到，待受理")


def _order(viewer: Actor, number: int, kind: str) -> WorkOrder:
    """The viewer's own order of this kind. Raises Refused 404 or 403."""
    order = order_queries.order_for(viewer, number)
    if order.kind != kind:
        raise Refused("没有这一页。", code="no_page", status=404)
    if not is_assignee(viewer, order):
        raise Refused("这张工单不是派给您的，不能办理。", code="not_assignee", status=403)
    return order


def _version(number: int) -> int:
    return WorkOrder.objects.values_list("version", flat=True).get(pk=number)


def confirm(request: HttpRequest, number: int) -> HttpResponse:
    """核实属实（选类别）／不属实."""
    viewer = caller(request)
    order = _order(viewer, number, "incident.confirm")
    case = Incident.objects.get(pk=int(order.subject.partition(":")[2]))
    form = forms_desk.ConfirmForm(*posted(request), request=request, order=order, class_code=_class_of(case))

    def run(said: dict[str, Any]) -> str:
        found = said["found"] == "1"
        keys = keep_photos(viewer, said["photos"], said["client_uuid"])
        kept = attach_photos(by=viewer, keys=keys, subject=order.subject, phase="before")
        data = {"lon": said["lon"], "lat": said["lat"]} if said.get("lon") is not None else {}
        with renewing(form, lambda: _version(number)):
            actions.confirm_incident(
                by=viewer,
                order=number,
                found=found,
                text=said["text"],
                class_code=said["class_code"] if found else "",
                said=Said(
                    files=tuple(photo.pk for photo in kept), base_version=base_version(said), data=data
                ),
            )
        messages.success(request, "已核实属实，按规则派单" if found else "已核实不属实，告知报事人")
        return "/work/" if in_field(viewer) else f"/orders/{number}/"

    context = {
        "base": base_for(viewer),
        "field": in_field(viewer),
        "order": order,
        "clock": wording.chip(order),
        "offline": "incidents.confirm",
    }
    return offline_page(form_page(request, form, run, template="dispatch/act.html", context=context))


def _class_of(case: Incident) -> str:
    top = case.guess.get("top") or [[""]]
    code = case.class_code or top[0][0]
    return showing.class_words(code) if code else ""


class CheckTable(IncidentTable):
    code, title, order = "incidents.checking", "待核查", "due_at"
    columns = tuple(
        column
        if column.key != "title"
        else type(column)("title", "事件", phone="head", link=lambda row: f"/check/{row.pk}/")
        for column in IncidentTable.columns
    )
    empty = Empty("没有待核查的事件", "办结的事件会列在这里，等待他人核查。")


def checks(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if not viewer.scopes("incidents.check"):
        raise Refused("只有核查员可以核查。", code="not_allowed", status=403)
    return CheckTable(request, queries.check_queue(viewer)).answer("web/list.html")


def check(request: HttpRequest, number: int) -> HttpResponse:
    """A case at the desk of a checker."""
    viewer = caller(request)
    row = queries.incident_for(viewer, number)
    if not can(viewer, "incidents.check", area=row.area, subject=row.subject):
        raise Refused("只有核查员可以核查。", code="not_allowed", status=403)
    return _check(request, viewer, row, None)


def check_order(request: HttpRequest, number: int) -> HttpResponse:
    """The result of an order to look on the spot."""
    viewer = caller(request)
    order = _order(viewer, number, "incident.check")
    row = Incident.objects.get(pk=int(order.subject.partition(":")[2]))
    return _check(request, viewer, row, order)


def _check(request: HttpRequest, viewer: Actor, row: Incident, order: WorkOrder | None) -> HttpResponse:
    handled = [
        one for one in queries.orders_of(row) if one.kind == "incident.handle" and one.state == "handled"
    ]
    own = any(one.handled_by == viewer.ref for one in handled)
    form = forms_desk.CheckForm(*posted(request), base_version=row.version)

    def run(said: dict[str, Any]) -> str:
        passed = said["passed"] == "1"
        keys = keep_photos(viewer, said["photos"], said["client_uuid"])
        kept = attach_photos(by=viewer, keys=keys, subject=row.subject, phase="after")
        with renewing(form, lambda: Incident.objects.values_list("version", flat=True).get(pk=row.pk)):
            actions.check_incident(
                by=viewer,
                incident=row.pk,
                passed=passed,
                text=said["text"],
                cause=said["cause"] or "fixed",
                files=[photo.pk for photo in kept],
                base_version=base_version(said),
                order=order.pk if order else None,
            )
        messages.success(
            request, f"{row.number} {'核查通过，已结案' if passed else '核查不通过，已退回返工'}"
        )
        return "/work/" if order else "/check/"

    reports = queries.told_in(row)
    found = queries.photos_of(row, [report.pk for report in reports], [one.pk for one in handled])
    pictures = [wording.picture(one) for one in found]
    context = {
        "title": row.title,
        "base": base_for(viewer) if order else "web/base.html",
        "field": order is not None and in_field(viewer),
        "row": row,
        "case": showing.line(row),
        "closing": _closing(row),
        "orders": [showing.order_line(one) for one in handled],
        "before": [one for one in pictures if one["phase"] != "after"],
        "after": [one for one in pictures if one["phase"] == "after"],
        "own": own,
        "waiting": row.state == "checking",
        "back": f"/orders/{order.pk}/" if order else "/check/",
    }
    return form_page(request, form, run, template="incidents/desk/check.html", context=context)


def _closing(row: Incident) -> str:
    chosen = catalogue.class_of(row.class_code)
    return chosen.closing if chosen else ""
