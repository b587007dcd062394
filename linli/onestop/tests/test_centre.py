"""Appointments and the queue: hours by the calendar, seats never exceeded, order, calls, trips, the day's end."""

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel import Refused
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.notify.models import Notice as Message
from linli.onestop import actions, centre, queries_centre
from linli.onestop.actions.appointments import remind_booked
from linli.onestop.actions.tickets import close_days
from linli.onestop.models import Application, Booking, Ticket
from linli.onestop.tests.conftest import TOWN, County, at, person

pytestmark = pytest.mark.django_db
UNIT = f"{TOWN}-ZX"
NOW = at("2026-02-06 08:00")
NINE = at("2026-02-09 09:00")


@pytest.fixture
def hall(county: County, monkeypatch: pytest.MonkeyPatch) -> County:
    """Two seats a slot, four windows, as shipped; somebody else with an account to compete with."""
    county.accounts["wife"] = type(county.accounts["resident"]).objects.create(
        username="居民乙", name="居民乙"
    )
    county.wife.account = county.accounts["wife"]
    county.wife.save()
    return county


def booked(hall: County, who: str = "resident", when: datetime = NINE, **more: Any) -> Booking:
    whose = {"resident": hall.old, "wife": hall.wife}.get(who, hall.old)
    return actions.book(
        by=hall.actor(who), unit=UNIT, at=when, person=more.pop("person", whose.pk), now=NOW, **more
    )


def take(hall: County, when: str = "2026-02-09 09:00", **more: Any) -> Ticket:
    return actions.take_number(by=hall.actor("window"), unit=UNIT, now=at(when), **more)


def call(hall: County, window: int = 1, when: str = "2026-02-09 10:00") -> Ticket | None:
    return actions.call_next(by=hall.actor("window"), unit=UNIT, window=window, now=at(when))


def test_slots_follow_the_calendar_with_its_made_up_days(db):
    rules, works = centre.rules_of(UNIT), calendar_for().is_working
    assert len(centre.slots(date(2026, 2, 9), rules, works)) == 13
    assert centre.slots(date(2026, 2, 17), rules, works) == []  # 春节
    assert centre.slots(date(2026, 2, 14), rules, works)  # a Saturday worked for the holiday
    assert centre.slots(date(2026, 2, 8), rules, works) == []
    assert centre.closes_at(date(2026, 2, 9), rules) == at("2026-02-09 17:00")


@given(st.integers(0, 30 * 24 * 60), st.sampled_from([15, 20, 30, 45]))
def test_every_bookable_slot_lies_in_opening_hours_and_ahead(minutes, length):
    rules = centre.parse(centre.read("centre.yaml") | {"slot_minutes": length})
    now = at("2026-03-01 00:00") + timedelta(minutes=minutes)
    for slot in centre.bookable(rules, now, lambda day: day.weekday() < 5):
        local = slot.astimezone(centre.HERE)
        end = (local + timedelta(minutes=length)).time()
        assert any(a <= local.time() and end <= b for a, b in rules.hours) and slot > now
        assert local.date() <= now.astimezone(centre.HERE).date() + timedelta(days=rules.days_ahead)


def test_a_resident_books_moves_and_cancels(hall):
    row = booked(hall, item="MZ-001")
    assert row.channel == "online" and Message.objects.filter(template="onestop.booked").exists()
    moved = actions.move_booking(
        by=hall.actor("resident"), booking=row.pk, at=at("2026-02-10 09:30"), now=NOW
    )
    assert moved.at == at("2026-02-10 09:30") and moved.moved == 1
    actions.cancel_booking(by=hall.actor("resident"), booking=row.pk)
    with pytest.raises(Refused) as refused:
        actions.move_booking(by=hall.actor("resident"), booking=row.pk, at=NINE, now=NOW)
    assert refused.value.status == 409


def test_a_stranger_books_moves_and_cancels_nothing_of_others(hall):
    row = booked(hall)
    for act in (
        lambda by: actions.book(by=by, unit=UNIT, at=NINE, person=hall.wife.pk, now=NOW),
        lambda by: actions.move_booking(by=by, booking=row.pk, at=at("2026-02-10 09:30"), now=NOW),
        lambda by: actions.cancel_booking(by=by, booking=row.pk),
    ):
        for name in ("stranger", "wife" if act.__code__.co_names[1] != "book" else "stranger"):
            with pytest.raises(Refused) as refused:
                act(hall.actor(name))
            assert refused.value.status == 403


def test_times_that_are_not_offered_are_refused(hall):
    for when in (
        "2026-02-08 09:00",
        "2026-02-09 12:30",
        "2026-02-09 09:07",
        "2026-02-05 09:00",
        "2026-06-09 09:00",
    ):
        with pytest.raises(Refused) as refused:
            booked(hall, when=at(when))
        assert "at" in refused.value.fields


def test_capacity_holds_and_a_cancelled_seat_is_free(hall):
    first = booked(hall)
    booked(hall, "wife")
    third = person("张三丰", date(1950, 1, 1), home=hall.home)
    with pytest.raises(Refused) as refused:
        booked(hall, "window", person=third.pk, channel="phone")
    assert refused.value.code == "full"
    assert (NINE, 1) not in queries_centre.free_slots(queries_centre.centres().get(code=UNIT), NOW)
    actions.cancel_booking(by=hall.actor("resident"), booking=first.pk)
    assert booked(hall, "window", person=third.pk, channel="phone").channel == "phone"


def test_the_table_itself_keeps_a_slot_within_its_seats(hall):
    row = booked(hall)
    for seat in (row.seat, row.capacity + 1, 0):
        row.pk, row.seat, row.person = None, seat, hall.wife
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_never_share_the_last_seat(hall):
    rules = centre.rules_of(UNIT)
    people = [person(f"测试{n}", date(1960, 1, 1)) for n in range(rules.seats + 2)]
    clerk, answers, start = hall.actor("window"), [], threading.Barrier(len(people))

    def go(who: int) -> None:
        start.wait()
        try:
            actions.book(by=clerk, unit=UNIT, at=NINE, person=who, channel="phone", now=NOW)
            answers.append("booked")
        except Refused as refused:
            answers.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[one.pk]) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["booked"] * rules.seats + ["full"] * 2
    assert Booking.objects.filter(at=NINE, state="booked").count() == rules.seats


def test_no_shows_are_counted_and_only_pause_booking_online(hall):
    rules = centre.rules_of(UNIT)
    for n in range(rules.no_show.most):
        Booking.objects.create(
            unit=UNIT, at=NOW - timedelta(days=n + 1), seat=1, capacity=2, person=hall.old, channel="online",
            state="missed", made_at=NOW,
        )  # fmt: skip
    with pytest.raises(Refused) as refused:
        booked(hall)
    assert refused.value.code == "paused"
    assert booked(hall, "window", channel="phone").pk
    assert centre.paused_until([NOW - timedelta(days=60)] * 3, rules, NOW) is None


def test_a_reminder_goes_out_once(hall):
    row = booked(hall)
    assert remind_booked(now=NINE - timedelta(days=3)) == 0
    assert (
        remind_booked(now=NINE - timedelta(hours=20)) == 1
        and remind_booked(now=NINE - timedelta(hours=19)) == 0
    )
    assert Message.objects.filter(
        template="onestop.booking_soon", subject=f"onestop.booking:{row.pk}"
    ).exists()


def test_booked_people_come_at_their_time_then_priority_then_the_rest(hall):
    walk = take(hall, "2026-02-09 08:40")
    old = take(hall, "2026-02-09 08:45", ground="disabled")
    row = booked(hall, when=at("2026-02-09 09:00"))
    slip = take(hall, "2026-02-09 08:50", booking=row.pk)
    assert take(hall, "2026-02-09 08:55", booking=row.pk) == slip
    early = centre.rules_of(UNIT)
    before = [one.pk for one in queries_centre.in_order(UNIT, early, at("2026-02-09 08:52"))]
    assert before == [old.pk, walk.pk, slip.pk]  # not their time yet
    after = [one.pk for one in queries_centre.in_order(UNIT, early, at("2026-02-09 09:01"))]
    assert after == [slip.pk, old.pk, walk.pk]
    assert queries_centre.slip(walk.key, at("2026-02-09 09:01")).ahead == 2


def test_who_is_late_queues_from_when_they_came_and_seventy_is_priority(hall):
    rules, due = centre.rules_of(UNIT), NINE
    assert (
        centre.arrival(rules, due + timedelta(minutes=16), booked_at=due, ground="", age=40).kind == "walk_in"
    )
    assert centre.arrival(rules, due + timedelta(minutes=15), booked_at=due, ground="", age=40).turn_at == due
    stand = centre.arrival(rules, due, booked_at=None, ground="", age=70)
    assert (stand.kind, stand.ground) == ("priority", "age")
    with pytest.raises(Refused):
        take(hall, "2026-02-09 08:00", booking=booked(hall).pk)  # an hour early


def test_called_again_passed_over_and_served_with_its_case(hall, accepted):
    case = accepted("CL-003")
    first, second = take(hall), take(hall, "2026-02-09 09:05", application=case.pk)
    by = hall.actor("window")
    here = call(hall)
    assert here == first and call(hall, window=2) == second
    with pytest.raises(Refused) as refused:
        call(hall)
    assert refused.value.code == "busy"
    with pytest.raises(Refused):
        actions.skip_ticket(by=by, ticket=first.pk)
    for _ in range(2):
        actions.call_ticket(by=by, ticket=first.pk, window=1, now=at("2026-02-09 10:05"))
    actions.skip_ticket(by=by, ticket=first.pk)
    assert call(hall) is None
    assert actions.call_ticket(by=by, ticket=first.pk, window=1).state == "called"
    actions.serve_ticket(by=by, ticket=second.pk, application=case.pk, now=at("2026-02-09 10:10"))
    case.refresh_from_db()
    assert case.trips == 1
    assert queries_centre.waits(Ticket.objects.all()) == centre.Waits(2, 60, 60)


def test_a_stranger_works_at_no_queue(hall):
    row, by = take(hall), hall.actor("stranger")
    for act in (
        lambda: actions.take_number(by=by, unit=UNIT),
        lambda: actions.call_next(by=by, unit=UNIT, window=1),
        lambda: actions.call_ticket(by=by, ticket=row.pk, window=1),
        lambda: actions.skip_ticket(by=by, ticket=row.pk),
        lambda: actions.serve_ticket(by=by, ticket=row.pk),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.status == 403
    assert not queries_centre.tickets_of_day(by, UNIT, date(2026, 2, 9)).exists()
    booked(hall)
    assert not queries_centre.bookings_of_day(by, UNIT, date(2026, 2, 9)).exists()


def test_a_case_of_elsewhere_is_not_tied_to_a_number(hall, accepted):
    case = accepted("CL-003")
    Application.objects.filter(pk=case.pk).update(street="430181002", community="", grid="")
    with pytest.raises(Refused):
        take(hall, application=case.pk)


def test_the_day_closes(hall):
    row, booking = take(hall), booked(hall)
    assert close_days(now=at("2026-02-09 23:00")) == 0
    assert close_days(now=at("2026-02-10 00:05")) == 2
    row.refresh_from_db()
    booking.refresh_from_db()
    assert (row.state, booking.state) == ("closed", "missed")


@given(
    st.lists(st.tuples(st.sampled_from(["booked", "priority", "walk_in"]), st.integers(0, 120)), max_size=20)
)
def test_nobody_of_a_later_class_is_called_before_one_who_is_due(rows):
    rules, now = centre.rules_of(UNIT), at("2026-02-09 10:00")
    ranked = sorted(
        (centre.rank(kind, now + timedelta(minutes=shift - 60), n, rules, now), kind, shift)
        for n, (kind, shift) in enumerate(rows)
    )
    due = [kind for _, kind, shift in ranked if kind != "booked" or shift <= 60]
    assert due == sorted(due, key=rules.order.index)
    ahead = [shift for _, kind, shift in ranked if kind == "booked" and shift > 60]
    assert [one[1:] for one in ranked][len(due) :] == [("booked", shift) for shift in sorted(ahead)]
