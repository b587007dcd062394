"""What publicity tells the house: ids, codes and days, never who is shown nor who objected."""

from dataclasses import dataclass


@dataclass(frozen=True)
class _Notice:
    notice: int
    kind: str
    subject: str
    area: str


@dataclass(frozen=True)
class PublicityStarted(_Notice):
    """The days count: `starts` is the day of posting (not counted), `ends` the last day, both ISO."""

    starts: str = ""
    ends: str = ""


@dataclass(frozen=True)
class PublicityEnded(_Notice):
    """`outcome`: none, upheld or withdrawn; `objections`: how many came in time."""

    outcome: str = "none"
    objections: int = 0


@dataclass(frozen=True)
class ObjectionReceived(_Notice):
    objection: int = 0
    late: bool = False
    real_name: bool = False


@dataclass(frozen=True)
class ObjectionRuled(_Notice):
    objection: int = 0
    upheld: bool = False
    late: bool = False
