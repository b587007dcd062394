from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from linli.kernel.access.queries import actor_for, anonymous
from linli.kernel.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """The actor behind a request's session; made once a request, on first use."""
    account = request.user
    if not account.is_authenticated:
        return anonymous()
    return actor_for(account.pk, name=str(account))


class ActorMiddleware:
    """Gives every request `request.actor`; loaded when somebody asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)
