"""缓办 on the case: while its lead order stands still the case does too, and its limit moves by what it stood."""

from datetime import datetime

from django.db import transaction

from linli.dispatch import clocks
from linli.dispatch.models import WorkOrder
from linli.incidents import catalogue, facts
from linli.incidents.actions.case import whole_limit
from linli.incidents.actions.steps import incident_fact, locked
from linli.incidents.models import Incident
from linli.kernel.bus.actions import tell


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
