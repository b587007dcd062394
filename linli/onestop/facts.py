"""What onestop tells the house: ids, codes, dates and kinds; never a name, number, address or amount."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LookupRequested:
    """A department's data is asked about one person, by their authorisation; `exchange` answers record_lookup."""

    lookup: int
    application: int
    subject: str
    person: int
    consent: int
    source: str
    material: str
    purpose: str
    area: str


@dataclass(frozen=True)
class ApplicationMoved:
    """Any other step of a case: submitted, supplement, declined, returned, published, transferred …"""

    application: int
    subject: str
    area: str
    item: str
    action: str
    state: str
    round: int
    unit: str


@dataclass(frozen=True)
class ApplicationAccepted:
    """受理: the clocks run; both limits as dates."""

    application: int
    subject: str
    area: str
    item: str
    person: int
    household: int | None
    unit: str
    promised: str
    statutory: str


@dataclass(frozen=True)
class ApplicationDecided:
    """审核确认 or 不予确认; `outcome` is approve or refuse."""

    application: int
    subject: str
    area: str
    item: str
    person: int
    household: int | None
    outcome: str
    category: str


@dataclass(frozen=True)
class ApplicationClosed:
    """The case is over; `cause` is done, declined, refused, lapsed, withdrawn, ended or referred."""

    application: int
    subject: str
    area: str
    item: str
    person: int
    household: int | None
    cause: str


@dataclass(frozen=True)
class ApplicationReferred:
    """The matter was handed to another room (人民调解 -> mediation)."""

    application: int
    subject: str
    area: str
    item: str
    person: int
    room: str


@dataclass(frozen=True)
class NeedAnswered:
    """A case that began from a care need is over; `cause` as in ApplicationClosed."""

    need: str
    application: int
    subject: str
    area: str
    item: str
    person: int
    cause: str
