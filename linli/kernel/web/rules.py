"""How pages word and weigh values: clocks in words, masked names, safe cells, trusted times. No Django."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Asia/Shanghai")
WEEKDAYS = "一二三四五六日"
FAR_AHEAD = timedelta(minutes=5)  # a phone clock may run this far ahead before it is called absurd
FAR_BACK = timedelta(days=30)  # a queue older than this is kept, but its times are not believed
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline as a chip: `state` is ok | warn | bad | done | paused, `words` says it without colour."""

    state: str
    words: str
    due: datetime | None = None


def span_words(span: timedelta) -> str:
    """A positive duration in the two largest words that matter: `2 天 3 小时`, `45 分钟`, `不到 1 分钟`."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "不到 1 分钟"
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    if days >= 3 or (days and not hours):
        return f"{days} 天"
    if days:
        return f"{days} 天 {hours} 小时"
    if hours >= 3 or (hours and not left):
        return f"{hours} 小时"
    return f"{hours} 小时 {left} 分钟" if hours else f"{left} 分钟"


def clock(due: datetime | None, now: datetime, *, start: datetime | None = None, left: str = "") -> Clock:
    """The chip of a running deadline. `left` replaces the wall-clock words, e.g. `3 工作时`.

    Turns to warn when a fifth of the span since `start` is left, or four hours without a start.
    """
    if due is None:
        return Clock("ok", "未设时限")
    if due <= now:
        return Clock("bad", f"已超时 {span_words(now - due)}", due)
    near = (due - start) / 5 if start and start < due else timedelta(hours=4)
    return Clock("warn" if due - now <= near else "ok", f"还剩 {left or span_words(due - now)}", due)


def finished_clock(due: datetime | None, ended: datetime) -> Clock:
    """The chip of something finished: on time, or how late."""
    if due is None or ended <= due:
        return Clock("done", "按期办结", due)
    return Clock("bad", f"超时 {span_words(ended - due)}办结", due)


def moment_words(at: datetime) -> str:
    """`2026年11月22日 周日 14:05` in Beijing time."""
    here = at.astimezone(HERE)
    return f"{day_words(here.date())} {here:%H:%M}"


def day_words(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日 周{WEEKDAYS[day.weekday()]}"


def parse_day(written: str) -> date | None:
    """A day as people write it: 2026年3月5日, 2026-3-5, 2026/03/05, 20260305, 2026.3.5; None if it is none."""
    found = re.fullmatch(r"\s*(\d{4})\s*[年\-/.]\s*(\d{1,2})\s*[月\-/.]\s*(\d{1,2})\s*[日号]?\s*", written)
    found = found or re.fullmatch(r"\s*(\d{4})(\d{2})(\d{2})\s*", written)
    if not found:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def mask_name(name: str) -> str:
    """张* and 欧阳*: the surname stays, the rest is hidden (at least one star)."""
    keep = 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1
    return name[:keep] + "*" * max(1, len(name) - keep) if name else ""


COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "上官",
        "司马",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "令狐",
        "慕容",
        "司徒",
        "夏侯",
        "长孙",
        "宇文",
        "端木",
        "轩辕",
        "南宫",
        "申屠",
    ]
)


def mask_number(number: str) -> str:
    """4301****1234 for identity cards and bank cards, 138****5678 for phones."""
    head = 3 if len(number) == 11 else 4
    return f"{number[:head]}****{number[-4:]}" if len(number) > head + 4 else "*" * len(number)


def safe_cell(value: Any) -> Any:
    """A value that no spreadsheet runs as a formula; numbers and dates pass untouched.

    Source: OWASP, CSV Injection: cells beginning with = + - @ tab or return get a leading apostrophe.
    """
    if not isinstance(value, str):
        return value
    clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", value)[:32767]
    if clean.startswith(FORMULA_STARTS) and not re.fullmatch(r"-?\d+(\.\d+)?", clean):
        return "'" + clean[:32766]
    return clean


def decode_text(raw: bytes) -> str:
    """A CSV's text: UTF-8 with or without mark, else GB 18030 (what Excel on a Chinese Windows writes).

    Raises ValueError when it is neither.
    """
    for coding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    raise ValueError("不是 UTF-8 也不是 GB 18030 编码")


def digest(value: Any) -> str:
    """SHA-256 of canonical JSON: the same content gives the same digest, whatever the key order."""
    plain = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Taken:
    """When something happened in the field: `at` is what to use, `flagged` says the phone's time was absurd."""

    at: datetime
    said: datetime | None
    flagged: bool


def believe(said: datetime | None, received: datetime, skew: timedelta) -> Taken:
    """The time to use for a queued act: the phone's own, put right by its measured skew, unless absurd.

    `skew` is received minus sent for the whole batch; half a minute or less counts as travel time.
    """
    if said is None:
        return Taken(received, None, False)
    at = said + skew if abs(skew) > timedelta(seconds=30) else said
    if at > received + FAR_AHEAD or at < received - FAR_BACK:
        return Taken(received, said, True)
    return Taken(min(at, received), said, False)


def match_columns(headers: list[str], wanted: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Which column of a sheet holds which field: exact names first, then names that contain each other."""
    plain = [re.sub(r"[\s*（(].*$|[\s*]", "", head).lower() for head in headers]
    found: dict[str, int] = {}
    for exact in (True, False):
        for key, names in wanted.items():
            for place, head in enumerate(plain):
                hit = any(head == n.lower() if exact else head and n.lower() in head for n in names)
                if hit and key not in found and place not in found.values():
                    found[key] = place
    return found
