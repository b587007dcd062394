"""The outlet window: what waits to be put out, what waits for its owner, what was collected; each document and its acts."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.onestop import actions, outlet, queries, queries_outlet
from linli.onestop.forms_outlet import ArrivedForm, HandOverForm, ParcelForm, ReissueForm, RevokeForm
from linli.onestop.models import Result
from linli.onestop.pages.frame import ask, bound, kept
from linli.onestop.pages.results import printed

VERB = "onestop.outlet"
TABS = (("made", "待出件"), ("ready", "待领取"), ("received", "已领取"), ("void", "已作废"))
TONES = {"made": "warn", "ready": "warn", "sent": "paused", "received": "ok", "void": "done"}


class ResultTable(Table):
    code, title, order = "onestop.outlet", "统一出件", "-id"
    columns = (
        Column("title", "文书", phone="head", link=lambda row: reverse("onestop:result", args=[row.pk])),
        Column("number", "文书编号"),
        Column("item", "事项", "application.item.name"),
        Column("person", "申请人", "application.person.masked_name"),
        Column("made_at", "制成时间", kind="time"),
        Column("wish", "领取方式", lambda row: row.get_wish_display() or "未选择"),
        Column("reminded", "已提醒次数", kind="num", phone="none"),
        Column("state", "状态", "get_state_display", kind="chip", phone="tail", tone=lambda row: TONES[row.state]),
    )  # fmt: skip
    filters = (Filter("number", "文书编号"),)
    empty = Empty("这里没有文书", "办件审核确认后，结果文书会自动制成并列在“待出件”。")


class WaitingTable(ResultTable):
    """Who has waited longest stands first."""

    order = "id"


@require_safe
def results(request: HttpRequest, which: str = "made") -> HttpResponse:
    viewer = caller(request)
    require(viewer, VERB)
    kind = WaitingTable if which in ("made", "ready") else ResultTable
    tabs = [(reverse(f"onestop:outlet_{code}"), label) for code, label in TABS]
    table = kind(request, queries_outlet.results_seen(viewer, which))
    return table.answer("onestop/desk/list.html", {"tabs": tabs, "here": request.path})


def _one(request: HttpRequest, number: int) -> tuple[Actor, Result]:
    viewer = caller(request)
    return viewer, queries_outlet.result_at_work(viewer, number)


@require_safe
def result(request: HttpRequest, number: int) -> HttpResponse:
    viewer, row = _one(request, number)
    may = outlet.MOVES[row.state]
    case = row.application
    context = {
        "title": row.title,
        "row": row,
        "tone": TONES[row.state],
        "others": [one for one in queries_outlet.results_of(case) if one.pk != row.pk],
        "handovers": row.handovers.all(),
        "acts": [(reverse("onestop:result_act", args=[row.pk, act]), said) for act, said in _acts(row)],
        "may_put_out": "put_out" in may,
        "may_revoke": "void" in may and can(viewer, "onestop.decide", area=case.area, unit=case.unit),
    }
    return render(request, "onestop/outlet/result.html", context)


def _acts(row: Result) -> list[tuple[str, str]]:
    may = outlet.MOVES[row.state]
    paper_wanted = row.state != "received" or not row.handovers.filter(way="window").exists()
    found = [("hand-over", "登记领取")] if "hand_over" in may and paper_wanted else []
    found += [("post", "登记邮寄")] if "post" in may and row.post_to else []
    found += [("parcel", "登记邮寄结果")] if "delivered" in may else []
    return found + ([("reissue", "补发或更正")] if "void" in may else [])


@require_safe
def document(request: HttpRequest, number: int) -> HttpResponse:
    _, row = _one(request, number)
    return printed(row)


@require_POST
def put_out(request: HttpRequest, number: int) -> HttpResponse:
    by, row = _one(request, number)
    actions.put_out(by=by, result=row.pk)
    messages.success(request, "已出件，通知了申请人")
    return HttpResponseRedirect(reverse("onestop:result", args=[row.pk]))


def _hand_over(by: Actor, row: Result, said: dict[str, Any]) -> None:
    files = kept(by, said["signature"], said["client_uuid"])
    actions.hand_over(
        by=by, result=row.pk, receiver=said["receiver"], signature=files, agent=said["agent"],
        authority=said["authority"],
    )  # fmt: skip


def _post(by: Actor, row: Result, said: dict[str, Any]) -> None:
    actions.post_result(by=by, result=row.pk, courier=said["courier"], tracking=said["tracking"])


def _parcel(by: Actor, row: Result, said: dict[str, Any]) -> None:
    actions.note_parcel(by=by, result=row.pk, delivered=said["outcome"] == "1", receiver=said["receiver"])


def _reissue(by: Actor, row: Result, said: dict[str, Any]) -> None:
    actions.reissue_result(by=by, result=row.pk, why=said["why"], reason=said["reason"])


def _revoke(by: Actor, row: Result, said: dict[str, Any]) -> None:
    actions.revoke_result(by=by, result=row.pk, reason=said["reason"])


ACTS: dict[str, tuple[type[Form], Callable[[Actor, Result, dict[str, Any]], None], str]] = {
    "hand-over": (HandOverForm, _hand_over, "已登记领取"),
    "post": (ParcelForm, _post, "已登记寄出，通知了申请人"),
    "parcel": (ArrivedForm, _parcel, "已登记邮寄结果"),
    "reissue": (ReissueForm, _reissue, "已重新出具，原文书作废"),
    "revoke": (RevokeForm, _revoke, "文书已撤销"),
}


def act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    by, row = _one(request, number)
    if act not in ACTS:
        raise Refused("没有这一项。", code="no_act", status=404)
    form, run, done = ACTS[act]

    def go(said: dict[str, Any]) -> None:
        run(by, row, said)
        messages.success(request, done)

    lead = f"{row.title} {row.number}"
    return ask(request, form(*bound(request)), go, to=reverse("onestop:result", args=[row.pk]), lead=lead)


@require_safe
def trips(request: HttpRequest) -> HttpResponse:
    """到窗口次数 by item beside what the catalogue promises; each line leads to its cases, each case to its days."""
    viewer = caller(request)
    require(viewer, queries.VIEW)
    since = _day(request.GET.get("since", ""))
    item = request.GET.get("item", "")
    context: dict[str, Any] = {"title": "到窗口次数", "since": since, "lines": queries_outlet.trips_by_item(viewer, since)}  # fmt: skip
    if item:
        context["cases"] = queries_outlet.cases_with_trips(viewer, item, since)[:200]
        context["chosen"] = next((one for one in context["lines"] if one.code == item), None)
    return render(request, "onestop/outlet/trips.html", context)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
