"""The paper side: the printable sheet with its QR code, and the posting form of the phone."""

from typing import Any

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from linli.areas import queries as areas
from linli.dispatch import queries as orders
from linli.dispatch import wording
from linli.dispatch.actions import Said
from linli.dispatch.actions.steps import is_assignee
from linli.dispatch.forms import keep_photos
from linli.dispatch.models import WorkOrder
from linli.dispatch.pages.frame import base_for, base_version, in_field, posted, renewing
from linli.kernel import Refused
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.pages import offline_page
from linli.publicity import actions, queries, registry, rules
from linli.publicity.actions.postings import KIND, phase_of, posting_of
from linli.publicity.forms import LastPhotoForm, PostForm
from linli.publicity.pages.public import lines, unfindable


def qr(address: str) -> str:
    """An SVG a page may hold inline: no style attributes, for the policy allows none."""
    code = segno.make(address, error="m")
    return mark_safe(code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None))


@require_safe
def sheet(request: HttpRequest, number: int) -> HttpResponse:
    """A4, for the printer of the village: the whole list, its digest, and the way to object."""
    row = queries.notice_for(caller(request), number)
    kind = registry.kinds().get(row.kind)
    page = reverse("publicity:notice" if row.listed else "publicity:object", args=[row.pk])
    address = request.build_absolute_uri(page)
    context = {
        "title": row.title,
        "notice": row,
        "where": areas.area_path(row.area),
        "unit": areas.unit_names().get(row.unit, ""),
        "days": rules.days_words(row.days, row.day_unit),
        "until": rules.until_words(row.starts, row.ends),
        "lines": list(enumerate(lines(row.columns, row.rows), 1)),
        "address": address,
        "qr": qr(address),
        "to_confirm": (kind.status if kind else row.status) != "cited",
    }
    return unfindable(render(request, "publicity/sheet.html", context))


def post(request: HttpRequest, number: int) -> HttpResponse:
    """已张贴, or 期满拍照: the same form, the order says which."""
    viewer = caller(request)
    order = orders.order_for(viewer, number)
    if order.kind != KIND:
        raise Refused("没有这一页。", code="no_page", status=404)
    if not is_assignee(viewer, order):
        raise Refused("这张工单不是派给您的，不能办理。", code="not_assignee", status=403)
    posting = posting_of(order)
    last = phase_of(order, posting) == "after"
    form = (LastPhotoForm if last else PostForm)(*posted(request), request=request, order=order)
    form.page_lead = f"{posting.place}：张贴当日不计，次日起算。" if not last else posting.place

    def run(said: dict[str, Any]) -> str:
        data = {"lon": said["lon"], "lat": said["lat"]} if said.get("lon") is not None else {}
        with renewing(form, lambda: WorkOrder.objects.values_list("version", flat=True).get(pk=number)):
            actions.confirm_posted(
                by=viewer,
                order=number,
                outcome=said["text"],
                keys=keep_photos(viewer, said["photos"] or [], said["client_uuid"]),
                said=Said(base_version=base_version(said), data=data),
            )
        messages.success(request, "已收到，公示期满前请留意名单是否完好" if not last else "已收到期满照片")
        return "/work/" if in_field(viewer) else f"/orders/{number}/"

    context = {
        "base": base_for(viewer),
        "field": in_field(viewer),
        "order": order,
        "clock": wording.chip(order),
        "offline": "publicity.post",
    }
    return offline_page(form_page(request, form, run, template="dispatch/act.html", context=context))
