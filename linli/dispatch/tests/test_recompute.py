"""Running due moments follow the calendar: a corrected day, a published year, other hours."""

from datetime import date, datetime, timedelta

import pytest

from linli.dispatch import actions, clocks
from linli.dispatch.actions.recompute import recompute_dues
from linli.dispatch.models import Ask, Move, WorkOrder
from linli.dispatch.tests.conftest import Posts, Raise
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.kernel.deadlines import queries
from linli.kernel.deadlines.actions import import_year, set_day, set_duty_hours
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_calendars():
    queries.forget()
    yield
    queries.forget()


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


def running(row: WorkOrder, limit: str, since: str) -> WorkOrder:
    """The order as though its handling began at `since` with `limit`, due by today's calendar."""
    row.state, row.plan = "accepted", {**row.plan, "handle": limit}
    clocks.start(row, "handle", at(since))
    row.save()
    return row


def due(row: WorkOrder) -> str:
    return WorkOrder.objects.get(pk=row.pk).due_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def test_a_corrected_day_moves_the_orders_that_span_it_and_says_why(posts: Posts, order: Raise) -> None:
    across = running(order(), "3 wd", "2027-03-04 10:00")  # Thursday
    before, after = running(order(), "1 wd", "2027-03-04 10:00"), running(order(), "1 wd", "2027-03-09 10:00")
    hours = running(order(), "30 ch", "2027-03-07 20:00")
    assert due(across) == "2027-03-09 17:30"
    version = across.version
    set_day(by=SYSTEM, day=date(2027, 3, 8), working=False, name="抗洪停工", source="县府通告第2号")
    drain()
    assert due(across) == "2027-03-10 17:30"
    assert (due(before), due(after), due(hours)) == (
        "2027-03-05 17:30",
        "2027-03-10 17:30",
        "2027-03-09 02:00",
    )
    move = Move.objects.get(order=across, text__contains="时限重算")
    assert "2027年3月9日 17:30 改为 2027年3月10日 17:30" in move.text
    assert "抗洪停工" in move.text and "县府通告第2号" in move.text
    entry = Entry.objects.get(verb="order.recompute")
    assert entry.fields["order"] == across.pk and "县府通告第2号" in entry.fields["why"]
    across.refresh_from_db()
    assert across.version == version and across.next_rung_at is not None
    page = posts.client("worker").get(f"/orders/{across.pk}/").content.decode()
    assert "时限重算" in page


def test_asked_again_it_finds_nothing_to_do(posts: Posts, order: Raise) -> None:
    running(order(), "3 wd", "2027-03-04 10:00")
    set_day(by=SYSTEM, day=date(2027, 3, 8), working=False, name="停工", source="通告")
    assert recompute_dues(since=date(2027, 3, 8), until=date(2027, 3, 8), why="停工") == 1
    assert recompute_dues(since=date(2027, 3, 8), until=date(2027, 3, 8), why="停工") == 0
    assert Move.objects.filter(text__contains="时限重算").count() == 1


def test_a_published_year_makes_provisional_dues_final(posts: Posts, order: Raise) -> None:
    row = running(order(), "5 wd", "2027-02-03 10:00")
    assert due(row) == "2027-02-12 17:30"  # by statute the 5th and 8th alone are rest
    off = [(date(2027, 2, day), "春节") for day in range(5, 12)]
    import_year(by=SYSTEM, year=2027, source="国办发明电", off=off, working=[(date(2027, 2, 14), "调休")])
    drain()
    assert due(row) == "2027-02-16 17:30"  # 4th, 12th, 14th (a Sunday), 15th, 16th


def test_extensions_and_pauses_of_the_stage_are_kept(posts: Posts, order: Raise) -> None:
    row = running(order(), "2 wd", "2027-03-03 10:00")
    row.pauses = [
        {
            "at": at("2027-03-03 10:00").isoformat(),
            "until": at("2027-03-04 10:00").isoformat(),
            "review": None,
        }
    ]
    row.due_at = clocks.after_pause(
        row.due_at,
        since=at("2027-03-03 10:00"),
        until=at("2027-03-04 10:00"),
        limit="2 wd",
        county=row.county,
    )
    row.save()
    Ask.objects.create(
        order=row, what="extend", reason="下雨", limit="1 wd", state="granted", asked_by=posts.accounts["worker"],
        asked_at=at("2027-03-05 09:00"), decided_by=posts.accounts["chief"], decided_at=at("2027-03-05 10:00"),
    )  # fmt: skip
    assert recompute_dues(since=date(2027, 3, 1), why="试算") == 1  # the extension, written by hand here
    with_both = due(row)
    assert with_both > "2027-03-08"
    assert recompute_dues(since=date(2027, 3, 1), why="试算") == 0
    set_day(by=SYSTEM, day=date(2027, 3, 5), working=False, name="停工", source="通告")
    drain()
    assert due(row) > with_both


def test_what_the_actions_wrote_is_what_is_counted_again(posts: Posts, order: Raise) -> None:
    row = order()
    actions.accept_order(by=posts.worker, order=row.pk)
    ask = actions.ask_for_time(by=posts.worker, order=row.pk, what="extend", reason="等零件", limit="1 dh")
    actions.decide_ask(by=posts.chief, ask=ask.pk, granted=True, decision="准")
    before = WorkOrder.objects.get(pk=row.pk).due_at
    assert recompute_dues(since=before.date() - timedelta(days=30), why="试算") == 0
    assert WorkOrder.objects.get(pk=row.pk).due_at == before


def test_other_duty_hours_of_the_county_move_hour_limits(posts: Posts, order: Raise) -> None:
    row = running(order(), "6 dh", "2027-03-04 08:30")
    done = running(order(), "6 dh", "2027-03-04 08:30")
    WorkOrder.objects.filter(pk=done.pk).update(state="done", done_at=at("2027-03-04 12:00"))
    assert due(row) == "2027-03-04 14:30"
    windows = {day: [["08:30", "12:00"], ["14:00", "17:30"]] for day in "12345"}
    set_duty_hours(by=SYSTEM, area="430181", windows=windows, valid_from=date(2027, 3, 1), source="作息通知")
    drain()
    assert (due(row), due(done)) == ("2027-03-04 16:30", "2027-03-04 14:30")


def test_another_countys_calendar_moves_nothing_here(posts: Posts, order: Raise) -> None:
    running(order(), "3 wd", "2027-03-04 10:00")
    set_day(by=SYSTEM, day=date(2027, 3, 8), working=False, name="停工", source="通告")
    assert recompute_dues(area="430182", since=date(2027, 3, 8), why="停工") == 0
