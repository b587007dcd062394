"""民情日记 -> 事件 in one tap: what was heard at a door becomes a report of the grid worker's."""

import uuid

from linli.incidents.actions.intake import report_incident
from linli.incidents.rules import Telling
from linli.kernel.actor import Actor
from linli.people.models import VisitNote


def report_from_note(by: Actor, note: VisitNote, text: str) -> str:
    """Takes a visit note as a report at the household's place; returns the incident's subject. Once per note."""
    home = note.household.dwelling
    receipt = report_incident(
        by=by,
        telling=Telling(
            text=text,
            sender=by.ref,
            client_uuid=uuid.uuid5(uuid.NAMESPACE_OID, f"people.note:{note.pk}"),
            channel="note",
            lon=home.lon,
            lat=home.lat,
            place_source="gps" if home.lon is not None else "",
            area=home.area,
            files=tuple(note.files),
        ),
    )
    return f"incidents.incident:{receipt.incident}"
