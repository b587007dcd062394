"""The indexed column: filled from other columns whenever a row is saved."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.lookups import Lookup

from linli.kernel.search.rules import asked, lexemes, quoted, tsquery


class WordsField(models.Field):
    """`words = WordsField(of=("title", "text"))`: a tsvector of the lexemes of those attributes.

    `save` and `bulk_create` fill it; `update()` of a source column must set it too: `update(text=t, words=t)`.
    It is never read back: selecting it yields None.
    """

    def __init__(self, *, of: tuple[str, ...] | list[str] = (), **options: Any) -> None:
        options.setdefault("editable", False)
        options.setdefault("null", False)
        self.of = tuple(of)
        super().__init__(**options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "of": self.of}

    def db_type(self, connection: Any) -> str:
        return "tsvector"

    def has_default(self) -> bool:
        return True

    def get_default(self) -> str:
        return ""

    def pre_save(self, instance: models.Model, add: bool) -> str:
        return " ".join(str(getattr(instance, name) or "") for name in self.of)

    def get_prep_value(self, value: Any) -> Any:
        return lexemes(value) if isinstance(value, str) else value

    def to_record(self, value: str) -> str:
        """The text form of the tsvector, for rows that travel as JSON (kernel.inserts)."""
        return " ".join(quoted(lexeme) for lexeme in lexemes(value))

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        return "array_to_tsvector(%s::text[])"

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return "NULL::text", []


@WordsField.register_lookup
class Has(Lookup):
    """`words__has="消防车"`: rows with every token, by the index if the planner likes."""

    lookup_name = "has"
    pattern = "{} @@ %s::tsquery"

    def get_prep_lookup(self) -> str:
        return tsquery(asked(str(self.rhs)))

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [value]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, params = self.process_lhs(compiler, connection)
        return self.pattern.format(left), [*params, self.rhs]


@WordsField.register_lookup
class HasByScan(Has):
    """The same rows, never by the index: IS TRUE hides the operator from it."""

    lookup_name = "has_by_scan"
    pattern = "({} @@ %s::tsquery) IS TRUE"


def words_index(name: str, field: str = "words") -> GinIndex:
    """The index of a words column. A small pending list keeps a search right after many writes quick."""
    return GinIndex(fields=[field], name=name, gin_pending_list_limit=1024)
