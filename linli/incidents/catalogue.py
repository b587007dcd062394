"""Classes, routing rules, rulings and the classifier, kept in memory: intake asks them without a query."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch.actions import Assignee
from linli.dispatch.models import Ruling
from linli.incidents import rules
from linli.incidents.classifier import Model, Prediction, roll_up
from linli.incidents.models import Incident, IncidentClass, ModelVersion, Report, RoutingRule
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.deadlines.workdays import split
from linli.kernel.kept import Kept

Value = TypeVar("Value")
Told = Callable[
    [], Sequence[Mapping[str, str]]
]  # the answers of a case's reports, asked for only when a rule does
log = logging.getLogger(__name__)
DESK = "ZX"  # the function of a command centre's desk: where work goes that nobody else owns
COMMITTEE = "CUN"  # the function of a village or community committee


@dataclass(frozen=True, slots=True)
class Routing:
    routes: tuple[rules.Route, ...]
    rulings: dict[tuple[str, str], tuple[int, str, str]]  # (topic, area) -> id, unit, basis


def _load_classes() -> dict[str, IncidentClass]:
    return {row.code: row for row in IncidentClass.objects.filter(active=True)}


def _load_routing() -> Routing:
    rows = RoutingRule.objects.filter(valid_to=None)
    routes = tuple(
        rules.Route(
            r.pk,
            r.topic,
            r.area,
            r.urgency,
            r.function,
            r.unit,
            r.level,
            tuple(r.assist),
            r.basis,
            r.question,
            r.answered,
            r.hours,
        )
        for r in rows
    )
    rulings = {(r.topic, r.area): (r.pk, r.unit, r.basis) for r in Ruling.objects.filter(valid_to=None)}
    return Routing(routes, rulings)


def _load_model() -> tuple[int, Model] | None:
    row = ModelVersion.objects.filter(active=True).first()
    path = Path(settings.LINLI_MODELS) / row.file if row else None
    if row is None or path is None or not path.exists():
        return None
    return row.pk, Model.load(path)


classes = Kept(
    _load_classes, "SELECT count(*), max(id), count(*) FILTER (WHERE active) FROM incidents_incidentclass"
)
routing = Kept(
    _load_routing,
    "SELECT (SELECT (count(*), max(id), max(valid_to))::text FROM incidents_routingrule),"
    " (SELECT (count(*), max(id), max(valid_to))::text FROM dispatch_ruling)",
)
model = Kept(_load_model, "SELECT max(id) FILTER (WHERE active), count(*) FROM incidents_modelversion")


_drawn: dict[Callable[..., Any], tuple[object, Any]] = {}


def _of_classes(draw: Callable[[dict[str, IncidentClass]], Value]) -> Value:
    """What `draw` makes of the classes, made anew only when they have changed."""
    known = classes.get()
    if draw not in _drawn or _drawn[draw][0] is not known:
        _drawn[draw] = known, draw(known)
    return _drawn[draw][1]


def _larges(known: dict[str, IncidentClass]) -> dict[str, str]:
    return {code: row.large for code, row in known.items()}


def _dangers(known: dict[str, IncidentClass]) -> list[str]:
    return sorted({word for row in known.values() for word in row.danger_words})


def danger_words() -> list[str]:
    """Words of any class that mean danger to life."""
    return _of_classes(_dangers)


def class_of(code: str) -> IncidentClass | None:
    return classes.get().get(code)


def class_said(words: str) -> IncidentClass | None:
    """The class a reporter's own word names: its code or its exact name; any other word is only a hint."""
    known = classes.get()
    return known.get(words) or next((row for row in known.values() if row.name == words), None)


def classify(text: str) -> tuple[int, Prediction] | None:
    """The active model's view of a text, or None when there is no model or it fails: then a clerk decides."""
    kept = model.get()
    if kept is None:
        return None
    try:
        return kept[0], kept[1].predict(text)
    except Exception:
        log.exception("分类失败，转人工受理")
        return None


def sure_large(found: Prediction) -> str:
    """The large class when the small one is unsure but its family is not; else nothing (incidents.md section 4)."""
    kept = model.get()
    least = kept[1].thresholds.get("large") if kept else None
    if least is None:
        return ""
    group, share = next(iter(roll_up(found.probabilities, _of_classes(_larges)).items()))
    return group if share >= least else ""


@dataclass(frozen=True, slots=True)
class Sent:
    """Where work goes and why: stored on the case, shown to anybody who may see it."""

    to: Assignee
    explanation: dict
    assist: tuple[str, ...] = ()


def desk(area: str) -> str:
    """The desk of the town, else of the county; never empty once a county is set up."""
    return areas.unit_for(DESK, area) or areas.unit_for(DESK, area[:6]) or ""


def route(
    *, class_code: str, large: str, area: str, urgency: str, told: Told = tuple, at: datetime | None = None
) -> Sent:
    """The unit for a class in an area: a remembered ruling, then the routing rules, then the desk. Never nobody.

    `told` is called at most once, and only when a rule that asks for an answer could speak; `at`: the moment of
    routing, now when not given.
    """
    return route_by(
        routing.get(), class_code=class_code, large=large, area=area, urgency=urgency, told=told, at=at
    )


def route_by(
    table: Routing, *, class_code: str, large: str, area: str, urgency: str, told: Told, at: datetime | None
) -> Sent:
    """`route` with the rulings and rules of `table`."""
    for cut in (15, 12, 9, 6):
        if len(area) >= cut and (ruled := table.rulings.get((class_code, area[:cut]))):
            number, unit, basis = ruled
            return Sent(Assignee(unit), {"by": "ruling", "id": number, "text": basis})
    ranked = rules.rank_routes(table.routes, class_code=class_code, large=large, area=area, urgency=urgency)
    rule = _pick(ranked, area, told, at)
    if rule:
        sent = by_rule(rule, area)
        if sent:
            return sent
    why = f"规则 {rule.id} 的承办单位已停用或不存在" if rule else "没有适用的派遣规则"
    return Sent(Assignee(desk(area)), {"by": "desk", "text": f"{why}，由指挥中心先接，请派遣员改派"})


def _pick(ranked: Sequence[rules.Route], area: str, told: Told, at: datetime | None) -> rules.Route | None:
    """The rule that speaks; calendar and answers are looked at only when one of these rules asks for them."""
    working = any(rule.hours for rule in ranked) and at_work(at or timezone.now(), area[:6])
    asked = any(rule.question and rules.in_hours(rule, working) for rule in ranked)
    return rules.pick_route(ranked, answers=told() if asked else (), working=working)


def at_work(at: datetime, county: str) -> bool:
    """Whether `at` is in the working hours of a working day of the county; 调休 days count as they are worked."""
    index, micros = split(at)
    calendar = calendar_for(county or settings.LINLI_COUNTY)
    return calendar.duty_at(index, micros + 1, working_only=True) > calendar.duty_at(
        index, micros, working_only=True
    )


def answers_of(row: Incident) -> list[dict[str, str]]:
    """What the reporters of a case answered to the questions of its class; one statement."""
    return list(Report.objects.filter(incident=row).exclude(answers={}).values_list("answers", flat=True))


LEVELS = {"grid": 15, "community": 12, "town": 9, "street": 9, "county": 6}


def by_rule(rule: rules.Route, area: str) -> Sent | None:
    explanation = _explained(rule)
    if rule.level == "grid":
        return _to_grid(area, explanation, rule.assist)
    unit = rule.unit or areas.unit_for(rule.function, area[: LEVELS.get(rule.level, 6)]) or ""
    if not unit and rule.level == "community":
        unit = areas.unit_for(COMMITTEE, area) or ""
    if not areas.unit_open(unit):
        return None
    return Sent(Assignee(unit), explanation, rule.assist)


def _explained(rule: rules.Route) -> dict[str, Any]:
    """Why this rule: its basis, and what it asked beyond class, area and urgency."""
    asked = {name: getattr(rule, name) for name in ("question", "answered", "hours") if getattr(rule, name)}
    when = rules.condition_words(rule.question, rule.answered, rule.hours)
    text = f"{rule.basis}（{when}）" if when else rule.basis
    return {"by": "rule", "id": rule.id, "text": text, "topic": rule.topic, **asked}


def _to_grid(area: str, explanation: dict, assist: tuple[str, ...] = ()) -> Sent | None:
    keeper = areas.keepers(area) if len(area) == 15 else {}
    person = keeper.get("worker") or keeper.get("deputy")
    unit = areas.unit_for(COMMITTEE, area) or desk(area)
    if not unit:
        return None
    where = areas.area_name(area)
    explanation = {
        **explanation,
        "person": "网格员" if person else f"{where or '该网格'}暂无网格员，由村（社区）接单",
    }
    return Sent(Assignee(unit, person), explanation, assist)


def to_grid_worker(area: str) -> Sent:
    """The grid's own worker, else the committee, else the desk: for confirming on the spot."""
    return _to_grid(area, {"by": "grid", "text": "由所在网格先行核实"}) or Sent(
        Assignee(desk(area)), {"by": "desk", "text": "该处没有网格员，由指挥中心安排核实"}
    )
