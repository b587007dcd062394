"""The seam to the room of public notices: how a posting is put up, taken down, and what comes back.

A `Board` is bound when the program starts. It tells when the list hangs (actions.begin_publicity), when the days are
over (actions.end_publicity) and how an objection was ruled (actions.rule_objection). Without one the list is posted
on paper: its days are counted here by kernel.deadlines and jobs.end_postings ends them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

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
    fields: Mapping[str, str]  # whitelisted and masked: name 张*, household_size, amount, area
    days: int
    day_unit: str  # calendar_day | working_day


class Board(Protocol):
    """What onestop asks of a room that puts up notices."""

    def open(self, by: Actor, posting: Posting) -> str:
        """Puts it up; returns the notice's subject."""
        ...

    def close(self, by: Actor, notice: str, reason: str) -> None:
        """Takes it down before its time (the matter is judged anew, or over)."""
        ...


_board: list[Board] = []


def bind(board: Board | None) -> None:
    """Called once when the program starts; None takes the board away again."""
    _board[:] = [board] if board else []


def put_up(by: Actor, posting: Posting) -> str:
    """The notice's subject; "" when it is posted on paper only."""
    return _board[0].open(by, posting) if _board else ""


def take_down(by: Actor, notice: str, reason: str) -> None:
    if notice and _board:
        _board[0].close(by, notice, reason)
