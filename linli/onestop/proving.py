"""A made-up county of cases for benches: laid down by set-based SQL along the routes of the editions in force.

Every case follows the table of a really published version for one of two households; its tasks, checklist, look-ups
and timeline are those the room would have written. Ledger entries, facts told and files are left out.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Field, Model
from django.utils import timezone
from psycopg import sql

from linli.areas import queries as areas
from linli.areas.models import Area, Unit
from linli.dispatch.models import Move
from linli.kernel.access.models import Grant
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all
from linli.onestop import clocks, flow, placing, queries, rules
from linli.onestop.catalogue import Definition, publicity_mode
from linli.onestop.conditions import Household
from linli.onestop.glossary import glossary
from linli.onestop.models import Application, Decision, ItemVersion, Lookup, Member, Slot, Task
from linli.onestop.reading import definition_of
from linli.people.models import Consent, Person

COUNTY = "430181"
HOUSEHOLDS: tuple[Mapping[str, Any], ...] = (
    {"age": 45, "working_age": True},
    {"age": 68, "working_age": False, "disability_cert": True},
)
FORM = {
    "说明": "家中两人，无固定收入，常年服药，申请救助。",
    "联系电话": "13800000000",
    "bank_account": "6217000000000001",
}
OFTEN = {"MZ-001": 12, "MZ-011": 8, "CL-003": 6}  # what a county is asked most; everything else once


def county(towns: int = 32) -> list[str]:
    """Towns with a service centre, five villages each, every department of offices.yaml, and who works there."""
    town_codes = [f"{COUNTY}{n:03d}" for n in range(1, towns + 1)]
    villages = [f"{town}{n:03d}" for town in town_codes for n in range(1, 6)]
    Area.objects.create(code=COUNTY, name="试验县", level="county")
    Area.objects.bulk_create([Area(code=t, name=f"{t[-3:]}镇", level="street") for t in town_codes])
    Area.objects.bulk_create([Area(code=v, name=f"{v[-6:]}村", level="community") for v in villages])
    Area.objects.bulk_create([Area(code=f"{v}001", name="网格", level="grid") for v in villages])
    known = [*glossary().posts.values(), *glossary().departments.values()]
    county_level = sorted({one.functions[-1] for one in known if one.level == "county"})
    units = [
        Unit(code=f"{t}-ZX", name=f"{t[-3:]}镇", kind="centre", function="ZX", area=t) for t in town_codes
    ]
    units += [
        Unit(code=f"{v}-CUN", name="村委会", kind="committee", function="CUN", area=v) for v in villages
    ]
    units += [
        Unit(code=f"{COUNTY}-{f}", name=f"{f}局", kind="department", function=f, area=COUNTY)
        for f in county_level
    ]
    Unit.objects.bulk_create(units)
    _staff(units)
    areas.forget()
    forget_all()
    return town_codes


def _staff(units: list[Unit]) -> None:
    """Three officers a department and town, a window each, one clerk a village, two payers."""
    posts = {"centre": ["officer"] * 3 + ["window_clerk"], "committee": ["community_clerk"], "department": ["officer"] * 3}  # fmt: skip
    wanted = [(unit, role, at) for unit in units for at, role in enumerate(posts[unit.kind])]
    wanted += [(unit, "finance", at) for unit in units if unit.function == "CZ" for at in (8, 9)]
    made = Account.objects.bulk_create(
        Account(username=f"{unit.code}.{role}.{at}", name=f"{unit.name}{at}", password="!")
        for unit, role, at in wanted
    )
    Grant.objects.bulk_create(
        Grant(account=account, role_id=role, area=unit.area, unit=unit.code)
        for account, (unit, role, _) in zip(made, wanted, strict=True)
    )


def cases(count: int, towns: list[str], *, days: int = 1095, seed: float = 0.43) -> dict[str, int]:
    """Lays `count` cases over the last `days`; returns rows by table. One transaction; guards that ask each row are
    off meanwhile, as when a backup is read back, since the rows keep them by construction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SELECT setseed(%s)", [seed])
        _people(cursor, max(count // 2, 1))
        _templates(cursor, towns)
        values = {"count": count, "days": days, "towns": len(towns)}
        cursor.execute(DRAWN % values)
        written = {Application: {"form": _value(Application, "form", json.dumps(FORM, ensure_ascii=False))}}
        made = {
            name: _fill(cursor, model, given | written.get(model, {}), source)
            for name, model, given, source in ROWS
        }
        cursor.execute("SELECT setval('onestop_application_number', %s)", [count + 1])
    return made


def _people(cursor: Any, count: int) -> None:
    """Half as many residents as cases, each with the authorisation that look-ups need."""
    codes = {
        name: f"substr('{COUNTY}' || lpad((1 + g % 32)::text, 3, '0') || '001001', 1, {size})"
        for name, size in (("county", 6), ("street", 9), ("community", 12), ("grid", 15))
    }
    source = f"(SELECT g FROM generate_series(1, {count}) g) s"
    _fill(cursor, Person, {**codes, "birth": _value(Person, "birth", date(1957, 5, 12)), "name": _value(Person, "name", "王向阳")}, source)  # fmt: skip
    consent = {"person_id": "id", "purpose": "'onestop.check'", "given_by": "'self'", "evidence": "'书面'"}
    _fill(cursor, Consent, consent, "people_person s")


def _value(model: type[Model], name: str, value: Any) -> str:
    """A value as the column keeps it (encrypted fields too), as SQL."""
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    kept = field.get_db_prep_save(value, connection)
    return sql.Literal(kept).as_string(connection.connection)


def _fill(cursor: Any, model: type[Model], given: Mapping[str, str], source: str) -> int:
    """INSERT … SELECT; columns nobody names get the field's own default."""
    columns = dict(given)
    for field in model._meta.concrete_fields:
        if field.column not in columns and not field.null and not field.primary_key:
            default = timezone.now() if hasattr(field, "auto_now") and not field.has_default() else field.get_default()  # fmt: skip
            columns[field.column] = _value(model, field.name, default)
    names = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(columns.values())} FROM {source}"
    )
    return int(cursor.rowcount)


def _templates(cursor: Any, towns: list[str]) -> None:
    """Temporary tables: one row a route, a step of it, a line of its checklist, and who holds a post in each town."""
    routes, steps, lines, roles = [], [], [], set()
    for version in queries.items_in_force():
        definition = definition_of(version)
        for told in HOUSEHOLDS:
            household, number = Household(rules.case_facts(told), [told]), len(routes)
            routes.append(_route(number, version, definition, household, told))
            for seq, one in enumerate(flow.route(definition, household), 1):
                roles.add(one.role)
                steps.append([number, seq, one.step, one.branch, one.stage, one.name[:80], one.kind, one.role, one.cause,
                              one.binding, one.min_people])  # fmt: skip
            for material in rules.materials_needed(definition, household):
                lines.append([number, material.code, material.name[:80], material.obtain, material.source])
    _table(cursor, "route", "t int, weight int, item int, version int, code text, lead text, mode text, once text, "
           "length int, days int, lawful int, unit text, clock_p jsonb, clock_s jsonb, facts jsonb", routes)  # fmt: skip
    _table(cursor, "step", "t int, seq int, step text, branch text, stage int, name text, kind text, role text, cause text, "
           "binding text, people int", steps)  # fmt: skip
    _table(cursor, "line", "t int, code text, name text, way text, source text", lines)
    _table(cursor, "post", "town int, role text, unit text, holders bigint[]", _posts(towns, sorted(roles)))
    cursor.execute("CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT row_number() OVER () AS at, t FROM route, generate_series(1, weight)")  # fmt: skip


def _route(
    number: int, version: ItemVersion, definition: Definition, household: Household, told: Mapping[str, Any]
) -> list[Any]:
    begun = clocks.begin(definition, household, timezone.now())
    steps = flow.route(definition, household)
    office = placing.office_of(f"dept:{definition.lead}")
    lead = placing.unit_of(office, COUNTY) if office else ""
    terms = [begun[which].to_json() for which in (clocks.PROMISED, clocks.STATUTORY)]
    return [
        number, OFTEN.get(definition.code, 1), version.item_id, version.pk, definition.code, lead,
        publicity_mode(definition, household), definition.one_open_per, len(steps), max(terms[0]["days"], 1),
        max(terms[1]["days"], 1), terms[0]["unit"], json.dumps(terms[0]), json.dumps(terms[1]), json.dumps(dict(told)),
    ]  # fmt: skip


def _posts(towns: list[str], roles: list[str]) -> list[list[Any]]:
    """Who holds each post for each town's first village, where all its cases lie, as `placing` would find them; unheld posts go to nobody (督查列表)."""
    grants: dict[tuple[str, str], list[int]] = {}
    for unit, role, account in Grant.objects.values_list("unit", "role_id", "account_id"):
        grants.setdefault((unit, role), []).append(account)
    found = []
    for at, town in enumerate(towns, 1):
        for role in roles:
            office = placing.office_of(role)
            unit = placing.unit_of(office, f"{town}001001") if office else ""
            holders = [
                one for post in (office.posts if office else ()) for one in grants.get((unit, post), ())
            ]
            found.append([at, role, unit, sorted(holders)])
    return found


def _table(cursor: Any, name: str, columns: str, rows: list[list[Any]]) -> None:
    cursor.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
    marks = ", ".join(["%s"] * len(rows[0]))
    cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)


# What chance decides of each case is drawn once; the newest have the highest number. One in eight is under way.
DRAWN = """
CREATE TEMP TABLE drawn ON COMMIT DROP AS
SELECT d.*, r.*, least(d.submitted + interval '1 day' + d.pace * interval '1 day', now()) AS accepted,
       d.submitted + interval '2 days' + (r.days * 1.4 + 10 * (r.mode = 'required')::int) * interval '1 day' AS due,
       d.submitted + interval '2 days' + (r.lawful * 1.4 + 5) * interval '1 day' AS lawful_due,
       '430181' || lpad(town::text, 3, '0') AS street,
       CASE WHEN age < interval '1 day' THEN CASE WHEN fate < 0.9 THEN 'submitted' ELSE 'supplement' END
            WHEN age < interval '90 days' AND fate < 0.8 OR fate < 0.06 THEN 'accepted'
            WHEN fate < 0.08 THEN 'declined' WHEN fate < 0.11 THEN 'withdrawn' WHEN fate < 0.16 THEN 'refused'
            ELSE 'closed' END AS state
FROM (
  SELECT g AS n, 1 + floor(power(random(), 1.4) * %(towns)s)::int AS town, 1 AS village,
         1 + floor(random() * (SELECT count(*) FROM chosen))::int AS pick, random() AS fate, random() AS pace,
         random() AS luck, now() - (1 - g::float / %(count)s) * %(days)s * interval '1 day' AS submitted,
         (1 - g::float / %(count)s) * %(days)s * interval '1 day' AS age, 1 + g %% greatest(%(count)s / 2, 1) AS who
  FROM generate_series(1, %(count)s) g
) d JOIN chosen c ON c.at = d.pick JOIN route r ON r.t = c.t;
ALTER TABLE drawn ADD COLUMN depth int, ADD COLUMN settled timestamptz;
UPDATE drawn SET
  depth = CASE state WHEN 'closed' THEN length WHEN 'accepted' THEN least(2 + floor(luck * greatest(length - 2, 0)), length)
               WHEN 'refused' THEN greatest((SELECT seq FROM step s WHERE s.t = drawn.t AND step = 'decide'), 1)
               WHEN 'withdrawn' THEN least(2, length) ELSE 1 END,
  settled = CASE WHEN state IN ('closed', 'refused') THEN least(accepted + (due - accepted) * (0.55 + 0.5 * luck), now()) END;
CREATE TEMP TABLE person ON COMMIT DROP AS
  SELECT row_number() OVER (ORDER BY p.id) AS at, p.id, (SELECT c.id FROM people_consent c WHERE c.person_id = p.id LIMIT 1) AS consent
  FROM people_person p;
CREATE UNIQUE INDEX ON person (at); ANALYZE drawn; ANALYZE person;
CREATE INDEX ON step (t); CREATE INDEX ON line (t); CREATE INDEX ON post (town, role);
"""
_TIMES = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00')"
_PLACE = {
    "grid": "street || lpad(village::text, 3, '0') || '001'",
    "community": "street || lpad(village::text, 3, '0')",
    "street": "street",
    "county": f"'{COUNTY}'",
}
_STEPS = """
(SELECT d.*, s.seq, s.step, s.branch, s.stage, s.name, s.kind, s.role, s.cause, s.binding, s.people, p.unit AS office, p.holders,
        a.id AS application, (d.state = 'accepted' AND s.seq = d.depth) OR (d.state IN ('submitted', 'supplement')) AS opened,
        d.submitted + s.seq * interval '1 day' AS begun
 FROM drawn d JOIN step s ON s.t = d.t AND s.seq <= d.depth JOIN post p ON p.town = d.town AND p.role = s.role
 JOIN onestop_application a ON a.number = 'P-' || d.n ORDER BY d.n, s.seq) x
"""
_HOLDER = "holders[1 + n % nullif(cardinality(holders), 0)]"
ROWS: tuple[tuple[str, type[Model], dict[str, str], str], ...] = (
    (
        "applications",
        Application,
        {
            "number": "'P-' || n",
            "item_id": "item",
            "version_id": "version",
            "person_id": "p.id",
            "state": "state",
            "unit": "lead",
            "facts": "facts",
            "signed": "submitted",
            "mode": "mode",
            "once": "CASE WHEN once <> 'none' THEN code || ':p' || p.id || '.' || n END",
            "sender": "'account:' || p.id",
            "client_uuid": "gen_random_uuid()",
            "content": "substr(sha256(n::text::bytea), 1, 16)",
            "resume": "sha256(('r' || n)::bytea)",
            "created": "submitted",
            "submitted_at": "submitted",
            "accepted_at": "CASE WHEN state IN ('accepted', 'refused', 'closed') THEN accepted END",
            "decided_at": "settled",
            "closed_at": "CASE WHEN state IN ('declined', 'withdrawn') THEN accepted ELSE settled END",
            "promised_due": "CASE WHEN state IN ('accepted', 'refused', 'closed') THEN due END",
            "statutory_due": "CASE WHEN state IN ('accepted', 'refused', 'closed') THEN lawful_due END",
            "warn_at": "CASE WHEN state IN ('accepted', 'refused', 'closed') THEN due - (due - accepted) * 0.2 END",
            "clocks": f"""CASE WHEN state IN ('accepted', 'refused', 'closed') THEN jsonb_build_object(
                'promised', clock_p || jsonb_build_object('start', {_TIMES.format("accepted")}),
                'statutory', clock_s || jsonb_build_object('start', {_TIMES.format("accepted")})) ELSE '{{}}' END""",
            **_PLACE,
        },
        "drawn d JOIN person p ON p.at = d.who ORDER BY n",
    ),
    (
        "members",
        Member,
        {"application_id": "a.id", "person_id": "a.person_id", "relation": "'本人'", "facts": "d.facts", "consent_id": "p.consent"},
        "drawn d JOIN onestop_application a ON a.number = 'P-' || d.n JOIN person p ON p.at = d.who ORDER BY d.n",
    ),
    (
        "slots",
        Slot,
        {
            "application_id": "a.id",
            "material": "l.code",
            "name": "l.name",
            "way": "l.way",
            "state": "CASE l.way WHEN 'share' THEN 'shared' WHEN 'commit' THEN 'committed' ELSE 'met' END",
            "changed": "d.submitted",
        },
        "drawn d JOIN onestop_application a ON a.number = 'P-' || d.n JOIN line l ON l.t = d.t ORDER BY d.n",
    ),
    (
        "lookups",
        Lookup,
        {
            "slot_id": "s.id",
            "member_id": "m.id",
            "consent_id": "m.consent_id",
            "source": "l.source",
            "purpose": "'核对办件材料：' || l.name",
            "state": "'answered'",
            "result": "'match'",
            "evidence": "sha256(s.id::text::bytea)",
            "requested_at": "s.changed",
            "answered_at": "s.changed",
        },
        "onestop_slot s JOIN onestop_member m ON m.application_id = s.application_id JOIN onestop_application a"
        " ON a.id = s.application_id JOIN drawn d ON 'P-' || d.n = a.number JOIN line l ON l.t = d.t AND l.code = s.material"
        " WHERE s.way = 'share'",
    ),
    (
        "tasks",
        Task,
        {
            "application_id": "application",
            "step": "step",
            "branch": "branch",
            "round": "1",
            "stage": "stage",
            "name": "name",
            "kind": "kind",
            "role": "role",
            "cause": "cause",
            "binding": "binding",
            "min_people": "people",
            "unit": "office",
            "holder_id": _HOLDER,
            "placed": "CASE WHEN cardinality(holders) = 0 THEN 'supervisor' ELSE 'holder' END",
            "state": "CASE WHEN opened THEN 'open' ELSE 'done' END",
            "opened_at": "begun",
            "due_at": "begun + interval '5 days'",
            "done_at": "CASE WHEN NOT opened THEN begun + interval '20 hours' END",
            "done_by_id": f"CASE WHEN NOT opened THEN {_HOLDER} END",
            "opinion": "CASE WHEN NOT opened THEN 'agree' ELSE '' END",
            "finding": "CASE WHEN NOT opened AND binding <> '' THEN '情况属实' ELSE '' END",
            **_PLACE,
        },
        _STEPS,
    ),
    (
        "decisions",
        Decision,
        {
            "application_id": "t.application_id",
            "task_id": "t.id",
            "round": "1",
            "outcome": "CASE d.state WHEN 'refused' THEN 'refuse' ELSE 'approve' END",
            "fen": "CASE d.state WHEN 'refused' THEN NULL ELSE 65000 END",
            "reason": "CASE d.state WHEN 'refused' THEN '不符合条件' ELSE '' END",
            "by_id": "t.holder_id",
            "at": "d.settled",
        },
        "onestop_task t JOIN onestop_application a ON a.id = t.application_id JOIN drawn d ON 'P-' || d.n = a.number"
        " WHERE t.step = 'decide' AND d.state IN ('closed', 'refused')",
    ),
    (
        "steps",
        Move,
        {
            "subject": "'onestop.application:' || t.application_id",
            "action": "CASE t.step WHEN 'accept' THEN 'accept' ELSE 'do_task' END",
            "from_state": "'accepted'",
            "to_state": "'accepted'",
            "by": "'account:' || t.done_by_id",
            "by_name": "'经办'",
            "by_role": "'officer'",
            "unit": "t.unit",
            "at": "t.done_at",
            "reason": "left(t.name, 64)",
        },
        "onestop_task t WHERE t.state = 'done' ORDER BY t.id",
    ),
)  # fmt: skip
