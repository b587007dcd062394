"""一件事 as data: which items a matter of life holds, for whom, in what order, under which conditions. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from linli.onestop.conditions import Condition, Household, holds
from linli.onestop.glossary import read


@dataclass(frozen=True, slots=True)
class Part:
    """One item of a bundle; `whose` is applicant or about."""

    item: str
    whose: str
    after: str
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Kind:
    """One 一件事 of data/bundles.yaml."""

    code: str
    slug: str
    edition: int
    zh: str
    about: str
    lead: str
    offer: str
    questions: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    status: str


@cache
def kinds() -> dict[str, Kind]:
    """Code -> bundle."""
    raw = read("bundles.yaml")
    return {one["code"]: _kind(raw, one) for one in raw["bundles"]}


def _kind(head: Mapping[str, Any], one: Mapping[str, Any]) -> Kind:
    parts = tuple(
        Part(row["item"], row.get("for", "applicant"), row.get("after", ""), row.get("when"))
        for row in one["items"]
    )
    asked = tuple((row["name"], row["zh"]) for row in one["questions"])
    return Kind(
        one["code"], one["slug"], head["edition"], one["zh"], one["about"], one["lead"], one["offer"], asked, parts,
        head["status"],
    )  # fmt: skip


def by_slug(slug: str) -> Kind | None:
    return next((one for one in kinds().values() if one.slug == slug), None)


def parts_for(kind: Kind, facts: Mapping[str, Any]) -> list[Part]:
    """The items this family needs, in order; nothing is asked of who does not need it."""
    known = Household(dict(facts), [dict(facts)])
    return [one for one in kind.parts if holds(one.when, known)]


def ready(part: Part, wanted: list[str], done: set[str]) -> bool:
    """Whether a part may begin: what it waits for is done, or is not part of this bundle."""
    return not part.after or part.after in done or part.after not in wanted
