"""What may happen to an application, and who is asked about it. Pure; items, limits and offices are data."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from linli.kernel import Refused
from linli.onestop.catalogue import Definition, Material
from linli.onestop.conditions import Household, holds

MOVES: dict[str, dict[str, str]] = {
    "draft": {"save": "draft", "submit": "submitted", "withdraw": "withdrawn", "end": "ended"},
    "submitted": {
        "accept": "accepted",
        "ask_supplement": "supplement",
        "decline": "declined",
        "fill": "submitted",
        "transfer": "submitted",
        "withdraw": "withdrawn",
        "end": "ended",
    },
    "supplement": {
        "answer_supplement": "submitted",
        "fill": "supplement",
        "lapse": "lapsed",
        "withdraw": "withdrawn",
        "end": "ended",
    },
    "accepted": {
        "do_task": "accepted",
        "return": "accepted",
        "transfer": "accepted",
        "extend": "accepted",
        "fill": "accepted",
        "publish": "accepted",
        "rule": "accepted",
        "note_facts": "accepted",
        "ask_more": "accepted",
        "answer_more": "accepted",
        "approve": "approved",
        "refuse": "refused",
        "refer": "closed",
        "withdraw": "withdrawn",
        "end": "ended",
    },
    "approved": {"do_task": "approved", "transfer": "approved", "close": "closed", "end": "ended"},
    "refused": {"deliver": "refused"},
    "declined": {"deliver": "declined"},
    "lapsed": {},
    "withdrawn": {},
    "ended": {},
    "closed": {},
}
WORDS = {
    "save": "保存",
    "submit": "提交",
    "accept": "受理",
    "ask_supplement": "一次性告知补正",
    "answer_supplement": "补正",
    "decline": "不予受理",
    "lapse": "按逾期未补正处理",
    "fill": "补交材料",
    "do_task": "办理",
    "return": "退回",
    "transfer": "转办",
    "extend": "延长时限",
    "publish": "公示",
    "rule": "处理异议",
    "note_facts": "登记新情况",
    "approve": "审核确认",
    "refuse": "不予确认",
    "refer": "移交",
    "deliver": "送达",
    "close": "办结",
    "withdraw": "撤件",
    "end": "终止",
    "urge": "催办",
    "review": "评价",
    "record_kin": "登记回避",
    "begin_publicity": "公示起算",
    "end_publicity": "公示期满",
    "reopen_publicity": "公示撤回，重新发起",
    "report": "收到反映",
    "ask_more": "请补充材料",
    "answer_more": "补充材料",
    "sign_member": "家人签署授权",
    "refuse_member": "家人不同意授权",
    "withdraw_member": "授权撤回",
}
STATE_WORDS = {
    "draft": "草稿",
    "submitted": "待受理",
    "supplement": "待补正",
    "accepted": "办理中",
    "approved": "已确认",
    "refused": "不予确认",
    "declined": "不予受理",
    "lapsed": "逾期未补正",
    "withdrawn": "已撤件",
    "ended": "已终止",
    "closed": "已办结",
}
OPEN = ("submitted", "supplement", "accepted", "approved")
MET = ("met", "shared", "committed", "waived")  # a checklist line that needs nothing more
REMEDY = "如不服本决定，可自收到之日起 60 日内申请行政复议，或在 6 个月内提起行政诉讼。"  # 行政复议法、行政诉讼法 46
WORKING_AGE = (16, 59)  # to_confirm


def next_state(state: str, action: str) -> str:
    """Raises Refused 409 in the words of the room when the application has moved on."""
    after = MOVES.get(state, {}).get(action)
    if after is None:
        raise Refused(
            f"办件现在是“{STATE_WORDS.get(state, state)}”，不能{WORDS.get(action, action)}。请刷新后再看。",
            code="moved_on",
            status=409,
        )
    return after


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the checklist as it stands: what way it is to be had, and whether it is there."""

    code: str
    way: str  # share | submit | form | commit
    state: str  # waiting | met | shared | committed | tolerated | waived | failed | missing


def materials_needed(definition: Definition, household: Household) -> tuple[Material, ...]:
    """The checklist of this household: always needed, those whose `when` holds, and every choice of a group."""
    return tuple(m for m in definition.materials if holds(m.when, household))


def missing_materials(
    definition: Definition, household: Household, lines: Mapping[str, Line], *, tolerate: bool = False
) -> list[str]:
    """Names of all materials still wanting, in the order of the list; one line for a group of which none is there.

    `tolerate` leaves out what may follow within its `tolerable_days` (容缺受理).
    """
    found: list[str] = []
    groups: dict[str, list[Material]] = {}
    for one in materials_needed(definition, household):
        if one.one_of:
            groups.setdefault(one.one_of, []).append(one)
        elif not (_there(lines.get(one.code)) or (tolerate and one.tolerable_days)):
            found.append(one.name)
    for choices in groups.values():
        if not any(_there(lines.get(one.code)) for one in choices):
            found.append("、".join(one.name for one in choices) + "（任选一项）")
    return found


def _there(line: Line | None) -> bool:
    return line is not None and line.state in MET


@dataclass(frozen=True, slots=True)
class Checked:
    """The seed's answer to a set of documents."""

    complete: bool
    missing: tuple[str, ...]

    @property
    def message(self) -> str:
        return "" if self.complete else f"材料不完整：缺少{'、'.join(self.missing)}"


def validate_documents(
    definition: Definition,
    household: Household,
    documents: Mapping[str, Any] | Sequence[str],
    shared: Sequence[str] = (),
) -> Checked:
    """Which materials are wanting when `documents` (names or codes) were handed in and `shared` codes were obtained.

    A form line counts as handed in by filling it in; everything missing is told at once.
    """
    given = {name for name in documents if not isinstance(documents, Mapping) or documents[name]}
    lines = {
        one.code: Line(one.code, one.obtain, "met")
        for one in definition.materials
        if one.code in given or one.name in given or one.code in shared
    }
    missing = tuple(missing_materials(definition, household, lines))
    return Checked(not missing, missing)


def distribute_to_departments(definition: Definition, household: Household) -> tuple[str, ...]:
    """The lead department, always, then those the household's facts call to assist. Never empty."""
    asked = [one.dept for one in definition.assists if holds(one.when, household)]
    return tuple(dict.fromkeys([definition.lead, *asked]))


def facts_of_person(born: date | None, today: date, age: int | None) -> dict[str, Any]:
    """What a birth date says about a member; nothing when it is not known."""
    if born is None or age is None:
        return {}
    return {"age": age, "working_age": WORKING_AGE[0] <= age <= WORKING_AGE[1]}


def case_facts(applicant: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of the case that follow from its applicant."""
    age = applicant.get("age")
    return {**applicant, **({"applicant_is_minor": age < 18, "age_reaches": age} if age is not None else {})}


def findings_unanswered(asked: Sequence[str], answers: Mapping[str, str]) -> list[str]:
    """Findings a decision has to answer and does not."""
    return [one for one in asked if not answers.get(one, "").strip()]


def refusal_faults(reason: str, basis: str, unconfirmed: Collection[str]) -> dict[str, list[str]]:
    """A refusal says why and by what rule; what nobody has confirmed can be neither (onestop.md section 4)."""
    wrong: dict[str, list[str]] = {}
    if len(reason.strip()) < 4:
        wrong["reason"] = ["请写明理由：依据哪条规定、哪项事实不符"]
    if not basis.strip():
        wrong["basis"] = ["请写明依据的文件名称、文号和条款"]
    elif basis.strip() in unconfirmed:
        wrong["basis"] = ["这项规定尚待核实，不能作为理由；请引用已核实的文件和条款"]
    return wrong
