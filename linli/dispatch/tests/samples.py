"""An ask about an order and a ruling, for the sweep with strangers: route so far -> id."""

from django.utils import timezone

from linli.dispatch.models import Ask, Ruling, WorkOrder
from linli.incidents.tests.conftest import TOWN, Town
from tests.words import SECRET


def samples(there: Town) -> list[tuple[str, str]]:
    now, order = timezone.now(), WorkOrder.objects.get(title=SECRET)
    ask = Ask.objects.create(
        order=order, what="extend", reason=SECRET, asked_by=there.accounts["officer"], asked_at=now
    )
    ruling = Ruling.objects.create(
        topic="sr.litter", area=TOWN, unit="430181-CG", basis=SECRET, order=order, valid_from=now
    )
    return [(r"^approvals/", str(ask.pk)), (r"^admin/rulings/", str(ruling.pk))]
