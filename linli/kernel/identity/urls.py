"""Sign-in under allauth's own names (its flows look them up), one's account under `identity:`."""

from allauth.account import views as allauth
from django.conf import settings
from django.urls import include, path
from django.views.generic import RedirectView

from linli.kernel.identity.pages import own as pages
from linli.kernel.identity.pages import staff

own = [
    path("me/", pages.me, name="me"),
    path("me/large-font/", pages.large_font, name="large_font"),
    path("me/devices/<int:sign_in>/end/", pages.end_device, name="end_device"),
    path("me/password/", pages.password, name="password"),
    path("me/phone/", pages.phone, name="phone"),
    path("me/tokens/new/", pages.new_token, name="new_token"),
    path("me/tokens/<int:token>/revoke/", pages.revoke_token, name="revoke_token"),
    path("system/accounts/", staff.accounts, name="accounts"),
    path("system/accounts/new/", staff.new_account, name="new_account"),
    path("system/accounts/<int:account>/", staff.account, name="account"),
    path("system/accounts/<int:account>/password/", staff.reset_password, name="reset_password"),
    path("system/accounts/<int:account>/disable/", staff.disable, name="disable"),
    path("system/accounts/<int:account>/enable/", staff.enable, name="enable"),
]

urlpatterns = [
    path("", include((own, "identity"))),
    path("accounts/login/", pages.sign_in, name="account_login"),
    path("accounts/logout/", pages.sign_out, name="account_logout"),
    path("accounts/inactive/", pages.inactive, name="account_inactive"),
    path("accounts/reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    # nobody signs up or keeps an e-mail here; allauth still asks for these names
    path("accounts/signup/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("accounts/email/", RedirectView.as_view(pattern_name="identity:me"), name="account_email"),
    path(
        "accounts/password/change/",
        RedirectView.as_view(pattern_name="identity:password"),
        name="account_change_password",
    ),
]
if settings.LINLI_OIDC_URL:
    urlpatterns += [
        path("accounts/", include("allauth.socialaccount.urls")),
        path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    ]
