"""Residents' appointments and the slip of a queue number; all of it works without JavaScript."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from linli.kernel import Refused
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.onestop import actions, centre, queries, queries_centre
from linli.onestop.actions.appointments import centre_unit
from linli.onestop.forms import ConfirmForm
from linli.onestop.forms_centre import BookForm, MoveForm
from linli.onestop.pages.frame import PLAIN, bound, sign_in
from linli.onestop.qrcode import svg
from linli.people.queries import person_of_account


@require_safe
def centres(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    lines = [
        (one, queries_centre.board(one.code, now).waiting, centre.rules_of(one.code))
        for one in queries_centre.centres()
    ]
    return render(request, "onestop/centre/centres.html", {"title": "预约办事", "lines": lines})


def book(request: HttpRequest, unit: str) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    place, person = centre_unit(unit), person_of_account(viewer.account)
    if person is None:
        raise Refused(
            "您的账号还没有对应的人口登记，请联系社区登记后再预约，也可以直接到现场取号。",
            code="no_person",
            status=404,
        )
    items = [(one.item.code, one.item.name) for one in queries.items_in_force()]
    form = BookForm(*bound(request), items=items, slots=queries_centre.free_slots(place))
    form.page_title, form.page_lead = f"预约{place.name}", hours(centre.rules_of(unit))
    form.cancel_url = reverse("onestop:appointments")

    def act(said: dict[str, Any]) -> str:
        made = actions.book(by=viewer, unit=unit, at=said["at"], person=person.pk, item=said["item"])
        messages.success(request, f"已预约 {timezone.localtime(made.at):%m 月 %d 日 %H:%M}")
        return reverse("onestop:my_appointments")

    return form_page(request, form, act, context=PLAIN)


def hours(rules: centre.Rules) -> str:
    said = "、".join(f"{a:%H:%M}–{b:%H:%M}" for a, b in rules.hours)
    doubt = "（待核实）" if rules.status == "to_confirm" else ""
    return f"工作日 {said}{doubt}，节假日按国家安排。每个时段 {rules.slot_minutes} 分钟，来不了请提前取消。"


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    names = {one.code: one.name for one in queries_centre.centres()}
    lines = [(one, names.get(one.unit, "服务中心")) for one in queries_centre.own_bookings(viewer)[:50]]
    return render(request, "onestop/centre/mine.html", {"title": "我的预约", "lines": lines})


def move(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    row = queries_centre.own_booking(viewer, number)
    form = MoveForm(*bound(request), slots=queries_centre.free_slots(centre_unit(row.unit)))
    form.cancel_url = reverse("onestop:my_appointments")

    def act(said: dict[str, Any]) -> str:
        actions.move_booking(by=viewer, booking=row.pk, at=said["at"])
        messages.success(request, "已改期")
        return form.cancel_url

    return form_page(request, form, act, context=PLAIN)


def cancel(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    row = queries_centre.own_booking(viewer, number)
    form = ConfirmForm(*bound(request))
    form.page_title, form.submit_label = "取消预约", "确认取消"
    form.page_lead = f"{timezone.localtime(row.at):%m 月 %d 日 %H:%M}的预约"
    form.cancel_url = reverse("onestop:my_appointments")

    def act(said: dict[str, Any]) -> str:
        actions.cancel_booking(by=viewer, booking=row.pk)
        messages.success(request, "已取消预约")
        return form.cancel_url

    return form_page(request, form, act, context=PLAIN)


@require_safe
def slip(request: HttpRequest, key: str) -> HttpResponse:
    """The slip for the printer and the phone: the number, how many are ahead. Names nobody."""
    found = queries_centre.slip(key)
    address = request.build_absolute_uri(reverse("onestop:slip", args=[key]))
    context = {"title": f"号票 {found.ticket.label}", "found": found, "qr": svg(address)}
    answer = render(request, "onestop/centre/slip.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
