"""The department's list, and the approver's desk: requests for more time, second returns."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch import actions, forms, queries, registry, rules, wording
from linli.dispatch.actions.asks import GROUNDS
from linli.dispatch.models import STATES, URGENCIES, Ask
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Cell, Column, Empty, Filter, Table

OPEN_STATES = tuple((code, words) for code, words in STATES if code not in ("done", "cancelled"))


class OrderTable(Table):
    """Orders with their clocks in duty hours."""

    order = "due_at"
    columns = (
        Column("title", "事项", phone="head", link=lambda row: f"/orders/{row.pk}/"),
        Column(
            "due_at",
            "时限",
            kind="clock",
            phone="tail",
            sort="due_at",
            get=lambda row: row.due_at,
            export=True,
        ),
        Column(
            "state",
            "状态",
            get=lambda row: rules.STATE_WORDS[row.state],
            kind="chip",
            tone=lambda row: wording.state_tone(row.state),
        ),
        Column("kind", "类型", get=lambda row: registry.title(row.kind)),
        Column(
            "urgency",
            "紧急程度",
            get=lambda row: wording.URGENCY_WORDS[row.urgency],
            kind="chip",
            tone=lambda row: wording.URGENCY_TONES[row.urgency],
        ),
        Column("place", "地点", get=lambda row: areas.area_path(row.area)),
        Column("unit", "承办单位", get=lambda row: wording.unit_name(row.unit)),
        Column("person", "经办人", get=lambda row: str(row.person) if row.person_id else "未指定"),
        Column("returns", "退回", kind="num", phone="none"),
        Column("created", "派单时间", kind="time", phone="none"),
    )
    filters = (
        Filter("q", "事项", long=True, apply=lambda rows, value: rows.filter(title__icontains=value)),
        Filter("state", "状态", kind="choice", options=OPEN_STATES),
        Filter("urgency", "紧急程度", kind="choice", options=tuple(URGENCIES)),
        Filter(
            "late",
            "时限",
            kind="choice",
            options=(("1", "已超时"),),
            apply=lambda rows, value: rows.filter(due_at__lt=timezone.now()),
        ),
    )

    def _cell(self, column: Column, row: Any) -> Cell:
        cell = super()._cell(column, row)
        if column.kind == "clock":
            cell.clock = wording.chip(row)
        return cell


class UnitTable(OrderTable):
    code, title = "dispatch.unit", "本单位工单"
    empty = Empty("本单位没有在办工单", "有新工单时会收到通知。")


class RaisedTable(OrderTable):
    code, title = "dispatch.raised", "待派遣与退回"
    columns = (
        *OrderTable.columns[:-1],
        Column(
            "proposed",
            "建议单位",
            get=lambda row: wording.unit_name(row.explanation.get("proposed") or "") or "—",
        ),
        Column("why", "依据", get=lambda row: wording.explain(row.explanation), phone="none"),
    )
    empty = Empty("没有待派遣或退回的工单", "规则能派的都已派出。")


def unit(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if not any(scope.unit for scope in viewer.scopes("dispatch.work")):
        raise Refused("这一页给承办单位的工作人员用。您的账号没有所属单位。", code="no_unit", status=403)
    units = sorted({wording.unit_name(scope.unit) for scope in viewer.scopes("dispatch.view") if scope.unit})
    rows = queries.unit_list(viewer)
    context = {
        "unit": "、".join(units),
        "asks": [ask_entry(one) for one in queries.asks_of_units(viewer)[:20]],
        "head": bool(viewer.scopes("dispatch.reassign")),
    }
    return UnitTable(request, rows).answer("dispatch/unit.html", context)


def ask_entry(ask: Ask, form: forms.DecideForm | None = None) -> dict[str, Any]:
    """A request for more time in words."""
    wanted = deadlines.Limit.parse(ask.limit).zh if ask.limit else ""
    what = f"延期 {wanted}" if ask.what == "extend" else f"缓办（{GROUNDS.get(ask.ground, ask.ground)}）"
    return {
        "ask": ask,
        "what": what,
        "order": ask.order,
        "clock": wording.chip(ask.order),
        "unit": wording.unit_name(ask.order.unit),
        "place": areas.area_path(ask.order.area),
        "form": form,
        "times": ask.order.extensions,
    }


def may_approve(viewer: Actor) -> bool:
    return bool(viewer.scopes("dispatch.approve") or viewer.scopes("dispatch.rule"))


def approvals(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if not may_approve(viewer):
        raise Refused("只有值班长和领导可以审批。", code="not_allowed", status=403)
    return render(request, "dispatch/approvals.html", _approvals(viewer, request))


def _approvals(
    viewer: Actor, request: HttpRequest, form: forms.DecideForm | None = None, at: int = 0
) -> dict[str, Any]:
    asks = list(queries.asks_to_decide(viewer)[:100])
    disputed: QuerySet = queries.to_rule(viewer).select_related("person")[:100]
    entries = []
    for ask in asks:
        own = form if form is not None and ask.pk == at else forms.DecideForm(auto_id=f"ask-{ask.pk}-%s")
        entries.append(ask_entry(ask, own))
    return {
        "title": "审批",
        "asks": entries,
        "disputed": [
            {
                "order": row,
                "clock": wording.chip(row),
                "place": areas.area_path(row.area),
                "proposed": wording.unit_name(row.explanation.get("proposed") or ""),
                "unit": wording.unit_name(row.unit),
            }
            for row in disputed
        ],
        "form": form,
    }


def decide(request: HttpRequest, number: int) -> HttpResponse:
    """批准 or 不准; a wrong form shows the whole page again with what was typed."""
    viewer = caller(request)
    if not may_approve(viewer) or not queries.asks_to_decide(viewer).filter(pk=number).exists():
        return _decided(viewer, number)
    form = forms.DecideForm(request.POST, auto_id=f"ask-{number}-%s")

    def run(said: dict[str, Any]) -> str:
        granted = said["granted"] == "1"
        actions.decide_ask(by=viewer, ask=number, granted=granted, decision=said["decision"])
        messages.success(request, "已批准" if granted else "已答复不准")
        return "/approvals/"

    if request.method != "POST":
        return HttpResponseRedirect("/approvals/")
    context = _approvals(viewer, request, form, number)
    return form_page(request, form, run, template="dispatch/approvals.html", context=context)


def _decided(viewer: Actor, number: int) -> HttpResponse:
    """Gone for this viewer: decided meanwhile (409 with who), or never theirs (404)."""
    done = Ask.objects.filter(pk=number).exclude(state="asked").select_related("decided_by").first()
    if done and may_approve(viewer):
        words = f"{done.decided_by or '有人'}已先审批：{done.get_state_display()}，意见为“{done.decision}”。"
        raise Refused(words, code="decided", status=409)
    raise Refused("没有这份申请，或不在您的审批范围内。", code="no_ask", status=404)
