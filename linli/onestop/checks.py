"""What must hold before an item is published (onestop.md section 4.6). Pure: definition in, sentences out."""

from collections.abc import Iterable, Mapping
from typing import Any

from linli.onestop.catalogue import Definition, Stage, Term, parse
from linli.onestop.glossary import Glossary
from linli.onestop.shape import Faults, faults

# figures an item may carry, by the name its provenance uses
FIGURES = (
    "statutory_limit", "extended_limit", "delegated_limit", "fast_limit", "promised_limit", "publicity.days",
    "payout", "payout.start", "recheck", "phase_out_months_max", "death_recheck_months", "validity_months",
    "care_reassess", "fee_fen", "refusal_notice",
)  # fmt: skip


def check(raw: object, glossary: Glossary) -> Faults:
    """Every reason not to publish, as (path, sentence); empty for an item that may be published."""
    found = faults(raw, glossary)
    if found or not isinstance(raw, Mapping):
        return found
    definition = parse(raw, glossary)
    rules = (_route, _decision, _publicity, _money, _limits, _notice, _places)
    return [fault for rule in rules for fault in rule(definition)]


def _route(item: Definition) -> Faults:
    """Nobody may be routed to nobody: what everybody passes cannot hang on a condition."""
    found: Faults = []
    if item.steps[0].key != "accept" or item.steps[0].when:
        found.append(("steps[1]", "第一步须是不带条件的受理（accept）"))
    always = [s for s in item.steps[1:] if not s.when and not any(s.key in keys for keys, _ in item.skip)]
    if not [s for s in always if s.kind != "publicity"]:
        found.append(("steps", "受理之后没有人人都经过的步骤，会出现无人办理的办件"))
    for i, stage in enumerate(item.stages):
        wants = {step.join for step in stage.steps}
        if len(wants) > 1:
            found.append((f"steps.{stage.key}", "同一并行组的会签方式应当一致"))
        if isinstance(stage.join, int) and stage.join > len(stage.steps):
            found.append((f"steps.{stage.key}", f"会签要求 {stage.join} 家，但只有 {len(stage.steps)} 家"))
        if item.decide is not None and stage.assists and i >= item.decide:
            found.append((f"assists.{stage.key}", "协办部门应在决定之前参加"))
    return found


def _decision(item: Definition) -> Faults:
    steps = [step for step in item.steps if step.key == "decide"]
    if item.handover:
        return [("steps", "移交其他房间的事项不再设决定步骤")] if steps else []
    if not steps:
        return [("steps", "须有且只有一个决定步骤（decide），或写明移交（works_with.how: handover）")]
    found: Faults = []
    if steps[0].when or any("decide" in keys for keys, _ in item.skip):
        found.append(("steps.decide", "决定步骤不能带条件，也不能跳过"))
    if steps[0].parallel or steps[0].kind != "desk":
        found.append(("steps.decide", "决定只能由一个机关在本机关作出"))
    return found


def _publicity(item: Definition) -> Faults:
    modes = {item.publicity.mode, *(mode for mode, _ in item.publicity.modes_when)}
    places = [i for i, stage in enumerate(item.stages) if stage.kind == "publicity"]
    if "required" not in modes:
        return [("steps.publicity", "本事项不要求或禁止公示，不应有公示步骤")] if places else []
    found: Faults = []
    if len(places) != 1 or item.decide is None or places[0] >= item.decide:
        found.append(("steps.publicity", "须公示的事项应有且只有一个公示步骤，且在决定之前"))
    elif len(item.stages[places[0]].steps) > 1 or item.stages[places[0]].steps[0].when:
        found.append(("steps.publicity", "公示步骤不能并行，也不带条件；不公示的情形写在 modes_when"))
    back = item.places.get(item.publicity.on_objection)
    if back is None or not 1 <= back < (item.decide or 0):
        found.append(("publicity.on_objection", "异议成立后从哪一步重来？请填受理之后、决定之前的步骤"))
    return found


def _money(item: Definition) -> Faults:
    places = [i for i, stage in enumerate(item.stages) if stage.kind == "pay"]
    if item.pays != bool(places):
        said = "发放资金的事项须有发放步骤" if item.pays else "不发放资金的事项不应有发放步骤"
        return [("steps.pay", said)]
    if places and (item.decide is None or min(places) <= item.decide):
        return [("steps.pay", "发放须在决定之后")]
    return []


def _limits(item: Definition) -> Faults:
    """Critical path ≤ promise ≤ statute, in one unit."""
    found: Faults = []
    if item.promised.unit != item.statutory.unit:
        found.append(("promised_limit.unit", "承诺时限与法定时限须用同一种天数"))
    if item.promised.days > item.statutory.days:
        found.append(("promised_limit.days", f"承诺 {item.promised.zh}，超过了法定时限 {item.statutory.zh}"))
    for name, term in (("promised", item.promised), ("limit", item.statutory)):
        days = critical_path(item, name, term)
        if days > term.days:
            label = "承诺" if name == "promised" else "法定"
            found.append(
                (
                    f"{'promised' if name == 'promised' else 'statutory'}_limit.days",
                    f"各步骤合计 {days} 天，超过{label}时限 {term.zh}",
                )
            )
    for name, term in item.variants:
        if name == "extended" and term.days < item.statutory.days:
            found.append(("extended_limit.days", "延长后的时限不应短于原时限"))
    return found


def critical_path(item: Definition, name: str, term: Term) -> int:
    """Days of the longest way from acceptance to decision by the steps' own terms (`promised` or `limit`).

    Publicity counts unless it stops the clock; calendar days become working days at 5 in 7, rounded up.
    """
    last = item.decide if item.decide is not None else len(item.stages) - 1
    return sum(_longest(item, stage, name, term) for stage in item.stages[: last + 1])


def _longest(item: Definition, stage: Stage, name: str, term: Term) -> int:
    if stage.kind == "publicity":
        if "publicity" in term.excludes or item.publicity.mode != "required":
            return 0
        return converted(item.publicity.days, item.publicity.unit, term.unit)
    own = [getattr(step, name) for step in stage.steps if not (step.cause and step.cause in term.excludes)]
    return max((converted(one.days, one.unit, term.unit) for one in own if one), default=0)


def converted(days: int, unit: str, to: str) -> int:
    if unit == to:
        return days
    return -(-days * 5 // 7) if to == "working_day" else -(-days * 7 // 5)


def _notice(item: Definition) -> Faults:
    if item.handover or item.notice.days >= 1:
        return []
    return [("refusal_notice.days", "不予确认须在规定的工作日内书面告知，请填写天数")]


def _places(item: Definition) -> Faults:
    found: Faults = []
    for keys, _ in item.skip:
        if keys & {"accept", "decide"} or any(item.stages[item.places[k]].kind == "publicity" for k in keys):
            found.append(("skip_steps", "受理、公示、决定不能跳过"))
    groups = {one.one_of for one in item.materials} - {""}
    for group in groups:
        if sum(one.one_of == group for one in item.materials) < 2:
            found.append(("materials", f"“任选其一”组 {group} 只有一项材料"))
    return found


def unconfirmed(raw: Mapping[str, Any]) -> list[str]:
    """Figures the item carries that nobody has confirmed: shown as 待核实, never the reason of a refusal."""
    provenance = raw["provenance"]
    fallback = provenance.get("other", "to_confirm")
    return [
        name
        for name in FIGURES
        if _carries(raw, name) and _status(provenance, name, fallback) == "to_confirm"
    ]


def _status(provenance: Mapping[str, str], name: str, fallback: str) -> str:
    head = name.partition(".")[0]
    return provenance.get(name) or provenance.get(head) or fallback


def _carries(raw: Mapping[str, Any], path: str) -> bool:
    value: Any = raw
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return value not in (None, {"kind": "none"})


def summary(raws: Iterable[Mapping[str, Any]], glossary: Glossary) -> dict[str, Faults]:
    """Item code -> its defects, only where there are any."""
    found = {str(raw.get("code", "?")): check(raw, glossary) for raw in raws}
    return {code: said for code, said in found.items() if said}
