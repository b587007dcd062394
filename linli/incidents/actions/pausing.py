"""The limit of a case on the move: while its lead order stands still (缓办) the case does too, and a calendar may change."""

from datetime import date, datetime, time, timedelta

from django.db import transaction

from linli.dispatch import clocks
from linli.dispatch.models import Move, WorkOrder
from linli.incidents import catalogue, facts
from linli.incidents.actions.case import desk_due, promise, whole_limit
from linli.incidents.actions.steps import incident_fact, locked
from linli.incidents.models import OPEN, Incident, IncidentClass
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.actions import tell
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.ledger.actions import Deed, record_many

AT_ONCE = 500  # cases locked and written together


@transaction.atomic
def follow_pause(*, incident: int, stood: tuple[datetime, datetime] | None = None) -> Incident:
    """Brings `suspended` in line with the lead order; after a pause the limit moves, the promise stays as told.

    Called by the reactions to the lead order's facts, so it may run late or again: the flag is read from the order,
    and `stood` (since, until) comes once a fact. The step itself stands in the timeline as the order's.
    """
    row = locked(incident)
    paused = WorkOrder.objects.filter(
        subject=row.subject, kind="incident.handle", role="lead", state="suspended"
    ).exists()
    before = (row.suspended, row.due_at)
    row.suspended = paused
    if stood and row.filed_at:
        limit = whole_limit(catalogue.class_of(row.class_code), row.urgency)[-1]
        row.due_at = clocks.after_pause(
            row.due_at, since=stood[0], until=stood[1], limit=limit, county=row.county
        )
    if (row.suspended, row.due_at) != before:
        row.save(update_fields=["suspended", "due_at"])
        action = "suspend" if paused else "resume"
        tell(incident_fact(facts.IncidentChanged, row, action=action))
    return row


def recount_dues(*, area: str = "", since: date, until: date | None = None, why: str) -> int:
    """Limits of open cases that lie across the days `since` to `until`, by the calendar as it is now; how many moved.

    What its lead order stood still is given again; what was promised to the reporter stays as told. Asked again it
    finds nothing to do.
    """
    rows = Incident.objects.filter(state__in=OPEN, due_at__gte=datetime.combine(since, time(), SHANGHAI))
    if until is not None:
        rows = rows.filter(received_at__lt=datetime.combine(until + timedelta(days=1), time(), SHANGHAI))
    if area:
        rows = rows.filter(county=area[:6])
    numbers = list(rows.order_by("id").values_list("id", flat=True))
    return sum(_recount(numbers[start : start + AT_ONCE], why) for start in range(0, len(numbers), AT_ONCE))


@transaction.atomic
def _recount(numbers: list[int], why: str) -> int:
    rows = list(Incident.objects.select_for_update().filter(pk__in=numbers).order_by("id"))
    stood, known = _stood(rows), _classes(rows)
    moved, deeds = [], []
    for row in rows:
        chosen = known.get((row.class_code, row.class_version))
        before, row.due_at = row.due_at, _due_again(row, chosen, stood.get(row.subject, []))
        if row.due_at != before:
            moved.append(row)
            fields = {"before": before.isoformat(), "after": row.due_at.isoformat(), "why": why[:200]}
            deeds.append(Deed(row.subject, "recount", SYSTEM.ref, fields))
    Incident.objects.bulk_update(moved, ["due_at"])
    record_many(deeds)
    tell(*(incident_fact(facts.IncidentChanged, row, action="recount") for row in moved))
    return len(moved)


def _classes(rows: list[Incident]) -> dict[tuple[str, int], IncidentClass]:
    """The versions the cases were filed under: a running case keeps its limits when the catalogue changes."""
    found = IncidentClass.objects.filter(code__in={row.class_code for row in rows})
    return {(one.code, one.version): one for one in found}


def _due_again(
    row: Incident, known: IncidentClass | None, stood: list[tuple[datetime, datetime]]
) -> datetime:
    if not row.filed_at:
        return desk_due(row.received_at, row.urgency, row.county)
    at, limit = promise(row.received_at, known, row.urgency, row.county), whole_limit(known, row.urgency)[-1]
    for since, until in stood:
        at = clocks.after_pause(at, since=since, until=until, limit=limit, county=row.county)
    return at


def _stood(rows: list[Incident]) -> dict[str, list[tuple[datetime, datetime]]]:
    """Subject -> when its lead order stood still and for how long, oldest first."""
    leads = WorkOrder.objects.filter(
        subject__in=[row.subject for row in rows], kind="incident.handle", role="lead"
    )
    steps = Move.objects.filter(order__in=leads, action__in=("suspend", "resume")).order_by("at", "id")
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    began: dict[int, datetime] = {}
    for order, subject, action, at in steps.values_list("order", "subject", "action", "at"):
        if action == "suspend":
            began[order] = at
        elif order in began:
            found.setdefault(subject, []).append((began.pop(order), at))
    return found
