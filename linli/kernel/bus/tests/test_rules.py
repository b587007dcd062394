from datetime import UTC, datetime

import pytest

from linli.kernel.bus import rules


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in UTC."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (at(21, 20), at(21, 21, 30), False),  # 05:30 in Liuyang, ran at 04:00
        (at(21, 20), at(21, 22, 1), True),  # 06:01, and 06:00 is the hour
        (at(21, 22, 1), at(21, 23), False),  # already ran today
        (at(18, 22, 1), at(21, 12), True),  # three days without a worker: caught up once
        (at(21, 12, 0), at(21, 12, 1), False),
    ],
)
def test_a_daily_timer_is_due_once_after_its_hour_in_china(last: datetime, now: datetime, due: bool) -> None:
    assert rules.due_daily("06:00", last, now) is due


COUNTY = [["430181", "", ["incidents", "dispatch"]]]
TOWN = [["430181101", "", ["incidents"]]]
STATION = [["430181101", "station-7", ["dispatch"]]]


@pytest.mark.parametrize(
    ("ticket", "item", "heard"),
    [
        (COUNTY, {"fact": "incidents.IncidentFiled", "area": "430181101001"}, True),
        (COUNTY, {"fact": "people.PersonMoved", "area": "430181101001"}, False),
        (COUNTY, {"fact": "incidents.ClassCorrected"}, True),
        (TOWN, {"fact": "incidents.IncidentFiled", "area": "430181101001"}, True),
        (TOWN, {"fact": "incidents.IncidentFiled", "area": "430181102001"}, False),
        (TOWN, {"fact": "incidents.IncidentFiled", "area": "430181"}, False),
        (TOWN, {"fact": "incidents.ClassCorrected"}, False),
        (STATION, {"fact": "dispatch.OrderRaised", "area": "430181101001", "unit": "station-7"}, True),
        (STATION, {"fact": "dispatch.OrderRaised", "area": "430181101001", "unit": "station-8"}, False),
        (STATION, {"fact": "dispatch.OrderRaised", "area": "430181101001"}, False),
        ([], {"fact": "incidents.IncidentFiled", "area": "430181101001"}, False),
    ],
)
def test_a_ticket_lets_through_its_rooms_areas_and_units_only(ticket: list, item: dict, heard: bool) -> None:
    assert rules.may_receive(ticket, item) is heard


def test_a_listener_may_ask_for_rooms_or_single_facts() -> None:
    item = {"fact": "dispatch.OrderHandled"}
    assert rules.wanted(item, [])
    assert rules.wanted(item, ["dispatch"])
    assert rules.wanted(item, ["incidents", "dispatch.OrderHandled"])
    assert not rules.wanted(item, ["dispatch.OrderRaised", "incidents"])
