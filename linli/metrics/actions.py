"""Keeping the numbers true: marks, the recount of what was touched, and the recount of everything."""

import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from linli.kernel.deadlines.queries import calendar_for
from linli.metrics import tally
from linli.metrics.models import Mark

LOCK = 0x6D657472  # one recount at a time, whichever worker runs it
MOST = 5000  # incidents in one recount
Pairs = dict[str, set[tuple[Any, str]]]


def mark(*incidents: int) -> None:
    """Something happened to these incidents; the next recount works their numbers out anew."""
    Mark.objects.bulk_create([Mark(incident=one) for one in incidents if one])


@transaction.atomic
def recompute(limit: int = MOST) -> int:
    """Works out what was marked: the cases, then every day and area they counted in before or count in now.

    Idempotent and exact: all from the source tables. Returns how many incidents; 0 when another worker is at it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            """DELETE FROM metrics_mark WHERE id IN (SELECT id FROM metrics_mark ORDER BY id LIMIT %s)
               RETURNING incident""",
            [limit],
        )
        marked = {row[0] for row in cursor.fetchall()}
        if not marked:
            return 0
        cursor.execute(tally.NEIGHBOURS, {"ids": sorted(marked)})
        ids = sorted(marked | {row[0] for row in cursor.fetchall()})
        touched: Pairs = {level: set() for level in tally.LEVELS}
        cursor.execute(f"DELETE FROM metrics_case WHERE incident_id = ANY(%s::bigint[]) {_PLACES}", [ids])
        _touch(touched, cursor.fetchall())
        for params in _spans(cursor, ids):
            cursor.execute(tally.cases_sql(whole=False) + _PLACES, params)
            _touch(touched, cursor.fetchall())
        for level, pairs in touched.items():
            _refill(cursor, level, pairs)
        cursor.execute(tally.LOADS)
    return len(marked)


_PLACES = " RETURNING received_day, due_day, ended_day, county, street"


def _touch(touched: Pairs, rows: Iterable[tuple[Any, ...]]) -> None:
    for *days, county, street in rows:
        for level, area in (("county", county), ("street", street)):
            if area:
                touched[level] |= {(day, area) for day in days if day}


def _refill(cursor: Any, level: str, pairs: set[tuple[Any, str]]) -> None:
    if not pairs:
        return
    days, areas = zip(*sorted(pairs), strict=True)
    params = {"days": list(days), "areas": list(areas)}
    cursor.execute(
        """DELETE FROM metrics_daily d USING unnest(%(days)s::date[], %(areas)s::text[]) AS t(day, area)
           WHERE d.day = t.day AND d.area = t.area""",
        params,
    )
    cursor.execute(tally.daily_sql(level, whole=False), params)


def _spans(cursor: Any, ids: list[int] | None) -> list[dict[str, Any]]:
    """The parameters of the recount, once a county: its duty windows over the days that are asked about."""
    home = settings.LINLI_COUNTY
    where, given = ("WHERE id = ANY(%s::bigint[])", [ids]) if ids is not None else ("", [])
    cursor.execute(
        f"""SELECT coalesce(nullif(county, ''), %s) AS place, (min(received_at) AT TIME ZONE '{tally.HERE}')::date,
                   (greatest(max(received_at), max(responded_at), now()) AT TIME ZONE '{tally.HERE}')::date
            FROM incidents_incident {where} GROUP BY place""",
        [home, *given],
    )
    spans = []
    for county, first, last in cursor.fetchall():
        starts, before, lengths = tally.windows(calendar_for(county), first.replace(month=1, day=1), last)
        names = None if ids is None else [f"{tally.PREFIX}{one}" for one in ids]
        spans.append(
            {"home": home, "county": county, "starts": starts, "before": before, "lengths": lengths}
            | ({} if ids is None else {"ids": ids, "names": names})
        )
    return spans


@transaction.atomic
def rebuild() -> dict[str, float]:
    """Works out everything from nothing; readers see the old numbers until it is done. Returns seconds by step."""
    took: dict[str, float] = {}
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SET LOCAL work_mem = '256MB'")  # joins of all with all, once a night
        cursor.execute("DELETE FROM metrics_mark")
        cursor.execute("DELETE FROM metrics_case")
        for params in _spans(cursor, None):
            cursor.execute(tally.cases_sql(whole=True), params)
        took["cases"] = round(time.monotonic() - began, 2)
        cursor.execute("ANALYZE metrics_case")
        cursor.execute("DELETE FROM metrics_daily")
        for level in tally.LEVELS:
            cursor.execute(tally.daily_sql(level, whole=True))
        cursor.execute("ANALYZE metrics_daily")
        cursor.execute(tally.LOADS)
    took["all"] = round(time.monotonic() - began, 2)
    return took


@transaction.atomic
def refresh_loads() -> None:
    """Cases become overdue by the clock alone; the map hears of it here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if cursor.fetchone()[0]:
            cursor.execute(tally.LOADS)
