"""A resident's own result documents, and the public check of one by its number and code. All without JavaScript."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.onestop import actions, outlet, queries_outlet
from linli.onestop.actions.outlet import check_hash
from linli.onestop.forms_outlet import CheckForm, WishForm
from linli.onestop.models import Result
from linli.onestop.pages.frame import PLAIN, bound, sign_in
from linli.publicity.door import limit

PRINTED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
}


def printed(row: Result) -> HttpResponse:
    """The document's own page, byte for byte; it may load nothing and run nothing."""
    return HttpResponse(
        queries_outlet.document(row), content_type="text/html; charset=utf-8", headers=PRINTED
    )


@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """By number `n` and code `c` of the address (the QR), or typed. Tells no more than genuine and in force."""
    number, code = (request.GET.get(name, "").replace("\x00", "").strip()[:40] for name in ("n", "c"))
    asked, standing = bool(number and code), ""
    if asked:
        limit(request, caller(request), "answer")
        standing = queries_outlet.check(number, check_hash(number, code))
    form = CheckForm(initial={"number": number})
    context = {
        "title": "文书核验", "form": form, "asked": asked, "number": number, "standing": standing,
        "words": outlet.GENUINE.get(standing, ""),
    }  # fmt: skip
    return render(request, "onestop/outlet/check.html", context)


@require_safe
def result(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    row = queries_outlet.own_result(viewer, number)
    context = {
        "title": row.title,
        "row": row,
        "opened": row.handovers.filter(way="online").first(),
        "parcel": row.handovers.filter(way="post").order_by("-id").first(),
        "may_wish": row.state in ("made", "ready"),
    }
    return render(request, "onestop/outlet/own.html", context)


@require_POST
def open_it(request: HttpRequest, number: int) -> HttpResponse:
    """Opening is a fact worth its record, so it is a button and not a link."""
    viewer = caller(request)
    row = queries_outlet.own_result(viewer, number)
    actions.open_result(by=viewer, result=row.pk)
    return HttpResponseRedirect(reverse("onestop:own_document", args=[row.pk]))


@require_safe
def document(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    row = queries_outlet.own_result(viewer, number)
    if row.state != "void" and not row.handovers.filter(way="online").exists():
        return HttpResponseRedirect(reverse("onestop:own_result", args=[row.pk]))
    return printed(row)


def wish(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    row = queries_outlet.own_result(viewer, number)
    form = WishForm(*bound(request), initial={"way": row.wish or "online", "address": row.post_to})
    form.page_lead, form.cancel_url = (
        f"{row.title} {row.number}",
        reverse("onestop:own_result", args=[row.pk]),
    )

    def act(said: dict[str, Any]) -> str:
        actions.wish_delivery(by=viewer, result=row.pk, way=said["way"], address=said["address"])
        messages.success(request, "已记下您的领取方式")
        return form.cancel_url

    return form_page(request, form, act, context=PLAIN)
