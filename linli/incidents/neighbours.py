"""Cases near a place: what a reporter may join, what a map or a program asks for."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from linli.areas import queries as areas
from linli.incidents import catalogue, duplicates, rules
from linli.incidents.actions.duplicates import LOOK_METRES, MOST, near_by, telling_of
from linli.incidents.models import OPEN, Incident

FARTHEST = 5000.0  # metres; what a circle may measure at most


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An open case like the one being told, as a stranger may see it: no words of another reporter."""

    incident: int
    number: str
    what: str
    where: str
    metres: int
    received_at: object
    state: str
    reports: int


def open_like(telling: rules.Telling) -> list[Neighbour]:
    """Up to three open cases of the same matter near by; [] for private matters and places nobody pinned down."""
    if telling.lon is None or telling.lat is None:
        return []
    place = areas.located(telling.lon, telling.lat, source_crs=telling.crs)
    chosen = catalogue.class_said(telling.class_said) if telling.class_said else None
    guess = catalogue.classify(telling.text) if telling.text and chosen is None else None
    if guess and chosen is None and guess[1].top:
        chosen = catalogue.class_of(guess[1].top[0][0])
    if not place["grid"] or (chosen and chosen.private):
        return []
    mine = duplicates.Telling(
        key=0,
        east=place["east"],
        north=place["north"],
        small=chosen.code if chosen else "",
        large=chosen.large if chosen else "",
        place_source=telling.place_source or "pin",
        received_at=timezone.now(),
        text=telling.text,
    )
    rows = near_by(place["east"], place["north"], LOOK_METRES).filter(state__in=OPEN, private=False)
    found = {
        row.pk: row for row in rows.order_by("-id").defer("guess", "routing", "suggestions", "words")[:MOST]
    }
    ranked = duplicates.rank(mine, [telling_of(row) for row in found.values()])
    return [_shown(found[int(one.key)], one.distance_m) for one in ranked]


def _shown(row: Incident, metres: float) -> Neighbour:
    known = catalogue.class_of(row.class_code)
    what = known.name if known else "同类问题"
    where = areas.area_path(row.community or row.street)
    state = rules.STATE_WORDS[row.state]
    return Neighbour(
        row.pk, row.number, what, where, round(metres), row.received_at, state, row.reports_count
    )


def within(rows: QuerySet[Incident], lon: float, lat: float, metres: float) -> QuerySet[Incident]:
    """`rows` at most `metres` from a WGS-84 point: by the index on a square, then by the true distance."""
    place = areas.located(lon, lat)
    east, north = place["east"], place["north"]
    box = "point(incidents_incident.east, incidents_incident.north) <@ box(point(%s, %s), point(%s, %s))"
    circle = "power(incidents_incident.east - %s, 2) + power(incidents_incident.north - %s, 2) <= %s"
    return rows.filter(east__isnull=False).extra(
        where=[box, circle],
        params=[east - metres, north - metres, east + metres, north + metres, east, north, metres**2],
    )
