"""Writing the record. `record` joins the caller's transaction and waits for nobody."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils import timezone

from linli.kernel.actor import Actor, require
from linli.kernel.inserts import insert_all, new_row, next_ids
from linli.kernel.ledger import rules
from linli.kernel.ledger.models import Entry, Head, Node, Salt
from linli.kernel.ledger.rules import leaf_of

SEQUENCER_LOCK = 0x6C696E6C  # one sequencer at a time, whatever the number of workers


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing to be recorded. `fields`: text and integers only; `personal`: values that enter as salted hashes."""

    subject: str
    verb: str
    by: str
    fields: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    log: str = "county"


def record(
    *,
    subject: str,
    verb: str,
    by: Actor,
    fields: Mapping[str, object] | None = None,
    personal: Mapping[str, str] | None = None,
    log: str = "county",
) -> None:
    """Records one deed in the transaction of the caller. Raises TypeError for values a leaf cannot carry."""
    record_many([Deed(subject, verb, by.ref, fields or {}, personal or {}, log)])


def record_many(deeds: Sequence[Deed]) -> None:
    """Several deeds in one statement, an import's thousands too: whole or not at all."""
    insert_all(*rows_for(deeds))


def rows_for(deeds: Sequence[Deed]) -> tuple[list[Entry], list[Salt]]:
    """The unsaved rows of some deeds, for a caller that writes them together with rows of its own."""
    now = timezone.now()
    entries, salts = [], []
    for deed in deeds:
        body = dict(deed.fields)
        entry = new_row(
            Entry, log=deed.log, at=now, subject=deed.subject, verb=deed.verb, by=deed.by, fields=body
        )
        for name, value in deed.personal.items():
            salt = os.urandom(16)
            body[name] = "sha256:" + rules.salted(value, salt)
            salts.append((entry, name, salt))
        rules.canonical(body)
        entries.append(entry)
    if salts:  # a salt names its entry, so the entries' ids must be known before they are written
        for entry, number in zip(entries, next_ids(*([Entry] * len(entries))), strict=True):
            entry.pk = number
    return entries, [Salt(entry=entry, field=name, salt=salt) for entry, name, salt in salts]


@transaction.atomic
def sequence(limit: int = 2000) -> int:
    """Gives up to `limit` waiting entries their places and extends the trees. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEQUENCER_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    waiting = list(Entry.objects.filter(seq=None).order_by("id")[:limit])
    by_log: dict[str, list[Entry]] = {}
    for entry in waiting:
        by_log.setdefault(entry.log, []).append(entry)
    for log, entries in by_log.items():
        _extend(log, entries)
    return len(waiting)


def _extend(log: str, entries: list[Entry]) -> None:
    head = Head.objects.filter(log=log).order_by("-size").first()
    size = head.size if head else 0
    known: dict[tuple[int, int], bytes] = {}

    def read(level: int, index: int) -> bytes:
        if (level, index) not in known:
            known[level, index] = bytes(
                Node.objects.values_list("hash", flat=True).get(log=log, level=level, index=index)
            )
        return known[level, index]

    for place, entry in enumerate(entries, start=size):
        entry.seq, entry.leaf = place, rules.leaf_hash(leaf_of(entry))
    fresh = rules.grow(size, [bytes(entry.leaf) for entry in entries if entry.leaf], read)
    known.update({(level, index): digest for level, index, digest in fresh})
    _write(log, entries, fresh)
    new_size = size + len(entries)
    Head.objects.create(log=log, size=new_size, root=rules.root(new_size, read))


def _write(log: str, entries: list[Entry], fresh: list[tuple[int, int, bytes]]) -> None:
    """Places and nodes in one statement each, by arrays: `bulk_update`'s long CASE is ten times as slow."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ledger_entry e SET seq = new.seq, leaf = new.leaf
               FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS new (id, seq, leaf) WHERE e.id = new.id""",
            [
                [entry.pk for entry in entries],
                [entry.seq for entry in entries],
                [entry.leaf for entry in entries],
            ],
        )
        cursor.execute(
            """INSERT INTO ledger_node (log, level, index, hash)
               SELECT %s, new.* FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[]) AS new""",
            [log, *(list(column) for column in zip(*fresh, strict=True))],
        )


@transaction.atomic
def erase(*, by: Actor, subject: str) -> int:
    """Deletes the salts of a subject's personal values (a person's right to be forgotten); leaves stay."""
    require(by, "people.erase", subject=subject)
    gone, _ = Salt.objects.filter(entry__subject=subject).delete()
    record(subject=subject, verb="erase", by=by, fields={"salts": gone})
    return gone
