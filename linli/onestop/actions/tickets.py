"""取号叫号: a number taken, called, called again, passed over, served; what is left when the day closes."""

import secrets
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from linli.areas.queries import place_of_code
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.onestop import centre, queries_centre
from linli.onestop.actions import steps
from linli.onestop.actions.appointments import VERB, centre_unit
from linli.onestop.actions.trips import recount
from linli.onestop.models import Application, Booking, Ticket
from linli.people.models import Person
from linli.people.rules import age_on


@transaction.atomic
def take_number(
    *, by: Actor, unit: str, booking: int | None = None, application: int | None = None, ground: str = "",
    now: datetime | None = None,
) -> Ticket:  # fmt: skip
    """取号 at the centre. `booking`: who comes at their time; `ground` of data/centre.yaml gives priority, as does age
    where the person is known. The same booking again: the same slip. Raises Refused 403, 404, 409, 422."""
    place, moment = centre_unit(unit), steps.moment(now)
    require(by, VERB, area=place.area, unit=unit)
    rules, today = centre.rules_of(unit), timezone.localdate(moment)
    if ground and ground not in rules.grounds:
        raise Refused("请选择优先事由。", code="bad_ground", fields={"ground": ["请从列表中选择"]})
    booked = _arrive(unit, booking, rules, moment) if booking else None
    if booked is not None and (earlier := Ticket.objects.filter(booking=booked).first()):
        return earlier
    case = _case(by, application or (booked.application_id if booked else None))
    person = booked.person if booked else case.person if case else None
    stand = centre.arrival(
        rules, moment, booked_at=booked.at if booked else None, ground=ground, age=_age(person, today)
    )
    area = place_of_code(place.area)
    return Ticket.objects.create(
        unit=unit, day=today, number=_next(unit, today), key=secrets.token_urlsafe(12), kind=stand.kind,
        ground=stand.ground, turn_at=stand.turn_at, person=person, application=case, booking=booked, taken_at=moment,
        by_id=by.account, grid=area.grid, community=area.community, street=area.street, county=area.county,
    )  # fmt: skip


def _arrive(unit: str, number: int, rules: centre.Rules, now: datetime) -> Booking:
    row = (
        Booking.objects.select_for_update(of=("self",))
        .select_related("person")
        .filter(pk=number, unit=unit)
        .first()
    )
    if row is None:
        raise Refused("没有这个预约。", code="no_booking", status=404)
    if row.state == "arrived":
        return row
    early = (row.at - now).total_seconds() > rules.early_minutes * 60
    if row.state != "booked" or timezone.localdate(row.at) != timezone.localdate(now) or early:
        said = f"预约时间是 {timezone.localtime(row.at):%m 月 %d 日 %H:%M}，提前 {rules.early_minutes} 分钟以内可以取预约号；现在可取现场号"
        raise Refused(said, code="not_now", fields={"booking": [said]}, status=409)
    row.state = "arrived"
    row.save(update_fields=["state"])
    return row


def _case(by: Actor, application: int | None) -> Application | None:
    if application is None:
        return None
    row = Application.objects.select_related("person").filter(pk=application).first()
    if row is None:
        raise Refused("没有这个办件。", code="no_application", fields={"application": ["请核对办件编号"]})
    steps.require_in_case(by, VERB, row)
    return row


def _age(person: Person | None, today: Any) -> int | None:
    return age_on(person.birth, today) if person is not None and person.birth else None


def _next(unit: str, day: Any) -> int:
    """Numbers of one centre and day come one after the other: whoever takes one waits a moment for the one before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"onestop.ticket:{unit}:{day}"])
    last = (
        Ticket.objects.filter(unit=unit, day=day).order_by("-number").values_list("number", flat=True).first()
    )
    return (last or 0) + 1


@transaction.atomic
def call_next(*, by: Actor, unit: str, window: int, now: datetime | None = None) -> Ticket | None:
    """叫号: the next in order comes to this window. None when nobody waits. Two windows never call the same number.

    Raises Refused 403, 409 while the window has not finished with the one it called.
    """
    moment = steps.moment(now)
    rules = _at_window(by, unit, window)
    _queue_lock(unit)
    if Ticket.objects.filter(
        unit=unit, day=timezone.localdate(moment), window=window, state="called"
    ).exists():
        raise Refused("这个窗口还有呼叫中的号，请先登记办理或过号。", code="busy", status=409)
    waiting = queries_centre.in_order(unit, rules, moment)
    return _call(waiting[0], window, moment) if waiting else None


@transaction.atomic
def call_ticket(*, by: Actor, ticket: int, window: int, now: datetime | None = None) -> Ticket:
    """重呼: the number this window has called, or one passed over that came back."""
    row, moment = _locked(ticket), steps.moment(now)
    _at_window(by, row.unit, window)
    if row.state == "called" and row.window != window:
        raise Refused(f"这个号正在 {row.window} 号窗口。", code="elsewhere", status=409)
    return _call(row, window, moment)


def _call(row: Ticket, window: int, now: datetime) -> Ticket:
    _move(row, "call")
    row.window, row.calls, row.called_at, row.ended_at = window, row.calls + 1, row.called_at or now, None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refused("这个窗口还有呼叫中的号，请先登记办理或过号。", code="busy", status=409) from None
    return row


@transaction.atomic
def skip_ticket(*, by: Actor, ticket: int, now: datetime | None = None) -> Ticket:
    """过号: after the calls data/centre.yaml asks for; who comes back is called again by `call_ticket`."""
    row = _locked(ticket)
    rules = _at_window(by, row.unit, row.window or 1)
    if row.state == "called" and row.calls < rules.most_calls:
        raise Refused(f"至少呼叫 {rules.most_calls} 次才能过号，请重呼。", code="call_again", status=409)
    _move(row, "skip")
    row.ended_at = steps.moment(now)
    row.save()
    return row


@transaction.atomic
def serve_ticket(
    *, by: Actor, ticket: int, application: int | None = None, now: datetime | None = None
) -> Ticket:  # fmt: skip
    """办理: the person is at the window. With the case it is for, the visit counts as one of its trips."""
    row = _locked(ticket)
    _at_window(by, row.unit, row.window or 1)
    _move(row, "serve")
    case = _case(by, application)
    row.application, row.ended_at = case or row.application, steps.moment(now)
    row.save()
    if row.application_id:
        recount(row.application_id)
    return row


def _at_window(by: Actor, unit: str, window: int) -> centre.Rules:
    place = centre_unit(unit)
    require(by, VERB, area=place.area, unit=unit)
    rules = centre.rules_of(unit)
    if not 1 <= window <= rules.windows:
        said = f"窗口号应在 1 到 {rules.windows} 之间"
        raise Refused(said, code="bad_window", fields={"window": [said]})
    return rules


def _queue_lock(unit: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"onestop.call:{unit}"])


def _locked(ticket: int) -> Ticket:
    row = Ticket.objects.select_for_update().filter(pk=ticket).first()
    if row is None:
        raise Refused("没有这个号。", code="no_ticket", status=404)
    return row


def _move(row: Ticket, action: str) -> None:
    to = centre.MOVES[row.state].get(action)
    if to is None:
        raise Refused(f"这个号现在是“{row.get_state_display()}”，不能这样办理。", code="moved_on", status=409)
    row.state = to


def close_days(*, now: datetime | None = None) -> int:
    """Days that are over: numbers nobody came for are closed, bookings nobody came to are no-shows. Returns how many."""
    moment = now or timezone.now()
    today = timezone.localdate(moment)
    left = Ticket.objects.filter(day__lt=today, state__in=["waiting", "called", "skipped"])
    closed = left.update(state="closed", ended_at=moment)
    return closed + Booking.objects.filter(state="booked", at__lt=_midnight(moment)).update(state="missed")


def _midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
