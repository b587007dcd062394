"""Refusals become pages, and every page leaves with the headers that keep it private and safe."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from linli.kernel import Refused
from linli.kernel.bus.tickets import live_address
from linli.kernel.web.answers import refusal

# Scripts, styles, workers and connections come from this site alone; `blob:` and `data:` pictures are
# previews of photos and the map's patterns.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


class WebMiddleware:
    """Turns Refused into the right answer and sets the headers a page did not set itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        answer.headers.setdefault("Content-Security-Policy", POLICY + _stream(request))
        answer.headers.setdefault(
            "Permissions-Policy", "geolocation=(self), camera=(self), microphone=(self)"
        )
        if not answer.has_header("Cache-Control"):
            answer["Cache-Control"] = "private, no-store" if _private(request) else "private, no-cache"
        return answer

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return refusal(request, error) if isinstance(error, Refused) else None


def _private(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return bool(user is not None and user.is_authenticated)


def _stream(request: HttpRequest) -> str:
    """The live stream may answer on another port of this host."""
    if not settings.LINLI_LIVE_PORT:
        return ""
    where = urlsplit(live_address(request))
    return f"; connect-src 'self' {where.scheme}://{where.netloc}"
