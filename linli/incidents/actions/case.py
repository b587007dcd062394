"""What intake decides from values in memory: the place, the class, the urgency, what to do, the promise."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch import clocks
from linli.dispatch.actions import Wanted, located
from linli.incidents import catalogue, facts, rules
from linli.incidents.models import Incident, IncidentClass
from linli.kernel.actor import Actor, can
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.deadlines.queries import calendar_for

OLDEST_CAPTURE = timedelta(days=30)


@dataclass(slots=True)
class Case:
    """A report on its way through intake."""

    telling: rules.Telling
    text: str
    now: datetime
    place: dict[str, Any]
    source: str
    flags: list[str]
    chosen: IncidentClass | None
    guess: dict[str, Any]
    urgency: str
    decision: rules.Decision


def read_case(by: Actor, telling: rules.Telling) -> Case:
    """Everything intake decides, from values in memory."""
    now = timezone.now()
    text, cut = rules.clean_text(telling.text)
    flags = [*telling.flags, *(["control_characters"] if cut else [])]
    if telling.captured_at and not now - OLDEST_CAPTURE <= telling.captured_at <= now + timedelta(minutes=5):
        flags.append("odd_captured_at")
    place, source = _place(telling, text, flags)
    chosen, guess = _class(telling, text)
    known_own = can(by, "incidents.report_own", area=place["grid"] or place["community"] or place["county"])
    danger = rules.dangerous(text, catalogue.danger_words())
    urgency = (
        "critical"
        if danger or (chosen and chosen.urgency == "critical")
        else chosen.urgency
        if chosen
        else "routine"
    )
    if danger:
        guess["danger"] = danger
    decision = rules.decide(
        rules.Known(
            class_code=chosen.code if chosen else "",
            sure=bool(chosen),
            has_point=place["lon"] is not None and source in ("gps", "pin"),
            in_county=bool(place["county"]),
            has_photo=bool(telling.files),
            own_find=known_own and telling.channel in ("grid", "note"),
            skip_confirm=bool(chosen and chosen.skip_confirm),
            critical=urgency == "critical",
            has_grid=bool(place["grid"]),
        )
    )
    return Case(telling, text, now, place, source, flags, chosen, guess, urgency, decision)


def _place(telling: rules.Telling, text: str, flags: list[str]) -> tuple[dict[str, Any], str]:
    """The Located columns: a point, else a chosen area, else place names found in what was said."""
    if telling.lon is not None and telling.lat is not None:
        place = areas.located(telling.lon, telling.lat, source_crs=telling.crs)
        if place.get("grid"):
            return place, telling.place_source or "pin"
        flags.append("outside_grids")
    code = telling.area or areas.find_place_words(f"{telling.place_words} {text}"[:400])
    spot = areas.place_of_code(code) if code else None
    place = areas.located(None, None, code=code) if spot else areas.located(None, None)
    place["county"] = place.get("county") or settings.LINLI_COUNTY
    source = "grid" if telling.area and len(telling.area) == 15 else "address" if code else "unknown"
    return place, telling.place_source if telling.place_source == "default" else source


def _class(telling: rules.Telling, text: str) -> tuple[IncidentClass | None, dict[str, Any]]:
    """The class: said by a known word, else predicted when the model is sure; the guess is kept either way."""
    said = catalogue.class_said(telling.class_said) if telling.class_said else None
    seen = catalogue.classify(text) if text else None
    guess: dict[str, Any] = {}
    if seen:
        number, found = seen
        guess = {
            "model": number,
            "top": [[code, round(float(p), 4)] for code, p in found.top[:3]],
            "words": [[gram, round(float(w), 3)] for gram, w in found.words[:6]],
            "sure": bool(found.sure),
        }
        if said is None and found.sure:
            return catalogue.class_of(found.top[0][0]), guess
        guess["large"] = catalogue.sure_large(found)
    if said:
        guess["said"] = said.code
    return said, guess


def whole_limit(chosen: IncidentClass | None, urgency: str) -> list[str]:
    """The limits a case must pass one after the other, for its promise."""
    steps = [str(step["limit"]) for step in (chosen.milestones if chosen else [])]
    return steps or [catalogue_limit("handle", urgency)]


def catalogue_limit(stage: str, urgency: str) -> str:
    return clocks.limit("incident.handle", stage, urgency)


def desk_due(received: datetime, urgency: str, county: str) -> datetime:
    """Until a case is filed: the desk's limit."""
    limit = deadlines.Limit.parse(catalogue_limit("dispatch", urgency))
    return deadlines.due(received, limit, calendar_for(county)).at


def promise(start: datetime, chosen: IncidentClass | None, urgency: str, county: str) -> datetime:
    """The promised moment: every milestone of the class after the other."""
    at, calendar = start, calendar_for(county)
    for limit in whole_limit(chosen, urgency):
        at = deadlines.due(at, deadlines.Limit.parse(limit), calendar).at
    return at


def filed_fact(incident: Incident) -> facts.IncidentFiled:
    return facts.IncidentFiled(
        incident.pk,
        incident.subject,
        incident.area,
        incident.class_code,
        incident.urgency,
        incident.state,
        incident.unit,
    )


def first_order(
    do: str, incident: Incident, chosen: IncidentClass | None, *, told: catalogue.Told, at: datetime
) -> tuple[Wanted, catalogue.Sent] | None:
    """What is wanted and of whom, for a decision of rules.decide; None leaves the case to the desk's queue.

    `told` and `at`: as `catalogue.route` takes them.
    """
    if do == "desk" or do == "locate":
        return None
    area = incident.area
    if do == "confirm":
        sent = catalogue.to_grid_worker(area)
        return order_for(incident, "incident.confirm", sent, verify="none"), sent
    sent = catalogue.route(
        class_code=incident.class_code, large=incident.large, area=area, urgency=incident.urgency, told=told, at=at
    )  # fmt: skip
    return order_for(
        incident, "incident.handle", sent, verify="other", handle=chosen.milestones if chosen else None
    ), sent


def order_for(
    incident: Incident,
    kind: str,
    sent: catalogue.Sent,
    *,
    verify: str,
    handle: Any = None,
    role: str = "lead",
) -> Wanted:
    return Wanted(
        kind=kind,
        subject=incident.subject,
        title=incident.title,
        place=located(incident),
        urgency=incident.urgency,
        private=incident.private,
        instructions=incident.text[:2000],
        handle=handle or None,
        verify=verify,
        explanation=sent.explanation,
        role=role,
    )
