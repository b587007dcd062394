"""A notice of the first town that nobody may read but its officers, an outage of it, an objection to it."""

import uuid

from linli.areas import queries as areas
from linli.incidents.tests.conftest import GRID, Town
from linli.kernel.actor import SYSTEM
from linli.publicity import actions, registry
from linli.publicity.masks import Field
from linli.publicity.models import Objection
from linli.publicity.registry import PublicityKind
from tests.words import FAMILY, SECRET


def samples(there: Town) -> list[tuple[str, str]]:
    kind = PublicityKind("tests.sweep", "试例公示", (Field("name", "户主", "name"),), posting=False)
    registry.register(kind)
    given = actions.Given(
        kind=kind.code,
        subject="tests.case:1",
        values=[{"name": FAMILY}],
        place=areas.located(None, None, code=GRID),
    )
    row = actions.open_publicity(by=SYSTEM, given=given)
    actions.begin_due()
    said = actions.Objecting(grounds=SECRET, client_uuid=uuid.uuid4(), name=FAMILY, phone="13900000001")
    actions.object_to_notice(by=there.resident, notice=row.pk, said=said)
    lost = actions.mark_down(by=SYSTEM, notice=row.pk, what="page", reason=SECRET)
    return [
        (r"^publicity/outages/", str(lost.pk)),
        (r"^publicity/objections/", str(Objection.objects.latest("id").pk)),
        (r"^publicity/", str(row.pk)),
    ]
