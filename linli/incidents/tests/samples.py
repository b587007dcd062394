"""A case with its report, order and photo, for the sweep with strangers: route so far -> id."""

import uuid
from dataclasses import dataclass

from linli.dispatch.models import WorkOrder
from linli.incidents import actions
from linli.incidents.models import Incident
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import LAT, LON, Town
from linli.incidents.tests.test_pages import photo
from linli.kernel.files.actions import store_file
from linli.kernel.files.models import Attachment


@dataclass
class Case:
    incident: Incident
    report: int
    photo: Attachment

    @property
    def order(self) -> WorkOrder:
        return WorkOrder.objects.get(subject=self.incident.subject, kind="incident.handle")

    def samples(self) -> list[tuple[str, str]]:
        number, order, shot = str(self.incident.pk), str(self.order.pk), self.photo
        mine = r"reports/report$|^my/reports/|^api/v1/reports/|^open311/v2/tokens"
        return [
            (r"photos/\d+/size$", "small"),
            (r"photos/file$|^api/v1/files/file_id$", str(shot.pk)),
            (r"^orders/|^api/v1/orders/", order),
            (mine, str(self.report)),
            (r"^incidents/|^check/|^board/|^api/v1/incidents/|^open311/v2/requests", number),
            (r"^areas/import/|^runs/|^imports/run/|uploads/upload_id$", str(shot.key)),
        ]


def told(there: Town, words: str, colour: str) -> Case:
    """A filed case of the first town with a photo of its reporter's."""
    shot = store_file(
        by=there.resident, name="a.jpg", data=photo(colour=colour).read(), client_uuid=uuid.uuid4()
    )
    telling = Telling(
        text=words, sender="r", client_uuid=uuid.uuid4(), lon=LON, lat=LAT, place_source="pin", files=(shot.pk,)
    )  # fmt: skip
    receipt = actions.report_incident(by=there.resident, telling=telling)
    case = Incident.objects.get(pk=receipt.incident)
    if case.state in ("reported", "confirming"):
        actions.file_incident(by=there.clerk, incident=case.pk, class_code="sr.litter")
    return Case(Incident.objects.get(pk=case.pk), receipt.report, shot)


def samples(there: Town) -> list[tuple[str, str]]:
    return [(r"^admin/classes/|services/code$", "sr.litter"), (r"tracking/code$", "ABCDEFGHJK")]
