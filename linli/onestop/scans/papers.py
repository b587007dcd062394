"""The kinds of papers and their fields, from data/scans.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from linli.onestop.glossary import read

NUMBERS = ("number", "disability_number")  # types of fields that hold an identity number


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a paper says. `offer`: the entry of the application form it may fill, "" for none."""

    key: str
    zh: str
    type: str
    labels: tuple[str, ...]
    offer: str


@dataclass(frozen=True, slots=True)
class Kind:
    key: str
    zh: str
    materials: tuple[str, ...]
    cues: Mapping[str, int]
    never: tuple[str, ...]
    stops: tuple[str, ...]  # labels of things not read: a value ends where one begins
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Papers:
    kinds: Mapping[str, Kind]
    least: int
    words: Mapping[str, tuple[str, ...]]


def _field(key: str, row: Mapping[str, Any]) -> Field:
    return Field(key, row["zh"], row["type"], tuple(row["labels"]), row.get("offer", ""))


def _kind(key: str, row: Mapping[str, Any]) -> Kind:
    fields = {name: _field(name, one) for name, one in row["fields"].items()}
    listed = [tuple(row.get(name, ())) for name in ("materials", "never", "stops")]
    return Kind(key, row["zh"], listed[0], row["cues"], listed[1], listed[2], fields)


@cache
def papers() -> Papers:
    """What linli ships with."""
    raw = read("scans.yaml")
    return Papers(
        {key: _kind(key, row) for key, row in raw["kinds"].items()},
        raw["least"],
        {name: tuple(words) for name, words in raw["words"].items()},
    )


def kind_of(text: str, known: Papers) -> str:
    """The kind whose cues (regular expressions) weigh most; "" when none weighs enough or two weigh the same."""
    plain = "".join(text.split())
    weights = sorted(
        (sum(points for cue, points in kind.cues.items() if re.search(cue, plain)), kind.key)
        for kind in known.kinds.values()
        if not any(word in plain for word in kind.never)
    )
    if not weights or weights[-1][0] < known.least or (len(weights) > 1 and weights[-2][0] == weights[-1][0]):
        return ""
    return weights[-1][1]


def expected_of(material: str, known: Papers) -> Sequence[str]:
    """The kinds a material may be; none when its paper has no known face."""
    return [kind.key for kind in known.kinds.values() if material in kind.materials]
