"""Keeping the roll-up of on-time rates: the months that may still change every minute, all of them at night."""

from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from linli.kernel.deadlines.queries import calendar_for
from linli.onestop import clocks
from linli.onestop.models import Application, Rate
from linli.onestop.paying import add_months, month_of
from linli.onestop.reading import definition_of

LATE = timedelta(days=3)  # a decision noted later than that comes in at night
COUNT = """
INSERT INTO onestop_rate (month, county, street, unit, item_id, decided, promised, statutory)
SELECT date_trunc('month', decided_at AT TIME ZONE 'Asia/Shanghai')::date, county, street, unit, item_id, count(*),
       count(*) FILTER (WHERE decided_at <= promised_due), count(*) FILTER (WHERE decided_at <= statutory_due)
FROM onestop_application
WHERE decided_at >= %(from)s::timestamp AT TIME ZONE 'Asia/Shanghai'
  AND decided_at < %(to)s::timestamp AT TIME ZONE 'Asia/Shanghai'
GROUP BY 1, 2, 3, 4, 5
"""


@transaction.atomic
def recount(first: date, last: date) -> int:
    """Counts the months from `first` to `last` anew from their cases; returns the rows. One at a time."""
    start, end = month_of(first), add_months(month_of(last), 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('onestop_rate'))")
        Rate.objects.filter(month__gte=start, month__lt=end).delete()
        cursor.execute(COUNT, {"from": start.isoformat(), "to": end.isoformat()})
        return int(cursor.rowcount)


def follow(now: datetime | None = None) -> int:
    """The month that is running, and the one before while late decisions still come in."""
    today = timezone.localdate(now)
    return recount(today - LATE, today)


def rebuild() -> int:
    """Every month; rows of months nobody decided anything in go away."""
    days = Application.objects.filter(decided_at__isnull=False).order_by("decided_at")
    ends = [day for day in (days.first(), days.last()) if day is not None]
    if not ends:
        return int(Rate.objects.all().delete()[0])
    first, last = (timezone.localdate(row.decided_at) for row in (ends[0], ends[-1]))
    with transaction.atomic():
        Rate.objects.exclude(month__gte=month_of(first), month__lte=month_of(last)).delete()
        return recount(first, last)


def relight(most: int = 5000) -> int:
    """Open cases whose light was never set (accepted by an older program). Returns how many."""
    rows = Application.objects.filter(state="accepted", warn_at=None, promised_due__isnull=False)
    found = list(rows.select_related("version")[:most])
    for row in found:
        term = definition_of(row.version).promised
        start, due = row.accepted_at or row.created, row.promised_due
        assert due is not None  # filtered above
        row.warn_at = clocks.warns_at(due, start, term.days, term.unit, calendar_for(row.county))
    Application.objects.bulk_update(found, ["warn_at"], batch_size=500)
    return len(found)
