"""The two clocks, by the table of causes and the vectors of the design page."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.kernel.deadlines.workdays import SHANGHAI, Calendar
from linli.onestop import clocks
from linli.onestop.clocks import Clock
from linli.onestop.conditions import Household
from linli.onestop.tests.test_rules import DIBAO, HEALTHY, item

CALENDAR = Calendar()


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


def day(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("accepted", "first", "ends", "promise", "statute"),
    [
        ("2026-02-09 10:00", "2026-02-13 16:00", "2026-02-24", "2026-02-27", "2026-03-27"),
        ("2025-09-22 10:00", "2025-09-26 16:00", "2025-10-09", "2025-10-13", "2025-11-07"),
    ],
)
def test_dibao_over_a_holiday_week(accepted, first, ends, promise, statute):
    begun = clocks.begin(DIBAO, HEALTHY, at(accepted))
    over = clocks.publicity_end(at(first), 7, "calendar_day", CALENDAR)
    assert day(over) == ends
    for which, due in (("promised", promise), ("statutory", statute)):
        waiting = clocks.settle(begun[which], ["publicity"], at(first), over)
        assert day(clocks.clock_due(waiting, CALENDAR).at) == due  # told while it still hangs
        after = clocks.settle(waiting, [""], over)
        assert day(clocks.clock_due(after, CALENDAR).at) == due
    assert day(clocks.expected(DIBAO, HEALTHY, at(accepted), CALENDAR)) == promise


def test_the_table_of_causes_is_that_of_the_design():
    dibao, tekun = DIBAO, item("MZ-003")
    assert {"publicity", "external_check"} <= clocks.stops(dibao.promised, "promised")
    assert not {"publicity", "external_check", "supplement"} & clocks.stops(dibao.statutory, "statutory")
    assert "publicity" in clocks.stops(tekun.statutory, "statutory")
    for cause in ("assessment", "expert_review", "special_procedure"):
        assert cause in clocks.stops(dibao.statutory, "statutory")
    assert clocks.causes()["supplement"]["status"] == "to_confirm"


def test_a_clock_runs_while_anybody_here_still_works():
    clock = clocks.begin(DIBAO, HEALTHY, at("2026-03-02 10:00"))["promised"]
    both = clocks.settle(clock, ["external_check", ""], at("2026-03-03 10:00"))
    assert not both.paused
    alone = clocks.settle(both, ["external_check"], at("2026-03-04 10:00"))
    assert alone.paused and alone.pauses[-1].why == "external_check"
    on = clocks.settle(alone, [""], at("2026-03-06 10:00"))
    assert not on.paused
    assert day(clocks.clock_due(on, CALENDAR).at) == "2026-03-13"  # 7 working days and the two waited
    assert not clocks.settle(on, [], at("2026-03-06 11:00")).paused


def test_a_pause_settled_twice_is_one_pause():
    clock = clocks.begin(DIBAO, HEALTHY, at("2026-03-02 10:00"))["promised"]
    once = clocks.settle(clock, ["publicity"], at("2026-03-03 10:00"), at("2026-03-10 23:59"))
    twice = clocks.settle(once, ["publicity"], at("2026-03-04 10:00"), at("2026-03-12 23:59"))
    assert len(twice.pauses) == 1 and twice.until == at("2026-03-12 23:59")  # lost days: it hangs longer
    assert clocks.clock_due(twice, CALENDAR).at > clocks.clock_due(once, CALENDAR).at


def test_an_instant_matter_is_due_the_same_working_day():
    assert day(clocks.term_due(at("2026-03-02 10:00"), 0, "working_day", CALENDAR).at) == "2026-03-02"
    assert day(clocks.term_due(at("2026-03-02 20:00"), 0, "working_day", CALENDAR).at) == "2026-03-03"
    assert day(clocks.term_due(at("2026-02-15 10:00"), 0, "working_day", CALENDAR).at) == "2026-02-24"


def test_a_calendar_limit_that_ends_on_a_holiday_rolls_on():
    assert day(clocks.term_due(at("2026-02-10 10:00"), 7, "calendar_day", CALENDAR).at) == "2026-02-24"


def test_delegation_shortens_and_fast_track_changes_the_unit():
    assert clocks.statutory_term(DIBAO, HEALTHY).days == 30
    assert clocks.statutory_term(DIBAO, Household({"confirmation_delegated_to_town": True})).days == 20
    injury = clocks.statutory_term(item("RS-013"), Household({"facts_clear": True}))
    assert (injury.days, injury.unit) == (15, "calendar_day")


def test_an_extension_lengthens_and_never_shortens():
    clock = clocks.begin(DIBAO, HEALTHY, at("2026-03-02 10:00"))["statutory"]
    assert clocks.lengthen(clock, 45).days == 45
    assert clocks.lengthen(clock, 20).days == 30


@pytest.mark.parametrize(
    ("now", "light"),
    [
        ("2026-03-03 10:00", "green"),
        ("2026-03-10 10:00", "yellow"),
        ("2026-03-11 10:00", "yellow"),
        ("2026-03-12 10:00", "red"),
    ],
)
def test_lights_turn_yellow_before_the_end_and_red_after(now, light):
    start = at("2026-03-02 10:00")
    due = clocks.term_due(start, 7, "working_day", CALENDAR).at
    assert clocks.light(due, start, at(now), 7, "working_day", CALENDAR) == light


moments = st.datetimes(datetime(2025, 1, 2), datetime(2026, 10, 1)).map(lambda m: m.replace(tzinfo=SHANGHAI))


@settings(max_examples=60, deadline=None)
@given(moments, st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=8))
def test_waiting_never_brings_a_due_day_nearer_and_the_clock_survives_json(start, events):
    clock = Clock(start, 7, "working_day", frozenset({"publicity"}))
    last, now = clocks.clock_due(clock, CALENDAR).at, start
    for hours, waits in events:
        now += timedelta(hours=hours)
        clock = clocks.settle(clock, ["publicity"] if waits else [""], now)
        due = clocks.clock_due(clock, CALENDAR).at
        assert due >= last
        last = due
    assert Clock.from_json(clock.to_json()) == clock


def test_steps_name_their_terms():
    assert clocks.step_term(DIBAO, "first").days == 1
    assert clocks.step_term(DIBAO, "announce") is None
    assert clocks.step_term(DIBAO, "no_such_step") is None
    assert clocks.usual_term("intake").days == 1
