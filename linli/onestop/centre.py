"""A service centre's hours, slots and queue, decided from values. Pure; figures are those of data/centre.yaml."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from linli.onestop.glossary import read

HERE = ZoneInfo("Asia/Shanghai")
CHANNELS = {"online": "网上", "phone": "电话", "window": "窗口"}
BOOKED = {"booked": "已预约", "arrived": "已到", "cancelled": "已取消", "missed": "未到"}
QUEUES = {"booked": "预约", "priority": "优先", "walk_in": "现场"}
TICKETS = {"waiting": "等候", "called": "呼叫中", "served": "已办理", "skipped": "过号", "closed": "未办理"}
MOVES: Mapping[str, Mapping[str, str]] = {
    "waiting": {"call": "called", "close": "closed"},
    "called": {"call": "called", "serve": "served", "skip": "skipped", "close": "closed"},
    "skipped": {"call": "called", "close": "closed"},
    "served": {},
    "closed": {},
}
LETTERS = {"booked": "Y", "priority": "U", "walk_in": "A"}


@dataclass(frozen=True, slots=True)
class NoShow:
    most: int
    within_days: int
    pause_days: int


@dataclass(frozen=True, slots=True)
class Rules:
    """How one centre runs; lengths in the unit their names say."""

    hours: tuple[tuple[time, time], ...]
    slot_minutes: int
    windows: int
    seats: int
    days_ahead: int
    notice_minutes: int
    open_bookings: int
    most_moves: int
    remind_hours: int
    early_minutes: int
    grace_minutes: int
    no_show: NoShow
    order: tuple[str, ...]
    priority_age: int
    grounds: Mapping[str, str]
    most_calls: int
    status: str


def parse(raw: Mapping[str, Any]) -> Rules:
    """Raises KeyError or ValueError for a malformed file."""
    hours = tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in raw["hours"])
    numbers = (
        "slot_minutes", "windows", "seats", "days_ahead", "notice_minutes", "open_bookings", "most_moves",
        "remind_hours", "early_minutes", "grace_minutes", "priority_age", "most_calls",
    )  # fmt: skip
    return Rules(
        hours=hours, no_show=NoShow(**raw["no_show"]), order=tuple(raw["order"]), grounds=raw["grounds"],
        status=raw["status"], **{name: int(raw[name]) for name in numbers},
    )  # fmt: skip


@cache
def rules_of(unit: str) -> Rules:
    """The centre's own figures over the county's."""
    raw = read("centre.yaml")
    return parse(raw | raw["units"].get(unit, {}))


def slots(day: date, rules: Rules, working: Callable[[date], bool]) -> list[datetime]:
    """Beginnings of the slots of a day; none on a day off. A slot ends within its opening window."""
    found: list[datetime] = []
    if not working(day):
        return found
    for opens, closes in rules.hours:
        at, end = datetime.combine(day, opens, HERE), datetime.combine(day, closes, HERE)
        while at + timedelta(minutes=rules.slot_minutes) <= end:
            found.append(at)
            at += timedelta(minutes=rules.slot_minutes)
    return found


def bookable(rules: Rules, now: datetime, working: Callable[[date], bool], *, notice: bool = True) -> list[datetime]:  # fmt: skip
    """Every slot that may be booked now, in order; without `notice` (at the counter, by phone) until it begins."""
    today = now.astimezone(HERE).date()
    first = now + timedelta(minutes=rules.notice_minutes if notice else 0)
    days = (today + timedelta(days=n) for n in range(rules.days_ahead + 1))
    return [at for day in days for at in slots(day, rules, working) if at >= first]


def closes_at(day: date, rules: Rules) -> datetime:
    return datetime.combine(day, rules.hours[-1][1], HERE)


def free_seat(taken: Iterable[int], seats: int) -> int | None:
    held = set(taken)
    return next((seat for seat in range(1, seats + 1) if seat not in held), None)


def paused_until(missed: Iterable[datetime], rules: Rules, now: datetime) -> datetime | None:
    """Until when booking online rests after too many no-shows; None when it does not."""
    since = now - timedelta(days=rules.no_show.within_days)
    lately = sorted(at for at in missed if at > since)
    if len(lately) < rules.no_show.most:
        return None
    until = lately[-1] + timedelta(days=rules.no_show.pause_days)
    return until if until > now else None


@dataclass(frozen=True, slots=True)
class Arrival:
    """How somebody stands in the queue: kind, and the moment their turn counts from."""

    kind: str
    turn_at: datetime
    ground: str = ""


def arrival(
    rules: Rules, now: datetime, *, booked_at: datetime | None, ground: str, age: int | None
) -> Arrival:
    """Booked and no later than the grace: at their own time. Else by age or ground, else as they came."""
    if booked_at is not None and now <= booked_at + timedelta(minutes=rules.grace_minutes):
        return Arrival("booked", booked_at)
    if not ground and age is not None and age >= rules.priority_age:
        ground = "age"
    return Arrival("priority" if ground else "walk_in", now, ground)


def rank(kind: str, turn_at: datetime, number: int, rules: Rules, now: datetime) -> tuple[int, datetime, int]:
    """The order of calling. A booked person whose time has not come yet stands behind everybody who is due."""
    order = rules.order.index(kind)
    return (len(rules.order) if kind == "booked" and turn_at > now else order, turn_at, number)


def label(kind: str, number: int) -> str:
    return f"{LETTERS[kind]}{number:03d}"


@dataclass(frozen=True, slots=True)
class Waits:
    """Waiting times of called numbers, in whole minutes."""

    served: int
    median: int | None
    longest: int | None


def waits(minutes: Iterable[int]) -> Waits:
    known = sorted(minutes)
    if not known:
        return Waits(0, None, None)
    return Waits(len(known), known[len(known) // 2], known[-1])
