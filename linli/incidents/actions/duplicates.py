"""并案建议: what may be the same matter, found after intake so that nobody waits for it."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from linli.incidents import duplicates
from linli.incidents.models import OPEN, Incident

LOOK_METRES = 300.0  # wider than any radius of the rule
LOOK_BACK = timedelta(days=30)  # closed this long ago at most; open ones of any age are looked at
MOST = 200


def near_by(east: float, north: float, metres: float) -> QuerySet[Incident]:
    """Incidents within a square of ±metres, by the GiST index on point(east, north)."""
    box = "point(incidents_incident.east, incidents_incident.north) <@ box(point(%s, %s), point(%s, %s))"
    return Incident.objects.filter(east__isnull=False).extra(
        where=[box], params=[east - metres, north - metres, east + metres, north + metres]
    )


def earlier(incident: Incident) -> list[Incident]:
    """Candidates near by: open, or closed not long ago; neither merged nor void nor private."""
    if incident.east is None or incident.north is None:
        return []
    since = timezone.now() - LOOK_BACK
    rows = near_by(incident.east, incident.north, LOOK_METRES).filter(
        Q(state__in=OPEN) | Q(closed_at__gte=since), private=False, id__lt=incident.pk
    )
    return list(rows.exclude(state="merged").order_by("-id").defer("guess", "routing", "suggestions")[:MOST])


def telling_of(incident: Incident, sender: str = "") -> duplicates.Telling:
    """An incident as the duplicate rule sees it."""
    return duplicates.Telling(
        key=incident.pk,
        east=incident.east,
        north=incident.north,
        small=incident.class_code,
        large=incident.large,
        place_source=incident.place_source,
        received_at=incident.received_at,
        closed_at=incident.closed_at,
        text=incident.text,
        sender=sender,
        private=incident.private,
    )


def suggest(*, incident: int) -> list[dict]:
    """Writes up to three suggestions with their reasons on the incident; staff decide what becomes of them."""
    row = Incident.objects.get(pk=incident)
    others = earlier(row)
    found = duplicates.rank(telling_of(row), [telling_of(other) for other in others])
    numbers = {other.pk: other for other in others}
    suggestions = [
        {
            "incident": one.key,
            "number": numbers[int(one.key)].number,
            "title": numbers[int(one.key)].title,
            "why": one.line,
        }
        for one in found
    ]
    if suggestions:
        Incident.objects.filter(pk=incident).update(suggestions=suggestions)
    return suggestions
