"""Cases, tasks and the catalogue, as far as the viewer may know."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from linli.dispatch.models import Move
from linli.kernel import Refused
from linli.kernel.access.queries import visible_to
from linli.kernel.actor import Actor, can
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.identity.fields import blind
from linli.onestop import checks, clocks, flow, reading, rules
from linli.onestop.catalogue import publicity_mode
from linli.onestop.models import Application, ItemVersion, Slot, Task
from linli.onestop.placing import kept_out_of
from linli.onestop.resuming import resume_hash
from linli.people.models import Person
from linli.people.rules import plain_number, plain_phone

VIEW = "onestop.view"


def items_in_force(day: datetime | None = None) -> QuerySet[ItemVersion]:
    """The editions residents may choose from; public, so it takes no viewer."""
    on = timezone.localdate(day)
    rows = ItemVersion.objects.filter(state="published", validity__contains=on)
    return rows.select_related("item").order_by("item__code")


def versions_of(viewer: Actor, item: str) -> QuerySet[ItemVersion]:
    """All editions of an item, drafts included, for its editors."""
    rows = ItemVersion.objects.filter(item__code=item).select_related("item", "edited_by", "published_by")
    if not can(viewer, "onestop.catalogue"):
        rows = rows.exclude(state="draft")
    return rows.order_by("-number")


def own_applications(viewer: Actor) -> QuerySet[Application]:
    """Cases of the viewer's own person, and those they drew up for others."""
    if viewer.account is None:
        return Application.objects.none()
    mine = Q(person__account=viewer.account) | Q(agent=viewer.account)
    return Application.objects.filter(mine).select_related("item", "person").order_by("-id")


def applications_seen(viewer: Actor) -> QuerySet[Application]:
    """Handed-in cases in the viewer's areas and units, the newest first; never those they are kept away from."""
    rows = Application.objects.exclude(state="draft").select_related("item", "person")
    barred = [int(s.partition(":")[2]) for s in viewer.bars if s.startswith("onestop.application:")]
    return visible_to(viewer, VIEW, rows).exclude(pk__in=barred).order_by("-id")


def application_of(viewer: Actor, number: int) -> Application:
    """For the applicant, their agent, those who may see it there, and whoever holds a task of it. Raises Refused 404."""
    row = Application.objects.select_related("item", "version", "person").filter(pk=number).first()
    if row is not None and _sees(viewer, row):
        return row
    raise Refused("没有找到这个办件，或者它不在您的管辖范围内。", code="no_application", status=404)


def _sees(viewer: Actor, row: Application) -> bool:
    if viewer.kind == "system":
        return True
    if viewer.account is not None and viewer.account in (row.agent_id, row.person.account_id):
        return True
    return _at_work(viewer, row)


def _at_work(viewer: Actor, row: Application) -> bool:
    """Who works on it or looks after it there: never its people, their kin, nor whoever is barred."""
    if row.state == "draft" or row.subject in viewer.bars:
        return False
    allowed = can(viewer, VIEW, area=row.area, unit="", subject=row.subject) and _in_scope(viewer, row)
    holds = viewer.account is not None and row.tasks.filter(holder=viewer.account).exists()
    return (allowed or holds) and viewer.account not in kept_out_of(row)


def own_case(viewer: Actor, number: int, opened: Iterable[int] = ()) -> Application:
    """The applicant's or agent's own case; a draft in `opened` (its code was given) also for whoever assists there.

    Raises Refused 404.
    """
    rows = Application.objects.select_related("item", "version", "person")
    row = rows.filter(pk=number).first() if viewer.account is not None else None
    if row is not None:
        own = viewer.account in (row.agent_id, row.person.account_id)
        helped = row.state == "draft" and row.pk in set(opened)
        if own or (helped and can(viewer, "onestop.assist", area=row.area, subject=row.subject)):
            return row
    raise Refused("没有找到这个办件，或者它不是您的。", code="no_application", status=404)


def case_at_work(viewer: Actor, number: int) -> Application:
    """A case for the offices' pages: never for its own people. Raises Refused 404."""
    row = Application.objects.select_related("item", "version", "person").filter(pk=number).first()
    if row is not None and _at_work(viewer, row):
        return row
    raise Refused("没有找到这个办件，或者它不在您的管辖范围内。", code="no_application", status=404)


def task_at_work(viewer: Actor, number: int) -> tuple[Application, Task]:
    """A task and its case. Raises Refused 404."""
    found = Task.objects.select_related("holder").filter(pk=number).first()
    return case_at_work(viewer, found.application_id if found else 0), found  # type: ignore[return-value]


def draft_by_code_and_phone(code: str, phone: str) -> Application:
    """A draft for whoever knows its code and the applicant's (or agent's) phone. Raises Refused 404, one answer for
    every way of being wrong."""
    row, given = draft_by_code(code), plain_phone(phone)
    if row is not None and given:
        accounts = [row.person.account, row.agent]
        known = {row.person.phone, *(one.phone for one in accounts if one is not None)}
        if any(hmac.compare_digest(plain_phone(one).encode(), given.encode()) for one in known if one):
            return row
    raise Refused("没有找到这份草稿：请核对续办码和手机号。", code="no_draft", status=404)


def person_to_assist(viewer: Actor, number: str) -> Person | None:
    """Who has this identity number, for somebody who may assist where they live; else None, as if there were none."""
    row = Person.objects.filter(number_index=blind(plain_number(number)), merged_into=None, died=None).first()
    return row if row is not None and can(viewer, "onestop.assist", area=row.area) else None


def anybody_to_assist(viewer: Actor, number: str) -> Person | None:
    """Whom a case is about, by full identity number, also of the dead; where the viewer assists."""
    row = Person.objects.filter(number_index=blind(plain_number(number)), merged_into=None).first()
    return row if row is not None and can(viewer, "onestop.assist", area=row.area) else None


def intake_list(viewer: Actor) -> QuerySet[Task]:
    """What waits at the window, by due date: handed in, or sent back and awaited."""
    rows = Task.objects.filter(state="open", step="accept")
    return visible_to(viewer, "onestop.accept", rows.select_related("application__item")).order_by("due_at")


def _in_scope(viewer: Actor, row: Application) -> bool:
    """A grant for one unit sees the cases its unit leads or works on."""
    units = {row.unit, *row.tasks.values_list("unit", flat=True)}
    return any(
        scope.covers(row.area, "") and (not scope.unit or scope.unit in units)
        for scope in viewer.scopes(VIEW)
    )


def draft_by_code(code: str) -> Application | None:
    """A draft by the code its writer was given; the code is the right to read it."""
    rows = Application.objects.select_related("item", "version", "person")
    return rows.filter(resume=resume_hash(code), state="draft").first()


def tasks_seen(viewer: Actor) -> QuerySet[Task]:
    """Open tasks of the viewer's units and areas by due date (部门列表)."""
    rows = Task.objects.filter(state="open").select_related("application", "application__item", "holder")
    return visible_to(viewer, "onestop.work", rows).order_by("due_at", "id")


def my_tasks(viewer: Actor) -> QuerySet[Task]:
    """What the viewer has in hand, the earliest due first (个人待办)."""
    rows = Task.objects.filter(state="open", holder=viewer.account or 0)
    return rows.select_related("application", "application__item").order_by("due_at", "id")


def unowned_tasks(viewer: Actor) -> QuerySet[Task]:
    """Tasks no post could take: the supervisor's list."""
    rows = Task.objects.filter(state="open", placed="supervisor").select_related(
        "application__item", "holder"
    )
    return visible_to(viewer, "onestop.supervise", rows).order_by("due_at", "id")


def open_lookups_failed(viewer: Actor) -> QuerySet[Slot]:
    """Checklist lines whose source did not answer well: a visible queue, not a silent gap."""
    seen = applications_seen(viewer).filter(state__in=rules.OPEN).order_by()
    rows = Slot.objects.filter(state="failed", application__in=seen.values("pk"))
    return rows.select_related("application", "application__item").order_by("changed")


@dataclass(frozen=True, slots=True)
class Limits:
    """Both limits of a case, ready to print: 承诺 7 个工作日（不含公示 7 天），预计 2 月 27 日."""

    promised: str
    statutory: str
    expected: datetime | None
    statutory_due: datetime | None
    light: str
    paused: str  # why the promise stands still now, "" while it runs
    provisional: bool


def limits_of(row: Application, now: datetime | None = None) -> Limits:
    """The two limits side by side, whatever the state; both are told always."""
    definition, household = reading.definition_of(row.version), reading.household_of(row)
    term, moment = definition.promised, now or timezone.now()
    statutory = clocks.statutory_term(definition, household)
    beside, mode = "", row.mode if row.submitted_at else publicity_mode(definition, household)
    if mode == "required" and "publicity" in clocks.stops(term, clocks.PROMISED):
        beside = f"（不含公示 {definition.publicity.days} 天）"
    light, paused, expected = "", "", row.promised_due
    if row.accepted_at and row.promised_due and row.clocks:
        clock = clocks.Clock.from_json(row.clocks[clocks.PROMISED])
        paused = clock.pauses[-1].why if clock.paused else ""
        calendar = calendar_for(row.county)
        light = clocks.light(row.promised_due, row.accepted_at, moment, term.days, term.unit, calendar)
        if not any(pause.why == "publicity" for pause in clock.pauses):
            expected = clocks.expected(definition, household, row.accepted_at, calendar)
    said = "当场办结" if term.days == 0 else f"{term.zh}{beside}"
    return Limits(said, statutory.zh, expected, row.statutory_due, light, paused, row.provisional)


def checklist_of(row: Application) -> list[Slot]:
    return list(row.slots.prefetch_related("lookups"))


def timeline_of(row: Application, viewer: Actor) -> list[Move]:
    """The steps so far; a resident sees the public ones."""
    rows = Move.objects.filter(subject=row.subject, order=None).order_by("id")
    staff = can(viewer, VIEW, area=row.area)
    return list(rows if staff else rows.filter(public=True))


def route_of(row: Application) -> tuple[flow.Wanted, ...]:
    """Who is asked for this household, from intake to money."""
    return flow.route(reading.definition_of(row.version), reading.household_of(row))


def progress_of(row: Application) -> list[dict[str, Any]]:
    """A line a task ever opened: step, round, unit, dates, state; no names."""
    fields = ("step", "branch", "name", "round", "unit", "state", "opened_at", "due_at", "done_at")
    return list(row.tasks.exclude(kind="notice").order_by("id").values(*fields))


def unconfirmed_figures() -> dict[str, list[str]]:
    """Item code -> figures in force nobody has confirmed (待核实)."""
    rows = items_in_force()
    found = {row.item.code: checks.unconfirmed(row.definition) for row in rows}
    return {code: names for code, names in found.items() if names}
