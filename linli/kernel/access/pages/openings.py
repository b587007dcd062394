"""Passes in force and bars: what is open or closed beside the roles, why and until when."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from linli.kernel import Refused
from linli.kernel.access import actions, queries
from linli.kernel.access.forms import BarForm, LiftForm, RevokeForm
from linli.kernel.access.models import Bar, Pass
from linli.kernel.actor import Actor
from linli.kernel.web import subjects
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table

STAFF = {"base": "web/base.html"}


def holder(row: Pass) -> str:
    return str(row.account) if row.account else "一次性链接"


def kind(row: Pass) -> str:
    return "账号许可" if row.account_id else "一次性链接"


class PassTable(Table):
    code = "access.passes"
    title = "临时许可"
    order = "until"
    columns = (
        Column("holder", "持有人", get=holder, phone="head"),
        Column("kind", "种类", get=kind),
        Column("subject", "事项"),
        Column("verbs", "可办事项", get=lambda row: "、".join(row.verbs)),
        Column("reason", "理由"),
        Column("area", "区域", get=lambda row: row.area or "全县"),
        Column("given_by", "开通人", get=lambda row: str(row.given_by) if row.given_by else "系统"),
        Column("until", "到期", kind="time", sort="until", phone="tail"),
        Column(
            "act", "办理", get=lambda row: "撤销", link=lambda row: reverse("access:revoke", args=[row.pk]), export=False
        ),
    )  # fmt: skip
    filters = (
        Filter("name", "持有人", "account__name__icontains"),
        Filter("subject", "事项", "subject__startswith"),
        Filter(
            "kind",
            "种类",
            kind="choice",
            options=(("account", "账号许可"), ("link", "一次性链接")),
            apply=lambda rows, value: rows.filter(account__isnull=value == "link"),
        ),
        Filter("area", "区域代码（含下级）", "area__startswith", more=True),
    )
    empty = Empty(
        "现在没有生效的临时许可", "应急查看、限时查看档案和一次性链接开通后列在这里，到期自动失效。"
    )


class BarTable(Table):
    code = "access.bars"
    title = "回避与封存"
    order = "-id"
    columns = (
        Column("account", "账号", phone="head"),
        Column("why", "种类", get="get_why_display", kind="chip", tone=lambda row: "warn", phone="tail"),
        Column("subject", "事项"),
        Column("reason", "理由"),
        Column("area", "区域", get=lambda row: row.area or "全县"),
        Column("set_by", "设置人", get=lambda row: str(row.set_by) if row.set_by else "系统"),
        Column("created", "设置时间", kind="time"),
        Column(
            "act", "办理", get=lambda row: "解除", link=lambda row: reverse("access:lift", args=[row.pk]), export=False
        ),
    )  # fmt: skip
    filters = (
        Filter("name", "姓名", "account__name__icontains"),
        Filter("subject", "事项", "subject__startswith"),
        Filter("why", "种类", kind="choice", options=(("kin", "亲属回避"), ("sealed", "封存"))),
    )
    empty = Empty("没有设置回避或封存", "当事人的亲属、被封存的事项，可在这里设置不让某个账号查看和办理。")


@login_required
@require_GET
def passes(request: HttpRequest) -> HttpResponse:
    return PassTable(request, queries.passes_in_force(caller(request))).answer()


@login_required
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    row = queries.passes_in_force(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("该通行许可不存在或已失效。", code="not_open", status=404)
    form = RevokeForm(request.POST or None)
    form.page_title = f"撤销临时许可：{holder(row)} · {row.subject}"
    form.cancel_url = back = reverse("access:passes")

    def act(said: dict[str, Any]) -> str:
        actions.revoke_pass(by=viewer, pass_id=row.pk, reason=said["reason"])
        messages.success(request, "许可已撤销，立即失效。")
        return back

    return form_page(request, form, act, context=STAFF)


@login_required
@require_GET
def bars(request: HttpRequest) -> HttpResponse:
    return BarTable(request, queries.bars_set(caller(request))).answer("access/bars.html")


def areas_of(viewer: Actor) -> list[tuple[str, str]]:
    """Where the viewer may set a bar; the county itself is stored as no area."""
    codes = {scope.area for scope in viewer.scopes("access.bar") if not scope.unit}
    whole = bool(codes & {"", settings.LINLI_COUNTY})
    return [("", "全县")] if whole else [(code, code) for code in sorted(codes)]


@login_required
def set_bar(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    queries.bars_set(viewer)
    asked = {"subject": request.GET.get("subject", "")[:64]}
    areas = areas_of(viewer)
    form = BarForm(request.POST or None, areas=areas, initial=asked)
    form.fields["area"].required = bool(areas and areas[0][0])
    form.cancel_url = back = reverse("access:bars")

    def act(said: dict[str, Any]) -> str:
        one = queries.account_named(said["username"])
        wrong = {} if one else {"username": ["没有这个账号，或账号已停用"]}
        if not subjects.may_see(said["subject"].strip(), viewer):
            wrong["subject"] = ["没有这个事项，或者它不在您的管辖范围内"]
        if wrong or one is None:
            raise Refused("回避信息有误，请按提示改正。", code="wrong_bar", fields=wrong)
        given = {"why": said["why"], "reason": said["reason"], "area": said["area"]}
        actions.bar(by=viewer, account=one.pk, subject=said["subject"].strip(), **given)
        messages.success(request, f"已设置：{one} 不能查看和办理该事项。")
        return back

    return form_page(request, form, act, context=STAFF)


def _bar(viewer: Actor, number: int) -> Bar:
    row = queries.bars_set(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有这项回避或封存。", code="no_bar", status=404)
    return row


@login_required
def lift(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    row = _bar(viewer, number)
    form = LiftForm(request.POST or None)
    form.page_title = f"解除{row.get_why_display()}：{row.account} · {row.subject}"
    form.cancel_url = back = reverse("access:bars")

    def act(said: dict[str, Any]) -> str:
        actions.unbar(by=viewer, account=row.account_id, subject=row.subject, reason=said["reason"])
        messages.success(request, "已解除，立即生效。")
        return back

    return form_page(request, form, act, context=STAFF)
