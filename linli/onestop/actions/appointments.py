"""Appointments at a centre: booked, moved, cancelled; never more than a slot's seats, by a constraint; no-shows counted."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.areas.models import Unit
from linli.areas.queries import place_of_code
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.ledger.actions import record
from linli.kernel.notify.actions import notify
from linli.onestop import centre
from linli.onestop.actions import steps
from linli.onestop.models import Booking, Item
from linli.onestop.models.centre import HELD
from linli.people.models import Person, Tie

VERB = "onestop.queue"


def centre_unit(unit: str) -> Unit:
    """Raises Refused 404."""
    found = Unit.objects.filter(code=unit, kind="centre", active=True).first()
    if found is None:
        raise Refused("没有这个便民服务中心，或者它现在不开放。", code="no_centre", status=404)
    return found


@transaction.atomic
def book(
    *, by: Actor, unit: str, at: datetime, person: int, item: str = "", channel: str = "online",
    now: datetime | None = None,
) -> Booking:  # fmt: skip
    """预约: one seat of a slot. By the person or their guardian; a clerk of the centre for whoever calls or asks there.

    `item`: what they come for. Raises Refused 403, 404, 409 `full`, 422 by field.
    """
    place, moment = centre_unit(unit), steps.moment(now)
    who = (
        Person.objects.select_for_update(of=("self",)).filter(pk=person, merged_into=None, died=None).first()
    )
    if who is None:
        raise Refused("没有找到这个人。", code="no_person", status=404)
    clerk = _clerk(by, place, who)
    rules = centre.rules_of(unit)
    _check_slot(place, rules, at, moment, clerk)
    _check_person(who, rules, moment, clerk)
    wanted = Item.objects.filter(code=item).first() if item else None
    if item and wanted is None:
        raise Refused("没有这个事项。", code="no_item", fields={"item": ["请从列表中选择"]})
    area = place_of_code(place.area)
    row = Booking(
        unit=unit, at=at, capacity=rules.seats, person=who, item=wanted, channel=channel if clerk else "online",
        by_id=by.account, made_at=moment, grid=area.grid, community=area.community, street=area.street, county=area.county,
    )  # fmt: skip
    _seat(row, at)
    return _kept(by, row, "book", "onestop.booked")


def _clerk(by: Actor, place: Unit, who: Person) -> bool:
    """False for the person themselves or their guardian, True for somebody of the centre. Raises Refused 403."""
    if by.account is not None and by.account == who.account_id:
        require(by, "onestop.apply")
        return False
    if (
        by.account is not None
        and Tie.objects.filter(person=who, kind="guardian", ended=None, other__account=by.account).exists()
    ):
        require(by, "onestop.apply")
        return False
    require(by, VERB, area=place.area, unit=place.code)
    return True


def _check_slot(place: Unit, rules: centre.Rules, at: datetime, now: datetime, clerk: bool) -> None:
    open_slots = centre.bookable(rules, now, calendar_for(place.area).is_working, notice=not clerk)
    if at not in open_slots:
        said = f"这个时间不能预约，请从列出的时间里选择（可预约 {rules.days_ahead} 天以内的工作时间）"
        raise Refused(said, code="not_bookable", fields={"at": [said]})


def _check_person(who: Person, rules: centre.Rules, now: datetime, clerk: bool) -> None:
    held = who.bookings.filter(state="booked", at__gt=now).count()
    if held >= rules.open_bookings:
        said = f"已有 {held} 个预约，最多 {rules.open_bookings} 个；请先取消一个"
        raise Refused(said, code="too_many", fields={"at": [said]}, status=409)
    missed = who.bookings.filter(state="missed").values_list("at", flat=True)
    until = None if clerk else centre.paused_until(missed, rules, now)
    if until is not None:
        said = f"近期多次预约未到，网上预约暂停到 {timezone.localtime(until):%m 月 %d 日}；可以电话预约，也可以直接到现场取号"
        raise Refused(said, code="paused", fields={"at": [said]}, status=409)


def _seat(row: Booking, at: datetime) -> None:
    """Takes a free seat; two at once are told apart by the database and the later one looks again."""
    for _ in range(row.capacity + 1):
        taken = Booking.objects.filter(unit=row.unit, at=at, state__in=HELD).exclude(pk=row.pk)
        seat = centre.free_seat(taken.values_list("seat", flat=True), row.capacity)
        if seat is None:
            break
        row.at, row.seat = at, seat
        try:
            with transaction.atomic():
                row.save()
            return
        except IntegrityError as clash:
            if "nobody_is_booked_twice" in str(clash):
                said = "同一时间已有预约"
                raise Refused(said, code="twice", fields={"at": [said]}, status=409) from None
    said = "这个时段刚刚约满，请换一个时间"
    raise Refused(said, code="full", fields={"at": [said]}, status=409)


def _kept(by: Actor, row: Booking, verb: str, template: str = "") -> Booking:
    fields = {"unit": row.unit, "at": row.at.isoformat(), "state": row.state, "channel": row.channel}
    record(subject=f"onestop.booking:{row.pk}", verb=f"onestop.{verb}", by=by, fields=fields)
    if template:
        tell(row, template, f"{verb}:{row.moved}")
    return row


def tell(row: Booking, template: str, key: str) -> int:
    """To the person's account, else their phone."""
    to = row.person.account_id or row.person.phone
    if not to:
        return 0
    at = timezone.localtime(row.at)
    place = Unit.objects.filter(code=row.unit).values_list("name", flat=True).first() or "服务中心"
    context = {"where": place, "when": f"{at.month} 月 {at.day} 日 {at:%H:%M}", "what": row.item.name if row.item else "业务"}  # fmt: skip
    subject = f"onestop.booking:{row.pk}"
    notify(to=to, template=template, context=context, subject=subject, client_key=f"{subject}:{key}")
    return 1


def _open(by: Actor, booking: int) -> Booking:
    """An open booking of the actor's own, or of their centre. Raises Refused 403, 404, 409."""
    row = (
        Booking.objects.select_for_update(of=("self",))
        .select_related("person", "item")
        .filter(pk=booking)
        .first()
    )
    if row is None:
        raise Refused("没有这个预约。", code="no_booking", status=404)
    _clerk(by, centre_unit(row.unit), row.person)
    if row.state != "booked":
        raise Refused(f"这个预约现在是“{row.get_state_display()}”，不能再改。", code="moved_on", status=409)
    return row


@transaction.atomic
def move_booking(*, by: Actor, booking: int, at: datetime, now: datetime | None = None) -> Booking:
    """改期 within the same centre, as often as data/centre.yaml allows."""
    row, moment = _open(by, booking), steps.moment(now)
    place, rules = centre_unit(row.unit), centre.rules_of(row.unit)
    if row.at == at:
        return row
    if row.moved >= rules.most_moves:
        said = f"最多改期 {rules.most_moves} 次；请取消后重新预约"
        raise Refused(said, code="moved_often", fields={"at": [said]}, status=409)
    _check_slot(place, rules, at, moment, _clerk(by, place, row.person))
    row.moved, row.reminded_at, row.capacity = row.moved + 1, None, rules.seats
    _seat(row, at)
    return _kept(by, row, "move_booking", "onestop.booked")


@transaction.atomic
def cancel_booking(*, by: Actor, booking: int) -> Booking:
    """取消: the seat is free at once. No reason is asked for."""
    row = _open(by, booking)
    row.state = "cancelled"
    row.save(update_fields=["state"])
    return _kept(by, row, "cancel_booking", "onestop.booking_off")


def remind_booked(*, now: datetime | None = None) -> int:
    """Tells those whose time is near, once. Returns how many."""
    moment = now or timezone.now()
    longest = timedelta(days=7)
    rows = Booking.objects.filter(state="booked", reminded_at=None, at__gt=moment, at__lte=moment + longest)
    count = 0
    for row in rows.select_related("person", "item"):
        if row.at - moment <= timedelta(hours=centre.rules_of(row.unit).remind_hours):
            with transaction.atomic():
                fresh = Booking.objects.filter(pk=row.pk, reminded_at=None).update(reminded_at=moment)
                count += tell(row, "onestop.booking_soon", f"soon:{row.moved}") if fresh else 0
    return count
