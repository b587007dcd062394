"""Who stands behind a web request."""

from django.http import HttpRequest

from linli.kernel.access.middleware import actor_of
from linli.kernel.actor import Actor


def caller(request: HttpRequest) -> Actor:
    """The actor of this request; made once, by ActorMiddleware or on first use here."""
    if getattr(request, "actor", None) is None:
        request.actor = actor_of(request)  # type: ignore[attr-defined]
    return request.actor  # type: ignore[attr-defined]
