"""The second tap: a life event with its evidence; and taking one back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.people import actions, queries, rules
from linli.people.actions.persons import CLERK
from linli.people.forms import EVENT_FORMS, UndoForm
from linli.people.models import Household, LifeEvent, Member
from linli.people.pages.parts import STAFF, keep_photos


def event(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """`?person=` names the member a departure or death is about."""
    by = caller(request)
    home = queries.household_of(by, number)
    require(by, "people.change", area=home.area)
    if kind not in EVENT_FORMS:
        raise Refused(_("没有这种登记。"), code="no_event", status=404)
    member = _member(home, request.GET.get("person", "")) if kind in ("moved_out", "death") else None
    form = EVENT_FORMS[kind](
        request.POST or None,
        request.FILES or None,
        request=request,
        kind=kind,
        who=str(member.person) if member else "",
        initial={"on": timezone.localdate()},
    )
    form.check_url = request.get_full_path()
    form.page_lead = f"{home} · {areas.area_path(home.area)}"
    form.cancel_url = back = reverse("people:household", args=[number])

    def act(values: dict[str, Any]) -> str:
        files = keep_photos(by, values["photos"], f"people.household:{number}", values["client_uuid"])
        made = _register(by, kind, home, member, values, files)
        messages.success(request, _("已登记%s。7 天内可由社区干部撤销。") % made.get_kind_display())
        return back

    return form_page(request, form, act, context=STAFF)


def _member(home: Household, written: str) -> Member:
    found = home.members.filter(until=None, person_id=int(written)).first() if written.isdigit() else None
    if found is None:
        raise Refused(_("请先在住户页上选择成员。"), code="no_member", status=404)
    return found


def _register(
    by: Actor, kind: str, home: Household, member: Member | None, values: dict[str, Any], files: list[int]
) -> LifeEvent:
    shown = {"on": values["on"], "evidence": values["evidence"], "files": files}
    if kind == "moved_in":
        return actions.move_in(
            by=by, household=home.pk, number=values["number"], relation=values["relation"], **shown
        )
    if kind == "tenant":
        who = {name: values[name] for name in ("number", "name", "phone")}
        return actions.register_tenant(by=by, household=home.pk, **who, **shown)
    if kind == "birth":
        who = {name: values[name] for name in ("name", "sex", "relation")}
        return actions.register_birth(
            by=by, household=home.pk, birth=values["on"], evidence=values["evidence"], files=files, **who
        )
    assert member is not None
    done = actions.move_out if kind == "moved_out" else actions.register_death
    return done(by=by, person=member.person_id, **shown)


def undo(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = LifeEvent.objects.select_related("person").filter(pk=number).first()
    if row is None:
        raise Refused(_("没有这条登记。"), code="no_event", status=404)
    require(by, CLERK, area=row.was.get("codes") or row.person.area)
    form = UndoForm(request.POST or None, request=request)
    form.page_lead = f"{rules.EVENTS[row.kind]} {row.person} {row.on:%Y-%m-%d}"
    home = (
        reverse("people:household", args=[row.household_id])
        if row.household_id
        else reverse("people:households")
    )
    form.cancel_url = home

    def act(values: dict[str, Any]) -> str:
        actions.undo_event(by=by, event=number, reason=values["reason"])
        return home

    return form_page(request, form, act, context=STAFF)
