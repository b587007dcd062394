"""What may be told to other systems and how it is delivered, read from YAML when first needed."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from linli.exchange.answers import Record, Source
from linli.exchange.rules import Hook

DATA = Path(__file__).parent / "data"
TEST = "exchange.Test"  # no fact: what the test button sends


class Delivering(NamedTuple):
    """data/delivery.yaml; seconds, hours and days as the names say."""

    pauses: tuple[int, ...]
    rest: int
    timeout: float
    turn_messages: int
    turn: float
    lease: int
    off_after_hours: int
    old_secret_hours: int
    keep_days: int


class Asking(NamedTuple):
    """How departments are asked: `asking` of data/sources.yaml; seconds, hours and days as the names say."""

    pauses: tuple[int, ...]
    polls: tuple[int, ...]
    rest: int
    wait: int
    late_hours: int
    turn_requests: int
    turn: float
    lease: int
    health_days: int


@cache
def hooks() -> dict[str, Hook]:
    """Fact name -> what of it may leave the house, in the order of the file."""
    raw = yaml.safe_load((DATA / "hooks.yaml").read_text("utf-8"))
    return {fact: Hook(fact, row["zh"], tuple(row["fields"])) for fact, row in raw["hooks"].items()}


@cache
def delivering() -> Delivering:
    raw = yaml.safe_load((DATA / "delivery.yaml").read_text("utf-8"))
    return Delivering(
        tuple(raw["retry_seconds"]),
        raw["rest_seconds"],
        raw["timeout_seconds"],
        raw["turn_messages"],
        raw["turn_seconds"],
        raw["lease_seconds"],
        raw["off_after_hours"],
        raw["old_secret_hours"],
        raw["keep_days"],
    )


def fact_words(fact: str) -> str:
    """立案; the name itself where the list no longer has it."""
    return "测试消息" if fact == TEST else hooks()[fact].zh if fact in hooks() else fact


def fact_choices() -> list[tuple[str, str]]:
    return [(hook.fact, hook.zh) for hook in hooks().values()]


@cache
def _sources_file() -> dict[str, Any]:
    return dict(yaml.safe_load((DATA / "sources.yaml").read_text("utf-8")))


@cache
def asking() -> Asking:
    raw = _sources_file()["asking"]
    return Asking(
        tuple(raw["retry_seconds"]),
        tuple(raw["poll_seconds"]),
        raw["rest_seconds"],
        raw["wait_seconds"],
        raw["late_hours"],
        raw["turn_requests"],
        raw["turn_seconds"],
        raw["lease_seconds"],
        raw["health_days"],
    )


@cache
def sources() -> dict[str, Source]:
    """Code -> what may be asked there, in the order of the file."""
    return {code: _source(code, raw) for code, raw in _sources_file()["sources"].items()}


def _source(code: str, raw: dict[str, Any]) -> Source:
    records = {
        material: Record(
            one["path"],
            one["fields"],
            tuple(one.get("same", ())),
            tuple(one.get("holds", ())),
            one.get("learn", {}),
        )
        for material, one in raw["records"].items()
    }
    return Source(code, raw["title"], raw["department"], records)


def mapping_version() -> int:
    return int(_sources_file()["version"])


def purposes() -> list[str]:
    """What the house may ask departments for."""
    return list(_sources_file()["purposes"])
