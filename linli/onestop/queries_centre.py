"""The centre as residents, windows and the wall see it: free slots, who waits, how long it took."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, QuerySet
from django.utils import timezone

from linli.areas.models import Unit
from linli.kernel import Refused
from linli.kernel.access.queries import visible_to
from linli.kernel.actor import Actor, can
from linli.kernel.deadlines.queries import calendar_for
from linli.onestop import centre
from linli.onestop.models import Booking, Ticket
from linli.onestop.models.centre import HELD

VERB = "onestop.queue"


def centres() -> QuerySet[Unit]:
    """Where one may book; public, so it takes no viewer."""
    return Unit.objects.filter(kind="centre", active=True).order_by("name")


def centres_of(viewer: Actor) -> list[Unit]:
    """The centres whose queue the viewer works at."""
    return [one for one in centres() if can(viewer, VERB, area=one.area, unit=one.code)]


def free_slots(
    place: Unit, now: datetime | None = None, *, notice: bool = True
) -> list[tuple[datetime, int]]:
    """Slots that may be booked, each with its free seats; full ones are left out. Public."""
    moment, rules = now or timezone.now(), centre.rules_of(place.code)
    every = centre.bookable(rules, moment, calendar_for(place.area).is_working, notice=notice)
    if not every:
        return []
    held = Booking.objects.filter(unit=place.code, at__gte=every[0], at__lte=every[-1], state__in=HELD)
    taken = dict(held.order_by().values("at").annotate(n=Count("id")).values_list("at", "n"))
    return [(at, rules.seats - taken.get(at, 0)) for at in every if taken.get(at, 0) < rules.seats]


def own_bookings(viewer: Actor) -> QuerySet[Booking]:
    """The viewer's own and those they made for others, the newest first."""
    if viewer.account is None:
        return Booking.objects.none()
    mine = Booking.objects.filter(person__account=viewer.account) | Booking.objects.filter(by=viewer.account)
    return mine.select_related("person", "item").order_by("-at")


def own_booking(viewer: Actor, number: int) -> Booking:
    """Raises Refused 404."""
    row = own_bookings(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有找到这个预约，或者它不是您的。", code="no_booking", status=404)
    return row


def bookings_of_day(viewer: Actor, unit: str, day: date) -> QuerySet[Booking]:
    """Who is expected at a centre; for those who work at its queue."""
    begins = timezone.make_aware(datetime(day.year, day.month, day.day))
    rows = visible_to(viewer, VERB, Booking.objects.select_related("person", "item"))
    return rows.filter(unit=unit, at__gte=begins, at__lt=begins + timedelta(days=1)).order_by("at", "seat")


def tickets_of_day(viewer: Actor, unit: str, day: date) -> QuerySet[Ticket]:
    rows = visible_to(viewer, VERB, Ticket.objects.select_related("person", "application__item", "booking"))
    return rows.filter(unit=unit, day=day).order_by("number")


def in_order(unit: str, rules: centre.Rules, now: datetime) -> list[Ticket]:
    """Who waits now, in the order they will be called."""
    rows = Ticket.objects.filter(unit=unit, day=timezone.localdate(now), state="waiting")
    return sorted(rows, key=lambda one: centre.rank(one.kind, one.turn_at, one.number, rules, now))


@dataclass(frozen=True, slots=True)
class Slip:
    """What a slip shows: how many are ahead, and which window calls."""

    ticket: Ticket
    place: str
    ahead: int
    now: datetime


def slip(key: str, now: datetime | None = None) -> Slip:
    """By the slip's own key; it names nobody. Raises Refused 404."""
    moment = now or timezone.now()
    row = Ticket.objects.filter(key=key).first()
    if row is None:
        raise Refused("没有这张号票。", code="no_ticket", status=404)
    place = Unit.objects.filter(code=row.unit).values_list("name", flat=True).first() or ""
    waiting = (
        [one.pk for one in in_order(row.unit, centre.rules_of(row.unit), moment)]
        if row.state == "waiting"
        else []
    )
    return Slip(row, place, waiting.index(row.pk) if row.pk in waiting else 0, moment)


@dataclass(frozen=True, slots=True)
class Board:
    """The wall: numbers being called, the next ones, how many wait. Numbers only."""

    called: list[Ticket]
    coming: list[Ticket]
    waiting: int
    waits: centre.Waits


def board(unit: str, now: datetime | None = None) -> Board:
    moment = now or timezone.now()
    rows = Ticket.objects.filter(unit=unit, day=timezone.localdate(moment))
    order = in_order(unit, centre.rules_of(unit), moment)
    called = list(rows.filter(state="called").order_by("window"))
    return Board(called, order[:8], len(order), waits(rows))


def waits(rows: QuerySet[Ticket]) -> centre.Waits:
    """From taking the number, or one's own time if later, to the first call."""
    times = rows.filter(called_at__isnull=False).values_list("taken_at", "turn_at", "called_at")
    return centre.waits(
        max(0, int((called - max(taken, turn)).total_seconds() // 60)) for taken, turn, called in times
    )
