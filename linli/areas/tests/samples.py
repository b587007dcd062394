"""A branch and a hand-over of the first town, for the sweep with strangers: route so far -> id."""

from django.utils import timezone

from linli.areas.models import Branch, Handover
from linli.incidents.tests.conftest import COMMUNITY, GRID, TOWN, Town


def samples(there: Town) -> list[tuple[str, str]]:
    branch = Branch.objects.create(name="紫藤党支部", community=COMMUNITY)
    shift = Handover.objects.create(
        giver=there.accounts["worker"],
        receiver=there.accounts["clerk"],
        area=GRID,
        reason="leave",
        starts=timezone.localdate(),
    )
    return [
        (r"^imports/kind$", "areas"),
        (r"^areas/units/", f"{TOWN}-ZX"),
        (r"^areas/branches/new/", COMMUNITY),
        (r"^areas/branches/", str(branch.pk)),
        (r"^areas/\d+/post$", "worker"),
        (r"^areas/(?!import/)", GRID),
        (r"^handovers/\d+/act$", "cancel"),
        (r"^handovers/", str(shift.pk)),
    ]
