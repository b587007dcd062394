"""The administrator's pages: who may do what where, administrator grants that take two, roles."""

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from linli.kernel import Refused
from linli.kernel.access import actions, queries
from linli.kernel.access.forms import EndForm, GrantForm, RoleForm
from linli.kernel.access.models import Proposal, Role
from linli.kernel.access.rules import require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table

STAFF = {"base": "web/base.html"}


class GrantTable(Table):
    code = "access.grants"
    title = "授权一览"
    order = "area"
    columns = (
        Column(
            "account",
            "账号",
            link=lambda row: reverse("access:account_grants", args=[row.account_id]),
            phone="head",
        ),
        Column("role", "角色"),
        Column("area", "区域代码", sort="area"),
        Column("unit", "单位代码"),
        Column("valid_from", "起", kind="time"),
        Column("valid_to", "止", kind="time"),
    )
    filters = (
        Filter("area", "区域代码（含下级）", "area__startswith"),
        Filter("role", "角色代码", "role"),
        Filter("unit", "单位代码"),
        Filter("name", "姓名", "account__name__icontains"),
    )
    empty = Empty("没有符合条件的授权", "换一个筛选条件，或从账号页办理授权。")


@login_required
@require_GET
def grants(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    context = {"proposals": queries.open_proposals(viewer)}
    return GrantTable(request, queries.grants_in(viewer)).answer("access/grants.html", context)


@login_required
@require_GET
def account_grants(request: HttpRequest, account: int) -> HttpResponse:
    viewer = caller(request)
    rows = list(queries.grants_in(viewer).filter(account=account))
    one = queries.account_within(viewer, account)
    context = {"title": f"授权：{one}", "account": one, "grants": rows}
    return render(request, "access/account.html", context)


@login_required
def give(request: HttpRequest, account: int) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "access.grant")
    one = queries.account_within(viewer, account)
    form = GrantForm(request.POST or None)
    form.page_title = f"授权：{one}"
    form.cancel_url = reverse("access:account_grants", args=[account])

    def act(said: dict[str, Any]) -> str:
        until = said["until"]
        last = None
        if until:
            last = datetime.combine(until + timedelta(days=1), time(), timezone.get_default_timezone())
        given = actions.give_grant(
            by=viewer,
            account=account,
            role=said["role"],
            area=said["area"].strip(),
            unit=said["unit"],
            valid_to=last,
        )
        waits = isinstance(given, Proposal)
        messages.success(request, "已提交，须由另一位管理员复核后生效。" if waits else "已授权，立即生效。")
        return reverse("access:account_grants", args=[account])

    return form_page(request, form, act, context=STAFF)


@login_required
def end(request: HttpRequest, grant: int) -> HttpResponse:
    viewer = caller(request)
    row = queries.grants_in(viewer).filter(pk=grant).first()
    if row is None:
        raise Refused("该授权不存在或已结束。", code="not_open", status=404)
    form = EndForm(request.POST or None)
    form.page_title = f"结束授权：{row.account} · {row.role} · {row.area}"
    form.cancel_url = reverse("access:account_grants", args=[row.account_id])

    def act(said: dict[str, Any]) -> str:
        actions.end_grant(by=viewer, grant=grant, reason=said["reason"])
        messages.success(request, "授权已结束。")
        return reverse("access:account_grants", args=[row.account_id])

    return form_page(request, form, act, context=STAFF)


@login_required
@require_POST
def decide(request: HttpRequest, proposal: int) -> HttpResponse:
    agreed = request.POST.get("decision") == "confirm"
    actions.decide_proposal(by=caller(request), proposal=proposal, confirm=agreed)
    messages.success(request, "已同意，授权生效。" if agreed else "已驳回。")
    return HttpResponseRedirect(reverse("access:grants"))


@login_required
@require_GET
def roles(request: HttpRequest) -> HttpResponse:
    require(caller(request), "access.grant")
    return render(request, "access/roles.html", {"title": "角色", "roles": Role.objects.order_by("code")})


@login_required
def edit_role(request: HttpRequest, role: str) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "access.grant")
    row = Role.objects.filter(pk=role).first()
    if row is None:
        raise Refused("没有这个角色。", code="no_role", status=404)
    form = RoleForm(request.POST or None, initial={"verbs": "\n".join(row.verbs)})
    form.page_title, form.cancel_url = f"角色：{row.zh}", reverse("access:roles")

    def act(said: dict[str, Any]) -> str:
        actions.edit_role(by=viewer, role=role, verbs=said["verbs"].split())
        messages.success(request, f"“{row.zh}”的可办事项已更新。")
        return reverse("access:roles")

    return form_page(request, form, act, context=STAFF)
