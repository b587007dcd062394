"""How long a notice must hang, when an objection is late, who may rule on it. Pure.

Source: 民法典 arts. 201, 203 (the day of posting is not counted; a calendar limit that ends on a day of rest ends on
the next working day), known; 民发〔2021〕57号 art. 19 (7 days), cited in the kinds that use it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from linli.kernel.deadlines.rules import Limit, due
from linli.kernel.deadlines.workdays import SHANGHAI, Calendar
from linli.kernel.web.rules import day_words, digest

STATES = {
    "draft": "待张贴",
    "posted": "已张贴",
    "running": "公示中",
    "ended": "已结束",
    "withdrawn": "已撤回",
}
OPEN = ("draft", "posted", "running")
# state -> step -> next state; `begin` and `end` are the clock's, `uphold` an objection's
MOVES: dict[str, dict[str, str]] = {
    "draft": {"post": "posted", "withdraw": "withdrawn", "uphold": "ended", "object": "draft"},
    "posted": {
        "begin": "running",
        "end": "ended",
        "withdraw": "withdrawn",
        "uphold": "ended",
        "object": "posted",
    },
    "running": {"end": "ended", "withdraw": "withdrawn", "uphold": "ended", "object": "running"},
    "ended": {"object": "ended"},
    "withdrawn": {},
}
OUTCOMES = {"none": "无异议成立", "upheld": "异议成立", "withdrawn": "已撤回"}
WORDS = {
    "open": "发起公示",
    "post": "张贴",
    "posted_at": "一处已张贴",
    "taken": "期满拍照",
    "begin": "公示期开始",
    "end": "公示期满",
    "uphold": "异议成立，公示终止",
    "withdraw": "撤回",
    "down": "公示中断",
    "restore": "恢复公示",
    "extend": "公示期顺延",
    "object": "收到异议",
    "rule": "异议已裁定",
    "announce": "公布结果",
    "unannounce": "撤下公布",
    "evidence": "导出证据包",
    "note": "记录",
}
LEAST_REASON = 10  # characters of a ruling
LEAST_GROUNDS = 5
LONGEST_GROUNDS = 4000


@dataclass(frozen=True, slots=True)
class Outage:
    """The paper list was gone, or the page could not be opened, from `since` to `until` (None: still)."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """`ends` is the last day, whole; `ends_at` the midnight after it. `lost`: days that do not count.

    `provisional`: rests on a year whose holidays are not published; to be computed again then.
    """

    starts: date
    ends: date
    ends_at: datetime
    lost: int
    provisional: bool


def local_day(moment: datetime) -> date:
    """The date on the wall beside the notice."""
    return moment.astimezone(SHANGHAI).date()


def midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)


def touched(outages: Iterable[Outage], now: datetime) -> set[date]:
    """Every date on which the notice could not be read for some of the day: none of them was a full day."""
    days: set[date] = set()
    for one in outages:
        last = max(one.until or now, one.since)
        day = local_day(one.since)
        while day <= local_day(last):
            days.add(day)
            day += timedelta(days=1)
    return days


def period(
    starts: date,
    days: int,
    unit: str,
    calendar: Calendar,
    *,
    roll: bool = True,
    outages: Sequence[Outage] = (),
    now: datetime,
) -> Period:
    """`days` full days (`d` calendar, `wd` working) after the day of posting, and as many again as were lost.

    An outage inside the extension is lost in its turn. `roll` lets a calendar limit that ends on a day of rest
    end on the next working day. Raises LimitError for another unit or no days.
    """
    gone, lost = touched(outages, now), set[date]()
    noon = datetime.combine(starts, time(12), SHANGHAI)
    while True:
        found = due(noon, Limit(Fraction(days + len(lost)), unit, roll and unit == "d"), calendar)
        ends = local_day(found.at)
        fresh = {day for day in gone if starts < day <= ends and (unit == "d" or calendar.is_working(day))}
        if fresh == lost:
            return Period(starts, ends, midnight_after(ends), len(lost), found.provisional)
        lost = fresh


def late(state: str, ends_at: datetime | None, now: datetime) -> bool:
    """An objection after the period is taken as a report: it changes nothing, but is answered all the same."""
    return state == "ended" or (ends_at is not None and now >= ends_at)


def waits_for(*, over: bool, down: bool, unruled: int, told: bool = True) -> str:
    """Why a notice whose days are over has not ended, in words; "" when nothing holds it.

    `told=False` for those who must not learn that there is an objection.
    """
    if not over:
        return ""
    if down:
        return "公示中断尚未恢复，恢复后顺延"
    if not told:
        return "期满，等待上级办理"
    return f"期满，等待 {unruled} 件异议裁定" if unruled else ""


def folded(name: str) -> str:
    return "".join(name.split()).casefold()


def named_in(name: str, *texts: str) -> bool:
    """Whether somebody's name (two characters at least) stands in any of the texts, spaces aside."""
    wanted = folded(name)
    return len(wanted) >= 2 and any(wanted in folded(text) for text in texts)


def may_not_rule(
    *, account: int | None, name: str, barred: Collection[int], own: bool, texts: Sequence[str]
) -> str:
    """Why somebody must not rule on an objection, in words; "" when they may.

    `barred`: accounts of the parties and of those who handled the matter; `own`: they raised it; `texts`: grounds
    and the names the objector gave.
    """
    if account is None:
        return "异议须由本人登录后裁定"
    if own:
        return "不能裁定自己提出的异议"
    if account in barred:
        return "您是当事人或经办人，须由他人裁定"
    return "异议点了您的名，须由他人裁定" if named_in(name, *texts) else ""


def sheet_text(
    *, number: str, title: str, place: str, days: str, columns: Sequence[Mapping[str, str]], rows: Sequence[Mapping[str, str]]
) -> str:  # fmt: skip
    """The list in plain text, the same for the same content: what is hashed, printed and put in the evidence pack."""
    lines = [title, f"编号 {number}", place, f"公示期 {days}", ""]
    lines.append("\t".join(["序号", *(one["label"] for one in columns)]))
    lines += ["\t".join([str(at), *(row.get(one["key"], "") for one in columns)]) for at, row in enumerate(rows, 1)]  # fmt: skip
    return "\n".join(lines) + "\n"


def days_words(days: int, unit: str) -> str:
    return f"{days} 个工作日" if unit == "wd" else f"{days} 天"


def until_words(starts: date | None, ends: date | None) -> str:
    """`2026年2月14日 周六 至 2026年2月24日 周二`: the first counted day to the last, both whole."""
    if starts is None or ends is None:
        return ""
    return f"{day_words(starts + timedelta(days=1))} 至 {day_words(ends)}"


def content_digest(**said: object) -> bytes:
    """What makes two sendings under one UUID the same."""
    return bytes.fromhex(digest(said))
