"""A stream of messages through the real intake, with time compressed, and an account of what became of it."""

import hashlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F

from linli.areas import queries as areas
from linli.areas.models import Area
from linli.dispatch.models import WorkOrder
from linli.incidents.actions import report_incident
from linli.incidents.models import Incident
from linli.incidents.rules import Telling
from linli.incidents.streams import Message
from linli.kernel import Refused
from linli.kernel.access.queries import anonymous

LONGEST_PAUSE = 5.0  # seconds: a silent night of the stream is not sat through


@dataclass(slots=True)
class Tally:
    """What a replay did."""

    sent: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    incidents: list[int] = field(default_factory=list)
    seconds: float = 0.0


def spread(message: Message, codes: list[str]) -> str:
    """A grid for a message that names no place here: the same each time, spread over the county. Illustrative."""
    key = hashlib.sha256(f"{message.user}|{message.text[:40]}".encode()).digest()
    return codes[int.from_bytes(key[:6], "big") % len(codes)]


def telling_of(message: Message, source: str, channel: str, codes: list[str] | None) -> Telling:
    """A message as a report. The UUID follows from source and row: a stream sent twice arrives once."""
    named = areas.find_place_words(f"{message.place} {message.text[:200]}")
    area = named if named or not codes else spread(message, codes)
    return Telling(
        text=message.text,
        sender=f"stream:{source}"[:80],
        client_uuid=uuid.uuid5(uuid.NAMESPACE_URL, f"{source}#{message.row}"),
        channel=channel,
        class_said=message.class_said,
        place_words=message.place[:200],
        lon=message.lon,
        lat=message.lat,
        area=area if message.lon is None else "",
        phone=message.phone,
    )


def send(
    messages: Iterable[Message],
    *,
    source: str,
    channel: str = "import",
    speed: float = 0.0,
    scatter: bool = True,
    step: Callable[[], object] | None = None,
    tick: Callable[[Message], object] | None = None,
) -> Tally:
    """Sends every message through `report_incident` as an anonymous reporter would.

    `speed`: how many seconds of the stream pass in one real second, 0 for as fast as it goes. `scatter` gives messages
    without a place of this county a grid (illustrative). `tick` is called after each message; `step` while waiting.
    """
    tally, began, by = Tally(), time.monotonic(), anonymous()
    codes = (
        list(Area.objects.filter(level="grid", active=True).order_by("code").values_list("code", flat=True))
        if scatter
        else None
    )
    last: datetime | None = None
    for message in messages:
        if speed and last and message.time and message.time > last:
            _wait(min(LONGEST_PAUSE, (message.time - last).total_seconds() / speed), step)
        last = message.time or last
        try:
            receipt = report_incident(by=by, telling=telling_of(message, source, channel, codes or None))
        except Refused as why:
            tally.refused[why.code] += 1
        else:
            tally.sent += 1
            tally.repeated += receipt.repeated
            tally.incidents.append(receipt.incident)
        if tick:
            tick(message)
    tally.seconds = time.monotonic() - began
    return tally


def _wait(seconds: float, step: Callable[[], object] | None) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if step:
            step()
        time.sleep(min(0.5, left))


def summary(tally: Tally) -> dict[str, Any]:
    """Classes, duplicates, dispatches and clocks of what a replay sent."""
    rows = Incident.objects.filter(pk__in=tally.incidents)
    subjects = [f"incidents.incident:{number}" for number in tally.incidents]
    orders = WorkOrder.objects.filter(subject__in=subjects)
    late = orders.filter(done_at=None, due_at__lt=F("created")).count()
    return {
        "sent": tally.sent,
        "refused": dict(tally.refused),
        "repeated": tally.repeated,
        "seconds": round(tally.seconds, 2),
        "per_second": round(tally.sent / tally.seconds, 1) if tally.seconds else 0.0,
        "states": dict(rows.values_list("state").annotate(n=Count("id"))),
        "large_classes": dict(
            rows.exclude(large="").values_list("large").annotate(n=Count("id")).order_by("-n")
        ),
        "unsure": rows.filter(class_code="").count(),
        "with_suggestions": rows.exclude(suggestions=[]).count(),
        "located": rows.exclude(grid="").count(),
        "orders": dict(orders.values_list("kind").annotate(n=Count("id"))),
        "units": orders.values("unit").distinct().count(),
        "due_before_raised": late,
    }
