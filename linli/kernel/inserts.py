"""Many new rows of several tables in one statement: the rows travel as JSON and PostgreSQL unpacks them.

Binding some two hundred values one by one costs Python more than all the rest of a report's way in; one JSON text a
table costs a tenth of it, and the statement's text no longer depends on how many rows there are, so that its plan is
kept. For the paths a figure is asked of (intake) and for what every action writes (ledger, facts). Everything else
uses the ORM.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import NOT_PROVIDED
from django.db.models.base import ModelState

# Fields whose Python value the column takes as JSON or `_simple` writes it; a subclass may prepare its value.
PLAIN = (
    models.CharField,
    models.TextField,
    models.BooleanField,
    models.IntegerField,
    models.SmallIntegerField,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.BigIntegerField,
    models.BigAutoField,
    models.FloatField,
    models.JSONField,
    models.BinaryField,
    models.UUIDField,
    models.DateField,
    models.DateTimeField,
)
Row = TypeVar("Row", bound=models.Model)
Written = tuple[
    tuple[str, ...], Callable[[models.Model], tuple[Any, ...]], tuple[tuple[str, models.Field], ...]
]


def next_ids(*kinds: type[models.Model]) -> tuple[int, ...]:
    """The next id of each table's own sequence, in one statement; gaps are allowed (joints.md section 4)."""
    with connection.cursor() as cursor:
        cursor.execute(_next_sql(kinds))
        return tuple(cursor.fetchone())


@lru_cache(maxsize=64)
def _next_sql(kinds: tuple[type[models.Model], ...]) -> str:
    parts = [
        f"nextval(pg_get_serial_sequence('{kind._meta.db_table}', '{kind._meta.pk.column}'))"
        for kind in kinds
    ]
    return "SELECT " + ", ".join(parts)


def new_row(kind: type[Row], /, **columns: Any) -> Row:
    """An unsaved row with the defaults of its fields, by column attribute (`incident_id`, not `incident`).

    Django's constructor goes through every field by name; a case with its report and order has a hundred and fifty.
    Raises TypeError for a column the table has not.
    """
    plain, made, names = _defaults(kind)
    if not names >= columns.keys():
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(columns.keys() - names))}")
    row = kind.__new__(kind)
    row._state = ModelState()
    row.__dict__.update(plain)
    for name, make in made:
        if name not in columns:
            row.__dict__[name] = make()
    row.__dict__.update(columns)
    return row


@lru_cache(maxsize=256)
def _defaults(
    kind: type[models.Model],
) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]], frozenset[str]]:
    """Defaults that may be shared, makers of those that may not (a list, a dictionary, now), and all names."""
    fields = kind._meta.concrete_fields
    made = [
        (field.attname, field.default)
        for field in fields
        if field.default is not NOT_PROVIDED and callable(field.default)
    ]
    own = {name for name, _ in made}
    plain = {field.attname: field.get_default() for field in fields if field.attname not in own}
    return plain, made, frozenset(field.attname for field in fields)


def insert_all(*batches: Sequence[models.Model]) -> None:
    """Inserts each batch (rows of one model) within the caller's transaction, whole or not at all.

    Rows with a primary key keep it; the others get one from the database, in the order given, and do not learn it.
    A JSON column given None holds NULL. Raises Django's IntegrityError and friends.
    """
    full = [batch for batch in batches if batch]
    if not full:
        return
    kinds = tuple((type(batch[0]), batch[0].pk is not None) for batch in full)
    with connection.cursor() as cursor:
        cursor.execute(_statement(kinds), [_packed(batch) for batch in full])
    for batch in full:
        for row in batch:
            row._state.adding = False
            row._state.db = connection.alias


@lru_cache(maxsize=256)
def _statement(kinds: tuple[tuple[type[models.Model], bool], ...]) -> str:
    """One INSERT a batch, all but the last as common table expressions: one statement, one plan."""
    parts = []
    for kind, with_id in kinds:
        table = f'"{kind._meta.db_table}"'
        source = f"json_populate_recordset(NULL::{table}, %s::json)"
        if (
            with_id
        ):  # whole rows need no list; psycopg keeps only statements of up to 4,096 characters taken apart
            parts.append(f"INSERT INTO {table} SELECT * FROM {source}")
        else:
            names = ", ".join(f'"{field.column}"' for field in _fields(kind, with_id))
            parts.append(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source}")
    before = ", ".join(f"part{number} AS ({part})" for number, part in enumerate(parts[:-1]))
    return f"WITH {before} {parts[-1]}" if before else parts[-1]


def _fields(kind: type[models.Model], with_id: bool) -> list[models.Field]:
    return [field for field in kind._meta.concrete_fields if with_id or not field.primary_key]


@lru_cache(maxsize=256)
def _written(kind: type[models.Model], with_id: bool) -> Written:
    """Columns taken as they are with one getter for all of them, and the fields that prepare their value."""
    fields = _fields(kind, with_id)
    plain = [field for field in fields if _is_plain(field)]
    rest = tuple((field.column, field) for field in fields if field not in plain)
    names = [field.attname for field in plain] + [
        "_state"
    ]  # never alone: attrgetter of one name gives no tuple
    return tuple(field.column for field in plain), attrgetter(*names), rest


def _is_plain(field: models.Field) -> bool:
    if isinstance(field, ArrayField):
        return _is_plain(field.base_field)
    if isinstance(field, models.ForeignKey):
        return _is_plain(field.target_field)
    return type(field) in PLAIN and not (
        getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    )


def _packed(batch: Sequence[models.Model]) -> str:
    columns, values, rest = _written(type(batch[0]), batch[0].pk is not None)
    rows = []
    for row in batch:
        packed = dict(zip(columns, values(row), strict=False))
        for column, field in rest:
            packed[column] = _prepared(field, row)
        rows.append(packed)
    return json.dumps(rows, ensure_ascii=False, default=_simple)


def _prepared(field: models.Field, row: models.Model) -> Any:
    value = field.pre_save(row, True)
    if value is None or isinstance(value, datetime | date | bytes | memoryview):
        return value
    pack = getattr(field, "to_record", None)  # a column whose text form is not its prepared value
    return pack(value) if pack else field.get_db_prep_save(value, connection)


def _simple(value: Any) -> Any:
    """What JSON has no word for, in the text form PostgreSQL reads."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    raise TypeError(f"{type(value).__name__} has no place in a record: {value!r}")
