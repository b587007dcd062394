"""Limits from YAML, and the port by which the kernel's web floor says who may see a subject."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from linli.kernel.actor import Actor

MaySee = Callable[[str, Actor], bool]


class Limits(NamedTuple):
    types: tuple[str, ...]
    most_bytes: int
    most_pixels: int
    piece_bytes: int
    thumbnails: tuple[int, ...]  # longest side in pixels
    open_uploads: int
    open_anonymous_uploads: int
    unfinished_days: int
    unattached_days: int
    keep_days: int


@cache
def limits() -> Limits:
    """data/limits.yaml."""
    raw = yaml.safe_load((Path(__file__).parent / "data" / "limits.yaml").read_text("utf-8"))
    values = {name: raw[name] for name in Limits._fields}
    return Limits(**{**values, "types": tuple(raw["types"]), "thumbnails": tuple(raw["thumbnails"])})


_may_see: list[MaySee] = []


def bind_may_see(may_see: MaySee) -> None:
    """`may_see(subject, viewer)`; site binds linli.kernel.web.subjects.may_see."""
    _may_see[:] = [may_see]


def may_see(subject: str, viewer: Actor) -> bool:
    """False until somebody answers: nothing is shown that nobody vouches for."""
    return bool(_may_see) and _may_see[0](subject, viewer)
