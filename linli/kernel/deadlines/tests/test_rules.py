from datetime import date, timedelta
from fractions import Fraction

import pytest

from linli.kernel.deadlines.rules import (
    Calendar,
    Limit,
    LimitError,
    OutOfCalendar,
    Pause,
    Span,
    at_share,
    due,
    elapsed,
    extend,
    overdue,
    pause,
    resume,
    share,
    span_at_share,
    span_due,
    span_share,
    words,
)
from linli.kernel.deadlines.tests.conftest import at, wall
from linli.kernel.deadlines.workdays import Hours, parse_windows

CALENDAR = Calendar()
OFFICE = Calendar(
    hours=[Hours(parse_windows({d: [["08:30", "12:00"], ["14:30", "17:30"]] for d in "12345"}), True)]
)


def due_on(start: str, limit: str, calendar: Calendar = CALENDAR, pauses=()) -> str:
    return wall(due(at(start), Limit.parse(limit), calendar, pauses).at)


@pytest.mark.parametrize(
    "text", ["4 dh", "0.5 dh", "1 wd", "15 min", "3 ch", "7 d", "2 h", "7 d roll", "1/3 dh"]
)
def test_a_limit_reads_and_writes_the_same(text):
    assert str(Limit.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        "dh",
        "4dh",
        "-4 dh",
        "0 dh",
        "4 xx",
        "x dh",
        "0.5 wd",
        "1.5 d",
        "4 dh roll",
        "1/0 h",
        "四 dh",
        "1 wd x",
    ],
)
def test_a_wrong_limit_is_refused_with_its_text_or_remedy(text):
    with pytest.raises(LimitError) as refused:
        Limit.parse(text)
    assert "时限" in str(refused.value) or "整数" in str(refused.value) or "顺延" in str(refused.value)


def test_a_limit_is_said_in_chinese():
    assert Limit.parse("0.5 dh").zh == "0.5 工作时"
    assert Limit.parse("15 wd").zh == "15 工作日"


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-02-09 10:00", "1 wd", "2026-02-10 17:30"),
        ("2026-02-09 23:59", "1 wd", "2026-02-10 17:30"),
        ("2026-02-13 10:00", "1 wd", "2026-02-14 17:30"),  # Friday; Saturday is made up
        ("2026-02-14 10:00", "1 wd", "2026-02-24 17:30"),  # the Spring Festival lies between
        ("2026-02-17 10:00", "1 wd", "2026-02-24 17:30"),  # told on the holiday itself
        ("2026-02-27 10:00", "1 wd", "2026-02-28 17:30"),  # Saturday made up
        ("2026-02-09 10:00", "30 wd", "2026-03-27 17:30"),
        ("2026-09-24 10:00", "5 wd", "2026-10-09 17:30"),  # 09-28…30, 10-08, 10-09
        ("2026-09-30 10:00", "2 wd", "2026-10-09 17:30"),
        ("2026-09-30 10:00", "3 wd", "2026-10-10 17:30"),  # Saturday made up
        ("2025-09-22 10:00", "30 wd", "2025-11-07 17:30"),
        ("2025-01-25 10:00", "2 wd", "2025-01-27 17:30"),  # Sunday 26 made up
        ("2024-02-08 10:00", "2 wd", "2024-02-18 17:30"),
        ("2024-09-30 10:00", "4 wd", "2024-10-11 17:30"),
        ("2024-02-28 10:00", "1 wd", "2024-02-29 17:30"),
        ("2026-12-30 10:00", "1 wd", "2026-12-31 17:30"),
    ],
)
def test_working_days_leave_out_the_start_day_and_rest_days(start, limit, expected):
    assert due_on(start, limit) == expected


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-02-09 10:00", "4 dh", "2026-02-09 14:00"),
        ("2026-02-09 17:00", "0.5 dh", "2026-02-09 17:30"),
        ("2026-02-09 17:00", "1 dh", "2026-02-10 09:00"),
        ("2026-02-09 20:00", "0.5 dh", "2026-02-10 09:00"),
        ("2026-02-10 03:00", "2 dh", "2026-02-10 10:30"),
        ("2026-02-28 16:00", "9 dh", "2026-03-01 16:00"),
        ("2026-12-31 17:00", "1 dh", "2027-01-01 09:00"),
    ],
)
def test_duty_hours_run_only_while_somebody_is_on_duty(start, limit, expected):
    assert due_on(start, limit) == expected


def test_duty_hours_skip_lunch_and_holidays_where_the_desk_does():
    assert due_on("2026-02-13 11:30", "1 dh", OFFICE) == "2026-02-13 15:00"
    assert due_on("2026-02-14 17:00", "1 dh", OFFICE) == "2026-02-24 09:00"


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-02-28 23:50", "15 min", "2026-03-01 00:05"),
        ("2024-02-28 23:00", "2 h", "2024-02-29 01:00"),
        ("2026-02-16 22:00", "3 ch", "2026-02-17 01:00"),
        ("2026-02-09 10:00", "7 d", "2026-02-16 23:59"),
        ("2026-02-28 10:00", "1 d", "2026-03-01 23:59"),
        ("2026-02-13 10:00", "7 d roll", "2026-02-24 23:59"),  # ends in the festival
        ("2026-03-02 10:00", "7 d roll", "2026-03-09 23:59"),
    ],
)
def test_hours_and_calendar_days_run_through(start, limit, expected):
    assert due_on(start, limit) == expected


def test_the_promise_of_seven_days_stops_for_publicity_and_the_statute_does_not():
    publicity = [Pause(at("2026-02-13 16:00"), at("2026-02-24 09:00"), "公示")]
    assert due_on("2026-02-09 10:00", "7 wd", pauses=publicity) == "2026-02-27 17:30"
    autumn = [Pause(at("2025-09-26 16:00"), at("2025-10-09 09:00"), "公示")]
    assert due_on("2025-09-22 10:00", "7 wd", pauses=autumn) == "2025-10-13 17:30"


def test_a_due_date_in_an_unpublished_year_is_provisional_only_if_it_leans_on_it():
    start = at("2026-12-30 10:00")
    assert not due(start, Limit.parse("1 wd"), CALENDAR).provisional
    assert due(start, Limit.parse("2 wd"), CALENDAR).provisional
    assert due(start, Limit.parse("7 d roll"), CALENDAR).provisional
    assert not due(start, Limit.parse("7 d"), CALENDAR).provisional
    assert not due(start, Limit.parse("100 dh"), CALENDAR).provisional
    assert due(start, Limit.parse("100 dh"), OFFICE).provisional


def test_a_correction_moves_the_due_date():
    statute = Calendar(statutory=[date(2027, 1, 1)])
    assert due_on("2026-12-31 10:00", "1 wd", statute) == "2027-01-04 17:30"
    assert due_on("2026-12-31 10:00", "1 wd") == "2027-01-01 17:30"


def test_a_pause_on_the_last_day_gives_that_day_again():
    held = [Pause(at("2026-03-03 10:00"), at("2026-03-06 10:00"))]
    assert due_on("2026-03-02 10:00", "1 wd", pauses=held) == "2026-03-06 17:30"
    over_a_weekend = [Pause(at("2026-03-03 10:00"), at("2026-03-08 10:00"))]
    assert due_on("2026-03-02 10:00", "1 wd", pauses=over_a_weekend) == "2026-03-09 17:30"


def test_a_pause_after_the_due_moment_changes_nothing():
    late = [Pause(at("2026-03-05 10:00"), at("2026-03-09 10:00"))]
    for limit in ("1 wd", "2 dh", "1 d", "30 min"):
        assert due_on("2026-03-02 10:00", limit, pauses=late) == due_on("2026-03-02 10:00", limit)


def test_overlapping_pauses_count_once():
    twice = [
        Pause(at("2026-03-02 11:00"), at("2026-03-02 13:00")),
        Pause(at("2026-03-02 12:00"), at("2026-03-02 14:00")),
    ]
    assert due_on("2026-03-02 10:00", "4 ch", pauses=twice) == "2026-03-02 17:00"


def test_a_standing_clock_is_told():
    found = due(at("2026-03-02 10:00"), Limit.parse("4 ch"), CALENDAR, [Pause(at("2026-03-02 11:00"))])
    assert found.paused
    assert wall(found.at) == "2026-03-02 14:00"
    assert due(at("2026-03-02 10:00"), Limit.parse("3 wd"), CALENDAR, [Pause(at("2026-03-03 11:00"))]).paused


def test_a_limit_beyond_the_calendar_is_refused():
    for limit in ("20000 wd", "20000 d", "200000 dh", "400000 h"):
        with pytest.raises(OutOfCalendar):
            due(at("2026-03-02 10:00"), Limit.parse(limit), CALENDAR)


def test_elapsed_counts_in_the_asked_unit():
    start, end = at("2026-02-13 10:00"), at("2026-02-24 10:00")
    assert elapsed(start, end, "wd", CALENDAR) == 2
    assert elapsed(start, end, "d", CALENDAR) == 11
    assert elapsed(start, end, "ch", CALENDAR) == 264
    assert elapsed(start, end, "dh", OFFICE) == Fraction(13)
    assert elapsed(end, start, "ch", CALENDAR) == 0
    held = [Pause(at("2026-02-13 11:00"), at("2026-02-23 11:00"))]
    assert elapsed(start, end, "ch", CALENDAR, held) == 24
    assert elapsed(start, end, "wd", CALENDAR, held) == 1
    assert elapsed(start, end, "ch", CALENDAR, [Pause(at("2026-02-13 11:00"))]) == 1
    with pytest.raises(LimitError):
        elapsed(start, end, "weeks", CALENDAR)


def test_the_share_of_a_stage_runs_on_its_own_clock():
    start, limit = at("2026-03-02 10:00"), Limit.parse("4 dh")
    end = due(start, limit, CALENDAR).at
    assert share(start, end, start, limit, CALENDAR) == 0
    assert share(start, end, at("2026-03-02 12:00"), limit, CALENDAR) == Fraction(1, 2)
    assert share(start, end, end, limit, CALENDAR) == 1
    assert share(start, end, at("2026-03-02 16:00"), limit, CALENDAR) == Fraction(3, 2)
    assert share(start, end, at("2026-03-01 16:00"), limit, CALENDAR) == 0


def test_rungs_fall_where_the_share_is_reached():
    start, limit = at("2026-03-02 15:30"), Limit.parse("4 dh")
    end = due(start, limit, CALENDAR).at
    moments = [wall(at_share(start, end, part, limit, CALENDAR)) for part in (0, 0.5, 0.8, 1.0, 1.5, 2)]
    assert moments == [
        "2026-03-02 15:30",
        "2026-03-02 17:30",
        "2026-03-03 09:42",
        "2026-03-03 10:30",
        "2026-03-03 12:30",
        "2026-03-03 14:30",
    ]


def test_half_of_a_working_day_is_never_at_night():
    start, limit = at("2026-03-02 10:00"), Limit.parse("1 wd")
    end = due(start, limit, CALENDAR).at
    assert wall(at_share(start, end, 0.5, limit, CALENDAR)) == "2026-03-03 09:15"
    assert wall(at_share(start, end, "1.5", limit, CALENDAR)) == "2026-03-04 16:45"
    with pytest.raises(ValueError, match="份额"):
        at_share(start, end, -1, limit, CALENDAR)


def test_a_rung_waits_out_a_pause_and_never_comes_while_the_clock_stands():
    start, limit = at("2026-03-02 10:00"), Limit.parse("4 ch")
    held = [Pause(at("2026-03-02 11:00"), at("2026-03-02 20:00"))]
    end = due(start, limit, CALENDAR, held).at
    assert wall(at_share(start, end, 0.5, limit, CALENDAR, held)) == "2026-03-02 21:00"
    open_pause = [Pause(at("2026-03-02 11:00"))]
    assert at_share(start, end, 0.5, limit, CALENDAR, open_pause) is None
    assert at_share(start, end, 1, limit, CALENDAR, open_pause) is None


def test_a_span_is_paused_resumed_and_extended():
    span = Span(at("2026-03-02 10:00"), Limit.parse("2 wd"))
    assert wall(span_due(span, CALENDAR).at) == "2026-03-04 17:30"
    stopped = pause(span, at("2026-03-03 10:00"), "待法院文书")
    assert stopped.paused
    assert span_due(stopped, CALENDAR).paused
    going = resume(stopped, at("2026-03-05 10:00"))
    assert not going.paused
    assert wall(span_due(going, CALENDAR).at) == "2026-03-06 17:30"
    longer = extend(going, Limit.parse("1 wd"), "天气")
    assert wall(span_due(longer, CALENDAR).at) == "2026-03-09 17:30"
    assert wall(span_due(extend(span, Limit.parse("2 h")), CALENDAR).at) == "2026-03-04 19:30"
    assert span_share(span, span_due(span, CALENDAR).at, CALENDAR) == 1
    assert span_at_share(stopped, 1, CALENDAR) is None


def test_a_span_refuses_acts_out_of_order():
    span = Span(at("2026-03-02 10:00"), Limit.parse("2 wd"))
    with pytest.raises(ValueError, match="没有暂停"):
        resume(span, at("2026-03-03 10:00"))
    with pytest.raises(ValueError, match="早于"):
        pause(span, at("2026-03-01 10:00"))
    stopped = pause(span, at("2026-03-03 10:00"))
    with pytest.raises(ValueError, match="已经暂停"):
        pause(stopped, at("2026-03-04 10:00"))
    with pytest.raises(ValueError, match="早于"):
        resume(stopped, at("2026-03-03 09:00"))


def test_overdue_begins_after_the_due_moment():
    moment = at("2026-03-02 10:00")
    assert not overdue(moment, moment)
    assert overdue(moment, moment + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("due_at", "now", "unit", "said"),
    [
        ("2026-03-02 14:00", "2026-03-02 10:30", "dh", "还剩 3 工作时"),
        ("2026-03-02 10:12", "2026-03-02 10:00", "", "还剩 12 分钟"),
        ("2026-03-02 10:00", "2026-03-02 10:00", "", "还剩不到 1 分钟"),
        ("2026-03-02 17:30", "2026-03-04 18:00", "wd", "已超 2 工作日"),
        ("2026-03-02 17:30", "2026-03-04 18:00", "", "已超 2 工作日"),
        ("2026-03-02 17:30", "2026-03-02 19:40", "wd", "已超 2 小时"),
        ("2026-03-03 10:30", "2026-03-02 16:30", "dh", "还剩 3 工作时"),
        ("2026-02-24 17:30", "2026-02-14 10:00", "wd", "还剩 1 工作日"),
        ("2026-03-02 13:00", "2026-03-02 10:00", "ch", "还剩 3 小时"),
        ("2026-03-09 23:59", "2026-03-02 10:00", "d", "还剩 7 天"),
        ("2026-03-02 23:59", "2026-03-02 10:00", "d", "还剩 13 小时"),
        ("2026-03-07 10:00", "2026-03-02 10:00", "h", "还剩 5 天"),
    ],
)
def test_the_remaining_time_is_said_in_words(due_at, now, unit, said):
    assert words(at(due_at), at(now), CALENDAR, unit) == said
