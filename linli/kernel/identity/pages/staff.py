"""The administrator's pages of accounts. What they may do is given on access's pages."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from linli.kernel import Refused
from linli.kernel.identity import actions, queries
from linli.kernel.identity.forms import AccountForm, ReasonForm, SetPasswordForm
from linli.kernel.identity.models import Account
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.registry import NavEntry, register_nav
from linli.kernel.web.tables import Column, Empty, Filter, Table

register_nav(
    NavEntry(
        "账号",
        "identity:accounts",
        verb="identity.manage",
        order=750,
        group="system.people",
        words="工作人员和接口账号：新建、停用、重设密码，办理授权。",
    )
)


class AccountTable(Table):
    code = "identity.accounts"
    title = "账号"
    order = "username"
    columns = (
        Column(
            "username", "账号名", sort="username", link=lambda row: reverse("identity:account", args=[row.pk])
        ),
        Column("name", "姓名", phone="head"),
        Column("kind", "类别", get="get_kind_display"),
        Column("unit", "单位代码"),
        Column("is_active", "状态", get=lambda row: "正常" if row.is_active else "已停用", kind="chip"),
        Column("last_login", "上次登录", kind="time"),
    )
    filters = (
        Filter("username", "账号名", "username__icontains"),
        Filter("name", "姓名", "name__icontains"),
        Filter("unit", "单位代码"),
        Filter("kind", "类别", kind="choice", options=(("staff", "工作人员"), ("service", "系统接口"))),
    )
    empty = Empty("没有符合条件的账号", "换一个筛选条件，或新建账号。")


def _one(request: HttpRequest, account: int) -> Account:
    row = queries.accounts(caller(request)).filter(pk=account).first()
    if row is None:
        raise Refused("没有这个账号。", code="no_account", status=404)
    return row


@login_required
@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    return AccountTable(request, queries.accounts(caller(request))).answer("identity/accounts.html")


@login_required
@require_GET
def account(request: HttpRequest, account: int) -> HttpResponse:
    row = _one(request, account)
    context = {"title": str(row), "account": row, "tokens": queries.tokens(caller(request), row.pk)}
    return render(request, "identity/account.html", context)


@login_required
@sensitive_post_parameters("password")
def new_account(request: HttpRequest) -> HttpResponse:
    queries.accounts(caller(request))
    form = AccountForm(request.POST or None)
    form.cancel_url = reverse("identity:accounts")

    def act(said: dict[str, Any]) -> str:
        names = ("username", "name", "kind", "unit", "phone", "password")
        row = actions.create_account(by=caller(request), **{name: said[name] for name in names})
        messages.success(request, "账号已建立。请为其授权，未授权的账号不能办理业务。")
        return reverse("identity:account", args=[row.pk])

    return form_page(request, form, act, context={"base": "web/base.html"})


@login_required
@sensitive_post_parameters("password")
def reset_password(request: HttpRequest, account: int) -> HttpResponse:
    row = _one(request, account)
    form = SetPasswordForm(request.POST or None)
    form.cancel_url = reverse("identity:account", args=[row.pk])

    def act(said: dict[str, Any]) -> str:
        actions.set_password(by=caller(request), account=row.pk, password=said["password"])
        messages.success(request, "密码已重置。")
        return reverse("identity:account", args=[row.pk])

    return form_page(request, form, act, context={"base": "web/base.html"})


@login_required
def disable(request: HttpRequest, account: int) -> HttpResponse:
    row = _one(request, account)
    form = ReasonForm(request.POST or None)
    form.page_title = f"停用账号：{row}"
    form.cancel_url = reverse("identity:account", args=[row.pk])

    def act(said: dict[str, Any]) -> str:
        actions.disable_account(by=caller(request), account=row.pk, reason=said["reason"])
        messages.success(request, "账号已停用。")
        return reverse("identity:account", args=[row.pk])

    return form_page(request, form, act, context={"base": "web/base.html"})


@login_required
@require_POST
def enable(request: HttpRequest, account: int) -> HttpResponse:
    actions.enable_account(by=caller(request), account=account)
    messages.success(request, "账号已恢复。")
    return HttpResponseRedirect(reverse("identity:account", args=[account]))
