"""Classes: an administrator's, versioned; what was published stays readable."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from linli.dispatch.models import URGENCIES
from linli.incidents import catalogue
from linli.incidents.models import IncidentClass
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.deadlines.rules import Limit, LimitError
from linli.kernel.ledger.actions import record

STATUS = {"cited": "有出处", "known": "通行做法", "to_confirm": "待核实"}
CODE, LARGE = re.compile(r"[a-z]{2,8}\.[a-z0-9_]{2,39}"), re.compile(r"[a-z]{2,8}")
TEXTS = {"name": 64, "large_name": 64, "domain": 32, "filing": 500, "closing": 500, "source": 200}
WORDS = {
    "name": "小类名称", "large_name": "大类名称", "domain": "领域", "filing": "立案条件", "closing": "结案条件",
    "source": "依据", "kind": "部件或事件", "urgency": "紧急程度", "check_mode": "核查方式", "status": "依据状态",
}  # fmt: skip
LISTS = {  # most entries, longest, what
    "questions": (10, 60, "提问"), "danger_words": (40, 20, "危险词"), "examples": (200, 200, "例句"),
}  # fmt: skip
MOST_MILESTONES = 8
LOCK = 0x6C636174  # one editor of the catalogue at a time: versions never collide
PLAIN: dict[str, Any] = {
    "name": "", "large": "", "large_name": "", "kind": "happening", "domain": "", "urgency": "routine", "filing": "",
    "closing": "", "milestones": [], "questions": [], "check_mode": "photo", "skip_confirm": False, "private": False,
    "danger_words": [], "examples": [], "gb_code": None, "source": "", "status": "to_confirm",
}  # fmt: skip
Wrong = dict[str, list[str]]


def alone() -> None:
    """Until the transaction ends nobody else changes classes or rules."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


@transaction.atomic
def publish_class(*, by: Actor, code: str, **fields: Any) -> IncidentClass:
    """The next version of a small class, in force from now; the former one stays, inactive. Cases keep theirs.

    `fields`: any of `PLAIN`; what is not given stays as in the last version. The same content again: no change.
    Raises Refused 422 naming every wrong field, TypeError for a field that does not exist.
    """
    require(by, "incidents.classes", area=settings.LINLI_COUNTY)
    if unknown := fields.keys() - PLAIN.keys():
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")
    alone()
    last = IncidentClass.objects.filter(code=code).order_by("-version").first()
    former = {name: getattr(last, name) for name in PLAIN} if last else PLAIN
    said = {**former, **{name: _tidy(value) for name, value in fields.items()}}
    said["gb_code"] = said["gb_code"] or None
    if wrong := wrong_class(code, said):
        raise Refused("类别有误", code="wrong_class", fields=wrong)
    if last and last.active and said == former:
        return last
    IncidentClass.objects.filter(code=code, active=True).update(active=False)
    row = IncidentClass.objects.create(code=code, version=last.version + 1 if last else 1, **said)
    noted = {
        "code": code,
        "version": row.version,
        "name": row.name,
        "urgency": row.urgency,
        "status": row.status,
    }
    record(subject=f"incidents.class:{row.pk}", verb="publish", by=by, fields=noted)
    transaction.on_commit(catalogue.classes.forget)
    return row


@transaction.atomic
def retire_class(*, by: Actor, code: str, why: str) -> IncidentClass:
    """No new case gets this class; cases and corrections of it stay. Publishing it again brings it back."""
    require(by, "incidents.classes", area=settings.LINLI_COUNTY)
    if not why.strip():
        raise Refused("请写明停用的理由", code="missing", fields={"why": ["请写明停用的理由"]})
    alone()
    row = IncidentClass.objects.filter(code=code, active=True).first()
    if row is None:
        raise Refused("没有这个类别，或者它已停用。", code="no_class", status=404)
    if IncidentClass.objects.filter(active=True).count() == 1:
        raise Refused("这是最后一个在用的类别，不能停用。", code="last_class")
    row.active = False
    row.save(update_fields=["active"])
    fields = {"code": code, "version": row.version, "why": why.strip()}
    record(subject=f"incidents.class:{row.pk}", verb="retire", by=by, fields=fields)
    transaction.on_commit(catalogue.classes.forget)
    return row


def _tidy(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def wrong_class(code: str, said: Mapping[str, Any]) -> Wrong:
    """Every defect of a class by field. `said`: all fields of `PLAIN`."""
    wrong: Wrong = {}
    if not CODE.fullmatch(code):
        wrong["code"] = ["代码写成“大类.小类”，用小写字母、数字和下划线，例如 sr.litter"]
    for name, most in TEXTS.items():
        if len(said[name]) > most:
            wrong[name] = [f"{WORDS[name]}最多 {most} 字"]
    for name in ("name", "large_name", "domain"):
        if not said[name]:
            wrong[name] = [f"请填写{WORDS[name]}"]
    options = {
        "kind": {"part", "happening"}, "urgency": {key for key, _ in URGENCIES}, "check_mode": {"spot", "photo", "reporter"},
        "status": STATUS.keys(),
    }  # fmt: skip
    wrong |= {name: [f"请选择{WORDS[name]}"] for name, known in options.items() if said[name] not in known}
    if said["status"] == "cited" and not said["source"]:
        wrong["source"] = ["状态为“有出处”时请写明依据，例如文件名称和文号"]
    if said["gb_code"] and not re.fullmatch(r"[0-9A-Za-z.-]{1,16}", said["gb_code"]):
        wrong["gb_code"] = ["国标代码用数字、字母、点和短横，最多 16 位"]
    return {**wrong, **_wrong_lists(said), **_wrong_names(code, said)}


def _wrong_lists(said: Mapping[str, Any]) -> Wrong:
    wrong: Wrong = {}
    for name, (most, longest, what) in LISTS.items():
        if len(said[name]) > most:
            wrong[name] = [f"{what}最多 {most} 条"]
        elif long := [one for one in said[name] if not one.strip() or len(one) > longest]:
            wrong[name] = [f"{what}“{long[0][:20]}”应为 1 至 {longest} 字"]
    faults = [fault for step in said["milestones"] for fault in _wrong_step(step)]
    if len(said["milestones"]) > MOST_MILESTONES:
        faults.append(f"处置阶段最多 {MOST_MILESTONES} 个")
    if faults:
        wrong["milestones"] = faults
    return wrong


def _wrong_step(step: Mapping[str, str]) -> list[str]:
    name = step.get("name", "")
    if not name or len(name) > 32:
        return ["每个处置阶段要有名称，最多 32 字，例如“清运 1 wd”"]
    try:
        Limit.parse(step.get("limit", ""))
    except LimitError as why:
        return [f"{name}：{why}"]
    return []


def _wrong_names(code: str, said: Mapping[str, Any]) -> Wrong:
    """A reporter's word must name one class only, and a large class has one name."""
    wrong: Wrong = {}
    others = IncidentClass.objects.filter(active=True).exclude(code=code)
    if said["name"] and (twin := others.filter(name=said["name"]).first()):
        wrong["name"] = [f"已有同名小类 {twin.code}，请换一个名称"]
    if not LARGE.fullmatch(said["large"]):
        wrong["large"] = ["大类代码用 2 至 8 个小写字母，例如 sr"]
    elif not code.startswith(f"{said['large']}."):
        wrong["large"] = [f"小类代码应以大类代码开头，例如 {said['large']}.litter"]
    named = others.filter(large=said["large"]).exclude(large_name=said["large_name"]).first()
    if named and said["large_name"]:
        wrong["large_name"] = [f"大类 {said['large']} 已叫“{named.large_name}”，请沿用这个名称"]
    return wrong
