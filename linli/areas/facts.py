"""What areas tells the house."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BoundaryChanged:
    """Boundaries below `area` changed; `run` is the import that did it."""

    area: str
    run: str = ""


@dataclass(frozen=True)
class GridWorkerChanged:
    """A grid has another keeper; None where the post is now empty."""

    grid: str
    post: str
    account: int | None
    before: int | None


@dataclass(frozen=True)
class UnitChanged:
    """A unit was created, renamed, closed or got another head."""

    unit: str
    active: bool
