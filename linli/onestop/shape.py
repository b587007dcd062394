"""What is wrong with a definition before it can even be parsed: fields, types, names, all told at once. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from linli.onestop import conditions
from linli.onestop.catalogue import NATIONAL
from linli.onestop.glossary import ROOMS, Glossary

Faults = list[tuple[str, str]]  # (path, what is wrong and the remedy)
ITEM_KEYS = {
    "code", "name_zh", "name_en", "category", "task_type", "kind", "lead_department", "applicants_zh", "one_open_per",
    "materials", "statutory_limit", "promised_limit", "extended_limit", "delegated_limit", "fast_limit", "steps",
    "assists", "publicity", "refusal_notice", "payout", "recheck", "phase_out_months_max", "death_recheck_months",
    "validity_months", "stop", "care_reassess", "delegable_to_town", "skip_steps", "proactive", "works_with", "fee_fen",
    "fees", "basis", "provenance", "note_zh", "form_fields", *NATIONAL,
}  # fmt: skip
REQUIRED = (
    "code", "name_zh", "category", "kind", "lead_department", "statutory_limit", "promised_limit", "steps",
    "publicity", "provenance",
)  # fmt: skip
STEP_KEYS = {
    "key", "name_zh", "kind", "role", "actor_zh", "cause", "when", "parallel", "join", "min_people", "limit",
    "promised", "start_within", "article", "spot_check_ratio",
}  # fmt: skip
MATERIAL_KEYS = {
    "code", "name_zh", "obtain", "source", "core", "need", "tolerable_days", "sample", "necessity", "channel",
}  # fmt: skip
TERM_KEYS = {"days", "unit", "excludes", "when", "reasons_zh", "status", "via", "article"}
PUBLICITY_KEYS = {
    "mode", "days", "unit", "fields", "on_objection", "republish", "redo_days", "modes_when",
}  # fmt: skip
ASSIST_KEYS = {"dept", "purpose_zh", "stage", "binding", "when"}
FIELD_KEYS = {"key", "label_zh", "kind", "required", "options", "help_zh"}
FIELD_KINDS = ("text", "long", "number", "day", "choice")
KINDS = ("承诺件", "即办件")
OBTAIN = ("share", "submit", "form", "commit")
MODES = ("required", "none", "forbidden")
PAYOUTS = ("none", "monthly", "yearly", "one_off", "settle_with_provider", "in_kind")
UNITS = ("working_day", "calendar_day")
STATUS = ("cited", "known", "to_confirm")


def faults(raw: object, glossary: Glossary) -> Faults:
    """Every defect of shape and every unknown name, as (path, sentence); empty for a definition `parse` can read."""
    if not isinstance(raw, Mapping):
        return [("", "事项应是一组字段")]
    found: Faults = [(name, "请填写这一项") for name in REQUIRED if raw.get(name) in (None, "", [], {})]
    found += _unknown("", raw, ITEM_KEYS)
    if found:
        return found
    for check in (_head, _terms, _materials, _fields, _steps, _assists, _publicity, _rest):
        found += _guarded(check, raw, glossary)
    return found


def _guarded(check: Callable[..., Iterator[tuple[str, str]]], raw: Mapping, glossary: Glossary) -> Faults:
    """A value of another type than the check expects is itself a defect, never a crash."""
    try:
        return list(check(raw, glossary))
    except (TypeError, KeyError, AttributeError, ValueError):
        return [(check.__name__.strip("_"), "这一部分的写法不对，请对照样例改正")]


def _unknown(path: str, raw: Mapping[str, Any], known: set[str]) -> Faults:
    return [(f"{path}.{key}".strip("."), "没有这个字段，请改正或删去") for key in raw if key not in known]


def _one_of(path: str, value: object, allowed: Sequence[str] | Mapping[str, Any]) -> Faults:
    if isinstance(value, str) and value in allowed:
        return []
    return [(path, f"“{value}”不在可用的写法之内：{'、'.join(list(allowed)[:12])}")]


def _when(path: str, raw: Mapping[str, Any], glossary: Glossary) -> Faults:
    if "when" not in raw:
        return []
    return [(f"{path}.when", said) for said in conditions.faults(raw["when"], glossary.facts)]


def _head(raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    yield from _one_of("category", raw["category"], glossary.categories)
    yield from _one_of("kind", raw["kind"], KINDS)
    yield from _one_of("lead_department", raw["lead_department"], glossary.departments)
    if not isinstance(raw["code"], str) or not raw["code"].startswith(f"{raw['category']}-"):
        yield "code", "事项代码应以类别开头，例如 MZ-001"
    if "one_open_per" in raw:
        yield from _one_of("one_open_per", raw["one_open_per"], ("household", "person", "none"))
    for name in ("name_zh", "name_en", "note_zh", *NATIONAL):
        if name in raw and not isinstance(raw[name], str | int):
            yield name, "应是文字"


def _term(path: str, raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    yield from _unknown(path, raw, TERM_KEYS)
    if not isinstance(raw.get("days"), int) or not 0 <= raw["days"] <= 730:
        yield f"{path}.days", "天数应是 0 到 730 之间的整数"
    yield from _one_of(f"{path}.unit", raw.get("unit", "working_day"), UNITS)
    for cause in raw.get("excludes", ()):
        yield from _one_of(f"{path}.excludes", cause, glossary.causes)
    yield from _when(path, raw, glossary)


def _terms(raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    for name in (
        "statutory_limit",
        "promised_limit",
        "extended_limit",
        "delegated_limit",
        "fast_limit",
        "refusal_notice",
    ):
        if name in raw:
            yield from _term(name, raw[name], glossary)
    if raw["statutory_limit"].get("days") == 0:
        yield "statutory_limit.days", "法定时限不能是 0 天"


def _materials(raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for place, row in enumerate(raw.get("materials", ()), 1):
        path = f"materials[{place}]"
        yield from _unknown(path, row, MATERIAL_KEYS)
        yield from _one_of(f"{path}.obtain", row.get("obtain"), OBTAIN)
        if not row.get("name_zh"):
            yield f"{path}.name_zh", "请填写材料名称"
        if row["code"] in seen:
            yield f"{path}.code", f"材料代码“{row['code']}”重复"
        seen.add(row["code"])
        if row.get("obtain") == "share" and not row.get("source"):
            yield f"{path}.source", "共享取得的材料须写明来源"
        need = row.get("need", {})
        yield from _unknown(f"{path}.need", need, {"when", "one_of"})
        yield from _when(f"{path}.need", need, glossary)


def _fields(raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for place, row in enumerate(raw.get("form_fields", ()), 1):
        path = f"form_fields[{place}]"
        yield from _unknown(path, row, FIELD_KEYS)
        yield from _one_of(f"{path}.kind", row.get("kind", "text"), FIELD_KINDS)
        if not row.get("label_zh"):
            yield f"{path}.label_zh", "请填写这一项问什么"
        if row["key"] in seen or row.get("label_zh") in seen:
            yield f"{path}.key", f"填写项“{row.get('label_zh')}”重复"
        seen |= {row["key"], row.get("label_zh", "")}
        if row.get("kind") == "choice" and not row.get("options"):
            yield f"{path}.options", "选择题须列出可选的答案"


def _steps(raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    groups: list[str] = []
    for place, row in enumerate(raw["steps"], 1):
        path = f"steps[{place}]"
        yield from _unknown(path, row, STEP_KEYS)
        yield from _one_of(f"{path}.kind", row.get("kind"), glossary.step_kinds)
        if row.get("role") != "lead":
            yield from _one_of(f"{path}.role", row.get("role"), glossary.posts)
        if row["key"] in seen:
            yield f"{path}.key", f"步骤“{row['key']}”重复"
        seen.add(row["key"])
        if "cause" in row:
            yield from _one_of(f"{path}.cause", row["cause"], glossary.causes)
        for name in ("limit", "promised", "start_within"):
            if name in row:
                yield from _term(f"{path}.{name}", row[name], glossary)
        yield from _when(path, row, glossary)
        join = row.get("join", "all")
        if join not in ("all", "any") and not (isinstance(join, int) and join >= 1):
            yield f"{path}.join", "会签方式应是 all、any 或至少几家的整数"
        if not isinstance(row.get("min_people", 1), int) or not 1 <= row.get("min_people", 1) <= 9:
            yield f"{path}.min_people", "人数应是 1 到 9 之间的整数"
        group = row.get("parallel", "")
        if group and group in groups and groups[-1] != group:
            yield f"{path}.parallel", f"并行组“{group}”的步骤应当相邻"
        if group in seen:
            yield f"{path}.parallel", f"并行组“{group}”与步骤重名"
        groups.append(group)


def _assists(raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    names = {row["key"] for row in raw["steps"]} | {row.get("parallel", "") for row in raw["steps"]} - {""}
    seen: set[tuple[str, str]] = set()
    for place, row in enumerate(raw.get("assists", ()), 1):
        path = f"assists[{place}]"
        yield from _unknown(path, row, ASSIST_KEYS)
        yield from _one_of(f"{path}.dept", row.get("dept"), glossary.departments)
        yield from _one_of(f"{path}.binding", row.get("binding", "fact"), ("fact", "opinion"))
        if not row.get("purpose_zh"):
            yield f"{path}.purpose_zh", "请写明请该部门核什么"
        if row.get("stage") not in names:
            yield f"{path}.stage", f"没有步骤或并行组“{row.get('stage')}”"
        if (row["dept"], row["stage"]) in seen:
            yield f"{path}.dept", f"同一阶段重复请{row['dept']}协办，请合为一条"
        seen.add((row["dept"], row["stage"]))
        yield from _when(path, row, glossary)


def _publicity(raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    row = raw["publicity"]
    yield from _unknown("publicity", row, PUBLICITY_KEYS)
    yield from _one_of("publicity.mode", row.get("mode"), MODES)
    for place, part in enumerate(row.get("modes_when", ()), 1):
        yield from _one_of(f"publicity.modes_when[{place}].mode", part.get("mode"), MODES)
        yield from _when(f"publicity.modes_when[{place}]", {"when": part.get("when")}, glossary)
    if "days" in row and not (isinstance(row["days"], int) and 1 <= row["days"] <= 90):
        yield "publicity.days", "公示天数应是 1 到 90 之间的整数"
    yield from _one_of("publicity.unit", row.get("unit", "calendar_day"), UNITS)


def _rest(raw: Mapping[str, Any], glossary: Glossary) -> Iterator[tuple[str, str]]:
    payout = raw.get("payout", {"kind": "none"})
    yield from _one_of("payout.kind", payout.get("kind"), PAYOUTS)
    if "start" in payout:
        yield from _one_of("payout.start", payout["start"], glossary.payout_starts)
    for place, row in enumerate(raw.get("basis", ()), 1):
        yield from _one_of(f"basis[{place}].rule", row.get("rule"), glossary.rules)
    for name, status in raw["provenance"].items():
        yield from _one_of(f"provenance.{name}", status, STATUS)
    if "skip_steps" in raw:
        keys = {row["key"] for row in raw["steps"]}
        for key in raw["skip_steps"]["steps"]:
            yield from _one_of("skip_steps.steps", key, sorted(keys))
        yield from _when("skip_steps", raw["skip_steps"], glossary)
    if "works_with" in raw:
        yield from _one_of("works_with.room", raw["works_with"].get("room"), ROOMS)
        yield from _one_of(
            "works_with.how", raw["works_with"].get("how"), ("evidence", "opens_file", "handover")
        )
    if "proactive" in raw:
        yield from _when("proactive", raw["proactive"], glossary)
