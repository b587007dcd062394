"""免申即享 rules as data: which fact about a person makes which draft, and what already granted keeps it back. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from linli.onestop.glossary import read


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of data/proactive.yaml in force from `valid_from` to the day before `valid_to`."""

    code: str
    edition: int
    zh: str
    age: int
    item: str
    declares: tuple[str, ...]
    excludes: tuple[tuple[str, str], ...]  # (item, words)
    valid_from: date
    valid_to: date | None
    status: str
    source: str
    answer_days: int
    door_days: int

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@cache
def rules() -> tuple[Rule, ...]:
    raw = read("proactive.yaml")
    return tuple(_rule(raw, one) for one in raw["rules"])


def _rule(head: dict[str, Any], one: dict[str, Any]) -> Rule:
    return Rule(
        one["code"], head["edition"], one["zh"], one["age"], one["item"], tuple(one.get("declares", ())),
        tuple((row["item"], row["zh"]) for row in one.get("excludes", ())), one["valid_from"], one["valid_to"],
        one["status"], one["source"], head["answer_days"], head["ask_at_door_days"],
    )  # fmt: skip


def for_age(age: int, day: date, known: Iterable[Rule] | None = None) -> list[Rule]:
    """Rules an age reached on this day calls for."""
    return [one for one in (rules() if known is None else known) if one.age == age and one.in_force(day)]


def rule_of(code: str) -> Rule | None:
    return next((one for one in rules() if one.code == code), None)


def held_back(rule: Rule, granted: Iterable[str]) -> str:
    """Why a rule stays silent for somebody with these items granted; "" when nothing keeps it back."""
    have = set(granted)
    return "、".join(f"已享受{words}" for item, words in rule.excludes if item in have)
