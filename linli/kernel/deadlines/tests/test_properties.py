"""What must hold of any clock, whatever the moment."""

from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from linli.kernel.deadlines.rules import Calendar, Limit, Pause, at_share, due, elapsed, share
from linli.kernel.deadlines.workdays import SHANGHAI, Hours, parse_windows

DAILY = Calendar()
OFFICE = Calendar(
    hours=[Hours(parse_windows({d: [["08:30", "12:00"], ["14:30", "17:30"]] for d in "12345"}), True)]
)

moments = st.datetimes(datetime(2023, 6, 1), datetime(2029, 6, 1)).map(
    lambda naive: naive.replace(tzinfo=SHANGHAI)
)
calendars = st.sampled_from([DAILY, OFFICE])
whole = st.integers(1, 60)
exact_units = st.sampled_from(["dh", "ch", "h", "min"])
units = st.sampled_from(["wd", "dh", "ch", "h", "min", "d"])


@given(moments, moments, whole, units, calendars)
def test_a_later_start_is_never_due_earlier(one, other, amount, unit, calendar):
    first, second = sorted([one, other])
    limit = Limit(Fraction(amount), unit)
    assert due(first, limit, calendar).at <= due(second, limit, calendar).at


@given(moments, whole, whole, units, calendars)
def test_a_longer_limit_is_never_due_earlier(start, one, other, unit, calendar):
    short, long = sorted([one, other])
    earlier = due(start, Limit(Fraction(short), unit), calendar).at
    later = due(start, Limit(Fraction(long), unit), calendar).at
    assert start < earlier <= later
    assert (earlier < later) == (short < long)


@given(moments, whole, units, calendars)
def test_what_elapsed_until_due_is_the_limit(start, amount, unit, calendar):
    limit = Limit(Fraction(amount), unit)
    assert elapsed(start, due(start, limit, calendar).at, unit, calendar) == amount


@given(moments, st.fractions(Fraction(1, 100), 20, max_denominator=100), exact_units, calendars)
def test_a_fraction_of_an_hour_is_kept_to_the_microsecond(start, amount, unit, calendar):
    limit = Limit(amount, unit)
    used = elapsed(start, due(start, limit, calendar).at, unit, calendar)
    assert 0 <= used - amount < Fraction(1, 10**6)


@given(moments, whole, exact_units, calendars, st.integers(0, 3000), st.integers(1, 5000))
def test_a_pause_gives_back_exactly_its_own_length(start, amount, unit, calendar, after, length):
    limit = Limit(Fraction(amount), unit)
    held = Pause(start + timedelta(minutes=after), start + timedelta(minutes=after + length))
    plain, shifted = due(start, limit, calendar).at, due(start, limit, calendar, [held]).at
    assert elapsed(start, shifted, unit, calendar, [held]) == amount
    gained = elapsed(plain, shifted, unit, calendar)
    if elapsed(start, held.at, unit, calendar) < amount:
        assert gained == elapsed(held.at, held.until, unit, calendar)
    else:
        assert gained == 0


@given(moments, whole, st.sampled_from(["wd", "d"]), calendars, st.integers(0, 9000), st.integers(1, 9000))
def test_a_pause_never_brings_a_day_limit_forward_nor_ends_before_it_resumes(
    start, amount, unit, calendar, after, length
):
    limit = Limit(Fraction(amount), unit)
    held = Pause(start + timedelta(minutes=after), start + timedelta(minutes=after + length))
    plain, shifted = due(start, limit, calendar).at, due(start, limit, calendar, [held]).at
    assert plain <= shifted
    if held.at < plain:
        assert shifted > held.until


@given(moments, whole, units, calendars, st.sampled_from(["0.25", "0.5", "0.8", "1", "1.5", "2"]))
def test_a_share_and_its_moment_agree(start, amount, unit, calendar, part):
    limit = Limit(Fraction(amount), unit)
    end = due(start, limit, calendar).at
    reached = at_share(start, end, part, limit, calendar)
    assert reached is not None
    assert 0 <= share(start, end, reached, limit, calendar) - Fraction(part) < Fraction(1, 10**6)
    assert (reached <= end) == (Fraction(part) <= 1)


@given(moments, whole, units, calendars, moments, moments)
def test_a_share_never_falls(start, amount, unit, calendar, one, other):
    limit = Limit(Fraction(amount), unit)
    end = due(start, limit, calendar).at
    earlier, later = sorted([one, other])
    assume(later > start)
    assert share(start, end, earlier, limit, calendar) <= share(start, end, later, limit, calendar)
