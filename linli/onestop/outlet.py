"""Result documents: which sample an item has, how its lines are filled, what may happen to a document. Pure.

Samples and days are those of data/results.yaml.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from linli.kernel import Refused
from linli.onestop.glossary import read

STATES = {"made": "待出件", "ready": "待领取", "sent": "邮寄中", "received": "已领取", "void": "已作废"}
WAYS = {"window": "窗口领取", "post": "邮寄", "online": "网上查看"}
WHY = {"lost": "遗失", "damaged": "损毁", "correction": "更正", "revoked": "撤销"}
MOVES: Mapping[str, Mapping[str, str]] = {
    "made": {"put_out": "ready", "hand_over": "received", "post": "sent", "open": "received", "void": "void"},
    "ready": {"hand_over": "received", "post": "sent", "open": "received", "void": "void"},
    "sent": {"delivered": "received", "returned": "ready", "void": "void"},
    "received": {"hand_over": "received", "void": "void"},  # read online, its paper is still to be had
    "void": {},
}
GENUINE = {
    "valid": "真实，现在有效",
    "void": "真实，但已作废，不再有效",
    "expired": "真实，但已过有效期",
    "stopped": "真实，但所确认的待遇已经停止",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A title and its lines with names in braces."""

    title: str
    text: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shipped:
    """data/results.yaml, read once."""

    samples: Mapping[str, Sample]
    items: Mapping[str, str]
    by_type: Mapping[str, str]
    keep_days: int
    remind_after: int
    remind_every: int
    remind_most: int
    visits: int
    hand_in: frozenset[str]
    window_roles: frozenset[str]


@cache
def shipped() -> Shipped:
    raw = read("results.yaml")
    samples = {code: Sample(one["title"], tuple(one["text"])) for code, one in raw["samples"].items()}
    remind = raw["remind"]
    return Shipped(
        samples, raw["items"], raw["by_type"], raw["keep_days"], remind["after_days"], remind["every_days"],
        remind["most"], raw["visits"], frozenset(raw["hand_in"]), frozenset(raw["window_roles"]),
    )  # fmt: skip


def next_state(state: str, action: str) -> str:
    """Where `action` leads. Raises Refused 409."""
    to = MOVES[state].get(action)
    if to is None:
        raise Refused(
            f"这份文书现在是“{STATES[state]}”，不能这样办理；请刷新后再看。", code="moved_on", status=409
        )
    return to


def sample_of(raw: Mapping[str, Any]) -> Sample:
    """The sample of an item's definition: its own `result_sample` (a code, or the text itself), else by kind of matter."""
    own, kept = str(raw.get("result_sample") or "").strip(), shipped()
    if own and own not in kept.samples:
        return Sample(f"{raw['name_zh']}办理结果", tuple(line for line in own.splitlines() if line.strip()))
    code = own or kept.items.get(raw["code"]) or kept.by_type.get(raw.get("task_type", ""), "done")
    return kept.samples[code]


def visits_allowed(raw: Mapping[str, Any]) -> int:
    """到现场次数 the catalogue promises; the shipped default where it is silent or no number."""
    written = str(raw.get("visits", "")).strip()
    return int(written) if written.isdigit() else shipped().visits


def filled(sample: Sample, values: Mapping[str, str]) -> list[str]:
    """The lines with their names filled in; a line one of whose names is unknown or empty is left out."""
    found = []
    for line in sample.text:
        try:
            names = [name for _, name, _, _ in string.Formatter().parse(line) if name is not None]
        except ValueError:  # a brace of an editor's own text
            found.append(line)
            continue
        if all(values.get(name) for name in names):
            found.append(line.format_map(values) if names else line)
    return found


def standing(state: str, until: date | None, stopped: bool, day: date) -> str:
    """valid, void, expired or stopped: all that the public page says."""
    if state == "void":
        return "void"
    if until is not None and until < day:
        return "expired"
    return "stopped" if stopped else "valid"


def months_on(day: date, months: int) -> date:
    """The same day so many months later, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), first_of_next - timedelta(days=1))


def reminder_due(made: datetime, last: datetime | None, count: int, now: datetime) -> bool:
    """Whether an uncollected document is to be told of again."""
    kept = shipped()
    if count >= kept.remind_most:
        return False
    wait = kept.remind_every if last else kept.remind_after
    return now >= (last or made) + timedelta(days=wait)


def yuan(fen: int | None, kind: str) -> str:
    """`650.00 元/月`; "" where nothing is paid."""
    if fen is None:
        return ""
    per = {"monthly": "/月", "yearly": "/年"}.get(kind, "")
    return f"{fen // 100}.{fen % 100:02d} 元{per}"


def hand_over_faults(
    receiver: str, agent: bool, authority: str, signature: Sequence[int]
) -> dict[str, list[str]]:
    """What a receipt at the window lacks, by field."""
    wrong: dict[str, list[str]] = {}
    if len(receiver.strip()) < 2:
        wrong["receiver"] = ["请填写领取人姓名"]
    if agent and len(authority.strip()) < 2:
        wrong["authority"] = ["他人代领的，请写明授权依据，例如委托书编号"]
    if not signature:
        wrong["signature"] = ["请拍下领取人签字的回执"]
    return wrong
