"""What incidents tells the house."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportReceived:
    report: int
    incident: int
    subject: str
    area: str
    channel: str
    followed: bool = False


@dataclass(frozen=True)
class _Incident:
    incident: int
    subject: str
    area: str
    class_code: str
    urgency: str
    state: str
    unit: str = ""


@dataclass(frozen=True)
class IncidentFiled(_Incident): ...


@dataclass(frozen=True)
class IncidentMerged(_Incident):
    into: int = 0


@dataclass(frozen=True)
class IncidentUnmerged(_Incident):
    out_of: int = 0


@dataclass(frozen=True)
class IncidentChanged(_Incident):
    """Declined, confirming, checking, void: a step neighbours need not act on, but reporters and boards hear of."""

    action: str = ""


@dataclass(frozen=True)
class IncidentClosed(_Incident):
    cause: str = ""


@dataclass(frozen=True)
class IncidentReopened(_Incident):
    round: int = 2


@dataclass(frozen=True)
class IncidentReferred(_Incident):
    room: str = ""
    reason: str = ""
    text: str = ""


@dataclass(frozen=True)
class ClassCorrected:
    incident: int
    subject: str
    area: str
    before: str
    after: str
