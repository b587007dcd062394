"""Numbers from counts: nothing is made up where nothing was counted."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.metrics import rules
from linli.metrics.chart import HEIGHT, WIDTH, chart, step_of
from linli.metrics.measures import MEASURES, STORED, sums


def test_a_share_of_nothing_is_no_number() -> None:
    assert rules.share(0, 0) is None
    assert rules.share(1, 3) == 33.3


def test_silence_is_not_satisfaction() -> None:
    reading = rules.read(rules.METRICS["satisfied"], {"ended": 100, "rated": 4, "satisfied": 3})
    assert (reading.words, reading.whole) == ("75.0", 4)
    assert rules.read(rules.METRICS["answered"], {"ended": 100, "rated": 4}).words == "4.0"
    assert rules.read(rules.METRICS["satisfied"], {"ended": 100}).words == rules.NOTHING


def test_what_nobody_sampled_is_said_to_be_unsampled() -> None:
    reading = rules.read(rules.METRICS["missed"], {"reported": 100, "public": 30})
    assert reading.value is None and reading.words == "暂无抽样"


def test_open_overdue_cases_stay_in_the_honest_share() -> None:
    counts = {"due_on_time": 9, "due_counted": 10, "ended_on_time": 9, "ended_promised": 9, "overdue": 6}
    assert rules.read(rules.METRICS["on_time"], counts).words == "90.0"
    assert rules.read(rules.METRICS["honest"], counts).words == "60.0"


def test_mean_minutes_are_of_residents_reports_that_were_answered() -> None:
    assert rules.mean_minutes({"responded": 4, "duty_seconds": 7200, "wall_seconds": 9600}, "duty") == 30.0
    assert rules.mean_minutes({"responded": 0}, "wall") is None


def test_quantiles_come_from_the_buckets() -> None:
    spread = [0] * rules.BUCKETS
    spread[3] = 10  # 15–30 minutes
    assert rules.quantile(spread, 0.5) == 22.5
    spread[-1] = 90
    assert rules.quantile(spread, 0.9) == 2880.0
    assert rules.quantile_words(2880.0) == "超过 2.0 天"
    assert rules.quantile([0] * rules.BUCKETS, 0.5) is None


@given(st.lists(st.integers(0, 500), min_size=rules.BUCKETS, max_size=rules.BUCKETS))
def test_the_p90_never_falls_below_the_median(spread: list[int]) -> None:
    middle, late = rules.quantile(spread, 0.5), rules.quantile(spread, 0.9)
    assert (middle is None) == (late is None)
    assert middle is None or late is None or middle <= late


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.4, "不到 1 分钟"), (27, "27 分钟"), (150, "2.5 小时"), (4320, "3.0 天")]
)
def test_minutes_are_said_in_words(minutes: float, words: str) -> None:
    assert rules.minutes_words(minutes) == words


def test_a_grid_is_coloured_by_its_open_cases_alone() -> None:
    assert [rules.load_level(n) for n in (0, 1, 2, 3, 5, 6, 99)] == [0, 1, 1, 2, 2, 3, 3]
    assert rules.load_words(3, 1, 0) == "未结 3 件，超时 1 件"
    assert rules.load_words(0, 0, 0) == "没有未结事件"


def test_every_metric_is_made_of_known_measures_and_says_how() -> None:
    for metric in (rules.METRICS | rules.COUNTS).values():
        assert metric.definition.endswith("。") and metric.zh
        assert metric.source and metric.status in ("cited", "known", "to_confirm")
        assert {*metric.hit, *metric.all} <= set(MEASURES)


def test_every_stored_measure_is_summed_in_one_cohort_only() -> None:
    lists = [sums(day) for day in ("received_day", "due_day", "ended_day")]
    for code in STORED:
        assert sum(f"0::bigint AS {code}," not in f"{one}," for one in lists) == 1


def test_the_chart_fits_its_sheet() -> None:
    drawn = chart([(date(2026, 11, day), day * 7, day * 5) for day in range(1, 31)])
    assert all(x >= 0 and x + w <= WIDTH and y >= 0 and y + h <= HEIGHT for x, y, w, h in drawn.bars)
    assert len(drawn.days) <= 8 and drawn.days[-1][1] == "11/30"
    assert [label for _y, label in drawn.rules][0] == "0"


def test_an_empty_chart_still_has_its_rules() -> None:
    drawn = chart([(date(2026, 11, 1), 0, 0)])
    assert drawn.bars[0][3] == 0 and len(drawn.rules) == 2


@pytest.mark.parametrize(
    ("most", "step"), [(1, 1), (5, 1), (6, 2), (11, 5), (26, 10), (193, 50), (1200, 500)]
)
def test_rules_stand_at_round_numbers(most: int, step: int) -> None:
    assert step_of(most) == step
