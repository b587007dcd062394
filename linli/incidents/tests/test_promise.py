"""The promised day: cases still open are counted, and the limit is never passed."""

import csv
import json
import math
from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, weibull_min

from linli.incidents import evaluate_promise
from linli.incidents.promise import (
    Estimate,
    Handling,
    Policy,
    experience,
    handling,
    km_quantile,
    promise,
    survival,
    weibull_quantile,
)

NOW = datetime(2026, 5, 20, 9, 0)
durations = st.lists(st.floats(0, 1_000), min_size=1, max_size=40)
cases = st.lists(st.tuples(st.floats(0, 1_000), st.booleans()), min_size=1, max_size=40)
shares = st.integers(1, 19).map(lambda n: Fraction(n, 20))


# ---- Kaplan and Meier ---------------------------------------------------------------------------------------


def test_the_textbook_remission_times_give_the_textbook_curve():
    """6-MP arm of Freireich et al. (1963), the usual worked example."""
    relapsed, lost = [6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    days, closed = lost + relapsed, [False] * len(lost) + [True] * len(relapsed)
    times, still = survival(days, closed)
    after = {time: round(float(share), 3) for time, share in zip(times, still, strict=True)}
    assert [after[each] for each in (6, 7, 10, 13, 16, 22, 23)] == [
        0.857,
        0.807,
        0.753,
        0.69,
        0.627,
        0.538,
        0.448,
    ]
    assert km_quantile(days, closed, 0.5) == 23
    assert km_quantile(days, closed, 0.8) is None


@given(durations, shares)
def test_without_open_cases_it_is_the_plain_quantile(days, share):
    plain = sorted(days)[math.ceil(share * len(days)) - 1]
    assert km_quantile(days, [True] * len(days), float(share)) == plain


@given(cases, shares)
def test_an_open_case_never_shortens_the_promise(drawn, share):
    days, closed = zip(*drawn, strict=True)
    honest = km_quantile(days, closed, float(share))
    assert honest is None or honest >= km_quantile(days, [True] * len(days), float(share))


@given(cases, shares, shares)
def test_a_larger_share_takes_no_less_time(drawn, a, b):
    days, closed = zip(*drawn, strict=True)
    few, most = (km_quantile(days, closed, float(share)) for share in sorted((a, b)))
    assert most is None or (few is not None and few <= most)


@given(cases, st.randoms(use_true_random=False))
def test_the_order_of_cases_does_not_matter(drawn, chance):
    mixed = list(drawn)
    chance.shuffle(mixed)
    assert km_quantile(*zip(*drawn, strict=True)) == km_quantile(*zip(*mixed, strict=True))


# ---- beyond what has been seen ------------------------------------------------------------------------------


def half_seen(size=400, shape=0.7, scale=30.0, cut=20.0):
    times = weibull_min.rvs(shape, scale=scale, size=size, random_state=np.random.default_rng(7))
    return np.minimum(times, cut), times <= cut


def test_the_extension_is_the_likeliest_weibull_law():
    days, closed = half_seen()
    law = weibull_min.fit(CensoredData.right_censored(days, ~closed), floc=0)
    assert weibull_quantile(days, closed) == pytest.approx(weibull_min.ppf(0.8, *law), rel=0.01)


def test_the_extension_follows_the_unit_of_time():
    days, closed = half_seen()
    days = np.maximum(days, 1)
    assert weibull_quantile(days * 24, closed) == pytest.approx(24 * weibull_quantile(days, closed))


def test_four_closed_cases_are_too_few_to_extend():
    assert weibull_quantile([1, 2, 3, 4, 90], [True] * 4 + [False]) is None
    assert weibull_quantile([1, 2, 3, 4, 5, 90], [True] * 5 + [False]) > 5


@given(cases)
def test_an_extension_is_always_a_finite_time_or_nothing(drawn):
    found = weibull_quantile(*zip(*drawn, strict=True))
    assert found is None or (math.isfinite(found) and found > 0)


# ---- back-off and limit -------------------------------------------------------------------------------------


def some(small, large, area, days, number, closed=True):
    return [Handling(small, large, area, days, closed)] * number


@pytest.mark.parametrize(
    ("asked", "level", "days"),
    [
        (("ld.out", "ld", "430181100"), "class_area", 1),
        (("ld.out", "ld", "430181101"), "class", 3),
        (("ld.pole", "ld", "430181100"), "large", 3),
        (("sr.litter", "sr", "430181100"), "all", 3),
    ],
)
def test_too_few_cases_fall_back_to_the_wider_group(asked, level, days):
    past = [
        *some("ld.out", "ld", "430181100", 1, 10),
        *some("ld.out", "ld", "430181101", 3, 4),
        *some("ld.pole", "ld", "430181100", 8, 2),
        *some("sr.litter", "sr", "430181100", 2, 3),
    ]
    found = experience(past, Policy(least_cases=10)).estimate(*asked)
    assert (found.level, found.days, found.observed) == (level, days, True)


def test_a_slow_class_is_not_promised_the_speed_of_the_rest():
    slow = some("wall", "zz", "a", 2, 3) + some("wall", "zz", "a", 60, 17, closed=False)
    fast = some("litter", "sr", "a", 1, 500)
    found = experience(slow + fast, Policy(least_cases=10)).estimate("wall", "zz", "a")
    assert found == Estimate(None, "class_area", 20, False)
    assert promise(found, 15).days == 15 and promise(found, None).days is None


def test_an_extended_promise_lies_beyond_what_was_seen():
    days, closed = half_seen()
    past = [Handling("c", "g", "a", float(day), bool(done)) for day, done in zip(days, closed, strict=True)]
    found = experience(past).estimate("c", "g", "a")
    assert not found.observed and found.days > 20
    near = experience(past, Policy(horizon_days=25)).estimate("c", "g", "a")
    assert near.days is None


def test_a_county_without_any_past_promises_the_limit():
    found = experience([]).estimate("c", "g", "a")
    assert promise(found, 7).days == 7 and promise(found, None).days is None


@given(st.none() | st.floats(0, 5_000), st.floats(0, 5_000))
def test_a_promise_never_passes_the_limit(days, limit):
    made = promise(Estimate(days, "class", 60, True), limit)
    assert made.days <= limit
    assert made.capped == (days is None or days > limit)


@pytest.mark.parametrize(
    ("closed", "days", "done"),
    [(NOW - timedelta(days=1), 9, True), (NOW + timedelta(days=1), 10, False), (None, 10, False)],
)
def test_a_case_is_counted_as_it_stood_that_day(closed, days, done):
    case = handling("c", "g", "a", NOW - timedelta(days=10), closed, NOW)
    assert (case.days, case.closed) == (days, done)


# ---- evaluate promise ---------------------------------------------------------------------------------------

FIRST = datetime(2020, 1, 1, 8)


def made_up_requests(path, months_days=90):
    """Ten requests a day, closed after 1 to 10 days, due after 9; every tenth never closed."""
    names = "case_enquiry_id open_dt target_dt closed_dt closure_reason reason type neighborhood latitude longitude"
    with open(path, "w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(names.split())
        for day in range(months_days):
            opened = FIRST + timedelta(days=day)
            for n in range(1, 11):
                closed = "" if n == 10 else opened + timedelta(days=n)
                due = opened + timedelta(days=9)
                writer.writerow([f"{day}-{n}", opened, due, closed, "", "Lights", "Lamp", "North", 10, 20])
    return path


def test_evaluate_promise_keeps_four_in_five(tmp_path, capsys):
    evaluate_promise.main(["--requests", str(made_up_requests(tmp_path / "r.csv"))])
    found = json.loads(capsys.readouterr().out)
    assert found["learnt"] == {"from": "2020-01-01 08:00:00", "until": "2020-03-01 00:00:00", "requests": 600}
    assert found["scored"]["requests"] == 300
    assert (found["coverage"], found["share_of_reports"], found["reached"]) == (0.8, 1.0, True)
    assert found["closed_only_coverage"] == 0.8
    assert found["told"]["limit_binds_share"] == 0 and found["limit_kept"] == 0.9


def test_on_time_of_the_closed_flatters(tmp_path):
    found = evaluate_promise.run({"requests": made_up_requests(tmp_path / "r.csv")})["ontime"]
    assert (found["due"], found["closed"], found["open_overdue"]) == (820, 738, 82)
    assert (found["of_closed"], found["honest"]) == (1.0, 0.9)


def test_a_split_with_an_empty_side_is_refused(tmp_path):
    path = made_up_requests(tmp_path / "r.csv", 5)
    with pytest.raises(ValueError, match="split"):
        evaluate_promise.run({"requests": path})


def test_an_empty_file_is_refused(tmp_path):
    path = made_up_requests(tmp_path / "r.csv", 0)
    with pytest.raises(ValueError, match="没有请求"):
        evaluate_promise.run({"requests": path})
