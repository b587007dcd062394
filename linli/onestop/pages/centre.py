"""The queue at work: a window calls and serves, numbers are taken, times booked for callers, the wall shows the numbers."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from linli.areas.models import Unit
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.onestop import actions, centre, queries, queries_centre
from linli.onestop.actions.appointments import centre_unit
from linli.onestop.forms_centre import PhoneForm, TakeForm
from linli.onestop.models import Application, Ticket
from linli.onestop.pages.frame import STAFF, ask, bound

VERB = "onestop.queue"


def _place(request: HttpRequest, unit: str) -> tuple[Actor, Unit]:
    """Raises Refused 403, 404."""
    viewer = caller(request)
    require(viewer, VERB)
    place = centre_unit(unit)
    require(viewer, VERB, area=place.area, unit=place.code)
    return viewer, place


def _window(request: HttpRequest, unit: str) -> int:
    """The window this clerk sits at, kept in the session."""
    written = request.POST.get("window") or request.GET.get("window") or ""
    key, most = f"onestop_window:{unit}", centre.rules_of(unit).windows
    if written.isascii() and written.isdigit() and 1 <= int(written) <= most:
        request.session[key] = int(written)
    return min(int(request.session.get(key, 1)), most)


@require_safe
def centres(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, VERB)
    found = queries_centre.centres_of(viewer)
    if len(found) == 1:
        return HttpResponseRedirect(reverse("onestop:queue", args=[found[0].code]))
    return render(request, "onestop/centre/choose.html", {"title": "叫号", "centres": found})


@require_safe
def queue(request: HttpRequest, unit: str) -> HttpResponse:
    viewer, place = _place(request, unit)
    now, window = timezone.now(), _window(request, unit)
    today = timezone.localdate(now)
    rows = queries_centre.tickets_of_day(viewer, unit, today)
    rules = centre.rules_of(unit)
    context = {
        "title": place.name,
        "place": place,
        "window": window,
        "windows": range(1, rules.windows + 1),
        "here": rows.filter(state="called", window=window).first(),
        "others": rows.filter(state="called").exclude(window=window),
        "waiting": queries_centre.in_order(unit, rules, now),
        "grounds": rules.grounds,
        "skipped": rows.filter(state="skipped"),
        "served": rows.filter(state="served").count(),
        "waits": queries_centre.waits(rows),
        "bookings": queries_centre.bookings_of_day(viewer, unit, today).exclude(state="cancelled"),
        "most_calls": rules.most_calls,
    }
    return render(request, "onestop/centre/queue.html", context)


def _back(unit: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("onestop:queue", args=[unit]))


@require_POST
def call(request: HttpRequest, unit: str) -> HttpResponse:
    by, place = _place(request, unit)
    called = actions.call_next(by=by, unit=place.code, window=_window(request, unit))
    if called is None:
        messages.info(request, "现在没有人等候")
    return _back(unit)


@require_POST
def ticket(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """One number: call it (again), pass it over, serve it with the case it is for."""
    require(caller(request), VERB)
    row = Ticket.objects.filter(pk=number).first()
    if row is None or act not in ("call", "skip", "serve"):
        raise Refused("没有这个号。", code="no_ticket", status=404)
    by, _ = _place(request, row.unit)
    if act == "call":
        actions.call_ticket(by=by, ticket=number, window=_window(request, row.unit))
    elif act == "skip":
        actions.skip_ticket(by=by, ticket=number)
    else:
        case = _case(request.POST.get("case", ""))
        actions.serve_ticket(by=by, ticket=number, application=case)
        messages.success(request, f"{row.label} 已登记办理")
    return _back(row.unit)


def _case(number: str) -> int | None:
    """The id of a case by its number, as typed. Raises Refused 422."""
    written = number.replace("\x00", "").strip().upper()
    if not written:
        return None
    found = Application.objects.filter(number=written).values_list("pk", flat=True).first()
    if found is None:
        raise Refused("没有这个办件编号。", code="no_case", fields={"case": ["请核对办件编号"]})
    return found


def take(request: HttpRequest, unit: str) -> HttpResponse:
    """取号: for a walk-in, or with `?booking=` for somebody who comes at their time."""
    by, place = _place(request, unit)
    booking = request.GET.get("booking", "")
    form = TakeForm(*bound(request), grounds={**centre.rules_of(unit).grounds})
    form.page_lead, form.cancel_url = place.name, reverse("onestop:queue", args=[unit])

    def act(said: dict[str, Any]) -> str:
        made = actions.take_number(
            by=by, unit=unit, booking=int(booking) if booking.isascii() and booking.isdigit() else None,
            application=_case(said["case"]), ground=said["ground"],
        )  # fmt: skip
        return reverse("onestop:slip", args=[made.key])

    return form_page(request, form, act, context=STAFF)


def phone(request: HttpRequest, unit: str) -> HttpResponse:
    by, place = _place(request, unit)
    items = [(one.item.code, one.item.name) for one in queries.items_in_force()]
    form = PhoneForm(*bound(request), items=items, slots=queries_centre.free_slots(place, notice=False))

    def act(said: dict[str, Any]) -> None:
        person = queries.person_to_assist(by, said["number"])
        if person is None:
            raise Refused(
                "没有找到这个人。",
                code="no_person",
                fields={"number": ["请核对号码；未登记的，请直接到现场取号"]},
            )
        actions.book(
            by=by, unit=unit, at=said["at"], person=person.pk, item=said["item"], channel=said["channel"]
        )
        messages.success(request, "已预约，并通知了本人")

    return ask(request, form, act, to=reverse("onestop:queue", args=[unit]), lead=form.page_lead)


@require_safe
def wall(request: HttpRequest, unit: str) -> HttpResponse:
    """The screen in the hall: numbers and windows, nothing else."""
    _, place = _place(request, unit)
    context = {"title": place.name, "board": queries_centre.board(unit), "now": timezone.now(), "unit": unit}
    return render(request, "onestop/centre/wall.html", context)
