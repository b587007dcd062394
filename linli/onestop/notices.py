"""The seam to the room of public notices: how a posting is put up, taken down, and what comes back.

A `Board` is bound when the program starts. It tells when the list hangs (actions.begin_publicity), when the days are
over (actions.end_publicity) and how an objection was ruled (actions.rule_objection). Without one the list is posted
on paper: its days are counted here by kernel.deadlines and jobs.end_postings ends them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from linli.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Posting:
    """What is to be made public: a case's subject, the fields its item allows, and for how long."""

    subject: str  # onestop.application:17
    task: int
    round: int
    title: str
    area: str
    unit: str
    fields: Mapping[str, Any]  # only what the item allows, raw: whoever shows them masks them
    days: int
    day_unit: str  # calendar_day | working_day
    item: str = ""
    mode: str = "required"
    place: Mapping[str, Any] = field(default_factory=dict)  # the Located columns
    parties: Sequence[int] = ()  # accounts of the case's people, who must not rule
    handlers: Sequence[int] = ()  # accounts that worked on it


class Board(Protocol):
    """What onestop asks of a room that puts up notices."""

    def open(self, by: Actor, posting: Posting) -> str:
        """Puts it up; returns the notice's subject."""
        ...

    def close(self, by: Actor, notice: str, reason: str) -> None:
        """Takes it down before its time (the matter is judged anew, or over); one that is over stays as it is."""
        ...

    def over(self, notice: str) -> bool:
        """Whether the list no longer hangs, for whatever reason."""
        ...


_board: list[Board] = []


def bound() -> Board | None:
    return _board[0] if _board else None


def bind(board: Board | None) -> None:
    """Called once when the program starts; None takes the board away again."""
    _board[:] = [board] if board else []


def put_up(by: Actor, posting: Posting) -> str:
    """The notice's subject; "" when it is posted on paper only."""
    return _board[0].open(by, posting) if _board else ""


def take_down(by: Actor, notice: str, reason: str) -> None:
    if notice and _board:
        _board[0].close(by, notice, reason)


def over(notice: str) -> bool:
    """Whether nothing hangs any more (or never did: posted on paper only), so that the days end by our own clock."""
    return not notice or not _board or _board[0].over(notice)
