"""The administrator's page of parked reactions and timers; the ticket of the live stream."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from linli.kernel.bus import actions, queries, tickets
from linli.kernel.web.caller import caller
from linli.kernel.web.registry import NavEntry, register_nav
from linli.kernel.web.tables import Column, Empty, Filter, Table

register_nav(
    NavEntry(
        "系统运行",
        "bus:parked",
        verb="bus.view",
        order=920,
        group="system.records",
        words="没有办成的后台事项和原因，重新运行。",
    )
)


class ParkedTable(Table):
    code = "bus.parked"
    title = "搁置的消息处理"
    order = "-id"
    columns = (
        Column("id", "编号", kind="num", phone="tail"),
        Column("reaction", "处理环节", phone="head"),
        Column("fact", "消息", get=lambda row: f"{row.fact.name} {row.fact_id}"),
        Column("at", "发生时间", get="fact.at", kind="time"),
        Column("attempts", "已试次数", kind="num"),
        Column("reason", "原因"),
    )
    filters = (
        Filter("reaction", "处理环节", "reaction__icontains"),
        Filter("fact", "消息", "fact__name__icontains"),
    )
    empty = Empty("没有搁置的处理", "所有消息都已处理完，或正在处理。")


@login_required
@require_GET
def parked(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    context = {"timers": queries.timers(viewer), "backlog": queries.backlog(viewer)}
    return ParkedTable(request, queries.parked(viewer)).answer("bus/parked.html", context)


@login_required
@require_POST
def run_again(request: HttpRequest, delivery: int) -> HttpResponse:
    actions.run_again(by=caller(request), delivery=delivery)
    messages.success(request, f"编号 {delivery} 已重新排队，稍后自动运行。")
    return HttpResponseRedirect(reverse("bus:parked"))


@login_required
@require_GET
def ticket(request: HttpRequest) -> JsonResponse:
    """What the live island asks for when its ticket is over: a fresh one and the stream's address."""
    answer = JsonResponse(
        {"url": tickets.live_address(request), "ticket": tickets.ticket_for(caller(request))}
    )
    answer["Cache-Control"] = "no-store"
    return answer
