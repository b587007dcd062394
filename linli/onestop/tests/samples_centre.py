"""A result document, a paper of before, an appointment and a queue number of the first town, for the sweep."""

from datetime import date

from django.utils import timezone

from linli.areas.models import Unit
from linli.onestop.models import Application, Booking, Paper, Result, Ticket

UNIT = "sweep-ZX"


def centre_samples(case: Application, areas: dict[str, str], secret: str) -> list[tuple[str, str]]:
    now, place = timezone.now(), {"unit": UNIT, **areas}
    Unit.objects.get_or_create(
        code=UNIT,
        defaults={"name": "第一镇便民中心", "kind": "centre", "function": "ZX", "area": areas["street"]},
    )
    result = Result.objects.create(
        application=case, number="JG-SWEEP-1", check_hash=b"c" * 32, title=secret, issuer="民政局", file=0,
        sha256="0" * 64, made_at=now, **place,
    )  # fmt: skip
    paper = Paper.objects.create(
        person=case.person, application=case, material="INC", name=secret, files=[1], issued=date(2026, 1, 1), kept_at=now
    )  # fmt: skip
    booking = Booking.objects.create(
        at=now, seat=1, capacity=1, person=case.person, channel="phone", made_at=now, **place
    )
    ticket = Ticket.objects.create(
        day=timezone.localdate(now), number=1, key="sweep-key", kind="walk_in", turn_at=now, taken_at=now,
        person=case.person, application=case, **place,
    )  # fmt: skip
    return [
        (r"^onestop/outlet/.*/act$", "reissue"),
        (r"^(my/results|onestop/outlet)/", str(result.pk)),
        (r"^my/papers/", str(paper.pk)),
        (r"^my/appointments/", str(booking.pk)),
        (r"^(appointments|onestop/centre)/", UNIT),
        (r"^onestop/queue/.*/act$", "call"),
        (r"^onestop/queue/", str(ticket.pk)),
        (r"^queue/", "sweep-key"),
    ]
