"""What dispatch tells the house: every fact with order, kind, subject, unit, area, mode."""

from dataclasses import dataclass


@dataclass(frozen=True)
class _Order:
    order: int
    kind: str
    subject: str
    unit: str
    area: str
    mode: str
    urgency: str = "routine"
    role: str = "lead"


@dataclass(frozen=True)
class OrderRaised(_Order): ...


@dataclass(frozen=True)
class OrderDispatched(_Order): ...


@dataclass(frozen=True)
class OrderAccepted(_Order): ...


@dataclass(frozen=True)
class OrderArrived(_Order): ...


@dataclass(frozen=True)
class OrderReturned(_Order):
    returns: int = 1


@dataclass(frozen=True)
class OrderRuled(_Order): ...


@dataclass(frozen=True)
class OrderReassigned(_Order): ...


@dataclass(frozen=True)
class OrderEscalated(_Order):
    stage: str = ""
    rung: int = 0
    act: str = ""


@dataclass(frozen=True)
class OrderHandled(_Order): ...


@dataclass(frozen=True)
class OrderVerified(_Order): ...


@dataclass(frozen=True)
class OrderReworked(_Order): ...


@dataclass(frozen=True)
class OrderOverdue(_Order):
    stage: str = ""


@dataclass(frozen=True)
class OrderCancelled(_Order): ...


@dataclass(frozen=True)
class OrderRecalled(_Order):
    """收回 by a dispatcher: the order waits for another unit."""


@dataclass(frozen=True)
class OrderExtended(_Order):
    """延期 was approved; `due_at` (ISO) is the new end of the running stage."""

    due_at: str = ""


@dataclass(frozen=True)
class OrderSuspended(_Order):
    """缓办 was approved: the clock stands from `since` until resumed, at the latest at `review` (ISO)."""

    ground: str = ""
    since: str = ""
    review: str = ""


@dataclass(frozen=True)
class OrderResumed(_Order):
    """The clock that stood from `since` to `until` (ISO) runs again."""

    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class OrderRated(_Order):
    resolved: bool = True
    stars: int = 5
