"""What the pages of the room share: two bases, bound forms, files kept, the QR of a receipt."""

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import segno
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import mark_safe

from linli.kernel.actor import Actor
from linli.kernel.files.actions import store_file
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form, form_page
from linli.onestop import queries
from linli.onestop.models import Application

STAFF = {"base": "web/base.html"}
PLAIN = {"base": "web/plain.html"}
OPENED = "onestop_drafts"  # session: drafts whose code was given at this window


def bound(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def sign_in(request: HttpRequest, to: str = "") -> HttpResponse:
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={quote(to or request.path)}")


def mine(request: HttpRequest, number: int) -> tuple[Actor, Application]:
    """The caller's own case, or a draft whose code was given here. Raises Refused 404."""
    by = caller(request)
    return by, queries.own_case(by, number, request.session.get(OPENED, ()))


def kept(by: Actor, files: list[UploadedFile], sending: uuid.UUID | None) -> list[int]:
    """Stores photos sent with a form; the same form again stores nothing new. Returns their ids."""
    sent = sending or uuid.uuid4()
    return [
        store_file(by=by, name=one.name or "photo", data=one.read(), client_uuid=uuid.uuid5(sent, str(at))).pk
        for at, one in enumerate(files)
    ]


def ask(
    request: HttpRequest,
    form: Form,
    act: Callable[[dict[str, Any]], Any],
    *,
    to: str,
    lead: str = "",
    template: str = "web/form.html",
    context: dict[str, Any] | None = None,
    back: str = "",
) -> HttpResponse:
    """A form page of the offices: runs `act`, goes to `to`; leaving it goes to `back`."""
    form.page_lead = form.page_lead or lead
    form.cancel_url = back or to

    def run(said: dict[str, Any]) -> str:
        act(said)
        return to

    return form_page(request, form, run, template=template, context=STAFF | (context or {}))


def qr(address: str) -> str:
    """An SVG a page may hold inline: no style attributes, for the policy allows none."""
    code = segno.make(address, error="m")
    return mark_safe(code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None))
