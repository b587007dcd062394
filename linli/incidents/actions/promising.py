"""Learning, every night, how long like cases take: what a reporter is promised tomorrow."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from linli.incidents import promises
from linli.incidents.models import Incident, PromiseEntry
from linli.incidents.promise import Handling, experience, handling
from linli.kernel.actor import SYSTEM
from linli.kernel.ledger.actions import record

NO_LESSON = ("declined", "merged", "void")


def _cases(now: datetime) -> Iterator[Handling]:
    """Filed cases of the window, open ones too; grid workers' own finds are mended on the spot and would flatter."""
    since = now - timedelta(days=promises.policy().window_days)
    rows = (
        Incident.objects.filter(received_at__gt=since, filed_at__isnull=False, own_find=False)
        .exclude(state__in=NO_LESSON)
        .exclude(cause="referred")
        .values_list("class_code", "large", "street", "received_at", "closed_at")
    )
    for small, large, street, received, closed in rows.iterator(chunk_size=10_000):
        yield handling(small, large, street, received, closed, now)


@transaction.atomic
def learn_promises(now: datetime | None = None) -> int:
    """Replaces the table of P80 by class and town and by class. Returns how many rows it has now."""
    now = now or timezone.now()
    found = experience(_cases(now), promises.policy())
    rows = [
        PromiseEntry(
            small=key[0],
            area=key[1] if level == "class_area" else "",
            days=estimate.days,
            cases=estimate.cases,
            observed=estimate.observed,
            learnt_at=now,
        )
        for level in promises.LEVELS
        for key, estimate in sorted(found.levels[level].items())
        if key[0] and (level == "class" or key[1])
    ]
    PromiseEntry.objects.all().delete()
    PromiseEntry.objects.bulk_create(rows, batch_size=1000)
    record(subject="incidents.promises:1", verb="learn", by=SYSTEM, fields={"rows": len(rows)})
    transaction.on_commit(promises.learnt.forget)
    return len(rows)
