"""What /api/v1/onestop takes: the bodies of its calls. Everything wrong is named by field, all at once."""

from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import StringConstraints

Id = Annotated[int, Field(ge=1, le=2**53)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,16}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Short = Annotated[str, StringConstraints(max_length=200)]
Long = Annotated[str, StringConstraints(max_length=4000)]
Facts = dict[Name, bool | int | Short]
Papers = dict[Code, Annotated[list[Id], Field(max_length=20)]]


class DraftIn(Schema):
    """Every part left out stays as it was."""

    form: dict[Name, Any] | None = None
    facts: Facts | None = None
    members: dict[Id, Facts] | None = Field(None, description="人员编号：relation 与各项事实")
    papers: Papers | None = Field(None, description="材料代码：文件编号（先经 /api/v1/files 上传）")
    commit: Annotated[list[Code], Field(max_length=40)] = []


class NewDraftIn(DraftIn):
    client_uuid: UUID = Field(description="同一编号重发，得到第一次的答复")
    item: Code
    person: Id | None = Field(None, description="申请人；不写为本人")
    authority: Short = Field("", description="代他人申请的依据")
    channel: Literal["self", "window", "helper", "kiosk"] = "self"
    lon: float | None = Field(None, ge=73, le=136)
    lat: float | None = Field(None, ge=3, le=54)


class GoOnIn(DraftIn):
    base_version: int | None = None


class SignIn(Schema):
    declared: bool = Field(description="承诺所填内容和所交材料属实")
    authorised: bool = Field(description="授权向有关单位核对本人信息")


class SubmitIn(Schema):
    signed: bool
    despite_missing: bool = False
    base_version: int | None = None


class PapersIn(Schema):
    papers: Papers


class ReasonIn(Schema):
    reason: Long


class AcceptIn(Schema):
    tolerate: Annotated[list[Code], Field(max_length=40)] = Field([], description="容缺受理的材料")
    base_version: int | None = None


class SupplementIn(Schema):
    defects: Annotated[list[Short], Field(max_length=40)] = []


class DeclineIn(Schema):
    reason: Long
    basis: Short
    right_place: Short


class SurveyIn(Schema):
    second: Id = Field(description="另一名调查人员的账号")
    answers: dict[Name, Short]
    place: Short = ""
    photos: Annotated[list[Id], Field(max_length=20)] = []
    signed: bool = False
    remote: Short = ""


class DoIn(Schema):
    opinion: Literal["agree", "disagree"] = "agree"
    finding: Long = ""
    reason: Long = ""
    files: Annotated[list[Id], Field(max_length=20)] = []
    survey: SurveyIn | None = None


class CountersignIn(Schema):
    objection: Short = ""


class ReturnIn(Schema):
    to: Name = Field(description="退回到哪一步")
    reason: Long


class TransferIn(Schema):
    to: Id = Field(description="接办人的账号")
    reason: Long


class ApproveIn(Schema):
    fen: Annotated[int, Field(ge=0, le=10**12)] | None = None
    answers: dict[Name, Short] = Field(default_factory=dict, description="对各部门意见的回应")
    reason: Long = ""


class RefuseIn(Schema):
    reason: Long
    basis: Short
    ground: Literal["means", "other"] = Field("other", description="means：以收入计算表为依据")
    answers: dict[Name, Short] = Field(default_factory=dict)


class PhoneIn(Schema):
    phone: Annotated[str, StringConstraints(max_length=32)]


class TrackIn(PhoneIn):
    number: Annotated[str, StringConstraints(max_length=40)] = Field(description="办件编号")
    code: Annotated[str, StringConstraints(max_length=12)] = Field(description="短信验证码")
