"""抽查: drawn by a seed nobody could know, looked at case by case, drawn again by anybody who doubts it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.tables import Column, Empty, Table
from linli.onestop import actions, queries_money
from linli.onestop.forms_money import ResultForm, SampleForm
from linli.onestop.models import SpotCheck
from linli.onestop.pages.frame import STAFF, ask, bound, kept
from linli.onestop.pages.moneyframe import area_choices, decided_items, shown


def sample_link(row: SpotCheck) -> str:
    return reverse("onestop:sample", args=[row.pk])


class SampleTable(Table):
    code, title, order = "onestop.samples", "抽查", "-id"
    columns = (
        Column("item", "事项", "item.name", phone="head", link=sample_link),
        Column("area", "范围", lambda row: areas.area_name(row.area)),
        Column("span", "时间", lambda row: f"{row.first:%Y-%m-%d} 至 {row.last:%Y-%m-%d}"),
        Column("population", "决定的办件", lambda row: len(row.population), kind="num"),
        Column("sample", "抽中", lambda row: len(row.sample), kind="num", phone="tail"),
    )
    empty = Empty("还没有抽查", "一段时间结束后，从决定的办件中抽取不少于 30%。")


@require_safe
def samples(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, queries_money.VIEW)
    act = ("抽取", reverse("onestop:draw_sample")) if can(viewer, "onestop.supervise") else None
    return shown(request, SampleTable(request, queries_money.spot_checks_seen(viewer)), viewer, act=act)


def draw(request: HttpRequest) -> HttpResponse:
    by = caller(request)
    require(by, "onestop.supervise")
    form = SampleForm(*bound(request), items=decided_items(), areas=area_choices(by, "onestop.supervise"))
    made: list[SpotCheck] = []

    def act(said: dict[str, Any]) -> None:
        made.append(
            actions.draw_sample(
                by=by, item=said["item"], area=said["area"], first=said["first"], last=said["last"],
                percent=said["percent"],
            )
        )  # fmt: skip
        messages.success(request, f"抽中 {len(made[0].sample)} 件")

    answer = ask(request, form, act, to=reverse("onestop:samples"))
    if made and answer.status_code == 302:
        answer["Location"] = sample_link(made[0])
    return answer


def _found(viewer: Actor, number: int) -> SpotCheck:
    row = queries_money.spot_checks_seen(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有这次抽查，或者它不在您的管辖范围内。", code="no_spot_check", status=404)
    return row


@require_safe
def sample(request: HttpRequest, number: int) -> HttpResponse:
    """The drawn cases with their results, and the draw made again before the reader's eyes."""
    viewer = caller(request)
    require(viewer, queries_money.VIEW)
    row = _found(viewer, number)
    results = {one.application.number: one for one in row.results.select_related("application", "by")}
    _, again, same = queries_money.redraw(number)
    context = {
        "title": f"{row.item.name}抽查", "row": row, "where": areas.area_name(row.area), "same": same, "again": again,
        "lines": [(one, results.get(one)) for one in row.sample], "done": len(results),
        "may_record": can(viewer, "onestop.supervise", area=row.area),
        "bad": sum(not one.sound for one in results.values()),
    }  # fmt: skip
    return render(request, "onestop/money/sample.html", {**STAFF, **context})


def result(request: HttpRequest, number: int, case: str) -> HttpResponse:
    by = caller(request)
    row = _found(by, number)
    require(by, "onestop.supervise", area=row.area)
    if case not in row.sample:
        raise Refused("这个办件不在抽查名单内。", code="not_drawn", status=404)
    form = ResultForm(*bound(request))
    form.page_lead = f"{row.item.name} {case}"

    def act(said: dict[str, Any]) -> None:
        files = kept(by, said["photos"] or [], said["client_uuid"])
        actions.record_spot_result(
            by=by, spot_check=row.pk, application=case, sound=said["sound"] == "1", note=said["note"], files=files
        )  # fmt: skip
        messages.success(request, "抽查结果已登记")

    return ask(request, form, act, to=sample_link(row))
