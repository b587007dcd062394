"""Changing the key that personal values are sealed with."""

from django.apps import apps
from django.db import connection, transaction

from linli.kernel.actor import Actor, require
from linli.kernel.identity import fields
from linli.kernel.ledger.actions import record

BATCH = 500


def rotate_keys(*, by: Actor, fresh: bool = True) -> dict[str, int]:
    """Adds a new current key (unless `fresh` is False) and seals every encrypted column anew, in batches.

    Returns table.column -> values sealed anew. May be stopped and run again. Running processes read the new
    key when they first meet it, and write with the old one until they restart: restart them, then run once
    more with `fresh=False` until nothing is left. Old keys stay in the ring; backups need them.
    """
    require(by, "identity.rotate_keys")
    if fresh:
        fields.add_key()
    done = {}
    for model in apps.get_models():
        for column in model._meta.local_fields:
            if isinstance(column, fields.EncryptedTextField):
                done[column.bound] = _seal_anew(column)
    changed = {name: count for name, count in done.items() if count}
    record(
        subject="identity.keys", verb="rotate_keys", by=by, fields={"key": fields.keys().current, **changed}
    )
    return done


def _seal_anew(column: fields.EncryptedTextField) -> int:
    """Raw SQL on the ciphertext: no model's own save, signal or `auto_now` is touched."""
    quote, meta = connection.ops.quote_name, column.model._meta
    table, name, pk = quote(meta.db_table), quote(str(column.column)), quote(str(meta.pk.column))
    ring, done = fields.keys(), 0
    select = (
        f"SELECT {pk}, {name} FROM {table} WHERE {name} <> '' AND {name} NOT LIKE %s"
        f" ORDER BY {pk} LIMIT {BATCH} FOR UPDATE"
    )
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(select, [ring.head().replace("_", "\\_") + "%"])
            rows = cursor.fetchall()
            sealed = [(ring.seal(ring.open(text, column.bound), column.bound), ident) for ident, text in rows]
            cursor.executemany(f"UPDATE {table} SET {name} = %s WHERE {pk} = %s", sealed)
        done += len(rows)
        if not rows:
            return done
