"""One person: masked by default, sealed values with a reason; ties, consents, corrections, merging."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page, refuse_stale
from linli.people import actions, queries, rules
from linli.people.actions.persons import CLERK, CORRECTABLE
from linli.people.actions.reveal import FIELDS
from linli.people.forms import ConsentForm, CorrectForm, FindForm, MergeForm, TieForm
from linli.people.models import Person
from linli.people.pages.parts import STAFF, chip, keep_photos

LABELS = {"name": "姓名", "number": "身份证号", "phone": "电话", "address": "地址", "door_hint": "入户提示"}


@require_safe
def person(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    row = queries.person_of(viewer, number)
    today = timezone.localdate()
    own = row.account_id is not None and row.account_id == viewer.account
    may_change = can(viewer, "people.change", area=row.area)
    context = {
        "row": row,
        "chip": chip(row, viewer),
        "age": rules.age_on(row.birth, today) if row.birth else None,
        "home": queries.home_of(row),
        "where": areas.area_path(row.area),
        "ties": queries.ties_of(row),
        "consents": queries.consents_of(row),
        "may_change": may_change,
        "may_reveal": can(viewer, "people.reveal", area=row.area),
        "may_merge": can(viewer, CLERK, area=row.area),
        "may_withdraw": may_change or own,
    }
    return render(request, "people/person.html", context)


def _changeable(by: Actor, number: int) -> Person:
    row = queries.person_of(by, number)
    require(by, "people.change", area=row.area, subject=f"people.person:{row.pk}")
    return row


def _back(row: Person) -> str:
    return reverse("people:person", args=[row.pk])


def edit_person(request: HttpRequest, number: int) -> HttpResponse:
    """Open values are shown to be changed; of the sealed ones only what is typed anew counts."""
    by = caller(request)
    row = _changeable(by, number)
    shown = {
        name: getattr(row, name) for name in ("birth", "sex", "nation", "registered_place", "party_member")
    }
    form = CorrectForm(request.POST or None, request=request, initial=shown, base_version=row.version)
    form.cancel_url = _back(row)

    def act(values: dict[str, Any]) -> str:
        refuse_stale(form, current=row.version, who=_("有人"), what=_("此人的信息"))
        sealed = ("name", "number", "phone")
        changes = {name: values[name] for name in CORRECTABLE if name not in sealed or values[name]}
        if "number" in changes:  # what the new number says stands
            changes |= {"birth": None, "sex": ""}
        actions.correct_person(by=by, person=row.pk, **changes)
        return _back(row)

    return form_page(request, form, act, context=STAFF)


def merge(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = queries.person_of(by, number)
    require(by, CLERK, area=row.area)
    form = MergeForm(request.POST or None, request=request)
    form.cancel_url = _back(row)

    def act(values: dict[str, Any]) -> str:
        queries.person_of(by, values["drop"])
        actions.merge_persons(by=by, keep=row.pk, drop=values["drop"], reason=values["reason"])
        return _back(row)

    return form_page(request, form, act, context=STAFF)


def new_tie(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = _changeable(by, number)
    form = TieForm(request.POST or None, request=request)
    form.page_lead, form.cancel_url = str(row), _back(row)

    def act(values: dict[str, Any]) -> str:
        wanted = ("kind", "relation", "name", "phone", "rank")
        actions.set_tie(by=by, person=row.pk, **{name: values[name] for name in wanted})
        return _back(row)

    return form_page(request, form, act, context=STAFF)


def new_consent(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = _changeable(by, number)
    form = ConsentForm(request.POST or None, request.FILES or None, request=request)
    form.page_lead, form.cancel_url = str(row), _back(row)

    def act(values: dict[str, Any]) -> str:
        files = keep_photos(by, values["photos"], f"people.person:{row.pk}", values["client_uuid"])
        wanted = ("purpose", "given_by", "evidence", "until")
        actions.give_consent(by=by, person=row.pk, files=files, **{name: values[name] for name in wanted})
        return _back(row)

    return form_page(request, form, act, context=STAFF)


@require_POST
def end_tie(request: HttpRequest, number: int) -> HttpResponse:
    tie = actions.end_tie(by=caller(request), tie=number)
    return HttpResponseRedirect(reverse("people:person", args=[tie.person_id]))


@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    consent = actions.withdraw_consent(by=caller(request), consent=number)
    return HttpResponseRedirect(reverse("people:person", args=[consent.person_id]))


@require_POST
def reveal(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """The sealed values on a page of their own, not kept by the browser."""
    if kind not in FIELDS:
        raise Refused(_("没有这一项可以查看。"), code="no_field", status=404)
    seen = actions.reveal(
        by=caller(request),
        kind=kind,
        number=number,
        fields=FIELDS[kind][1],
        reason=request.POST.get("reason", ""),
    )
    values = [(LABELS[name], value) for name, value in seen.items()]
    answer = render(
        request, "people/revealed.html", {"values": values, "back": request.headers.get("Referer", "/")}
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


def find(request: HttpRequest) -> HttpResponse:
    """By full identity number or phone, within one's own area; posted, so that no number stands in an address."""
    viewer = caller(request)
    require(viewer, "people.view")
    form = FindForm(request.POST or None, request=request)
    form.cancel_url = reverse("people:households")
    form.check_url = ""

    def act(values: dict[str, Any]) -> str | HttpResponse:
        by_number = queries.by_number(viewer, values["words"])
        found = [by_number] if by_number else list(queries.by_phone(viewer, values["words"])[:20])
        if len(found) == 1:
            return _back(found[0])
        if not found:
            raise Refused(
                _("在您的管辖范围内没有找到，请核对号码。"),
                code="not_found",
                fields={"words": [_("没有找到，请核对是否填完整")]},
            )
        chips = [(one, chip(one, viewer), areas.area_path(one.area)) for one in found]
        return render(request, "people/found.html", {"found": chips})

    return form_page(request, form, act, context=STAFF)
