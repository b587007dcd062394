"""Who asked which department about somebody: a seam. The room above that asks binds its record of use here."""

from collections.abc import Callable, Iterable
from typing import Any

from linli.kernel.actor import Actor

Record = Callable[[Actor, int], Iterable[Any]]  # viewer, person -> rows with asked_at, named, purpose, state
_record: list[Record] = []


def bind(record: Record) -> None:
    _record[:] = [record]


def uses(viewer: Actor, person: int) -> list[Any]:
    """The newest hundred; empty while nothing is bound. Raises Refused 403 for anybody but the person."""
    return list(_record[0](viewer, person)[:100]) if _record else []  # type: ignore[index]
