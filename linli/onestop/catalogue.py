"""An item's definition: from its declarative JSON to values the flow, the clocks and the pages read. Pure.

The JSON is that of data/items/*.yaml; days are whole, money is fen. `parse` expects a sound shape (`shape.faults`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from linli.onestop.conditions import Condition, Household, holds
from linli.onestop.glossary import Glossary

PAYS = ("monthly", "yearly", "one_off", "settle_with_provider")
NATIONAL = {
    "basic_code": "基本编码",
    "implement_code": "实施编码",
    "exercise_level": "行使层级",
    "handling_forms": "办理形式",
    "visits": "到现场次数",
    "result_sample": "结果样本",
    "legal_basis_zh": "设定依据",
}


@dataclass(frozen=True, slots=True)
class Term:
    """A number of days with the causes the item itself says stop it; `when`: the term holds only then."""

    days: int
    unit: str  # working_day | calendar_day
    excludes: frozenset[str] = frozenset()
    when: Condition | None = None
    reasons: tuple[str, ...] = ()

    @property
    def zh(self) -> str:
        return f"{self.days} 个工作日" if self.unit == "working_day" else f"{self.days} 天"


@dataclass(frozen=True, slots=True)
class Material:
    """One line of the checklist. `obtain`: share | submit | form | commit."""

    code: str
    name: str
    obtain: str
    source: str = ""
    core: bool = False
    when: Condition | None = None
    one_of: str = ""
    tolerable_days: int = 0
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the step table. `cause`: waiting for it may stop a clock (data/clocks.yaml)."""

    key: str
    name: str
    kind: str  # desk | field | external | publicity | announce | pay
    role: str
    cause: str = ""
    when: Condition | None = None
    parallel: str = ""
    join: str | int = "all"
    min_people: int = 1
    limit: Term | None = None
    promised: Term | None = None
    start_within: Term | None = None
    article: str = ""


@dataclass(frozen=True, slots=True)
class Assist:
    """A department asked beside a stage. A `fact` must be answered in the decision, an `opinion` may be overruled."""

    dept: str
    purpose: str
    stage: str
    binding: str = "fact"
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps that run side by side, with whoever assists them; its key is the group's or the one step's."""

    key: str
    steps: tuple[Step, ...]
    assists: tuple[Assist, ...]
    join: str | int

    @property
    def kind(self) -> str:
        return self.steps[0].kind


@dataclass(frozen=True, slots=True)
class Publicity:
    """required: posted before the decision; none: not asked for; forbidden: must not happen."""

    mode: str
    days: int = 7
    unit: str = "calendar_day"
    fields: tuple[str, ...] = ()
    on_objection: str = ""
    republish: bool = True
    modes_when: tuple[tuple[str, Condition], ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of one item, ready to run."""

    code: str
    name: str
    category: str
    kind: str
    lead: str
    one_open_per: str  # household | person | none
    materials: tuple[Material, ...]
    steps: tuple[Step, ...]
    stages: tuple[Stage, ...]
    assists: tuple[Assist, ...]
    publicity: Publicity
    statutory: Term
    promised: Term
    variants: tuple[tuple[str, Term], ...]  # (extended | delegated | fast, its term) of the statutory limit
    notice: Term
    notice_via: str
    supplement: Term
    payout: Mapping[str, Any]
    skip: tuple[tuple[frozenset[str], Condition | None], ...]
    handover: str  # the room the matter is handed to instead of a decision
    raw: Mapping[str, Any] = field(compare=False)
    places: Mapping[str, int] = field(compare=False)  # stage and step keys -> index of the stage

    @property
    def decide(self) -> int | None:
        """The stage of the decision; None when the matter is handed over."""
        return self.places.get("decide")

    @property
    def publicity_at(self) -> int | None:
        return next((i for i, stage in enumerate(self.stages) if stage.kind == "publicity"), None)

    @property
    def pays(self) -> bool:
        return self.payout.get("kind") in PAYS

    def term(self, name: str) -> Term | None:
        return dict(self.variants).get(name)


def publicity_mode(definition: Definition, household: Household) -> str:
    """required, none or forbidden for this case: the first of `modes_when` that holds, else the item's own."""
    for mode, when in definition.publicity.modes_when:
        if holds(when, household):
            return mode
    return definition.publicity.mode


def _term(raw: Mapping[str, Any] | None) -> Term | None:
    if raw is None:
        return None
    excludes, reasons = frozenset(raw.get("excludes", ())), tuple(raw.get("reasons_zh", ()))
    return Term(int(raw["days"]), raw.get("unit", "working_day"), excludes, raw.get("when"), reasons)


def _material(raw: Mapping[str, Any]) -> Material:
    need = raw.get("need", {})
    return Material(
        code=raw["code"],
        name=raw["name_zh"],
        obtain=raw["obtain"],
        source=raw.get("source", ""),
        core=bool(raw.get("core")),
        when=need.get("when"),
        one_of=need.get("one_of", ""),
        tolerable_days=int(raw.get("tolerable_days", 0)),
        sample=raw.get("sample", ""),
    )


CAUSE_OF = {"external": "external_check", "publicity": "publicity"}


def _step(raw: Mapping[str, Any], join: str | int) -> Step:
    return Step(
        key=raw["key"],
        name=raw["name_zh"],
        kind=raw["kind"],
        role=raw["role"],
        cause=raw.get("cause", CAUSE_OF.get(raw["kind"], "")),
        when=raw.get("when"),
        parallel=raw.get("parallel", ""),
        join=raw.get("join", join),
        min_people=int(raw.get("min_people", 1)),
        limit=_term(raw.get("limit")),
        promised=_term(raw.get("promised")),
        start_within=_term(raw.get("start_within")),
        article=str(raw.get("article", "")),
    )


def _stages(steps: tuple[Step, ...], assists: tuple[Assist, ...]) -> tuple[Stage, ...]:
    """Neighbouring steps of one parallel group make one stage."""
    groups: list[list[Step]] = []
    for step in steps:
        if groups and step.parallel and groups[-1][-1].parallel == step.parallel:
            groups[-1].append(step)
        else:
            groups.append([step])
    found = []
    for group in groups:
        names = {group[0].parallel, *(step.key for step in group)} - {""}
        asked = tuple(assist for assist in assists if assist.stage in names)
        found.append(Stage(group[0].parallel or group[0].key, tuple(group), asked, group[0].join))
    return tuple(found)


def _publicity(raw: Mapping[str, Any], defaults: Mapping[str, Any]) -> Publicity:
    return Publicity(
        mode=raw.get("mode", "none"),
        days=int(raw.get("days", 7)),
        unit=raw.get("unit", "calendar_day"),
        fields=tuple(raw.get("fields", defaults["publicity_fields"])),
        on_objection=raw.get("on_objection", ""),
        republish=bool(raw.get("republish", defaults["republish_after_objection"])),
        modes_when=tuple((row["mode"], row["when"]) for row in raw.get("modes_when", ())),
    )


def _skips(raw: Mapping[str, Any] | None) -> tuple[tuple[frozenset[str], Condition | None], ...]:
    return ((frozenset(raw["steps"]), raw.get("when")),) if raw else ()


def parse(raw: Mapping[str, Any], glossary: Glossary) -> Definition:
    """The definition of a sound item. Raises KeyError, TypeError or ValueError for a malformed one."""
    defaults = glossary.defaults
    steps = tuple(_step(row, defaults["join"]) for row in raw["steps"])
    assists = tuple(
        Assist(row["dept"], row["purpose_zh"], row["stage"], row.get("binding", "fact"), row.get("when"))
        for row in raw.get("assists", ())
    )
    stages = _stages(steps, assists)
    places = {
        name: i for i, stage in enumerate(stages) for name in (stage.key, *(s.key for s in stage.steps))
    }
    refusal = {**defaults["refusal_notice"], **raw.get("refusal_notice", {})}
    statutory, promised = _term(raw["statutory_limit"]), _term(raw["promised_limit"])
    notice, supplement = _term(refusal), _term(defaults["supplement"])
    if not (statutory and promised and notice and supplement):
        raise ValueError("事项缺少时限")
    variants = ((name, _term(raw.get(f"{name}_limit"))) for name in ("extended", "delegated", "fast"))
    works = raw.get("works_with", {})
    return Definition(
        code=raw["code"],
        name=raw["name_zh"],
        category=raw["category"],
        kind=raw["kind"],
        lead=raw["lead_department"],
        one_open_per=raw.get("one_open_per", defaults["one_open_per"]),
        materials=tuple(_material(row) for row in raw.get("materials", ())),
        steps=steps,
        stages=stages,
        assists=assists,
        publicity=_publicity(raw["publicity"], defaults),
        statutory=statutory,
        promised=promised,
        variants=tuple((name, term) for name, term in variants if term),
        notice=notice,
        notice_via=refusal.get("via", steps[0].role),
        supplement=supplement,
        payout=raw.get("payout", {"kind": "none"}),
        skip=_skips(raw.get("skip_steps")),
        handover=works["room"] if works.get("how") == "handover" else "",
        raw=raw,
        places=places,
    )
