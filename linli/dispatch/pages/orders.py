"""One order: what is to be done, by when, what happened, and the one thing to do next."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from linli.areas import queries as areas
from linli.areas.models import Area
from linli.dispatch import queries, registry, rules, wording
from linli.dispatch.actions.steps import is_assignee
from linli.dispatch.background import background
from linli.dispatch.models import WorkOrder
from linli.dispatch.pages.acts import ACTS, Act
from linli.dispatch.pages.frame import base_for, base_version, in_field, posted, renewing
from linli.kernel.actor import Actor
from linli.kernel.files.models import Attachment
from linli.kernel.web import subjects
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.pages import offline_page


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of the order page."""

    code: str
    label: str
    url: str
    short: bool = False  # one tap is enough: a form of its own on the page
    tone: str = ""


def choices(viewer: Actor, order: WorkOrder) -> list[Choice]:
    """What this viewer may do now, the next step first."""
    own = _own_form(viewer, order)
    found: list[Choice] = []
    for act in ACTS.values():
        if not act.fits(viewer, order):
            continue
        if own and act.code in ("handle", "milestone"):
            continue
        one = Choice(act.code, _label(act, order), f"/orders/{order.pk}/{act.code}/", act.short, act.tone)
        found.append(one)
    if own:
        found.insert(1 if found and found[0].code == "arrive" else 0, own)
    return found


def _own_form(viewer: Actor, order: WorkOrder) -> Choice | None:
    """The room's own form behind 办结, at /orders/<id>/<name>/."""
    kind = registry.kinds().get(order.kind)
    if not kind or not kind.form or order.state != "accepted" or not is_assignee(viewer, order):
        return None
    name = kind.form.rpartition(".")[2]
    label = {"confirm": "核实", "check": "核查"}.get(name, "办结")
    return Choice(name, label, f"/orders/{order.pk}/{name}/")


def _label(act: Act, order: WorkOrder) -> str:
    name = rules.milestone_name(order.plan, order.milestone)
    return f"完成“{name}”" if act.code == "milestone" and name else act.label


def order_page(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    order = queries.order_for(viewer, number)
    moves = queries.order_moves(order)
    told = background(order, viewer, likes=order.state in ("raised", "disputed"))
    photos = queries.photos_about(order, told.subjects)
    by_id = {photo.pk: photo for photo in photos}
    missing = {file for move in moves for file in move.files} - set(by_id)
    by_id |= {photo.pk: photo for photo in Attachment.objects.filter(pk__in=missing)} if missing else {}
    found = choices(viewer, order)
    context = {
        "title": order.title,
        "base": base_for(viewer),
        "field": in_field(viewer),
        "order": order,
        "kind": registry.title(order.kind),
        "clock": wording.chip(order),
        "urgency": wording.URGENCY_WORDS[order.urgency],
        "urgency_tone": wording.URGENCY_TONES[order.urgency],
        "place": areas.area_path(order.area),
        "unit": wording.unit_name(order.unit) if order.unit else "待派遣",
        "state": rules.STATE_WORDS[order.state],
        "why": wording.explain(order.explanation),
        "proposed": wording.unit_name(order.explanation.get("proposed") or ""),
        "stage": wording.STAGE_WORDS.get(order.stage, ""),
        "milestone": rules.milestone_name(order.plan, order.milestone) if order.stage == "handle" else "",
        "told": told,
        "subject_url": _subject_url(viewer, order),
        "photos": [wording.picture(photo) for photo in photos],
        "flags": wording.names_of(order.flags),
        "steps": wording.steps(moves, {}, by_id),
        "first": found[0] if found else None,
        "others": found[1:] + [Choice("room", label, url) for label, url in told.acts],
    }
    return offline_page(render(request, "dispatch/order.html", context))


def _subject_url(viewer: Actor, order: WorkOrder) -> str:
    may = not in_field(viewer) and subjects.may_see(order.subject, viewer)
    return subjects.url(order.subject, viewer) if may else ""


def order_act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """The form of one act, and the act."""
    viewer = caller(request)
    order = queries.order_for(viewer, number)
    spec = ACTS[act]
    if request.method == "GET" and not spec.fits(viewer, order):
        spec.refuse(viewer, order)
    form = spec.form(*posted(request), request=request, order=order)

    def run(said: dict[str, Any]) -> str:
        def now() -> int:
            return WorkOrder.objects.values_list("version", flat=True).get(pk=number)

        with renewing(form, now):
            spec.run(viewer, order, said | {"base_version": base_version(said)})
        messages.success(request, f"已{spec.done}")
        return spec.after(order, viewer)

    context = {
        "base": base_for(viewer),
        "field": in_field(viewer),
        "order": order,
        "clock": wording.chip(order),
        "act": act,
        "offline": spec.offline,
        "told": background(order, viewer, likes=act in ("dispatch", "rule")),
        "why": wording.explain(order.explanation) if act in ("dispatch", "rule") else "",
        "moves": wording.steps(queries.order_moves(order)[-6:], {}, {})
        if act in ("dispatch", "rule")
        else [],
    }
    return offline_page(form_page(request, form, run, template="dispatch/act.html", context=context))


def order_map(request: HttpRequest, number: int) -> JsonResponse:
    """The order's point and its grid, for the map island."""
    order = queries.order_for(caller(request), number)
    point = {
        "type": "Feature",
        "properties": {"id": order.pk, "name": "保密工单" if order.private else order.title},
        "geometry": {"type": "Point", "coordinates": [order.lon, order.lat]},
    }
    return JsonResponse({"type": "FeatureCollection", "features": [point] if order.lon is not None else []})


def order_areas(request: HttpRequest, number: int) -> JsonResponse:
    order = queries.order_for(caller(request), number)
    rows = Area.objects.filter(code=order.grid or order.community, outline__isnull=False)
    features = [
        {
            "type": "Feature",
            "properties": {"code": row.code, "name": row.name, "label": row.name},
            "geometry": row.outline,
        }
        for row in rows
    ]
    answer = JsonResponse({"type": "FeatureCollection", "features": features})
    answer["Cache-Control"] = "private, max-age=3600"
    return answer
