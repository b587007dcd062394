"""What somebody is answerable for, room by room, so that one signed list can move all of it.

Rooms above register here from their apps.py; areas itself registers grid posts, branch posts and unit heads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Id = int | str
ListOpen = Callable[[int], Iterable[tuple[Id, str]]]
Move = Callable[[int, int, Sequence[Id]], None]


@dataclass(frozen=True, slots=True)
class DutyKind:
    """One kind of duty. `list_open(account)` gives (id, title) pairs; ids stay the same when a duty moves."""

    name: str
    label: str
    list_open: ListOpen
    move: Move


@dataclass(frozen=True, slots=True)
class Item:
    """One open duty on a hand-over list."""

    kind: str
    id: Id
    title: str


_kinds: dict[str, DutyKind] = {}


def register(name: str, list_open: ListOpen, move: Move, *, label: str = "") -> None:
    """`move(account_from, account_to, ids)` runs inside the hand-over's transaction, on the areas of both people."""
    _kinds[name] = DutyKind(name, label or name, list_open, move)


def unregister(name: str) -> None:
    """For tests that register a kind of their own."""
    _kinds.pop(name, None)


def label_of(name: str) -> str:
    return _kinds[name].label if name in _kinds else name


def open_items(account: int) -> list[Item]:
    """Everything `account` is answerable for now, in the order the rooms registered."""
    return [Item(kind.name, id_, title) for kind in _kinds.values() for id_, title in kind.list_open(account)]


def move(account_from: int, account_to: int, items: Sequence[Item]) -> None:
    """Moves the items room by room; a kind whose room is not installed is refused by KeyError, never dropped."""
    by_kind: dict[str, list[Id]] = {}
    for item in items:
        by_kind.setdefault(item.kind, []).append(item.id)
    for name, ids in by_kind.items():
        _kinds[name].move(account_from, account_to, ids)
