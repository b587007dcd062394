from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class IdentityConfig(AppConfig):
    name = "linli.kernel.identity"
    label = "identity"
    verbose_name = "身份"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        user_logged_in.connect(_remember, dispatch_uid="identity.remember")


def _remember(sender: object, request: object, user: object, **_: object) -> None:
    """Every way of signing in ends here: the session appears under “我的设备”."""
    from django.http import HttpRequest

    from linli.kernel.identity import actions
    from linli.kernel.identity.client import client_ip
    from linli.kernel.identity.models import Account

    if isinstance(request, HttpRequest) and isinstance(user, Account):
        if not request.session.session_key:
            request.session.save()
        actions.remember_session(
            account=user.pk,
            session=request.session.session_key or "",
            agent=request.headers.get("User-Agent", ""),
            network=client_ip(request),
        )
