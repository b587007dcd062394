"""What an item's definition may name: facts, categories, rules of law, posts, departments, causes. Read from data/."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"
ROOMS = ("council", "care", "mediation", "incidents", "volunteers")  # what works_with may name


@dataclass(frozen=True, slots=True)
class Office:
    """Where work goes: unit functions in order of preference, up from `level`, and the roles that hold it there."""

    name: str
    zh: str
    level: str  # county | town | community
    functions: tuple[str, ...]
    posts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Glossary:
    """The words of the catalogue; keys are codes, values are words for people."""

    facts: Mapping[str, str]
    categories: Mapping[str, str]
    rules: Mapping[str, Mapping[str, Any]]
    causes: Mapping[str, str]
    step_kinds: Mapping[str, str]
    payout_starts: Mapping[str, str]
    defaults: Mapping[str, Any]
    posts: Mapping[str, Office]
    departments: Mapping[str, Office]
    absence_answers: frozenset[str]  # materials for which "no record" is an answer
    bundles: tuple[Mapping[str, Any], ...]
    edition: int
    valid_from: str


def read(name: str) -> Any:
    """One of the room's own YAML files."""
    return yaml.safe_load((DATA / name).read_text("utf-8"))


def _office(row: Mapping[str, Any], name: str) -> Office:
    posts = tuple(row.get("posts", ["officer"]))
    return Office(name, row.get("zh", name), row["level"], tuple(row["functions"]), posts)


@cache
def glossary() -> Glossary:
    head, offices = read("catalogue.yaml"), read("offices.yaml")
    return Glossary(
        facts=head["facts"],
        categories=head["categories"],
        rules=head["rules"],
        causes=head["clock_exclusions"],
        step_kinds=head["step_kinds"],
        payout_starts=head["payout_start"],
        defaults=head["defaults"],
        posts={row["role"]: _office(row, row["role"]) for row in offices["posts"]},
        departments={row["name"]: _office(row, row["name"]) for row in offices["departments"]},
        absence_answers=frozenset(head["absence_is_an_answer"]),
        bundles=tuple(head["bundles"]),
        edition=head["edition"],
        valid_from=head["valid_from"],
    )


@cache
def shipped_items() -> tuple[Mapping[str, Any], ...]:
    """The definitions linli ships with, as written, by category file."""
    names = sorted(path.name for path in (DATA / "items").glob("*.yaml"))
    return tuple(item for name in names for item in read(f"items/{name}"))


@cache
def unconfirmed_rules() -> frozenset[str]:
    """Codes and titles of rules nobody has confirmed: none may be the ground of a refusal."""
    rows = [(code, row) for code, row in glossary().rules.items() if row.get("status") == "to_confirm"]
    return frozenset(name for code, row in rows for name in (code, row["title_zh"]))
