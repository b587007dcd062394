"""Households: the list, one household, registering and correcting."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.people import actions, ports, queries, rules
from linli.people.actions.persons import CLERK
from linli.people.forms import CloseForm, DwellingForm, HouseholdForm, PersonForm
from linli.people.models import Household, LifeEvent, VisitNote
from linli.people.pages.parts import STAFF, area_filter, chip, evidence

COLUMNS = (
    Column("name", gettext_lazy("住户"), get="__str__", phone="head",
           link=lambda row: reverse("people:household", args=[row.pk])),
    Column("number", gettext_lazy("户号"), phone="none"),
    Column("kind", gettext_lazy("类型"), get="get_kind_display"),
    Column("address", gettext_lazy("地址"), get="dwelling.masked_address"),
    Column("grid", gettext_lazy("网格"), get=lambda row: areas.area_path(row.area)),
    Column("people", gettext_lazy("人数"), kind="num"),
    Column("visited_at", gettext_lazy("最近走访"), kind="time", phone="tail", sort="visited_at"),
)  # fmt: skip


class HouseholdTable(Table):
    code = "people.households"
    title = gettext_lazy("住户")
    columns = COLUMNS
    empty = Empty(gettext_lazy("没有符合条件的住户"), gettext_lazy("换一个筛选条件，或登记新住户。"))

    def __init__(self, request: HttpRequest, rows: Any) -> None:
        self.filters = (
            area_filter(caller(request)),
            Filter("kind", gettext_lazy("类型"), kind="choice", options=tuple(rules.HOUSEHOLD_KINDS.items())),
            Filter("number", gettext_lazy("户号")),
        )
        super().__init__(request, rows)


@require_safe
def households(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "people.view")
    context = {"may_change": can(viewer, "people.change"), "may_import": can(viewer, CLERK)}
    return HouseholdTable(request, queries.households_seen(viewer)).answer("people/households.html", context)


@require_safe
def household(request: HttpRequest, number: int) -> HttpResponse:
    """Members as chips, what happened, what was said at the door, and the two-tap buttons."""
    viewer = caller(request)
    row = queries.household_of(viewer, number)
    members = queries.members_of(row)
    events, notes = queries.events_of(row), queries.notes_of(row)
    may_change = can(viewer, "people.change", area=row.area)
    today = timezone.localdate()
    context = {
        "row": row,
        "where": areas.area_path(row.area),
        "members": [
            (member, chip(member.person, viewer), _age(member.person.birth, today)) for member in members
        ],
        "former": [(member, member.person) for member in queries.former_members_of(row)],
        "events": [_event_step(event, viewer) for event in events],
        "undoable": [event for event in events if _undoable(event, viewer)],
        "notes": [(note, evidence(note.files, _("走访照片"))) for note in notes],
        "targets": ports.note_targets(),
        "may_change": may_change and row.closed is None,
        "may_close": row.closed is None and can(viewer, CLERK, area=row.area),
        "may_note": row.closed is None and can(viewer, "people.note", area=row.area),
        "may_reveal": can(viewer, "people.reveal", area=row.area),
        "arrivals": [(kind, rules.EVENTS[kind]) for kind in ("moved_in", "tenant", "birth")],
    }
    return render(request, "people/household.html", context)


def _age(born: Any, today: Any) -> int | None:
    return rules.age_on(born, today) if born else None


def _event_step(event: LifeEvent, viewer: Actor) -> dict[str, Any]:
    undone = f"（{_('已撤销')}：{event.undo_reason}）" if event.undone else ""
    return {
        "what": f"{event.get_kind_display()} {event.person}{undone}",
        "tone": "bad" if event.undone else "",
        "at": event.at,
        "who": str(event.by or ""),
        "reason": f"{event.on:%Y-%m-%d} {event.evidence}",
        "evidence": evidence(event.files, event.get_kind_display()),
    }


def _undoable(event: LifeEvent, viewer: Actor) -> bool:
    area = event.was.get("codes") or event.person.area
    return (
        event.undone is None
        and timezone.now() - event.at <= rules.UNDO_WITHIN
        and can(viewer, CLERK, area=area)
    )


def _place(values: dict[str, Any]) -> dict[str, Any]:
    place = values["place"]
    return {
        "address": place.words, "lon": place.lon, "lat": place.lat, "source_crs": place.system, "area": values["area"],
    }  # fmt: skip


def new_household(request: HttpRequest) -> HttpResponse:
    by = caller(request)
    require(by, "people.change")
    form = HouseholdForm(request.POST or None, request=request)
    form.cancel_url = reverse("people:households")

    def act(values: dict[str, Any]) -> str:
        rest = {name: values[name] for name in ("kind", "number", "door_hint")}
        row = actions.add_household(by=by, **_place(values), **rest)
        return reverse("people:new_member", args=[row.pk])

    return form_page(request, form, act, context=STAFF)


def _changeable(by: Actor, number: int) -> Household:
    row = queries.household_of(by, number)
    require(by, "people.change", area=row.area)
    return row


def edit_dwelling(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    _changeable(by, number)
    form = DwellingForm(request.POST or None, request=request)
    form.cancel_url = back = reverse("people:household", args=[number])

    def act(values: dict[str, Any]) -> str:
        actions.correct_dwelling(
            by=by, household=number, **_place(values), door_hint=values["door_hint"] or None
        )
        return back

    return form_page(request, form, act, context=STAFF)


def new_member(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = _changeable(by, number)
    form = PersonForm(
        request.POST or None, request=request, initial={"relation": "其他" if row.head_id else "户主"}
    )
    form.page_lead = f"{row} · {areas.area_path(row.area)}"
    form.cancel_url = back = reverse("people:household", args=[number])
    wanted = (
        "name",
        "number",
        "phone",
        "birth",
        "sex",
        "nation",
        "registered_place",
        "party_member",
        "relation",
    )

    def act(values: dict[str, Any]) -> str:
        actions.register_person(by=by, household=number, **{name: values[name] for name in wanted})
        return back

    return form_page(request, form, act, context=STAFF)


def close(request: HttpRequest, number: int) -> HttpResponse:
    """销户."""
    by = caller(request)
    row = queries.household_of(by, number)
    require(by, CLERK, area=row.area)
    form = CloseForm(request.POST or None, request=request)
    form.cancel_url = reverse("people:household", args=[number])

    def act(values: dict[str, Any]) -> str:
        actions.close_household(
            by=by, household=number, why=values["why"], text=values["text"], into=values["into"]
        )
        return reverse("people:households")

    return form_page(request, form, act, context=STAFF)


@require_POST
def head(request: HttpRequest, number: int, person: int) -> HttpResponse:
    by = caller(request)
    _changeable(by, number)
    actions.set_head(by=by, household=number, person=person)
    return HttpResponseRedirect(reverse("people:household", args=[number]))


def note_line(note: VisitNote) -> str:
    """The first words of a note, for lists."""
    return (note.promised or note.asked or note.heard)[:60]
