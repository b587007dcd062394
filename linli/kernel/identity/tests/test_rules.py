from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.identity import rules

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("13800000001", "13800000001"),
        (" +86 138-0000-0001 ", "13800000001"),
        ("008613800000001", "13800000001"),
        ("１３８０００００００１", "13800000001"),
        ("12345678901", ""),
        ("1380000000", ""),
        ("138000000012", ""),
        ("", ""),
        ("一三八", ""),
    ],
)
def test_a_phone_number_is_read_however_people_write_it(written: str, phone: str) -> None:
    assert rules.normal_phone(written) == phone


def test_a_phone_is_shown_without_its_middle() -> None:
    assert rules.masked_phone("13800005678") == "138****5678"
    assert rules.masked_phone("") == ""


def test_codes_are_limited_by_minute_by_hour_and_by_address() -> None:
    assert rules.too_soon([], 0, NOW) == ""
    assert "31 秒" in rules.too_soon([NOW - timedelta(seconds=30)], 1, NOW)
    assert rules.too_soon([NOW - timedelta(seconds=61)], 1, NOW) == ""
    assert "5 次" in rules.too_soon([NOW - timedelta(minutes=10 * n) for n in range(1, 6)], 5, NOW)
    assert "网络" in rules.too_soon([], 20, NOW)


@given(st.lists(st.integers(0, 3600), max_size=9))
def test_a_name_is_locked_exactly_while_five_failures_are_younger_than_a_quarter_hour(
    ages: list[int],
) -> None:
    failures = [NOW - timedelta(seconds=age) for age in ages]
    locked = sum(age < 900 for age in ages) >= 5
    assert (rules.locked_minutes(failures, NOW) > 0) is locked
    assert rules.locked_minutes(failures, NOW) <= 15


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120 MicroMessenger/8.0", "安卓手机 · 微信"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604", "苹果手机 · Safari"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Edg/120", "Windows 电脑 · Edge"),
        ("curl/8", "未知设备"),
    ],
)
def test_a_device_has_a_name_its_owner_recognises(agent: str, name: str) -> None:
    assert rules.device_name(agent) == name
