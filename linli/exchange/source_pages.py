"""The administrator's pages of data sources: how each is doing, what was asked, what failed, asking again."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.exchange import actions, queries
from linli.exchange.catalogue import sources as registered
from linli.exchange.forms import SourceForm, SourceOffForm
from linli.exchange.models import ASKING
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page, refuse_stale
from linli.kernel.web.tables import BulkAct, Column, Empty, Filter, Table

STAFF = {"base": "web/base.html"}
TONES = {"waiting": "", "asked": "", "answered": "done", "failed": "bad", "timed_out": "bad"}
RESULTS = {"match": "相符", "mismatch": "不符", "absent": "查无"}


def source_url(code: str) -> str:
    return reverse("exchange:source", args=[code])


def status_words(row: Any) -> tuple[str, str]:
    """(words, tone) of one source's health, a row of queries.source_list."""
    if not row.active:
        return ("已停用" if row.url else "未接通"), "paused"
    if 2 * row.failed_lately > row.asked_lately:
        return "多数未查成", "bad"
    return ("查询不成", "bad") if row.failing_since else ("正常", "ok")


def failure_rate(row: Any) -> str:
    """12 %；没有查询过的不写。"""
    return f"{round(100 * row.failed_lately / row.asked_lately)}%" if row.asked_lately else ""


class SourceTable(Table):
    code = "exchange.sources"
    title = "数据源"
    order = "code"
    columns = (
        Column("title", "数据源", link=lambda row: source_url(row.code), phone="head"),
        Column("department", "部门"),
        Column(
            "active",
            "状态",
            get=lambda row: status_words(row)[0],
            kind="chip",
            tone=lambda row: status_words(row)[1],
            phone="tail",
        ),
        Column("waiting", "等待中", kind="num", phone="none"),
        Column("failed_lately", "近 7 天未查成", kind="num", phone="none"),
        Column("rate", "近 7 天失败率", get=failure_rate),
        Column("last_answer", "最近答复", kind="time"),
        Column("code", "代码", phone="none"),
    )
    filters = (
        Filter("title", "数据源", "title__icontains"),
        Filter("department", "部门", "department__icontains"),
    )
    empty = Empty("没有可以查看的数据源", "数据源由县级系统管理员维护。")


class RequestTable(Table):
    code = "exchange.requests"
    order = "-id"
    columns = (
        Column(
            "material", "材料", get=lambda row: row.purpose.partition("：")[2] or row.material, phone="head"
        ),
        Column(
            "state",
            "状态",
            get="get_state_display",
            kind="chip",
            tone=lambda row: TONES[row.state],
            phone="tail",
        ),
        Column("result", "结果", get=lambda row: RESULTS.get(row.result, "")),
        Column("at", "提出时间", kind="time"),
        Column("answered_at", "答复时间", kind="time", phone="none"),
        Column("attempts", "已试次数", kind="num", phone="none"),
        Column("next_try_at", "下次查询", kind="time", phone="none"),
        Column("last_said", "最近一次结果"),
        Column("purpose", "用途", get=lambda row: row.purpose.partition("：")[0], phone="none"),
        Column("consent", "授权书编号", kind="num", phone="none"),
        Column("subject", "办件", get=lambda row: row.subject.partition(":")[2], phone="none"),
        Column("uuid", "请求编号", get=lambda row: str(row.uuid), phone="none"),
    )
    filters = (
        Filter("state", "状态", kind="choice", options=tuple(ASKING)),
        Filter("result", "结果", kind="choice", options=tuple(RESULTS.items())),
        Filter("uuid", "请求编号", "uuid", more=True),
        Filter("since", "提出日期，从", "at__gte", kind="day", more=True),
        Filter("until", "到", "at__lte", kind="day", more=True),
    )
    bulk = (BulkAct("again", "重新查询所选"),)
    empty = Empty("没有符合条件的查询", "居民提交办件后，需要核对的材料会自动出现在这里。")


@login_required
@require_GET
def sources(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    rows = queries.source_list(viewer)
    context = {"unregistered": queries.unregistered(viewer)}
    return SourceTable(request, rows).answer("exchange/sources.html", context)


@login_required
def source(request: HttpRequest, code: str) -> HttpResponse:
    """One source with its requests; posting chosen rows asks them again."""
    viewer = caller(request)
    row = queries.source_for(viewer, code)
    if request.method == "POST":
        chosen = [int(one) for one in request.POST.getlist("ids") if one.isdigit()]
        return _asked_again(request, code, actions.ask_again(by=viewer, source=code, requests=chosen))
    rows = queries.requests(viewer, row)
    context = {
        "source": row,
        "materials": list(registered()[code].records) if code in registered() else [],
        "missed": rows.filter(state__in=["failed", "timed_out"]).count(),
    }
    table = RequestTable(request, rows)
    table.title = f"数据源：{row.title}"
    return table.answer("exchange/source.html", context)


def _asked_again(request: HttpRequest, code: str, count: int) -> HttpResponse:
    messages.success(request, f"{count} 件查询已重新排队，几秒内发出。")
    return HttpResponseRedirect(source_url(code))


@login_required
@never_cache
def change(request: HttpRequest, code: str) -> HttpResponse:
    viewer = caller(request)
    row = queries.source_for(viewer, code)
    now = {"url": row.url, "timeout": row.timeout}
    form = SourceForm(
        request.POST if request.method == "POST" else None, initial=now, base_version=row.version
    )
    form.page_title, form.cancel_url = f"修改接口：{row.title}", source_url(code)

    def act(said: dict[str, Any]) -> str:
        refuse_stale(form, current=row.version, who="他人", what="这个数据源")
        given = {name: said[name] for name in ("url", "secret", "timeout")}
        actions.connect_source(by=viewer, source=code, **given)
        messages.success(request, "已保存。可以先试调，再启用。" if not row.active else "已保存。")
        return source_url(code)

    return form_page(request, form, act, context=STAFF)


@login_required
def off(request: HttpRequest, code: str) -> HttpResponse:
    viewer = caller(request)
    row = queries.source_for(viewer, code)
    form = SourceOffForm(request.POST if request.method == "POST" else None)
    form.page_title, form.cancel_url = f"停用：{row.title}", source_url(code)

    def act(said: dict[str, Any]) -> str:
        actions.switch_source_off(by=viewer, source=code, reason=said["reason"])
        messages.success(request, "已停用。")
        return source_url(code)

    return form_page(request, form, act, context=STAFF)


@login_required
@require_POST
def on(request: HttpRequest, code: str) -> HttpResponse:
    actions.switch_source_on(by=caller(request), source=code)
    messages.success(request, "已启用。停用期间未查成的不会自动重查，需要时请重新查询。")
    return HttpResponseRedirect(source_url(code))


@login_required
@require_POST
def test(request: HttpRequest, code: str) -> HttpResponse:
    actions.try_source(by=caller(request), source=code)
    messages.success(request, "试调已排队，几秒后刷新本页查看结果。")
    return HttpResponseRedirect(source_url(code))


@login_required
@require_POST
def again(request: HttpRequest, code: str) -> HttpResponse:
    return _asked_again(request, code, actions.ask_again(by=caller(request), source=code))
