"""Routing rules: an administrator's, versioned, tried on past cases before they are saved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import cache, partial
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.models import Unit
from linli.dispatch.models import URGENCIES
from linli.incidents import catalogue, queries, rules
from linli.incidents.actions.catalogue import STATUS, Wrong, alone
from linli.incidents.models import Incident, Report, RoutingRule
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger.actions import record

LEVELS = {"grid": "所在网格", "community": "村（社区）", "street": "乡镇街道", "county": "县直"}
PLACE = ("topic", "area", "urgency", "question", "answered", "hours")  # one open rule for each
MOST_ASSISTS, MOST_TRIED = 5, 500
LONGEST_WORDS = 60  # looked for in an answer


@dataclass(frozen=True, slots=True)
class RouteChange:
    """One rule as it shall be; `end` takes the open rule of the same place (`PLACE`) out of force."""

    topic: str = ""
    area: str = ""
    urgency: str = ""
    function: str = ""
    unit: str = ""
    level: str = "county"
    assist: tuple[str, ...] = ()
    basis: str = ""
    question: str = ""
    answered: str = ""  # words as typed; kept and compared as rules.fold makes them
    hours: str = ""
    end: bool = False

    @property
    def place(self) -> dict[str, str]:
        """The fields by which one open rule is told from another: `PLACE` -> value."""
        found = {name: getattr(self, name) for name in PLACE}
        return found | {"question": self.question.strip(), "answered": rules.fold(self.answered)}


def change_of(row: RoutingRule, *, end: bool = False) -> RouteChange:
    """A rule in force as the change that would write it."""
    said = {one.name: getattr(row, one.name) for one in dataclass_fields(RouteChange) if one.name != "end"}
    return RouteChange(**{**said, "assist": tuple(row.assist)}, end=end)


class Rerouted(NamedTuple):
    """A case, the unit today's rules name for it and the unit the changed rules would name (unit codes)."""

    incident: Incident
    before: str
    after: str


def _require_routing(by: Actor, area: str) -> None:
    """A rule for everywhere is the county's: a town's dispatcher may not write it."""
    require(by, "incidents.routing", area=area or settings.LINLI_COUNTY)


@transaction.atomic
def set_route(
    *,
    by: Actor,
    topic: str,
    area: str = "",
    urgency: str = "",
    function: str = "",
    unit: str = "",
    level: str = "county",
    assist: Sequence[str] = (),
    basis: str = "",
    question: str = "",
    answered: str = "",
    hours: str = "",
    status: str = "to_confirm",
) -> RoutingRule:
    """Ends the open rule of this place (`PLACE`) and puts the next version in force from now.

    `function` (found in the case's own area at `level`) or `unit`, one of them. `question` (of the small class
    `topic`) with `answered`, words its answer must hold; `hours`: work | off, "" any. Raises Refused 422 naming
    every wrong field. The same rule again: no change.
    """
    _require_routing(by, area)
    change = RouteChange(
        topic, area, urgency, function, unit, level, tuple(assist), basis.strip(), question, answered, hours
    )
    wrong = wrong_route(change)
    if status not in STATUS:
        wrong["status"] = ["请选择依据状态"]
    if wrong:
        raise Refused("派遣规则有误", code="wrong_route", fields=wrong)
    alone()
    same = RoutingRule.objects.filter(**change.place)
    former = same.filter(valid_to=None).first()
    said = {
        "function": function,
        "unit": unit,
        "level": level,
        "assist": list(assist),
        "basis": change.basis,
        "status": status,
    }
    if former and all(getattr(former, name) == value for name, value in said.items()):
        return former
    now, last = timezone.now(), same.order_by("-version").first()
    same.filter(valid_to=None).update(valid_to=now)
    version = last.version + 1 if last else 1
    row = RoutingRule.objects.create(
        **change.place, version=version, valid_from=now, edited_by=by.name[:64], **said
    )
    noted = {**change.place, "function": function, "unit": unit, "level": level, "version": version}
    record(subject=f"incidents.route:{row.pk}", verb="set", by=by, fields=noted)
    transaction.on_commit(catalogue.routing.forget)
    return row


@transaction.atomic
def end_route(*, by: Actor, route: int, why: str) -> RoutingRule:
    """Takes a rule out of force; the next wider rule, at last the desk, speaks instead."""
    row = RoutingRule.objects.select_for_update().filter(pk=route, valid_to=None).first()
    if row is None:
        raise Refused("没有这条规则，或者它已终止。", code="no_route", status=404)
    _require_routing(by, row.area)
    if not why.strip():
        raise Refused("请写明终止的理由", code="missing", fields={"why": ["请写明终止的理由"]})
    row.valid_to = timezone.now()
    row.save(update_fields=["valid_to"])
    record(
        subject=f"incidents.route:{row.pk}",
        verb="end",
        by=by,
        fields={"why": why.strip(), "version": row.version},
    )
    transaction.on_commit(catalogue.routing.forget)
    return row


def wrong_route(change: RouteChange) -> Wrong:
    """Every defect of a rule by field: a rule that names nobody who works would send cases nowhere."""
    wrong: Wrong = {}
    known = catalogue.classes.get()
    if (
        change.topic
        and change.topic not in known
        and change.topic not in {row.large for row in known.values()}
    ):
        wrong["topic"] = ["没有这个类别，请从列表中选择"]
    if change.area and not areas.area_exists(change.area):
        wrong["area"] = ["没有这个区域，请从列表中选择"]
    if change.urgency and change.urgency not in dict(URGENCIES):
        wrong["urgency"] = ["没有这个紧急程度"]
    if change.level not in LEVELS:
        wrong["level"] = ["请选择层级"]
    if bool(change.function) == bool(change.unit):
        wrong["unit"] = ["职能和指定单位填一个，只填一个"]
    working = set(Unit.objects.filter(active=True).values_list("code", flat=True))
    functions = set(Unit.objects.filter(active=True).values_list("function", flat=True))
    if change.unit and change.unit not in working:
        wrong["unit"] = ["这个单位不存在或已停用，请另选一个"]
    if change.function and change.function not in functions:
        wrong["function"] = [f"没有启用的单位承担职能“{change.function}”，请先登记单位或另选职能"]
    if idle := [one for one in change.assist if one not in functions or one == change.function]:
        wrong["assist"] = [f"协办职能“{'、'.join(idle)}”没有启用的单位，或与主办相同"]
    elif len(change.assist) > MOST_ASSISTS:
        wrong["assist"] = [f"协办最多 {MOST_ASSISTS} 个"]
    if not change.basis.strip():
        wrong["basis"] = ["请写明依据，例如三定方案或责任清单的条目"]
    return wrong | _wrong_conditions(change)


def _wrong_conditions(change: RouteChange) -> Wrong:
    wrong: Wrong = {}
    question, answered = change.place["question"], change.place["answered"]
    asked_of = catalogue.class_of(change.topic)
    if answered and not question:
        wrong["question"] = ["请选择提问，或清空“回答包含”"]
    elif question and asked_of is None:
        wrong["question"] = ["只有小类的规则可以看回答，请先在“类别”中选择小类，或清空提问"]
    elif question and asked_of and question not in asked_of.questions:
        known = "；".join(asked_of.questions)
        wrong["question"] = [
            f"“{asked_of.name}”的提问是：{known}，请从中选择"
            if known
            else f"“{asked_of.name}”没有提问，请清空提问，或先在类别中添加"
        ]
    if question and not answered:
        wrong["answered"] = ["请填写回答里要有的词，或清空提问"]
    elif len(answered) > LONGEST_WORDS:
        wrong["answered"] = [f"回答里要有的词最多 {LONGEST_WORDS} 字"]
    if change.hours and change.hours not in rules.HOURS:
        wrong["hours"] = ["请选择时段：不限、工作时间，或工作时间以外"]
    return wrong


def dry_run_routes(*, by: Actor, changes: Sequence[RouteChange], last: int = MOST_TRIED) -> list[Rerouted]:
    """Where the last `last` cases (at most 500) the actor may see would go; nothing is written. Newest first.

    Each case is routed with the answers of its own reports, at the moment it was received.
    """
    for change in changes:
        _require_routing(by, change.area)
    now = catalogue.routing.get()
    then = catalogue.Routing(_changed(now.routes, changes), now.rulings)
    seen = queries.seen(by).defer("words", "text").exclude(street="").order_by("-id")
    rows = list(seen[: min(last, MOST_TRIED)])
    told = cache(partial(_answers, [row.pk for row in rows]))
    return [Rerouted(row, _unit_by(now, row, told), _unit_by(then, row, told)) for row in rows]


def _changed(routes: Sequence[rules.Route], changes: Sequence[RouteChange]) -> tuple[rules.Route, ...]:
    """The rules as they would be, the changed ones in place of the open ones."""
    places = [change.place for change in changes]
    kept = [one for one in routes if {name: getattr(one, name) for name in PLACE} not in places]
    fresh = [
        rules.Route(
            0, function=one.function, unit=one.unit, level=one.level, assist=one.assist, basis=one.basis, **one.place
        )
        for one in changes
        if not one.end
    ]  # fmt: skip
    return (*kept, *fresh)


def _answers(cases: Sequence[int]) -> dict[int, list[dict[str, str]]]:
    """What was answered, by case; one statement."""
    found: dict[int, list[dict[str, str]]] = {}
    told = Report.objects.filter(incident__in=cases).exclude(answers={})
    for case, answers in told.values_list("incident_id", "answers"):
        found.setdefault(case, []).append(answers)
    return found


def _unit_by(
    table: catalogue.Routing, row: Incident, told: Callable[[], dict[int, list[dict[str, str]]]]
) -> str:
    """The unit `catalogue.route` would have named with this table when the case came."""
    sent = catalogue.route_by(
        table, class_code=row.class_code, large=row.large, area=row.area, urgency=row.urgency,
        told=lambda: told().get(row.pk, []), at=row.received_at,
    )  # fmt: skip
    return sent.to.unit
