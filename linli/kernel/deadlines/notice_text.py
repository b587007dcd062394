"""The days of a yearly notice (节假日安排的通知) as somebody copies them: one line a holiday. Pure."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

_DAY = r"(?:(\d{4})\s*[年\-/.]\s*)?(\d{1,2})\s*[月\-/.]\s*(\d{1,2})\s*[日号]?"
_LINE = re.compile(rf"^{_DAY}(?:\s*(?:至|到|—|–|~)\s*(?:{_DAY}|(\d{{1,2}})\s*[日号]?))?\s*(.*)$")
_NOTES = re.compile(r"[（(][^）)]*[）)]")  # （周日）, (星期六)
LONGEST = 15  # days a holiday may last; more is a slip of the pen
Dated = tuple[date, str]


class NoticeError(ValueError):
    """Lines that cannot be read, all of them at once."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("；".join(faults))
        self.faults = faults


def read_days(text: str, year: int) -> list[Dated]:
    """(day, name) of every day in lines such as `2月15日至23日 春节` or `2027-02-20 春节调休`, sorted.

    A day may lie in `year` or in the December before it (New Year's notices reach back). NoticeError otherwise.
    """
    found: dict[date, str] = {}
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = _NOTES.sub("", line).strip(" \t，、；;。,")
        if not plain:
            continue
        try:
            found |= dict(_days_of(plain, year))
        except ValueError as error:
            faults.append(f"第 {number} 行“{line.strip()[:30]}”：{error}")
    if faults:
        raise NoticeError(faults)
    return sorted(found.items())


def _days_of(line: str, year: int) -> Iterator[Dated]:
    seen = _LINE.match(line)
    if seen is None:
        raise ValueError("请写成“2月15日至23日 春节”的样子")
    first_year, month, day, last_year, last_month, last_day, same_month, name = seen.groups()
    since = _date(int(first_year or year), int(month), int(day))
    until = since
    if same_month:
        until = _date(since.year, since.month, int(same_month))
    elif last_day:
        until = _date(int(last_year or since.year), int(last_month), int(last_day))
    name = name.strip(" ：:，、")
    if not name or len(name) > 32:
        raise ValueError("请在日期后写明名称，不超过 32 字，例如“春节”")
    if not timedelta() <= until - since < timedelta(days=LONGEST):
        raise ValueError(f"起止日期不对，一次放假不超过 {LONGEST} 天")
    for offset in range((until - since).days + 1):
        one = since + timedelta(days=offset)
        if one.year != year and (one.year, one.month) != (year - 1, 12):
            raise ValueError(f"{one.isoformat()} 不在 {year} 年的安排之内")
        yield one, name


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("没有这一天") from None


def read_windows(written: dict[str, str]) -> dict[str, list[list[str]]]:
    """{"1": "08:30-12:00 14:00-17:30"} -> {"1": [["08:30", "12:00"], ["14:00", "17:30"]]}; blank days are left out."""
    windows: dict[str, list[list[str]]] = {}
    for weekday, text in written.items():
        parts = re.split(r"[，,、；;\s]+", text.strip())
        pairs = [re.split(r"[-—–~至]", part.replace("：", ":")) for part in parts if part]
        for pair in pairs:
            if len(pair) != 2:
                raise ValueError(
                    f"星期{'一二三四五六日'[int(weekday) - 1]}应写成“08:30-12:00 14:00-17:30”的样子"
                )
        if pairs:
            windows[weekday] = [[_padded(clock) for clock in pair] for pair in pairs]
    return windows


def _padded(clock: str) -> str:
    return f"0{clock}" if re.fullmatch(r"\d:\d\d", clock) else clock


def windows_words(windows: dict[str, list[list[str]]]) -> str:
    """周一至周五 08:30–17:30；周六 09:00–12:00. Days alike are told together."""
    said: list[tuple[str, str, str]] = []  # first day, last day, hours
    for weekday in "1234567":
        hours = "、".join("–".join(pair) for pair in windows.get(weekday, []))
        if said and said[-1][2] == hours and int(said[-1][1]) + 1 == int(weekday):
            said[-1] = (said[-1][0], weekday, hours)
        else:
            said.append((weekday, weekday, hours))
    names = {str(number): f"周{word}" for number, word in enumerate("一二三四五六日", 1)}
    return "；".join(
        f"{names[a]}{'' if a == b else f'至{names[b]}'} {hours}" for a, b, hours in said if hours
    )
