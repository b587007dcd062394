"""Where a visit note can be sent on. Rooms above register their own door; people never imports them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linli.kernel.actor import Actor

if TYPE_CHECKING:
    from linli.people.models import VisitNote

Take = Callable[[Actor, "VisitNote", str], str]


@dataclass(frozen=True, slots=True)
class NoteTarget:
    """`take(by, note, text)` makes something of the note in its room and returns its subject, e.g. incidents.incident:17."""

    code: str
    label: str
    take: Take


_targets: dict[str, NoteTarget] = {}


def register_note_target(code: str, label: str, take: Take) -> None:
    """Called in a room's apps.py, e.g. register_note_target("incident", "转为网格事件", file_from_note)."""
    _targets[code] = NoteTarget(code, label, take)


def unregister_note_target(code: str) -> None:
    """For tests that register one of their own."""
    _targets.pop(code, None)


def note_targets() -> list[NoteTarget]:
    return list(_targets.values())


def note_target(code: str) -> NoteTarget | None:
    return _targets.get(code)
