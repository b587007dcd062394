"""How allauth is bent to linli: no sign-up, sealed second factors, outside identities only for known accounts."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from linli.kernel.identity.client import client_ip
from linli.kernel.identity.fields import keys, unseal
from linli.kernel.identity.models import Account

BOUND = "mfa.secret"


class AccountAdapter(DefaultAccountAdapter):
    """Signing in only; accounts are made elsewhere."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Only what changes something is announced; “您已登录” says nothing new."""
        if message_template not in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            super().add_message(request, level, message_template, *args, **kwargs)


class MFAAdapter(DefaultMFAAdapter):
    """Second-factor secrets are sealed like every personal value."""

    def encrypt(self, text: str) -> str:
        return keys().seal(text, BOUND)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, BOUND)

    def _get_site_name(self) -> str:
        return "邻里"


class OutsideAdapter(DefaultSocialAccountAdapter):
    """An outside identity opens the staff account of the same name; it never makes one."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.is_existing:
            return
        data = sociallogin.account.extra_data
        claims = {**data, **(data.get("id_token") or {}), **(data.get("userinfo") or {})}
        name = str(claims.get(settings.LINLI_OIDC_CLAIM) or "").strip().lower()
        account = (
            Account.objects.filter(username=name, kind="staff", is_active=True).first() if name else None
        )
        if account is None:
            messages.error(request, "认证成功，但本系统没有对应的工作人员账号，请联系本单位管理员开通。")
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        sociallogin.connect(request, account)
