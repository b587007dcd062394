"""Signing in and out, and one's own account. Everything here works with JavaScript off."""

from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import perform_login, perform_password_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.kernel import Refused
from linli.kernel.identity import actions, queries, rules
from linli.kernel.identity.client import client_ip
from linli.kernel.identity.forms import CodeForm, NewPasswordForm, PasswordForm, PhoneForm, TokenForm
from linli.kernel.identity.models import Account
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form, form_page
from linli.kernel.web.registry import NavEntry, register_nav

register_nav(NavEntry("我的账号", "identity:me", order=900, audience="resident"))
PENDING = "identity.phone"  # in the session: the phone a code went to, signed with its purpose


def _next(request: HttpRequest) -> str:
    """Where to go after signing in; never another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else ""


def _entrance(request: HttpRequest, form: Form, by: str, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "form": form,
        "by": by,
        "next": _next(request),
        "oidc": settings.LINLI_OIDC_NAME if settings.LINLI_OIDC_URL else "",
        **more,
    }
    return render(request, "identity/sign_in.html", context, status=status)


@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Two tabs: 居民手机验证码 (default) and 工作人员账号密码. Each tab is an address, each step a page."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next(request) or settings.LOGIN_REDIRECT_URL)
    if request.GET.get("by") == "password":
        return _by_password(request)
    if request.GET.get("by") == "code":
        return _by_code(request)
    return _by_phone(request)


def _attempt(request: HttpRequest, form: Form, by: str, act: Any, **more: Any) -> HttpResponse:
    """Outside any transaction: a wrong try must be counted although it is refused."""
    status = 422
    if form.is_valid():
        try:
            return act(form.cleaned_data)
        except Refused as refused:
            form.take(refused)
            status = refused.status
    return _entrance(request, form, by, status, **more)


def _by_password(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _entrance(request, PasswordForm(), "password")

    def act(said: dict[str, Any]) -> HttpResponse:
        name, password = said["username"], said["password"]
        account = actions.check_password(
            request=request, username=name, password=password, client=client_ip(request)
        )
        login = Login(user=account, redirect_url=_next(request) or None)
        return perform_password_login(request, {"username": account.username}, login)

    return _attempt(request, PasswordForm(request.POST), "password", act)


def _by_phone(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _entrance(request, PhoneForm(), "phone")

    def act(said: dict[str, Any]) -> HttpResponse:
        phone = actions.send_phone_code(said["phone"], client_ip(request))
        request.session[PENDING] = signing.dumps({"phone": phone, "for": "sign_in"}, salt=PENDING)
        query = {"by": "code", **({"next": _next(request)} if _next(request) else {})}
        return HttpResponseRedirect(reverse("account_login", query=query))

    return _attempt(request, PhoneForm(request.POST), "phone", act)


def _pending(request: HttpRequest, purpose: str) -> str:
    """The phone a code was sent to from this browser, "" when there is none or it is too long ago."""
    try:
        said = signing.loads(request.session.get(PENDING, ""), salt=PENDING, max_age=rules.CODE_LASTS)
    except signing.BadSignature:
        return ""
    return str(said["phone"]) if said["for"] == purpose else ""


def _by_code(request: HttpRequest) -> HttpResponse:
    phone = _pending(request, "sign_in")
    if not phone:
        return HttpResponseRedirect(reverse("account_login"))
    masked = rules.masked_phone(phone)
    if request.method == "GET":
        return _entrance(request, CodeForm(), "code", masked=masked)

    def act(said: dict[str, Any]) -> HttpResponse:
        account = actions.check_phone_code(phone, said["code"])
        request.session.pop(PENDING, None)
        return perform_login(request, Login(user=account, redirect_url=_next(request) or None))

    return _attempt(request, CodeForm(request.POST), "code", act, masked=masked)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and request.session.session_key:
        found = [
            row for row in queries.devices(caller(request)) if row.session == request.session.session_key
        ]
        for row in found:
            actions.end_session(by=caller(request), sign_in=row.pk)
    logout(request)
    return HttpResponseRedirect(_next(request) or settings.ACCOUNT_LOGOUT_REDIRECT_URL)


@require_GET
def inactive(request: HttpRequest) -> HttpResponse:
    raise Refused("该账号已停用，请联系本单位管理员，或到社区服务窗口咨询。", code="disabled", status=403)


def _account(request: HttpRequest) -> Account:
    assert isinstance(request.user, Account)
    return request.user


@login_required
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """我的账号"""
    viewer, account = caller(request), _account(request)
    context = {
        "title": "我的账号",
        "account": account,
        "phone": rules.masked_phone(account.phone),
        "devices": queries.devices(viewer),
        "session": request.session.session_key,
        "tokens": queries.tokens(viewer) if account.kind != "resident" else [],
    }
    return render(request, "identity/me.html", context)


@login_required
@require_POST
def large_font(request: HttpRequest) -> HttpResponse:
    actions.choose_large_font(by=caller(request), on=request.POST.get("on") == "1")
    answer = HttpResponseRedirect(reverse("identity:me"))
    answer.delete_cookie("linli_care")  # what this browser chose before gives way to the account's choice
    return answer


@login_required
@require_POST
def end_device(request: HttpRequest, sign_in: int) -> HttpResponse:
    actions.end_session(by=caller(request), sign_in=sign_in)
    messages.success(request, "该设备已退出登录。")
    return HttpResponseRedirect(reverse("identity:me"))


@login_required
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    form = NewPasswordForm(request.POST or None)
    form.cancel_url = reverse("identity:me")
    if not _account(request).has_usable_password():
        del form.fields["old"]

    def act(said: dict[str, Any]) -> str:
        kept = request.session.session_key or ""
        old = said.get("old", "")
        actions.set_password(
            by=caller(request), account=request.user.pk, password=said["password"], old=old, keep=kept
        )
        fresh = Account.objects.get(pk=request.user.pk)
        update_session_auth_hash(request, fresh)
        _remember(request, fresh)
        messages.success(request, "密码已修改，其他设备已退出登录。")
        return reverse("identity:me")

    return form_page(request, form, act)


def _remember(request: HttpRequest, account: Account) -> None:
    """A session's key changes with the password; the list of devices follows it."""
    request.session.save()
    agent, key = request.headers.get("User-Agent", ""), request.session.session_key or ""
    actions.remember_session(account=account.pk, session=key, agent=agent, network=client_ip(request))


@login_required
@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """Two steps as in signing in: the new number, then the code it received."""
    sent = _pending(request, "change") if request.GET.get("step") == "code" else ""
    form: Form = (CodeForm if sent else PhoneForm)(request.POST if request.method == "POST" else None)
    form.page_title = "更换手机号"
    form.page_lead = (
        f"验证码已发送到 {rules.masked_phone(sent)}" if sent else "请输入新的手机号，用短信验证码确认。"
    )
    form.submit_label, form.cancel_url = ("确认更换" if sent else "获取验证码"), reverse("identity:me")
    status = 200
    if request.method == "POST":
        status = 422
        try:
            if form.is_valid():
                return _change_phone(request, sent, form.cleaned_data)
        except Refused as refused:
            form.take(refused)
            status = refused.status
    return render(request, "web/form.html", {"form": form}, status=status)


def _change_phone(request: HttpRequest, sent: str, said: dict[str, Any]) -> HttpResponse:
    if not sent:
        number = actions.send_phone_code(said["phone"], client_ip(request), purpose="change")
        request.session[PENDING] = signing.dumps({"phone": number, "for": "change"}, salt=PENDING)
        return HttpResponseRedirect(reverse("identity:phone", query={"step": "code"}))
    actions.change_phone(by=caller(request), phone=sent, code=said["code"])
    request.session.pop(PENDING, None)
    messages.success(request, "手机号已更换。")
    return HttpResponseRedirect(reverse("identity:me"))


@login_required
@never_cache
def new_token(request: HttpRequest) -> HttpResponse:
    """The secret is shown on the answer to the POST itself, once; it is kept nowhere."""
    form = TokenForm(request.POST or None)
    form.cancel_url = reverse("identity:me")

    def act(said: dict[str, Any]) -> HttpResponse:
        until = timezone.now() + timedelta(days=said["days"])
        wanted = said["scopes"].replace(",", " ").split()
        token, secret = actions.issue_token(
            by=caller(request), account=request.user.pk, name=said["name"], scopes=wanted, expires=until
        )
        return render(
            request, "identity/token.html", {"title": "令牌已生成", "token": token, "secret": secret}
        )

    return form_page(request, form, act)


@login_required
@require_POST
def revoke_token(request: HttpRequest, token: int) -> HttpResponse:
    actions.revoke_token(by=caller(request), token=token)
    messages.success(request, "令牌已撤销，几秒内在各处失效。")
    return HttpResponseRedirect(request.POST.get("next") if _next(request) else reverse("identity:me"))
