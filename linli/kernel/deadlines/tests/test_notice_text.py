from datetime import date

import pytest

from linli.kernel.deadlines.notice_text import NoticeError, read_days, read_windows, windows_words


def test_a_notice_is_read_as_it_is_copied() -> None:
    text = "1月1日 元旦\n2月5日（周五）至11日（周四） 春节\n2027-04-03 至 2027-04-05 清明节，\n\n9月30日至10月2日 国庆节"
    days = read_days(text, 2027)
    assert len(days) == 1 + 7 + 3 + 3
    assert days[0] == (date(2027, 1, 1), "元旦")
    assert days[1] == (date(2027, 2, 5), "春节") and days[7] == (date(2027, 2, 11), "春节")
    assert days[-1] == (date(2027, 10, 2), "国庆节")


def test_new_year_may_reach_back_into_december() -> None:
    assert read_days("2026年12月31日至2027年1月2日 元旦", 2027)[0][0] == date(2026, 12, 31)


def test_all_lines_that_cannot_be_read_are_named_at_once() -> None:
    with pytest.raises(NoticeError) as wrong:
        read_days("春节放七天\n2月30日 春节\n2月5日\n2月5日至1日 春节\n2026年5月1日 劳动节", 2027)
    assert [fault[:5] for fault in wrong.value.faults] == [f"第 {n} 行" for n in range(1, 6)]


def test_hours_are_read_and_told() -> None:
    written = dict.fromkeys("12345", "8:30-12:00，14:00—17:30") | {"6": "09：00-12：00", "7": " "}
    windows = read_windows(written)
    assert windows["1"] == [["08:30", "12:00"], ["14:00", "17:30"]] and "7" not in windows
    assert windows_words(windows) == "周一至周五 08:30–12:00、14:00–17:30；周六 09:00–12:00"
    with pytest.raises(ValueError, match="星期二"):
        read_windows({"2": "08:30"})
