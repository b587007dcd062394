"""What the kernel keeps for the sweep with strangers, and the samples of all rooms together."""

from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.utils import timezone

from linli.incidents.tests.conftest import TOWN, Town
from linli.kernel.access.actions import bar, give_pass
from linli.kernel.actor import SYSTEM
from linli.kernel.deadlines.actions import set_day
from linli.kernel.ledger.models import Entry
from linli.kernel.notify.actions import notify
from linli.kernel.notify.models import Notice
from tests.words import SECRET


def of_rooms(there: Town) -> list[tuple[str, str]]:
    """Each room's own `tests/samples.py`, in the order of the rooms."""
    found = []
    for room in settings.ROOMS:
        if find_spec(f"linli.{room}.tests.samples"):
            found += import_module(f"linli.{room}.tests.samples").samples(there)
    return found


def of_kernel(there: Town, subject: str) -> list[tuple[str, str]]:
    """A pass and a bar to the case, a day of the calendar, a notice: addresses not one room's own."""
    someone, until = there.accounts["worker"].pk, timezone.now() + timedelta(hours=24)
    opened, _ = give_pass(
        by=SYSTEM, account=someone, subject=subject, verbs=["care.open"], reason=SECRET, until=until, area=TOWN
    )  # fmt: skip
    barred = bar(by=SYSTEM, account=someone, subject="tests.file:1", why="kin", reason=SECRET, area=TOWN)
    set_day(by=SYSTEM, day=date(2027, 3, 8), working=False, name="停工", source="通告")
    notify(to=someone, template="notify.plain", context={"title": SECRET, "text": SECRET})
    return [
        (r"^system/channels/", "sms"),
        (r"^system/notices/", str(Notice.objects.latest("id").pk)),
        (r"^system/wordings/", "notify.trial"),
        (r"^system/calendar/days/", "2027-03-08"),
        (r"^system/calendar/", "2027"),
        (r"^system/passes/", str(opened.pk)),
        (r"^system/bars/", str(barred.pk)),
        (r"^(me|system|accounts)/", str(someone)),
        (r"members/account$", str(there.accounts["checker"].pk)),
        (r"roles/role$", "officer"),
        (r"^audit/", str(Entry.objects.latest("id").pk)),
        (r"^(admin|duty|filters)/", "1"),
    ]
