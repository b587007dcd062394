"""What everybody may read without an account and without JavaScript: items by life matter, the guide of one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from linli.kernel.actor import Actor, can
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.onestop import door, queries, reading, rules, showing
from linli.onestop.actions import drafts
from linli.onestop.catalogue import Definition
from linli.onestop.conditions import Household
from linli.onestop.forms import ResumeForm
from linli.onestop.pages.frame import OPENED, PLAIN, bound, sign_in
from linli.people.queries import person_of_account
from linli.people.rules import age_on
from linli.publicity.door import limit


@require_safe
def items(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    found = showing.by_life(queries.items_in_force(), words)
    context = {"title": "办事", "groups": found, "words": words, "count": sum(len(rows) for _, rows in found)}
    return render(request, "onestop/items.html", context)


@require_safe
def guide(request: HttpRequest, item: str) -> HttpResponse:
    """Who may, both limits, the visitor's own list, the steps, the rules, where to go."""
    version, viewer = drafts.version_for(item), caller(request)
    definition, raw = reading.definition_of(version), version.definition
    of_member, of_case = showing.asked_facts(definition)
    asked = of_member + of_case
    told = {name for name, _ in asked if name in request.GET.getlist("f")}
    household = _household(definition, viewer, told, "own" in request.GET)
    context = {
        "title": version.item.name,
        "item": version.item,
        "raw": raw,
        "fee": raw.get("fee_fen"),
        "limits": showing.limits(raw, definition),
        "wanted": showing.wanted(definition, household),
        "own": household is not None,
        "asked": [(name, words, name in told) for name, words in asked],
        "basis": showing.basis_of(raw),
        "stages": showing.stages(definition, raw),
        "where": raw["steps"][0].get("actor_zh", ""),
    }
    return render(request, "onestop/guide.html", context)


def _household(definition: Definition, viewer: Actor, told: set[str], asked: bool) -> Household | None:
    """What the visitor ticked, and their own age where they are known; None before anything is told."""
    if not asked:
        return None
    known: dict[str, Any] = dict.fromkeys(told, True)
    person = person_of_account(viewer.account) if viewer.account is not None else None
    if person is not None and person.birth:
        today = timezone.localdate()
        known |= rules.facts_of_person(person.birth, today, age_on(person.birth, today))
    return Household(rules.case_facts(known), [known])


def resume(request: HttpRequest) -> HttpResponse:
    """A draft gone on with elsewhere, by its code and a phone number; who is not signed in does so first."""
    form = ResumeForm(*bound(request))
    if form.is_bound:
        form.data = form.data.copy()
        form.data["client_uuid"] = ""  # looking up is no write: asked twice, answered twice

    def act(said: dict[str, Any]) -> HttpResponse | str:
        viewer = caller(request)
        limit(request, viewer, "answer")
        if viewer.account is not None:
            door.count("resume", viewer.ref)
        row = queries.draft_by_code_and_phone(said["code"], said["phone"])
        to = reverse("onestop:apply", args=[row.pk, "story"])
        if viewer.account is None:
            return sign_in(request, to)
        if can(viewer, "onestop.assist", area=row.area, subject=row.subject):
            request.session[OPENED] = [*request.session.get(OPENED, [])[-19:], row.pk]
        queries.own_case(viewer, row.pk, request.session.get(OPENED, ()))
        return to

    return form_page(request, form, act, context=PLAIN)
