"""What the room that raised an order can tell about it: its topic, plain facts, the last like cases.

Dispatch knows no rooms; a room registers a function for the kinds it raises, in its apps.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from linli.dispatch.models import WorkOrder
from linli.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Like:
    """An earlier case of the same topic: who did it and how it ended."""

    title: str
    url: str
    unit: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Background:
    """`topic` is what a ruling is remembered by (a class code), `facts` are (label, words).

    `subjects` are further subjects whose pictures belong to the matter, e.g. the reports of a case; `acts` are
    (label, address) of what the room itself lets this viewer do.
    """

    topic: str = ""
    topic_title: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    likes: tuple[Like, ...] = ()
    subjects: tuple[str, ...] = ()
    acts: tuple[tuple[str, str], ...] = ()


Tells = Callable[[WorkOrder, Actor, bool], Background]
_tellers: dict[str, Tells] = {}


def register_background(room: str, tells: Tells) -> None:
    """`room` is the first part of the kinds' codes, e.g. `incident`; `tells(order, viewer, with_likes)`."""
    _tellers[room] = tells


def background(order: WorkOrder, viewer: Actor, *, likes: bool = False) -> Background:
    tells = _tellers.get(order.kind.partition(".")[0])
    return tells(order, viewer, likes) if tells else Background()
