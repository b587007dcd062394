"""Settings of sign-in (django-allauth), read into the site settings."""

from linli.site.environment import env

# Accounts are made by an administrator (staff) or by a phone code (residents); nobody signs up by e-mail.
ACCOUNT_ADAPTER = "linli.kernel.identity.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_PREVENT_ENUMERATION = True
# The password's own lock-out (5 wrong, 15 minutes) is kept in the database: identity.actions.refuse_when_locked.
# This one guards the second step (one-time and recovery codes) and is kept in each process.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/key", "reauthenticate": "10/m/user", "login": "60/m/ip"}

MFA_ADAPTER = "linli.kernel.identity.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = "邻里"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not env.flag("LINLI_PRODUCTION", False)

# One identity provider by OpenID Connect, e.g. a city's unified sign-in. Its people need an account here first.
SOCIALACCOUNT_ADAPTER = "linli.kernel.identity.adapters.OutsideAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_LOGIN_ON_GET = False
LINLI_OIDC_URL = env.url("LINLI_OIDC_URL", "", schemes=["https", "http"])
LINLI_OIDC_NAME = env.text("LINLI_OIDC_NAME", "统一身份认证")
LINLI_OIDC_CLAIM = env.text("LINLI_OIDC_CLAIM", "preferred_username")
LINLI_OIDC_CLIENT = env.text("LINLI_OIDC_CLIENT", "")
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": LINLI_OIDC_NAME,
                "client_id": LINLI_OIDC_CLIENT,
                "secret": env.secret("LINLI_OIDC_SECRET", ""),
                "settings": {"server_url": LINLI_OIDC_URL},
            }
        ]
        if LINLI_OIDC_URL
        else [],
    }
}
if LINLI_OIDC_URL and not LINLI_OIDC_CLIENT:
    env.wrong("LINLI_OIDC_CLIENT", "已设置 LINLI_OIDC_URL，还须写明在该平台登记的客户端编号")

LINLI_TRUSTED_PROXIES = env.number("LINLI_TRUSTED_PROXIES", 0, least=0, most=5)
SESSION_SAVE_EVERY_REQUEST = False
