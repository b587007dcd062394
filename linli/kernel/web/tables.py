"""Lists: filter in the URL, pages by key, saved filters, bulk choice, Excel of what is seen.

A table asks the database twice at most: one page of rows (one more than shown, to know of a next
page) and the viewer's saved filters.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.kernel import Refused
from linli.kernel.web import rules
from linli.kernel.web.caller import caller
from linli.kernel.web.queries import saved_filters
from linli.kernel.web.sheets import write_sheet

PAGE = 50
MOST_EXPORTED = 50_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `get` is an attribute path or a function of the row; `phone` is its place when folded.

    kind: text | num | time | day | clock | chip | html. A clock column shows the deadline chip of its
    datetime; `start` and `ended` name the row's attributes that colour it. A chip's tone comes from
    `tone(row)`. `sort` names an indexed database field; without it the head is not a link.
    """

    key: str
    label: str
    get: str | Callable[[Any], Any] = ""
    kind: str = "text"
    phone: str = "line"  # head | tail | line | none
    sort: str = ""
    link: Callable[[Any], str] | None = None
    start: str = ""
    ended: str = ""
    tone: Callable[[Any], str] | None = None
    export: bool = True

    def value(self, row: Any) -> Any:
        """The raw value, as Excel gets it."""
        if callable(self.get):
            return self.get(row)
        found: Any = row
        for part in (self.get or self.key).split("."):
            found = found.get(part) if isinstance(found, dict) else getattr(found, part, None)
        return found() if callable(found) else found


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter, kept in the URL under `key`. `apply(rows, value)` narrows; by default `field=value`.

    kind: text | choice | day (a value of `key` from or to by the look-up in `field`).
    """

    key: str
    label: str
    field: str = ""
    kind: str = "text"
    options: tuple[tuple[str, str], ...] = ()
    apply: Callable[[QuerySet, str], QuerySet] | None = None
    long: bool = False
    more: bool = False  # folded away until somebody wants it

    def narrow(self, rows: QuerySet, value: str) -> QuerySet:
        if self.kind == "choice" and value not in dict(self.options):
            return rows
        if self.apply:
            return self.apply(rows, value)
        if self.kind == "day":
            return self._by_day(rows, value)
        return rows.filter(**{self.field or self.key: value})

    def _by_day(self, rows: QuerySet, value: str) -> QuerySet:
        on = rules.parse_day(value)
        if on is None:
            return rows
        if self.field.endswith("__lte"):  # up to the end of that day
            edge = datetime.combine(on + timedelta(days=1), time(), rules.HERE)
            return rows.filter(**{self.field.removesuffix("__lte") + "__lt": edge})
        return rows.filter(**{self.field: datetime.combine(on, time(), rules.HERE)})


@dataclass(frozen=True, slots=True)
class BulkAct:
    """One thing to do with all chosen rows; posts `ids` and `act` to the page (see bulk.py)."""

    code: str
    label: str
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says, and what to do next."""

    title: str
    words: str = ""
    act: str = ""
    url: str = ""


@dataclass(slots=True)
class Cell:
    column: Column
    value: Any
    url: str = ""
    clock: rules.Clock | None = None
    tone: str = ""


@dataclass(slots=True)
class Row:
    row: Any
    cells: list[Cell] = field(default_factory=list)

    @property
    def id(self) -> Any:
        return self.row.pk


class Table:
    """Subclasses declare; `Table(request, rows).answer()` does the rest. `rows` is already cut to the viewer."""

    code = ""
    title = ""
    columns: tuple[Column, ...] = ()
    filters: tuple[Filter, ...] = ()
    order = "id"  # the default sort; "-" for descending
    bulk: tuple[BulkAct, ...] = ()
    empty = Empty("没有符合条件的记录", "换一个筛选条件试试。")
    page = PAGE
    export = True
    live_kinds = ""  # rooms or facts to hear, e.g. "incidents,dispatch.OrderHandled"
    live_subject = ""  # whose facts name a row of this list, e.g. "incidents.incident"

    def __init__(self, request: HttpRequest, rows: QuerySet) -> None:
        self.request, self.source = request, rows
        self.values = {
            f.key: request.GET.get(f.key, "").replace("\x00", "").strip()[:200] for f in self.filters
        }
        sortable = {c.sort for c in self.columns if c.sort} | {self.order.lstrip("-")}
        asked = request.GET.get("sort", "")
        self.sort = asked if asked.lstrip("-") in sortable else self.order

    def filtered(self) -> QuerySet:
        """The rows the filters let through, unordered and whole."""
        rows = self.source
        for one in self.filters:
            if value := self.values[one.key]:
                try:
                    rows = one.narrow(rows, value)
                except (
                    ValueError,
                    ValidationError,
                ):  # letters where the column holds numbers: nothing is equal
                    rows = rows.none()
        return rows

    def ordered(self, backwards: bool = False) -> QuerySet:
        name, down = self.sort.lstrip("-"), self.sort.startswith("-") != backwards
        rows, tie = self.filtered(), "-pk" if down else "pk"
        if name in ("id", "pk"):
            return rows.order_by(tie)
        nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
        nulls = nulls if self._nullable else {}
        return rows.order_by(F(name).desc(**nulls) if down else F(name).asc(**nulls), tie)

    @cached_property
    def _nullable(self) -> bool:
        name = self.sort.lstrip("-")
        try:
            return bool(getattr(self.source.model._meta.get_field(name), "null", False))
        except FieldDoesNotExist:
            return False

    @cached_property
    def _page(self) -> tuple[list[Any], bool, bool]:
        """This page's rows, whether something stands before them, whether something follows."""
        get = self.request.GET
        backwards = "before" in get and "after" not in get
        mark = _read_mark(get.get("before" if backwards else "after", ""))
        rows = self.ordered(backwards)
        if mark is not None:
            try:
                rows = rows.filter(self._beyond(mark, backwards))
            except (ValueError, TypeError, ValidationError):  # a mark made up by hand
                mark = None
        found = list(rows[: self.page + 1])
        more = len(found) > self.page
        found = found[: self.page]
        if backwards:
            return found[::-1], more, True
        return found, mark is not None, more

    def _beyond(self, mark: tuple[Any, Any], backwards: bool) -> Q:
        """The rows after (or before) a marked one, by sort field then id; nulls stand last."""
        name, down = self.sort.lstrip("-"), self.sort.startswith("-") != backwards
        than = "lt" if down else "gt"
        value, ident = mark
        further = Q(**{f"pk__{than}": ident})
        if name in ("id", "pk"):
            return further
        if value is None:
            same = Q(**{f"{name}__isnull": True}) & further
            return same | Q(**{f"{name}__isnull": False}) if backwards else same
        ahead = Q(**{f"{name}__{than}e": value}) & (Q(**{f"{name}__{than}": value}) | further)
        return ahead | Q(**{f"{name}__isnull": True}) if self._nullable and not backwards else ahead

    @cached_property
    def rows(self) -> list[Row]:
        return [Row(row, [self._cell(column, row) for column in self.columns]) for row in self._page[0]]

    def _cell(self, column: Column, row: Any) -> Cell:
        value = column.value(row)
        cell = Cell(column, value, column.link(row) if column.link else "")
        if column.kind == "clock":
            ended = getattr(row, column.ended, None) if column.ended else None
            start = getattr(row, column.start, None) if column.start else None
            late = rules.finished_clock(value, ended) if ended else None
            cell.clock = late or rules.clock(value, timezone.now(), start=start)
        cell.tone = column.tone(row) if column.tone else ""
        return cell

    @property
    def before(self) -> str:
        found, earlier, _more = self._page
        return self._turn("before", found[0]) if earlier and found else ""

    @property
    def after(self) -> str:
        found, _earlier, more = self._page
        return self._turn("after", found[-1]) if more and found else ""

    def _turn(self, way: str, row: Model) -> str:
        query = self.request.GET.copy()
        for gone in ("after", "before", "export"):
            query.pop(gone, None)
        name = self.sort.lstrip("-")
        query[way] = _write_mark(None if name in ("id", "pk") else getattr(row, name), row.pk)
        return f"?{query.urlencode()}"

    @cached_property
    def saved(self) -> list[Any]:
        viewer = caller(self.request)
        return saved_filters(viewer, self.code) if viewer.account is not None else []

    @property
    def live_row(self) -> str:
        """The address of one row's fragment, with 0 for its id; empty for a list that stands still."""
        return ""

    def row_answer(self, ident: Any) -> HttpResponse:
        """One row as a fragment, for live.js; 404 when it is gone or not for this viewer."""
        found = self.source.filter(pk=ident).first()
        if found is None:
            raise Refused(_("这一行已不在列表中。"), code="not_found", status=404)
        row = Row(found, [self._cell(column, found) for column in self.columns])
        return render(self.request, "web/_row.html", {"row": row, "bulk": self.bulk})

    @property
    def active(self) -> bool:
        return any(self.values.values())

    @property
    def heads(self) -> list[dict[str, Any]]:
        """The head row: label, the link that sorts by it, and how it is sorted now."""
        heads = []
        for column in self.columns:
            now = (
                ""
                if self.sort.lstrip("-") != column.sort
                else "descending"
                if self.sort[0] == "-"
                else "ascending"
            )
            other = f"-{column.sort}" if now == "ascending" else column.sort
            heads.append(
                {"column": column, "now": now if column.sort else "", "sort": other if column.sort else ""}
            )
        return heads

    @property
    def fields(self) -> list[tuple[Filter, str]]:
        return [(one, self.values[one.key]) for one in self.filters]

    @property
    def more_fields(self) -> list[tuple[Filter, str]]:
        return [(one, value) for one, value in self.fields if one.more]

    @property
    def more_active(self) -> bool:
        return any(value for _one, value in self.more_fields)

    def sheet(self) -> HttpResponse:
        """The filtered rows, all pages, as xlsx. Refused(413) above the limit rather than cut in silence."""
        rows = self.ordered()
        if rows[MOST_EXPORTED : MOST_EXPORTED + 1].exists():
            said = _("符合条件的超过 %d 行，请缩小筛选范围后再导出。") % MOST_EXPORTED
            raise Refused(said, code="too_many", status=413)
        columns = [c for c in self.columns if c.export]
        file = write_sheet(self.title, [str(c.label) for c in columns], _values(rows, columns))
        stamp = timezone.localdate().strftime("%Y%m%d")
        return FileResponse(file, as_attachment=True, filename=f"{self.title}-{stamp}.xlsx")

    def answer(self, template: str = "web/list.html", context: dict[str, Any] | None = None) -> HttpResponse:
        """The page, or the sheet when `?export=xlsx` is asked."""
        if self.export and self.request.GET.get("export") == "xlsx":
            return self.sheet()
        return render(self.request, template, {"table": self, "title": self.title, **(context or {})})


def _values(rows: QuerySet, columns: Iterable[Column]) -> Iterator[list[Any]]:
    for row in rows.iterator(chunk_size=1000):
        yield [_plain(column.value(row)) for column in columns]


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | datetime | date) or value is None else str(value)


def _write_mark(value: Any, ident: Any) -> str:
    plain = value.isoformat() if isinstance(value, datetime | date) else value
    return base64.urlsafe_b64encode(json.dumps([plain, ident], default=str).encode()).decode().rstrip("=")


def _read_mark(written: str) -> tuple[Any, Any] | None:
    """A mark from the URL; anything broken simply starts at the first page."""
    try:
        value, ident = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
    except (ValueError, TypeError):
        return None
    return (value, ident) if ident is not None and not isinstance(value, dict | list) else None
