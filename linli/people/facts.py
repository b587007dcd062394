"""What people tells the house: ids, area codes, dates and kinds; never a name, number or address."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PersonRegistered:
    """Somebody is known for the first time; `how` is register, birth, tenant or import."""

    person: int
    area: str
    household: int | None = None
    how: str = "register"


@dataclass(frozen=True)
class PersonMoved:
    """Somebody lives elsewhere now; an empty area is outside the county, or not known."""

    person: int
    area: str
    before: str
    household: int | None = None
    on: str = ""


@dataclass(frozen=True)
class PersonDied:
    """A death was registered, or (`undone`) the registration was taken back."""

    person: int
    area: str
    on: str
    undone: bool = False


@dataclass(frozen=True)
class AgeReached:
    """Somebody has completed `age` years; told once a person and age (data/ages.yaml)."""

    person: int
    area: str
    age: int
    on: str


@dataclass(frozen=True)
class TieChanged:
    """A tie of `person` was made, changed or ended."""

    tie: int
    person: int
    kind: str
    area: str
    active: bool = True


@dataclass(frozen=True)
class ConsentWithdrawn:
    """A consent no longer holds."""

    consent: int
    person: int
    purpose: str
    area: str


@dataclass(frozen=True)
class PersonForgotten:
    """Somebody's time of keeping is over; `how`: anonymised (the id stays for a while) or deleted."""

    person: int
    area: str
    how: str = "anonymised"
