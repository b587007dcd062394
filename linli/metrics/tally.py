"""The SQL that turns incidents, orders, steps and ratings into rows of Case, and those into Daily and GridLoad."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from linli.kernel.deadlines.workdays import SHANGHAI, Calendar, split
from linli.metrics.measures import DAYS, STORED, sums
from linli.metrics.rules import EDGES, FALSE_DAYS, FALSE_METRES

HERE = "Asia/Shanghai"
PREFIX = "incidents.incident:"
UNCLASSED = "-"  # stands for a large class nobody has set yet, so that "" can mean all of them
LEVELS = ("county", "street")
OPEN = "('reported', 'confirming', 'filed', 'working', 'checking')"
PLACED = "('gps', 'pin', 'address')"  # a default or unknown point makes no two cases neighbours

_EDGES = f"ARRAY[{', '.join(str(60 * edge) for edge in EDGES)}]::numeric[]"

COLUMNS = (
    "incident_id, received_day, due_day, ended_day, county, street, community, grid, lon, lat, unit, large, private,"
    " own_find, reports, filed, declined, open, critical, due_at, promised, suspended, closed, on_time,"
    " response_seconds, response_duty, wall_bucket, duty_bucket, false_by, returned, reworked, extended, reopened, first_unit, raters, stars,"
    " resolved, satisfied"
)

# {ids} and {subjects} narrow to what was touched, or are `true` for everything
_CASES = f"""
INSERT INTO metrics_case ({COLUMNS})
WITH duty AS MATERIALIZED (
    SELECT %(starts)s::timestamptz[] AS starts, %(before)s::bigint[] AS before, %(lengths)s::bigint[] AS lengths
), orders AS (
    SELECT subject, bool_or(returns > 0 AND lead) AS returned, bool_or(reworks > 0 AND lead) AS reworked,
           bool_or(extensions > 0 AND lead) AS extended, bool_or(state = 'suspended' AND lead) AS suspended,
           min(accepted_at) AS accepted,
           (array_agg(unit ORDER BY id DESC) FILTER (WHERE unit <> '' AND lead))[1] AS last_unit
    FROM (SELECT *, kind = 'incident.handle' AS lead FROM dispatch_workorder
          WHERE role = 'lead' AND kind IN ('incident.handle', 'incident.confirm') AND {{subjects}}) o
    GROUP BY subject
), first AS (
    SELECT DISTINCT ON (m.subject) m.subject, m.unit
    FROM (SELECT * FROM dispatch_move WHERE action = 'dispatch' AND unit <> '' AND {{subjects}}) m
    JOIN dispatch_workorder o ON o.id = m.order_id AND o.role = 'lead' AND o.kind = 'incident.handle'
    ORDER BY m.subject, m.id
), again AS (
    SELECT subject, max(at) AS at FROM dispatch_move WHERE action = 'reopen' AND {{subjects}} GROUP BY subject
), answers AS (
    SELECT subject, count(*) AS raters, sum(stars) AS stars, bool_and(resolved) AS resolved,
           avg(stars) >= 4 AS satisfied
    FROM (SELECT *, max(round) OVER (PARTITION BY subject) AS last FROM dispatch_rating WHERE {{subjects}}) r
    WHERE round = last GROUP BY subject
), cases AS (
    SELECT i.id, i.received_at, i.promised_at, i.due_at, i.filed_at, i.closed_at, i.responded_at, i.state, i.round,
           i.street, i.community, i.grid, i.lon, i.lat, i.east, i.north, i.place_source, i.unit, i.large, i.class_code,
           i.urgency, i.private, i.own_find, i.reports_count, %(county)s::text AS place,
           '{PREFIX}' || i.id AS subject, (i.promised_at IS NOT NULL AND i.state <> 'declined') AS promised,
           i.state = 'closed' AS closed
    FROM incidents_incident i
    WHERE i.state NOT IN ('merged', 'void') AND {{ids}}
      AND (i.county = %(county)s OR (i.county = '' AND %(home)s::text = %(county)s))
){{near}}
SELECT i.id, (i.received_at AT TIME ZONE '{HERE}')::date,
       CASE WHEN i.promised THEN (i.due_at AT TIME ZONE '{HERE}')::date END,
       (CASE WHEN i.closed THEN i.closed_at ELSE again.at END AT TIME ZONE '{HERE}')::date,
       i.place, i.street, i.community, i.grid, i.lon, i.lat, coalesce(orders.last_unit, i.unit),
       coalesce(nullif(i.large, ''), '{UNCLASSED}'), i.private, i.own_find, i.reports_count, i.filed_at IS NOT NULL,
       i.state = 'declined', i.state IN {OPEN}, i.urgency = 'critical', i.due_at, i.promised,
       i.state IN {OPEN} AND coalesce(orders.suspended, false), i.closed,
       i.closed AND i.promised AND i.closed_at <= i.due_at,
       CASE WHEN r.at IS NOT NULL THEN floor(extract(epoch FROM r.at - i.received_at))::int END,
       CASE WHEN r.at IS NOT NULL THEN floor(until.seconds - since.seconds)::int END,
       width_bucket(extract(epoch FROM r.at - i.received_at), {_EDGES}),
       CASE WHEN r.at IS NOT NULL THEN width_bucket(floor(until.seconds - since.seconds), {_EDGES}) END,
       worse.id, coalesce(orders.returned, false), coalesce(orders.reworked, false), coalesce(orders.extended, false),
       i.round > 1, coalesce(first.unit, ''), coalesce(answers.raters, 0), coalesce(answers.stars, 0),
       coalesce(answers.resolved, false), coalesce(answers.satisfied, false)
FROM cases i CROSS JOIN duty
LEFT JOIN orders USING (subject) LEFT JOIN first USING (subject)
LEFT JOIN again USING (subject) LEFT JOIN answers USING (subject)
CROSS JOIN LATERAL (SELECT greatest(least(i.responded_at, orders.accepted), i.received_at) AS at
                    WHERE least(i.responded_at, orders.accepted) IS NOT NULL
                    UNION ALL SELECT NULL WHERE least(i.responded_at, orders.accepted) IS NULL) r
CROSS JOIN LATERAL (SELECT width_bucket(i.received_at, duty.starts) AS n) a
CROSS JOIN LATERAL (SELECT CASE WHEN a.n = 0 THEN 0 ELSE duty.before[a.n]
    + least(extract(epoch FROM i.received_at - duty.starts[a.n]), duty.lengths[a.n]) END AS seconds) since
CROSS JOIN LATERAL (SELECT width_bucket(r.at, duty.starts) AS n) b
CROSS JOIN LATERAL (SELECT CASE WHEN b.n = 0 THEN 0 ELSE duty.before[b.n]
    + least(extract(epoch FROM r.at - duty.starts[b.n]), duty.lengths[b.n]) END AS seconds) until
{{worse}}
"""

# The first later report that shows a closed case was not solved. For a few cases by the index by place. IS TRUE keeps
# the planner from combining it with the one by receipt (thousands of rows in a fortnight against a handful).
_WORSE_OF_FEW = f"""
LEFT JOIN LATERAL (
    SELECT x.id FROM incidents_incident x
    WHERE i.closed AND i.place_source IN {PLACED} AND i.east IS NOT NULL AND x.east IS NOT NULL
      AND point(x.east, x.north) <@ circle(point(i.east, i.north), {FALSE_METRES})
      AND x.class_code = i.class_code AND i.class_code <> '' AND x.id <> i.id
      AND x.place_source IN {PLACED} AND x.state NOT IN ('merged', 'void', 'declined')
      AND (x.received_at > i.closed_at AND x.received_at <= i.closed_at + interval '{FALSE_DAYS} days') IS TRUE
    ORDER BY x.received_at, x.id LIMIT 1) worse ON true
"""
# For all of them by one hash join over squares twice as wide as the distance: every case lies in one, and what is
# near it in at most four. One text key, so that no plan can join by class alone.
_SQUARE = 2 * FALSE_METRES
_NEAR_OF_ALL = f""", told AS MATERIALIZED (
    SELECT id, received_at, point(east, north) AS place,
           class_code || floor(east / {_SQUARE})::int || '/' || floor(north / {_SQUARE})::int AS square
    FROM incidents_incident
    WHERE place_source IN {PLACED} AND east IS NOT NULL AND class_code <> '' AND state NOT IN ('merged', 'void', 'declined')
), ended AS MATERIALIZED (
    SELECT c.id, c.closed_at, circle(point(c.east, c.north), {FALSE_METRES}) AS round, c.class_code || px || '/' || py AS square
    FROM cases c
    CROSS JOIN LATERAL generate_series(floor((c.east - {FALSE_METRES}.001) / {_SQUARE})::int,
                                       floor((c.east + {FALSE_METRES}.001) / {_SQUARE})::int) AS px
    CROSS JOIN LATERAL generate_series(floor((c.north - {FALSE_METRES}.001) / {_SQUARE})::int,
                                       floor((c.north + {FALSE_METRES}.001) / {_SQUARE})::int) AS py
    WHERE c.closed AND c.place_source IN {PLACED} AND c.class_code <> ''
), worse AS (
    SELECT DISTINCT ON (c.id) c.id AS closed, x.id
    FROM ended c JOIN told x ON x.square = c.square
    WHERE x.id <> c.id AND x.received_at > c.closed_at
      AND x.received_at <= c.closed_at + interval '{FALSE_DAYS} days' AND x.place <@ c.round
    ORDER BY c.id, x.received_at, x.id
)"""
_WORSE_OF_ALL = "LEFT JOIN worse ON worse.closed = i.id"


def cases_sql(whole: bool) -> str:
    """Fills Case: of every incident, or of `%(ids)s` whose `%(names)s` are the subjects."""
    if whole:
        return _CASES.format(ids="true", subjects="true", near=_NEAR_OF_ALL, worse=_WORSE_OF_ALL)
    few = {"ids": "i.id = ANY(%(ids)s::bigint[])", "subjects": "subject = ANY(%(names)s::text[])"}
    return _CASES.format(**few, near="", worse=_WORSE_OF_FEW)


# Closed cases that a touched incident may show to be not solved, or showed so far.
NEIGHBOURS = f"""
SELECT c.id FROM incidents_incident t JOIN incidents_incident c
    ON point(c.east, c.north) <@ circle(point(t.east, t.north), {FALSE_METRES}) AND c.class_code = t.class_code
WHERE t.id = ANY(%(ids)s::bigint[]) AND t.east IS NOT NULL AND c.east IS NOT NULL AND c.state = 'closed'
  AND c.closed_at < t.received_at AND c.closed_at >= t.received_at - interval '{FALSE_DAYS} days'
UNION SELECT incident_id FROM metrics_case WHERE false_by = ANY(%(ids)s::bigint[])
"""


def daily_sql(level: str, whole: bool) -> str:
    """Fills Daily of one level: every day and area, or the pairs of `%(days)s` and `%(areas)s`.

    The county once more by large class.
    """
    inner = " UNION ALL ".join(_cohort(level, day, whole) for day in DAYS)
    codes = ", ".join(STORED)
    added = ", ".join(f"sum({code})::bigint" for code in STORED)
    return f"""INSERT INTO metrics_daily (day, area, large, own_find, {codes})
        SELECT day, area, large, own_find, {added} FROM ({inner}) cohorts GROUP BY day, area, large, own_find"""


def _cohort(level: str, day: str, whole: bool) -> str:
    touched = (
        ""
        if whole
        else f"JOIN unnest(%(days)s::date[], %(areas)s::text[]) AS t(day, area) ON c.{day} = t.day AND c.{level} = t.area"
    )
    groups = f"(c.{day}, c.{level}, c.own_find)"
    if level == "county":
        groups += f", (c.{day}, c.{level}, c.large, c.own_find)"
    large = "CASE WHEN grouping(c.large) = 1 THEN '' ELSE c.large END" if level == "county" else "''"
    return f"""SELECT c.{day} AS day, c.{level} AS area, {large} AS large, c.own_find AS own_find, {sums(day)}
        FROM metrics_case c {touched} WHERE c.{day} IS NOT NULL AND c.{level} <> ''
        GROUP BY GROUPING SETS ({groups})"""


_LOADS = """
SELECT grid, count(*)::int AS open,
       (count(*) FILTER (WHERE promised AND NOT suspended AND due_at < now()))::int AS overdue,
       (count(*) FILTER (WHERE critical))::int AS critical
FROM metrics_case WHERE open AND grid <> '' GROUP BY grid
"""
# One pass over the open cases; only what changed is written.
LOADS = f"""WITH now_open AS ({_LOADS}), gone AS (
        DELETE FROM metrics_gridload g WHERE NOT EXISTS (SELECT 1 FROM now_open n WHERE n.grid = g.grid))
    INSERT INTO metrics_gridload (grid, open, overdue, critical) SELECT grid, open, overdue, critical FROM now_open
    ON CONFLICT (grid) DO UPDATE SET open = excluded.open, overdue = excluded.overdue, critical = excluded.critical
    WHERE (metrics_gridload.open, metrics_gridload.overdue, metrics_gridload.critical)
          IS DISTINCT FROM (excluded.open, excluded.overdue, excluded.critical)"""


@lru_cache(maxsize=32)
def windows(calendar: Calendar, first: date, last: date) -> tuple[list[datetime], list[int], list[int]]:
    """Duty windows of the days `first`–`last`: starts, seconds on duty before each, lengths in seconds.

    With these three arrays the duty time between two moments is a binary search in SQL.
    """
    starts: list[datetime] = []
    lengths: list[int] = []
    moment = datetime.combine(first, time(), SHANGHAI)
    end = datetime.combine(last + timedelta(days=1), time(), SHANGHAI)
    while (moment := calendar.next_duty(moment)) < end:
        long = _length(calendar, moment)
        starts.append(moment)
        lengths.append(long)
        moment += timedelta(seconds=long)
    before = _running(lengths)
    return starts, before, lengths


def _length(calendar: Calendar, start: datetime) -> int:
    """Seconds from `start` in which the duty clock runs without a break, within the day."""
    index, micros = split(start)
    base = calendar.duty_at(index, micros)
    low, high = 0, 86_400 - micros // 1_000_000
    while low < high:
        middle = (low + high + 1) // 2
        if calendar.duty_at(index, micros + middle * 1_000_000) - base == middle * 1_000_000:
            low = middle
        else:
            high = middle - 1
    return low


def _running(lengths: list[int]) -> list[int]:
    found, so_far = [], 0
    for one in lengths:
        found.append(so_far)
        so_far += one
    return found
