from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.functional import SimpleLazyObject

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for, anonymous
from linli.kernel.actor import Actor
from linli.kernel.identity.queries import actor_for_token

API = "/api/"


def actor_of(request: HttpRequest) -> Actor:
    """The actor behind a request: an API token's on /api/, else the session's; made once a request, on first use.

    Raises Refused 401 for a token that does not hold, 403 for an API write by session without a CSRF token
    (the API's views are exempt from Django's own check, since tokens need none).
    """
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    api = request.path.startswith(API)
    if api and scheme.lower() == "bearer":
        actor = actor_for_token(bearer.strip())
        if actor is None:
            raise Refused("接口令牌无效、已过期或已撤销，请重新办理。", code="bad_token", status=401)
        return actor
    account = request.user
    if not account.is_authenticated:
        return anonymous()
    if api and request.method not in ("GET", "HEAD", "OPTIONS") and not _csrf_holds(request):
        raise Refused("页面已过期，请刷新后重试；程序调用请携带接口令牌。", code="csrf", status=403)
    return actor_for(account.pk, name=str(account))


class Check(CsrfViewMiddleware):
    """Only says no; Django's own answer is a page, which would ask for the actor again."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


def _csrf_holds(request: HttpRequest) -> bool:
    check = Check(lambda _: HttpResponse())
    request.csrf_processing_done = False  # type: ignore[attr-defined]
    check.process_request(request)
    return check.process_view(request, lambda: None, (), {}) is None


class ActorMiddleware:
    """Gives every request `request.actor`; loaded when somebody asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)
