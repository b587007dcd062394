"""Many new rows of several tables in one round trip: psycopg's pipeline with statements written once.

Only for the paths a figure is asked of (intake). Everything else uses the ORM.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models


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


@lru_cache(maxsize=256)
def _columns(kind: type[models.Model], with_id: bool) -> tuple[models.Field, ...]:
    return tuple(field for field in kind._meta.concrete_fields if with_id or not field.primary_key)


@lru_cache(maxsize=256)
def _statement(kind: type[models.Model], rows: int, with_id: bool) -> str:
    fields = _columns(kind, with_id)
    marks = [
        f.get_placeholder(None, None, connection) if hasattr(f, "get_placeholder") else "%s" for f in fields
    ]
    names = ", ".join(f'"{field.column}"' for field in fields)
    row = f"({', '.join(marks)})"
    return f'INSERT INTO "{kind._meta.db_table}" ({names}) VALUES {", ".join([row] * rows)}'


def insert_all(*batches: Sequence[models.Model]) -> None:
    """Inserts each batch (rows of one model) in the order given, within the caller's transaction.

    Rows with a primary key keep it; the others get one from the database and do not learn it. Raises Django's
    IntegrityError and friends, for the whole.
    """
    statements = [_filled(batch) for batch in batches if batch]
    with connection.cursor() as cursor, connection.wrap_database_errors, connection.connection.pipeline():
        for sql, values in statements:
            cursor.execute(sql, values)
    for batch in batches:
        for row in batch:
            row._state.adding = False
            row._state.db = connection.alias


def _filled(batch: Sequence[models.Model]) -> tuple[str, list[Any]]:
    kind, with_id = type(batch[0]), batch[0].pk is not None
    fields = _columns(kind, with_id)
    values = [
        field.get_db_prep_save(field.pre_save(row, True), connection) for row in batch for field in fields
    ]
    return _statement(kind, len(batch), with_id), values
