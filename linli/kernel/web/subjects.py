"""Titles, links and permissions for subjects of other rooms: `incidents.incident:17` without a foreign key."""

from collections.abc import Callable
from dataclasses import dataclass

from linli.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Subject:
    """How a room shows one kind of thing. `title` never leaks a private one; `may_see` guards files and links."""

    name: str  # room.noun
    title: Callable[[int, Actor], str]
    url: Callable[[int, Actor], str]
    may_see: Callable[[int, Actor], bool]


_subjects: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    """Called in a room's apps.py."""
    _subjects[subject.name] = subject


def split(ref: str) -> tuple[str, int]:
    """`incidents.incident:17` -> its name and id. Raises ValueError for anything else."""
    name, _, number = ref.partition(":")
    return name, int(number)


def may_see(ref: str, viewer: Actor) -> bool:
    """False for an unknown or malformed reference: nothing is shown that nobody vouches for."""
    try:
        name, number = split(ref)
    except ValueError:
        return False
    subject = _subjects.get(name)
    return bool(subject and subject.may_see(number, viewer))


def title(ref: str, viewer: Actor) -> str:
    name, number = split(ref)
    subject = _subjects.get(name)
    return subject.title(number, viewer) if subject else ref


def url(ref: str, viewer: Actor) -> str:
    name, number = split(ref)
    subject = _subjects.get(name)
    return subject.url(number, viewer) if subject else ""
