"""What a matter asks of people: papers to carry, to sign, and what the departments' data spare them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from linli.onestop.catalogue import Definition, Material


@dataclass(frozen=True, slots=True)
class Burden:
    """Lines of one item. A choice (任选一项) is one paper, and none where one of its choices is had by sharing.

    `carried`: always; `when_asked`: the most that conditions may add; `signed`: forms and commitments; `shared`: what
    is asked of departments; `carried_down`: carried always when no source answers.
    """

    code: str
    name: str
    lines: int
    carried: int
    when_asked: int
    signed: int
    shared: int
    carried_down: int


def of(definition: Definition) -> Burden:
    every = definition.materials
    fixed = [one for one in every if one.when is None]
    return Burden(
        code=definition.code,
        name=definition.name,
        lines=len(every),
        carried=_papers(fixed, ("submit",)),
        when_asked=_papers([one for one in every if one.when is not None], ("submit",)),
        signed=sum(one.obtain in ("form", "commit") for one in every),
        shared=sum(one.obtain == "share" for one in every),
        carried_down=_papers(fixed, ("submit", "share")),
    )


def _papers(lines: Iterable[Material], carried: tuple[str, ...]) -> int:
    """Each line that has to be carried, each choice once, if nothing easier is among it."""
    groups: dict[str, list[str]] = {}
    for at, one in enumerate(lines):
        groups.setdefault(one.one_of or f"\x00{at}", []).append(one.obtain)
    return sum(all(way in carried for way in ways) for ways in groups.values())


def summary(definitions: Iterable[Definition]) -> Mapping[str, Any]:
    """All items, and how many of them ask nobody to carry anything, with every source up and with none."""
    found = [of(one) for one in definitions]
    return {
        "items": len(found),
        "nothing_to_carry": sum(one.carried == 0 for one in found),
        "nothing_to_carry_all_sources_down": sum(one.carried_down == 0 for one in found),
        "carried": sum(one.carried for one in found),
        "carried_all_sources_down": sum(one.carried_down for one in found),
        "shared": sum(one.shared for one in found),
        "signed": sum(one.signed for one in found),
        "by_item": [asdict(one) for one in found],
    }
