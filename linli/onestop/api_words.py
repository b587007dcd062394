"""What /api/v1/onestop answers: the shapes of its OpenAPI document. Money is integer fen, times ISO 8601."""

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema

Light = Literal["", "red", "yellow", "green"]

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reasons"],
                "properties": {
                    "field": {"type": "string"},
                    "reasons": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}
WHY = {
    400: "内容不是 JSON",
    401: "令牌缺失或无效",
    403: "无权办理，或应当回避",
    404: "没有，或无权查看",
    409: "已有变化，或同一编号内容不同",
    413: "内容过大",
    422: "内容有误，逐项写明",
    429: "太频繁，见 Retry-After",
}
READ = (401, 403, 404, 413, 422)
ACT = (400, 401, 403, 404, 409, 413, 422)


def refuses(*statuses: int) -> dict[str, Any]:
    """The refusals of an operation for the document."""
    problem = {"application/problem+json": {"schema": PROBLEM}}
    return {"responses": {status: {"description": WHY[status], "content": problem} for status in statuses}}


class LimitsOut(Schema):
    """Both limits, always: 承诺 7 个工作日（不含公示 7 天），预计 2 月 27 日."""

    promised: str
    statutory: str
    expected: datetime | None
    statutory_due: datetime | None
    light: Light
    paused: str
    provisional: bool


class ItemOut(Schema):
    code: str
    name: str
    version: int
    category: str
    life: str
    kind: str
    lead_department: str


class ItemsOut(Schema):
    items: list[ItemOut]


class MaterialOut(Schema):
    """`way`: share (the system asks), submit, form, commit. `when`: a condition in JSON, null when always needed."""

    code: str
    name: str
    way: str
    source: str
    when: dict[str, Any] | None
    when_words: str
    one_of: str
    tolerable_days: int


class StageOut(Schema):
    name: str
    who: str
    when: str


class BasisOut(Schema):
    title: str
    number: str
    articles: str
    to_confirm: bool


class GuideOut(ItemOut):
    applicants: str
    one_open_per: str
    promised: str
    promised_to_confirm: bool
    statutory: str
    statutory_to_confirm: bool
    materials: list[MaterialOut]
    facts: dict[str, str] = Field(description="可告知的事实：名称与含义")
    stages: list[list[StageOut]]
    publicity: str
    pays: bool
    basis: list[BasisOut]


class CaseOut(Schema):
    id: int
    number: str
    item: str
    item_name: str
    state: str
    state_name: str
    applicant: str
    area: str
    area_name: str
    unit: str
    unit_name: str
    round: int
    submitted_at: datetime | None
    accepted_at: datetime | None
    decided_at: datetime | None
    closed_at: datetime | None
    promised_due: datetime | None
    statutory_due: datetime | None
    version: int


class CasesOut(Schema):
    items: list[CaseOut]
    next: str | None


class MemberOut(Schema):
    person: int
    name: str
    relation: str
    facts: dict[str, Any]
    authorised: bool


class SlotOut(Schema):
    material: str
    name: str
    way: str
    state: str
    words: str
    files: list[int]
    due_at: datetime | None


class LineOut(Schema):
    """A step of the way; no names of officials."""

    name: str
    unit: str
    state: str
    round: int | None
    opened_at: datetime | None
    due_at: datetime | None
    done_at: datetime | None


class NoticeOut(Schema):
    id: int
    kind: str
    defects: list[str]
    reason: str
    basis: str
    remedy: str
    right_place: str
    due_at: datetime
    made_at: datetime
    delivered_at: datetime | None


class DecisionOut(Schema):
    outcome: str
    fen: int | None
    reason: str
    basis: str
    findings: dict[str, str]
    at: datetime


class StepOut(Schema):
    at: datetime
    what: str
    who: str
    reason: str


class CaseWholeOut(CaseOut):
    """`form` and `code` only for the applicant's side."""

    limits: LimitsOut
    form: dict[str, Any]
    facts: dict[str, Any]
    members: list[MemberOut]
    checklist: list[SlotOut]
    progress: list[LineOut]
    to_do: list[str]
    notices: list[NoticeOut]
    decision: DecisionOut | None
    timeline: list[StepOut]


class ReceiptOut(Schema):
    number: str
    item_name: str
    applicant: str
    unit_name: str
    submitted_at: datetime
    limits: LimitsOut
    checklist: list[SlotOut]
    address: str = Field(description="进度页地址，即回执二维码的内容")


class ProgressOut(Schema):
    number: str
    item_name: str
    state: str
    state_name: str
    limits: LimitsOut
    progress: list[LineOut]
    to_do: list[str]


class DraftOut(Schema):
    """`code`: ten characters by which the draft is gone on with elsewhere."""

    case: int
    code: str
    repeated: bool


class LookupOut(Schema):
    id: int
    material: str
    member: str
    source: str
    purpose: str
    state: str
    result: str
    requested_at: datetime
    answered_at: datetime | None


class FailedOut(Schema):
    case: int
    number: str
    item_name: str
    material: str
    name: str
    since: datetime


class FailedsOut(Schema):
    items: list[FailedOut]
    next: str | None


class TaskOut(Schema):
    id: int
    case: int
    number: str
    item_name: str
    step: str
    branch: str
    name: str
    kind: str
    round: int
    unit: str
    unit_name: str
    holder: int | None
    holder_name: str
    state: str
    opened_at: datetime
    due_at: datetime
    done_at: datetime | None
    light: Light
    urged: int
    binding: str
    min_people: int
    opinion: str
    finding: str
    reason: str


class TasksOut(Schema):
    items: list[TaskOut]
    next: str | None


class SentOut(Schema):
    phone: str


CaseState = Literal["submitted", "supplement", "accepted", "approved", "refused", "declined", "lapsed", "withdrawn", "ended", "closed"]  # fmt: skip
