"""The proving ground of benches and crash tests: a square made-up county with grids, workers, units and a token."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import JSONField, Model
from django.utils import timezone
from shapely.geometry import shape

from linli.areas import queries as areas
from linli.areas.bench_locate import mosaic
from linli.areas.models import Area, Keeper, Unit
from linli.dispatch.models import Move, Rating, WorkOrder
from linli.incidents.actions.learning import ensure_model
from linli.incidents.models import Incident, IncidentClass
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.identity.actions import issue_token
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all
from linli.kernel.search.rules import lexemes

COUNTY = "430181"
FUNCTIONS = (
    "CG",
    "ZJ",
    "JT",
    "GA",
    "SL",
    "HB",
    "WJ",
    "RS",
    "JY",
    "SC",
    "WL",
    "MZ",
    "YJ",
    "NY",
    "ZR",
    "GS",
    "DL",
    "RQ",
    "XF",
    "YB",
)
TEXTS = (
    "小区门口垃圾桶满了好几天，苍蝇到处飞，麻烦快点派人来清一下",
    "路灯坏了三盏，晚上走路看不见，老人家摔了一跤",
    "下水道井盖不见了，边上就是学校，太危险了",
    "隔壁工地半夜还在施工，吵得细伢子睡不着",
    "路边摊把人行道全占了，只能走到马路上去",
    "自来水又停了，也没有通知，一栋楼都没水用",
)


def grids(count: int = 3000) -> list[str]:
    """Lays down a county of `count` grids below one town and community a hundred grids; returns the grid codes."""
    cells = mosaic(count)
    codes = []
    Area.objects.create(code=COUNTY, name="试验县", level="county")
    rows: list[Area] = []
    for number, cell in enumerate(cells):
        community = f"{COUNTY}{number // 500 + 1:03d}{number // 100 % 5 + 1:03d}"
        code = f"{community}{number % 100 + 1:03d}"
        codes.append(code)
        rows.append(
            Area(code=code, name=f"第{number}网格", level="grid", outline=cell.geometry.__geo_interface__)
        )
    towns = sorted({code[:9] for code in codes})
    Area.objects.bulk_create([Area(code=code, name=f"{code[-3:]}镇", level="street") for code in towns])
    communities = sorted({code[:12] for code in codes})
    Area.objects.bulk_create(
        [Area(code=code, name=f"{code[-6:]}村", level="community") for code in communities]
    )
    Area.objects.bulk_create(rows, batch_size=500)
    return codes


def units() -> None:
    """The departments of the county, its desk, and a committee in every community kept."""
    rows = [
        Unit(code=f"{COUNTY}-{f}", name=f"{f}局", kind="department", function=f, area=COUNTY)
        for f in (*FUNCTIONS, "ZX")
    ]
    rows += [
        Unit(code=f"{code}-CUN", name=f"{code}村委会", kind="committee", function="CUN", area=code)
        for code in Area.objects.filter(level="community").order_by("code").values_list("code", flat=True)
    ]
    Unit.objects.bulk_create(rows)


def county(count: int = 3000) -> dict[str, Any]:
    """Grids, units, a worker a grid, a classifier, and one token of a grid worker for the whole county."""
    codes = grids(count)
    units()
    accounts = Account.objects.bulk_create(
        [Account(username=f"w{code}", name=f"网格员{code[-6:]}", password="!") for code in codes],
        batch_size=500,
    )
    now = timezone.now()
    Keeper.objects.bulk_create(
        [
            Keeper(grid=code, account=account, post="worker", since=now)
            for code, account in zip(codes, accounts, strict=True)
        ],
        batch_size=500,
    )
    worker = Account.objects.create(username="bench", name="压测网格员")
    Grant.objects.create(account=worker, role_id="grid_worker", area=COUNTY)
    areas.forget()
    forget_all()
    ensure_model()
    actor = actor_for(worker.pk, name=worker.name)
    _, token = issue_token(
        by=actor, account=worker.pk, name="bench", scopes=["incidents.report", "incidents.report_own"]
    )
    return {"token": token, "grids": codes, "worker": worker.pk}


def million(count: int = 1_000_000, days: int = 1095, seed: float = 0.43) -> dict[str, int]:
    """Lays `count` incidents over the last `days` into the kept grids, by SQL alone; returns rows by table.

    A plausible history: a daily and weekly rhythm, hot grids, all published classes, seven in ten found by grid
    workers, most closed, the newest still open; lead orders, dispatch steps and ratings to match. Orders, steps and
    ratings are those the metrics and lists read; reports, facts and ledger entries are left out.
    """
    places = _centres()
    if not places:
        raise ValueError("没有网格，请先调用 grids() 或装入演示县")
    classes = list(
        IncidentClass.objects.filter(active=True).values_list("code", "large", "domain", "urgency", "private")
    )
    units = sorted(Unit.objects.filter(active=True, kind="department").values_list("code", flat=True))
    values = {
        "count": count,
        "days": days,
        "grids": [place[0] for place in places],
        "lons": [place[1] for place in places],
        "lats": [place[2] for place in places],
        **{
            name: [row[at] for row in classes]
            for at, name in enumerate(("codes", "large", "domains", "urgencies", "private"))
        },
        "texts": list(TEXTS),
        "lexemes": [" ".join(lexemes(text)) for text in TEXTS],
        "units": units,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT setseed(%s)", [seed])
        cursor.execute("SELECT coalesce(max(id), 0) FROM incidents_incident")
        values["after"] = cursor.fetchone()[0]
        return {
            name: _insert(cursor, model, columns, source, values) for name, model, columns, source in _HISTORY
        }


def _centres() -> list[tuple[str, float, float]]:
    """Code and centre of every kept grid, by code."""
    rows = Area.objects.filter(level="grid", active=True, outline__isnull=False).order_by("code")
    centres = ((code, shape(outline).centroid) for code, outline in rows.values_list("code", "outline"))
    return [(code, centre.x, centre.y) for code, centre in centres]


def _insert(
    cursor: Any, model: type[Model], columns: dict[str, str], source: str, values: dict[str, Any]
) -> int:
    """INSERT … SELECT with the model's own defaults in the columns nobody names."""
    filled = dict(columns)
    for one in model._meta.concrete_fields:
        if one.column not in filled and not one.null and not one.primary_key:
            filled[one.column] = _literal(one.get_default(), json=isinstance(one, JSONField))
    names = ", ".join(f'"{name}"' for name in filled)
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(filled.values())} FROM ({source}) s",
        values,
    )
    return int(cursor.rowcount)


def _literal(default: Any, *, json: bool) -> str:
    """A field's default as SQL: '' for text, {} or [] for collections, the value itself for the rest."""
    if isinstance(default, datetime):
        return "now()"
    if json or isinstance(default, list):
        return "'[]'" if json and isinstance(default, list) else "'{}'"
    return f"'{default}'" if isinstance(default, str) else str(default)


# Every subquery draws once a row; what follows from the draw is worked out around it.
_DRAWN = """
SELECT g AS n, 1 + floor(power(random(), 1.7) * cardinality(%(grids)s::text[]))::int AS place,
       1 + floor(random() * cardinality(%(codes)s::text[]))::int AS kind,
       1 + floor(random() * cardinality(%(texts)s::text[]))::int AS said,
       1 + floor(random() * cardinality(%(units)s::text[]))::int AS whose,
       date_trunc('day', now()) - (floor(random() * %(days)s))::int * interval '1 day'
         + (8 + 12 * power(random(), 1.3)) * interval '1 hour' - interval '8 hours' AS told,
       random() < 0.7 AS own, random() AS fate, random() AS luck, random() AS pace,
       (random() - 0.5) * 0.006 AS dx, (random() - 0.5) * 0.006 AS dy
FROM generate_series(1, %(count)s) g
"""
_TOLD = f"""
SELECT d.*, least(told, now() - pace * interval '2 hours') AS received,
       (%(grids)s::text[])[place] AS grid, (%(codes)s::text[])[kind] AS code, (%(urgencies)s::text[])[kind] AS urgency
FROM ({_DRAWN}) d
"""
_LIVED = f"""
SELECT t.*, received + interval '5 minutes' AS filed,
       received + (3 + 90 * power(pace, 3)) * interval '1 minute' AS met,
       received + CASE urgency WHEN 'critical' THEN interval '4 hours' WHEN 'urgent' THEN interval '1 day'
                               ELSE interval '5 days' END AS due,
       received + (0.15 + 6.5 * power(luck, 2.5)) * interval '1 day' AS shut,
       CASE WHEN fate < 0.03 THEN 'declined'
            WHEN received + (0.15 + 6.5 * power(luck, 2.5)) * interval '1 day' < now() AND fate < 0.985 THEN 'closed'
            WHEN received > now() - interval '30 minutes' THEN 'reported'
            WHEN fate < 0.5 THEN 'working' ELSE 'filed' END AS state
FROM ({_TOLD}) t
"""
_HISTORY: tuple[tuple[str, type[Model], dict[str, str], str], ...] = (
    (
        "incidents",
        Incident,
        {
            "title": "left((%(texts)s::text[])[said], 40)",
            "text": "(%(texts)s::text[])[said]",
            "words": "array_to_tsvector(string_to_array((%(lexemes)s::text[])[said], ' '))",
            "class_code": "CASE WHEN state = 'reported' THEN '' ELSE code END",
            "class_version": "1",
            "large": "CASE WHEN state = 'reported' THEN '' ELSE (%(large)s::text[])[kind] END",
            "domain": "(%(domains)s::text[])[kind]",
            "private": "(%(private)s::bool[])[kind]",
            "urgency": "urgency",
            "state": "state",
            "channel": "CASE WHEN own THEN 'grid' ELSE 'web' END",
            "own_find": "own",
            "place_source": "'gps'",
            "lon": "(%(lons)s::float[])[place] + dx",
            "lat": "(%(lats)s::float[])[place] + dy",
            "east": "500000 + ((%(lons)s::float[])[place] + dx - 114) * 98200",
            "north": "((%(lats)s::float[])[place] + dy) * 110900",
            "grid": "grid",
            "community": "left(grid, 12)",
            "street": "left(grid, 9)",
            "county": "left(grid, 6)",
            "unit": "CASE WHEN state IN ('reported', 'declined') THEN '' ELSE (%(units)s::text[])[whose] END",
            "received_at": "received",
            "filed_at": "CASE WHEN state NOT IN ('reported', 'declined') THEN filed END",
            "responded_at": "CASE WHEN state IN ('closed', 'working', 'declined') THEN least(met, now()) END",
            "promised_at": "CASE WHEN state NOT IN ('reported', 'declined') THEN due END",
            "due_at": "due",
            "handled_at": "CASE WHEN state = 'closed' THEN shut - (shut - received) * 0.1 END",
            "closed_at": "CASE WHEN state = 'closed' THEN shut END",
            "cause": "CASE WHEN state = 'closed' THEN 'fixed' ELSE '' END",
            "outcome": "CASE WHEN state = 'closed' THEN '已处置' ELSE '' END",
            "reports_count": "1",
            "depth": "1",
        },
        _LIVED,
    ),
    (
        "orders",
        WorkOrder,
        {
            "kind": "'incident.handle'",
            "subject": "'incidents.incident:' || id",
            "urgency": "urgency",
            "private": "private",
            "title": "title",
            "unit": "unit",
            "state": "CASE state WHEN 'closed' THEN 'done' WHEN 'working' THEN CASE WHEN id %% 23 = 0 THEN 'suspended' ELSE 'accepted' END ELSE 'dispatched' END",
            "verify": "'other'",
            "stage_from": "filed_at",
            "stage": "'handle'",
            "due_at": "due_at",
            "created": "filed_at",
            "first_dispatched_at": "filed_at",
            "accepted_at": "responded_at",
            "handled_at": "handled_at",
            "done_at": "closed_at",
            "returns": "(id %% 17 = 0)::int",
            "reworks": "(id %% 29 = 0)::int",
            "extensions": "(id %% 37 = 0)::int",
            **{
                name: name
                for name in ("lon", "lat", "east", "north", "grid", "community", "street", "county")
            },
        },
        "SELECT * FROM incidents_incident WHERE id > %(after)s AND filed_at IS NOT NULL",
    ),
    (
        "assists",
        WorkOrder,
        {
            "kind": "kind",
            "role": "'assist'",
            "unit": "(%(units)s::text[])[1 + id %% cardinality(%(units)s::text[])]",
            **{
                name: name
                for name in (
                    "subject",
                    "urgency",
                    "private",
                    "title",
                    "state",
                    "verify",
                    "stage_from",
                    "stage",
                    "due_at",
                    "created",
                    "first_dispatched_at",
                    "accepted_at",
                    "handled_at",
                    "done_at",
                    "lon",
                    "lat",
                    "east",
                    "north",
                    "grid",
                    "community",
                    "street",
                    "county",
                )
            },
        },
        "SELECT * FROM dispatch_workorder WHERE role = 'lead' AND id %% 20 = 0"
        " AND split_part(subject, ':', 2)::bigint > %(after)s",
    ),
    (
        "moves",
        Move,
        {
            "subject": "subject",
            "order_id": "id",
            "action": "'dispatch'",
            "to_state": "'dispatched'",
            "by": "'system:linli'",
            "unit": "CASE WHEN id %% 17 = 0 THEN 'elsewhere' ELSE unit END",
            "at": "created",
        },
        "SELECT * FROM dispatch_workorder WHERE split_part(subject, ':', 2)::bigint > %(after)s",
    ),
    (
        "ratings",
        Rating,
        {
            "subject": "'incidents.incident:' || id",
            "rater": "'incidents.report:' || id",
            "resolved": "id %% 11 <> 0",
            "stars": "CASE WHEN id %% 11 = 0 THEN 2 WHEN id %% 7 = 0 THEN 3 ELSE 5 - (id %% 2)::int END",
            "at": "least(closed_at + interval '6 hours', now())",
        },
        "SELECT * FROM incidents_incident WHERE id > %(after)s AND state = 'closed' AND NOT own_find AND id %% 3 = 0",
    ),
)
