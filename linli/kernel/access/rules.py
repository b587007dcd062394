"""The decisions of access, pure: see `linli.kernel.actor`, from where ledger and bus take them too."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from linli.kernel.actor import SYSTEM, Actor, Opening, Scope, can, require

__all__ = [
    "SYSTEM",
    "Actor",
    "Opening",
    "Scope",
    "can",
    "grant_faults",
    "needs_second",
    "pass_faults",
    "require",
    "shared_verbs",
]

AREA = re.compile(r"^(\d{6}|\d{9}|\d{12}|\d{15})$")
LONGEST_PASS = timedelta(days=180)


def needs_second(role: str, administrators: Collection[int], by: Actor) -> bool:
    """True if another administrator must confirm: the role is administrator and somebody else could confirm it."""
    return role == "administrator" and by.account is not None and bool(set(administrators) - {by.account})


def grant_faults(
    role: str, area: str, roles: Collection[str], valid_to: datetime | None, now: datetime
) -> dict[str, list[str]]:
    """What is wrong with a wished grant, by field."""
    wrong: dict[str, list[str]] = {}
    if role not in roles:
        wrong["role"] = ["没有这个角色，请从列表中选择"]
    if not AREA.match(area):
        wrong["area"] = ["区域代码应为 6 位（县）、9 位（镇街）、12 位（村居）或 15 位（网格）数字"]
    if valid_to is not None and valid_to <= now:
        wrong["valid_to"] = ["截止时间须晚于现在"]
    return wrong


def pass_faults(
    subject: str, verbs: Sequence[str], reason: str, until: datetime, now: datetime
) -> dict[str, list[str]]:
    """What is wrong with a wished pass, by field."""
    wrong: dict[str, list[str]] = {}
    if not subject or len(subject) > 64:
        wrong["subject"] = ["请指明要开通的对象"]
    if not verbs or any("*" in verb for verb in verbs):
        wrong["verbs"] = ["请逐项写明开通的事项，不能全部开通"]
    if not reason.strip():
        wrong["reason"] = ["请写明理由，将记入存证"]
    elif len(reason.strip()) > 200:
        wrong["reason"] = ["理由不超过 200 字"]
    if not now < until <= now + LONGEST_PASS:
        wrong["until"] = ["截止时间须晚于现在，且不超过 180 天"]
    return wrong


def shared_verbs(held: Collection[str], asked: Collection[str]) -> frozenset[str]:
    """The verbs in both sets, `room.*` and `*` read as patterns: how a token's scopes narrow its account's grants."""

    def inside(verb: str, others: Collection[str]) -> bool:
        room = verb.partition(".")[0]
        return verb in others or f"{room}.*" in others or "*" in others

    return frozenset(
        [verb for verb in held if inside(verb, asked)] + [verb for verb in asked if inside(verb, held)]
    )
