"""The administrator's pages of messages: gateways, what arrived, words, quiet hours; and the demo's outbox."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from linli.kernel import Refused
from linli.kernel.access.rules import require
from linli.kernel.notify import actions, current, queries, registry, rules
from linli.kernel.notify.forms import EXAMPLES, ChannelForm, QuietForm, ResendForm, SwitchForm, WordingForm
from linli.kernel.notify.models import STATES, Channel, Notice
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.rules import mask_name
from linli.kernel.web.tables import Column, Empty, Filter, Table

STAFF = {"base": "web/base.html"}
TONES = {"sent": "done", "read": "done", "failed": "bad", "held": "paused"}
SOURCES = {
    "built_in": "程序自带",
    "page": "本页设置",
    "settings": "部署配置",
    "demo": "演示发件箱",
    "none": "未设置",
}


def outbox(request: HttpRequest) -> HttpResponse:
    """GET /demo/outbox/ with the last fifty messages."""
    if getattr(settings, "PRODUCTION", True):
        raise Http404
    return render(request, "notify/outbox.html", {"title": "演示发件箱", "messages_out": queries.outbox()})


def whom(notice: Notice) -> str:
    """The masked name of an account, or the masked address."""
    if notice.account is not None:
        return mask_name(notice.account.name or notice.account.username)
    return rules.masked(notice.address)


def named(notice: Notice) -> str:
    """The title of its template, or the code where the title is given with each message."""
    plain = queries.file_template(notice.template)
    return notice.template if plain is None or "{" in plain.title else plain.title


class NoticeTable(Table):
    code = "notify.notices"
    title = "发送记录"
    order = "-id"
    columns = (
        Column("created_at", "时间", kind="time", link=lambda row: reverse("notify:notice", args=[row.pk])),
        Column("channel", "通道", get="get_channel_display"),
        Column("template", "消息", get=named, phone="head"),
        Column("whom", "收件人", get=whom),
        Column(
            "state", "状态", get="get_state_display", kind="chip", phone="tail", tone=lambda row: TONES.get(row.state, "warn")
        ),
        Column("attempts", "次数", kind="num", phone="none"),
        Column("last_error", "失败原因"),
    )  # fmt: skip
    filters = (
        Filter("state", "状态", kind="choice", options=tuple(STATES)),
        Filter("channel", "通道", kind="choice", options=tuple(rules.KINDS.items())),
        Filter("template", "模板编号", "template__startswith", more=True),
        Filter("since", "自", "created_at__gte", kind="day"),
        Filter("until", "至", "created_at__lte", kind="day", more=True),
    )
    empty = Empty("没有符合条件的消息", "发出的每条消息都会列在这里，保留 180 天。换一个筛选条件试试。")


@login_required
@require_GET
def channels(request: HttpRequest) -> HttpResponse:
    rows = [{"row": one, "source": SOURCES[one.source]} for one in queries.channels(caller(request))]
    return render(request, "notify/channels.html", {"title": "通知通道", "channels": rows})


def _kind(kind: str) -> str:
    if kind not in EXAMPLES:
        raise Refused("没有这种通道。", code="no_channel", status=404)
    return rules.KINDS[kind]


@login_required
def channel(request: HttpRequest, kind: str) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "notify.manage", area=settings.LINLI_COUNTY)
    name, row = _kind(kind), Channel.objects.filter(pk=kind).first()
    form = ChannelForm(request.POST or None, initial={"active": row.active if row else True})
    form.page_title, form.cancel_url = f"{name}通道", reverse("notify:channels")
    form.fields["url"].help_text = EXAMPLES[kind] + ("。不填则保留现在的地址" if row else "")

    def act(said: dict[str, Any]) -> str:
        url = said["url"] or (row.url if row else "")
        actions.set_channel(by=viewer, kind=kind, url=url, active=said["active"])
        messages.success(request, f"{name}通道已保存，可以给自己发一条测试消息。")
        return reverse("notify:channels")

    return form_page(request, form, act, context=STAFF)


@login_required
def switch(request: HttpRequest, kind: str) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "notify.manage", area=settings.LINLI_COUNTY)
    name, row = _kind(kind), Channel.objects.filter(pk=kind).first()
    if row is None:
        raise Refused("这个通道还没有在本页设置网关。", code="no_channel", status=404)
    form = SwitchForm(request.POST or None)
    form.page_title = f"{'停用' if row.active else '启用'}{name}通道"
    form.page_lead = "停用后发往该通道的消息按失败处理，可在发送记录里重发。" if row.active else ""
    form.cancel_url = back = reverse("notify:channels")

    def act(said: dict[str, Any]) -> str:
        actions.switch_channel(by=viewer, kind=kind, active=not row.active, reason=said["reason"])
        messages.success(request, f"{name}通道已{'停用' if row.active else '启用'}。")
        return back

    return form_page(request, form, act, context=STAFF)


@login_required
@require_POST
def trial(request: HttpRequest, kind: str) -> HttpResponse:
    notice = actions.send_trial(by=caller(request), kind=kind)
    messages.success(request, "测试消息已排队，几秒后刷新本页看结果。")
    return HttpResponseRedirect(reverse("notify:notice", args=[notice.pk]))


@login_required
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    return NoticeTable(request, queries.deliveries(caller(request))).answer("notify/notices.html")


def _notice(request: HttpRequest, number: int) -> Notice:
    row = queries.deliveries(caller(request)).filter(pk=number).first()
    if row is None:
        raise Refused("没有这条通知。", code="no_notice", status=404)
    return row


@login_required
@require_GET
def notice(request: HttpRequest, number: int) -> HttpResponse:
    row = _notice(request, number)
    plain = queries.file_template(row.template)
    context = {"row": row, "whom": whom(row), "tone": TONES.get(row.state, "warn"), "template": plain}
    return render(request, "notify/notice.html", {"title": f"消息 {row.pk}", **context})


@login_required
def resend(request: HttpRequest, number: int) -> HttpResponse:
    row = _notice(request, number)
    form = ResendForm(request.POST or None)
    form.page_title = f"重发消息 {row.pk}（{row.get_channel_display()}，{whom(row)}）"
    form.cancel_url = back = reverse("notify:notice", args=[row.pk])

    def act(said: dict[str, Any]) -> str:
        actions.resend(by=caller(request), notice=row.pk, reason=said["reason"])
        messages.success(request, "已重新排队。")
        return back

    return form_page(request, form, act, context=STAFF)


@login_required
def quiet(request: HttpRequest) -> HttpResponse:
    viewer, now = caller(request), current.quiet()
    versions = list(queries.quiet_versions(viewer)[:20])
    form = QuietForm(request.POST or None, initial={"start": now.start, "end": now.end})

    def act(said: dict[str, Any]) -> str:
        actions.set_quiet_hours(by=viewer, start=said["start"], end=said["end"], source=said["source"])
        messages.success(request, "免打扰时段已更新。")
        return reverse("notify:quiet")

    context = {**STAFF, "now": now, "versions": versions}
    return form_page(request, form, act, template="notify/quiet.html", context=context)


@login_required
@require_GET
def wordings(request: HttpRequest) -> HttpResponse:
    require(caller(request), "notify.manage", area=settings.LINLI_COUNTY)
    asked = request.GET.get("q", "").strip()
    rows = [
        {
            "one": one,
            "changed": one.version != plain.version,
            "channels": "、".join(rules.KINDS[kind] for kind in one.channels),
        }
        for plain in registry.templates()
        for one in [current.template(plain.code)]
        if asked in one.code or asked in one.title or asked in one.text
    ]
    return render(request, "notify/wordings.html", {"title": "消息文案", "rows": rows, "asked": asked})


@login_required
def wording(request: HttpRequest, code: str) -> HttpResponse:
    """Two taps: the first shows the new words with sample values, the second (`confirmed`) makes the version."""
    viewer = caller(request)
    versions = list(queries.wordings(viewer, code)[:20])
    plain = queries.file_template(code)
    if plain is None:
        raise Refused("没有这个消息模板。", code="no_template", status=404)
    now = current.template(code)
    initial = {"title": now.title, "text": now.text} | {f"text_{k}": words for k, words in now.texts.items()}
    form = WordingForm(request.POST or None, template=plain, initial=initial)
    form.page_title, form.cancel_url = f"消息文案：{now.title}", reverse("notify:wordings")
    context = {**STAFF, "now": now, "versions": versions, "plain": plain, "samples": _samples(now)}
    if request.method == "POST" and "confirmed" not in request.POST and form.is_valid():
        if shown := _preview(form, plain):
            checked = {"form": form, "shown": shown, "title": form.page_title}
            return render(request, "notify/wording_check.html", checked)
        return render(request, "notify/wording.html", {**context, "form": form}, status=422)

    def act(said: dict[str, Any]) -> str:
        actions.set_wording(
            by=viewer, code=code, title=said["title"], text=said["text"], texts=form.texts(), reason=said["reason"]
        )  # fmt: skip
        messages.success(request, "新文案已生效，此前发出的消息不变。")
        return reverse("notify:wordings")

    return form_page(request, form, act, template="notify/wording.html", context=context)


def _samples(template: rules.Template) -> list[tuple[str, str, str]]:
    """(channel, title, text) of every channel, with sample values."""
    values = rules.sample(template)
    return [(rules.KINDS[kind], *rules.render(template, kind, values)) for kind in template.channels]


def _preview(form: WordingForm, plain: rules.Template) -> list[tuple[str, str, str]]:
    """How the typed words read; empty when they have a defect, which then stands beside the field."""
    said = form.cleaned_data
    try:
        typed = rules.reworded(
            plain, version=plain.version, title=said["title"], text=said["text"], texts=form.texts()
        )
    except rules.TemplateError as error:
        form.add_error("text", f"{error}。")
        return []
    return _samples(typed)
