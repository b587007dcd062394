"""Asking: newest first, by the index for rare words, by walking ids for common ones."""

from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from django.db import connections, models
from django.db.models import F, QuerySet

from linli.kernel.search.rules import asked, scans_ids, tsquery

SAMPLE = 1000
_KEEP_SECONDS = 60.0
_STATISTICS = """
    SELECT unnest(most_common_elems::text::text[]), unnest(most_common_elem_freqs[:cardinality(
        most_common_elems::text::text[])])
    FROM pg_stats WHERE schemaname = ANY (current_schemas(true)) AND tablename = %s AND attname = %s
"""
_kept: dict[tuple[str, str, str], tuple[float, dict[str, float]]] = {}
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows newest first; `before` asks for the next page, None on the last."""

    rows: list[Row]
    before: int | None


def match(queryset: QuerySet[Row], words: str, field: str = "words") -> QuerySet[Row]:
    """`queryset` cut down to rows with all of `words`, newest id first, in the plan that suits their frequency.

    Blank words leave the rows as they are; words without any letter, digit or Han character match nothing.
    Costs at most one small query (a sample of the newest rows), and one a minute for the statistics.
    """
    if not words.strip():
        return queryset.order_by("-pk")
    wanted = asked(words)
    if not wanted:
        return queryset.none()
    if is_common(queryset, wanted, field):
        return queryset.filter(**{f"{field}__has_by_scan": words}).order_by("-pk")
    # pk + 0: without it the planner may walk the primary key for a rare word and read the whole table
    return queryset.filter(**{f"{field}__has": words}).order_by((F("pk") + 0).desc())


def is_common(queryset: QuerySet, wanted: list[str], field: str = "words") -> bool:
    """Whether rows with all `wanted` tokens are more than 1 % (joints.md section 10)."""
    shares = _shares(queryset, field)
    rarest = min(shares.get(token, 0.0) for token in wanted) if shares and not _prefixed(wanted) else None
    if rarest is not None and not scans_ids(rarest, SAMPLE, SAMPLE):
        return False
    meta = queryset.model._meta
    connection = connections[queryset.db]
    quote = connection.ops.quote_name
    column, table, key = (quote(n) for n in (meta.get_field(field).column, meta.db_table, meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FILTER (WHERE sample.words @@ %s::tsquery), count(*) FROM "
            f"(SELECT {column} AS words FROM {table} ORDER BY {key} DESC LIMIT {SAMPLE}) sample",
            [tsquery(wanted)],
        )
        hits, looked_at = cursor.fetchone()
    return looked_at == SAMPLE and scans_ids(rarest, hits, looked_at)


def _prefixed(wanted: list[str]) -> bool:
    return any(len(token) == 1 for token in wanted)


def _shares(queryset: QuerySet, field: str) -> dict[str, float]:
    """Share of rows of the commonest lexemes, from the table's statistics; empty before the first ANALYZE."""
    meta = queryset.model._meta
    key = (queryset.db, meta.db_table, meta.get_field(field).column)
    kept = _kept.get(key)
    if kept is None or monotonic() - kept[0] > _KEEP_SECONDS:
        with connections[queryset.db].cursor() as cursor:
            cursor.execute(_STATISTICS, key[1:])
            kept = (monotonic(), dict(cursor.fetchall()))
        _kept[key] = kept
    return kept[1]


def forget() -> None:
    """Drops what is remembered of the tables' statistics."""
    _kept.clear()


def page(
    queryset: QuerySet[Row],
    words: str = "",
    *,
    before: int | None = None,
    size: int = 25,
    field: str = "words",
) -> Page[Row]:
    """One page of `match`, of rows with an id below `before`."""
    rows = match(queryset, words, field)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: size + 1])
    more = len(found) > size
    return Page(found[:size], found[size - 1].pk if more else None)
