"""Django's settings, read from the environment once; a wrong value stops the start and names itself."""

import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from linli.site import browser
from linli.site.environment import env, home, stored_secret

BASE = Path(__file__).resolve().parents[1]
TESTING = "pytest" in sys.modules
LINLI_HOME = home()

DEBUG = env.flag("LINLI_DEBUG", False)
PRODUCTION = env.flag("LINLI_PRODUCTION", False)
SECRET_KEY = env.secret("LINLI_SECRET_KEY", "") or stored_secret(LINLI_HOME / "keys" / "django")
LINLI_KEYS = env.path("LINLI_KEYS", LINLI_HOME / "keys" / "personal.json")
LINLI_CIPHER = env.choice("LINLI_CIPHER", ["aes", "sm4"], "aes")
LINLI_FILES = env.path("LINLI_FILES", LINLI_HOME / "files")
LINLI_MODELS = env.path("LINLI_MODELS", LINLI_HOME / "models")
LINLI_COUNTY = env.text("LINLI_COUNTY", "430181")
LINLI_MERIDIAN = env.number("LINLI_MERIDIAN", 114, least=75, most=135)
LINLI_ROOMS = env.words("LINLI_ROOMS", ())
LINLI_EVENT_API = env.choice("LINLI_EVENT_API", ["open", "token", "off"], "open")
LINLI_WEBHOOK_PRIVATE = env.choice("LINLI_WEBHOOK_PRIVATE", ["refuse", "allow"], "refuse")
LINLI_LIVE_PORT = env.number("LINLI_LIVE_PORT", 0, least=0, most=65535)
LINLI_BUS_DAYS = env.number("LINLI_BUS_DAYS", 30, least=1, most=3650)
LINLI_CHANNELS = {  # gateways of notices, as apprise URLs; what an administrator sets on the page beats them
    kind: url
    for kind in ("sms", "wecom", "dingtalk", "email")
    if (url := env.url(f"LINLI_CHANNEL_{kind.upper()}", ""))
}
ALLOWED_HOSTS = env.words("LINLI_HOSTS", ["*"] if not PRODUCTION else [])
CSRF_TRUSTED_ORIGINS = env.words("LINLI_ORIGINS", ())
if PRODUCTION and not ALLOWED_HOSTS:
    env.wrong("LINLI_HOSTS", "正式环境必须写明本站域名，例如 linli.example.gov.cn")
if PRODUCTION and DEBUG:
    env.wrong("LINLI_DEBUG", "正式环境不能打开调试")

ROOMS = ["areas", "people", "dispatch", "publicity", "incidents", "onestop", "exchange", "metrics"]
KERNEL = ["identity", "access", "ledger", "bus", "deadlines", "search", "files", "notify", "web"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",  # allauth's list of passkeys asks for it
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "procrastinate.contrib.django",
    *(f"linli.kernel.{name}" for name in KERNEL if (BASE / "kernel" / name / "apps.py").exists()),
    *(f"linli.{name}" for name in [*ROOMS, "demo", "site"] if (BASE / name / "apps.py").exists()),
]
AUTH_USER_MODEL = "identity.Account"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "linli.kernel.access.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "linli.kernel.web.middleware.WebMiddleware",
]
ROOT_URLCONF = "linli.site.urls"
WSGI_APPLICATION = "linli.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "kernel" / "identity" / "templates"],  # allauth's own pages stand behind ours
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "linli.kernel.web.context.page",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"


def _database(url: str) -> dict:
    parts = urlsplit(url)
    return {
        "ENGINE": "linli.site.database",
        "NAME": unquote(parts.path.lstrip("/")) or "linli",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0 if TESTING else None,
        "CONN_HEALTH_CHECKS": not TESTING,
        # values bound by the server and statements prepared: about a third less CPU a report on both sides
        "OPTIONS": {
            "options": "-c timezone=UTC -c lock_timeout=10s",
            "server_side_binding": True,
            "prepare_threshold": 3,
        },
        "TEST": {"NAME": f"test_{unquote(parts.path.lstrip('/')) or 'linli'}"},
    }


def _database_url() -> str:
    given = env.url("LINLI_DATABASE_URL", "", schemes=["postgres", "postgresql"])
    if given:
        return given
    from linli.site import postgres

    return postgres.known_url()


DATABASES = {"default": _database(_database_url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [BASE / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = env.path("LINLI_STATIC", LINLI_HOME / "static")
STATICFILES_DIRS = [("lib", browser.folder())]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "LOCATION": LINLI_FILES},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_SSL_REDIRECT = PRODUCTION and env.flag("LINLI_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
CSRF_FAILURE_VIEW = "linli.kernel.web.answers.csrf_failure"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["err"],
        "level": env.choice(
            "LINLI_LOG", ["DEBUG", "INFO", "WARNING", "ERROR"], "WARNING" if TESTING else "INFO"
        ),
    },
    "loggers": {"procrastinate": {"level": "WARNING"}},
}

from linli.kernel.identity.settings import *  # noqa: E402, F403  allauth's own settings, kept with identity

env.check()
