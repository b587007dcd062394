"""The demo's outbox: sign-in codes and messages that would have left. Not there in production."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from linli.kernel.notify import queries


def outbox(request: HttpRequest) -> HttpResponse:
    """GET /demo/outbox/ with the last fifty messages."""
    if getattr(settings, "PRODUCTION", True):
        raise Http404
    return render(request, "notify/outbox.html", {"title": "演示发件箱", "messages_out": queries.outbox()})
