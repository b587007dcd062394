"""The administrator's pages of receivers: who is told what, what arrived, what is parked, sending again."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.areas import queries as areas
from linli.exchange import actions, queries
from linli.exchange.catalogue import TEST, fact_choices, fact_words
from linli.exchange.forms import OffForm, RotateForm, WebhookForm
from linli.exchange.models import STATES, Webhook
from linli.kernel.actor import require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page, refuse_stale
from linli.kernel.web.tables import BulkAct, Column, Empty, Filter, Table

STAFF = {"base": "web/base.html"}
TONES = {"waiting": "", "sent": "done", "parked": "bad"}


def one_url(number: int) -> str:
    return reverse("exchange:webhook", args=[number])


class WebhookTable(Table):
    code = "exchange.webhooks"
    title = "消息推送"
    order = "area"
    columns = (
        Column("name", "接收方", link=lambda row: one_url(row.pk), phone="head"),
        Column("area", "区域", get=lambda row: areas.area_path(row.area), sort="area"),
        Column("facts", "消息种数", get=lambda row: len(row.facts), kind="num"),
        Column(
            "active",
            "状态",
            get=lambda row: "已停用" if not row.active else "未能送达" if row.failing_since else "正常",
            kind="chip",
            tone=lambda row: "paused" if not row.active else "bad" if row.failing_since else "ok",
            phone="tail",
        ),
        Column("waiting", "待发送", kind="num"),
        Column("parked", "已搁置", kind="num"),
        Column("last_sent", "最近送达", kind="time"),
    )
    filters = (
        Filter("name", "接收方", "name__icontains"),
        Filter("area", "区域代码（含下级）", "area__startswith"),
    )
    empty = Empty(
        "还没有接收方",
        "外部系统要及时知道事件和工单的进展时，在这里登记它的接收网址。",
        "新增接收方",
        "/system/webhooks/new/",
    )


class DeliveryTable(Table):
    code = "exchange.deliveries"
    order = "-id"
    columns = (
        Column("fact", "消息", get=lambda row: told_words(row.message.fact, row.message.data), phone="head"),
        Column(
            "state",
            "状态",
            get="get_state_display",
            kind="chip",
            tone=lambda row: TONES[row.state],
            phone="tail",
        ),
        Column("at", "产生时间", get="message.at", kind="time"),
        Column("sent_at", "送达时间", kind="time", phone="none"),
        Column("attempts", "已试次数", kind="num", phone="none"),
        Column("next_try_at", "下次发送", kind="time", phone="none"),
        Column("last_said", "最近一次结果"),
        Column("uuid", "消息编号（webhook-id）", get=lambda row: str(row.message.uuid), phone="none"),
    )
    filters = (
        Filter("state", "状态", kind="choice", options=tuple(STATES)),
        Filter("fact", "消息", "message__fact", kind="choice", options=((TEST, "测试消息"), *fact_choices())),
        Filter("uuid", "消息编号", "message__uuid", more=True),
        Filter("since", "产生日期，从", "message__at__gte", kind="day", more=True),
        Filter("until", "到", "message__at__lte", kind="day", more=True),
    )
    bulk = (BulkAct("resend", "重发所选"),)
    empty = Empty("没有符合条件的消息", "有了新进展会自动出现；也可以先发一条测试消息。")


def told_words(fact: str, data: dict[str, Any]) -> str:
    """立案 · 事件 17"""
    matter = [
        f"{words} {data[name]}" for name, words in (("incident", "事件"), ("order", "工单")) if data.get(name)
    ]
    return " · ".join([fact_words(fact), *matter])


@login_required
@require_GET
def webhooks(request: HttpRequest) -> HttpResponse:
    return WebhookTable(request, queries.webhook_list(caller(request))).answer("exchange/webhooks.html")


@login_required
def webhook(request: HttpRequest, number: int) -> HttpResponse:
    """One receiver with its messages; posting chosen rows sends them again."""
    viewer = caller(request)
    row = queries.webhook_for(viewer, number)
    if request.method == "POST":
        chosen = [int(one) for one in request.POST.getlist("ids") if one.isdigit()]
        count = actions.resend(by=viewer, webhook=number, deliveries=chosen)
        messages.success(request, f"{count} 条消息已重新排队，几秒内发送。")
        return HttpResponseRedirect(one_url(number))
    rows = queries.deliveries(viewer, row)
    context = {
        "hook": row,
        "area": areas.area_path(row.area),
        "facts": [fact_words(fact) for fact in row.facts],
        "parked": rows.filter(state="parked").count(),
    }
    table = DeliveryTable(request, rows)
    table.title = f"推送：{row.name}"
    return table.answer("exchange/webhook.html", context)


def _shown(request: HttpRequest, row: Webhook, secret: str, title: str) -> HttpResponse:
    """The secret stands on the answer to the POST itself, once."""
    context = {"title": title, "hook": row, "secret": secret}
    return render(request, "exchange/secret.html", context)


@login_required
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, queries.MANAGE)
    scope = next((scope.area for scope in viewer.scopes(queries.MANAGE)), "")
    form = WebhookForm(request.POST if request.method == "POST" else None, initial={"area": scope})
    form.page_title = "新增接收方"

    def act(said: dict[str, Any]) -> HttpResponse:
        row, secret = actions.add_webhook(by=viewer, **_given(said))
        return _shown(request, row, secret, "接收方已新增")

    return form_page(request, form, act, context=STAFF)


def _given(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": said["name"],
        "url": said["url"],
        "facts": said["facts"],
        "area": said["area"].strip(),
    }


@login_required
def change(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    row = queries.webhook_for(viewer, number)
    now = {"name": row.name, "url": row.url, "facts": row.facts, "area": row.area}
    form = WebhookForm(
        request.POST if request.method == "POST" else None, initial=now, base_version=row.version
    )
    form.page_title, form.cancel_url = f"修改：{row.name}", one_url(number)

    def act(said: dict[str, Any]) -> str:
        refuse_stale(form, current=row.version, who="他人或系统", what="这个接收方")
        actions.change_webhook(by=viewer, webhook=number, **_given(said))
        messages.success(request, "已保存，待发送的消息改送新的网址。")
        return one_url(number)

    return form_page(request, form, act, context=STAFF)


@login_required
@never_cache
def rotate(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    row = queries.webhook_for(viewer, number)
    form = RotateForm(request.POST if request.method == "POST" else None)
    form.page_title, form.cancel_url = f"更换签名密钥：{row.name}", one_url(number)

    def act(said: dict[str, Any]) -> HttpResponse:
        changed, secret = actions.rotate_secret(by=viewer, webhook=number)
        return _shown(request, changed, secret, "签名密钥已更换")

    return form_page(request, form, act, context=STAFF)


@login_required
def off(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    row = queries.webhook_for(viewer, number)
    form = OffForm(request.POST if request.method == "POST" else None)
    form.page_title, form.cancel_url = f"停用：{row.name}", one_url(number)

    def act(said: dict[str, Any]) -> str:
        actions.switch_off(by=viewer, webhook=number, reason=said["reason"])
        messages.success(request, "已停用。")
        return one_url(number)

    return form_page(request, form, act, context=STAFF)


@login_required
@require_POST
def on(request: HttpRequest, number: int) -> HttpResponse:
    actions.switch_on(by=caller(request), webhook=number)
    messages.success(request, "已启用。停用期间搁置的消息不会自动补发，需要时请重发。")
    return HttpResponseRedirect(one_url(number))


@login_required
@require_POST
def send_test(request: HttpRequest, number: int) -> HttpResponse:
    actions.send_test(by=caller(request), webhook=number)
    messages.success(request, "测试消息已排队，几秒后刷新本页查看结果。")
    return HttpResponseRedirect(one_url(number))


@login_required
@require_POST
def resend(request: HttpRequest, number: int) -> HttpResponse:
    count = actions.resend(by=caller(request), webhook=number)
    messages.success(request, f"{count} 条搁置的消息已重新排队，几秒内发送。")
    return HttpResponseRedirect(one_url(number))
