"""Sheets on their way in: upload, columns, dry run, confirm; then written whole or not at all.

This module only parses, counts and asks; a room's `apply` calls the room's own action.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor, require
from linli.kernel.web import actions
from linli.kernel.web.models import BackgroundRun, ImportRun
from linli.kernel.web.rules import match_columns
from linli.kernel.web.sheets import read_sheet

log = logging.getLogger("linli.web")
SHOWN_ERRORS = 200
Cells = Mapping[str, str]
MOVES = {
    "uploaded": {"check": "checking", "cancel": "cancelled"},
    "checking": {"checked": "checked", "fail": "failed"},
    "checked": {"check": "checking", "apply": "applying", "cancel": "cancelled"},
    "applying": {"done": "done", "fail": "failed"},
}


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """One field of a sheet; `aliases` are other heads people write for it."""

    key: str
    label: str
    required: bool = False
    aliases: tuple[str, ...] = ()
    example: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind of sheet. `check_row(actor, cells)` gives {column key: what is wrong and the remedy}.

    `apply(actor, cells)` writes one row by the room's action, inside the one transaction of the whole
    sheet. `key` names the columns that make a row unique; `exists` says that a row is there already:
    both kinds of doubles are counted and left out.
    """

    code: str
    title: str
    verb: str
    columns: tuple[ImportColumn, ...]
    check_row: Callable[[Actor, Cells], Mapping[str, str]]
    apply: Callable[[Actor, Cells], Any]
    key: tuple[str, ...] = ()
    exists: Callable[[Actor, Cells], bool] | None = None


_kinds: dict[str, ImportKind] = {}


def register_import(kind: ImportKind) -> None:
    """Called in a room's apps.py."""
    _kinds[kind.code] = kind


def import_kind(code: str) -> ImportKind:
    if code not in _kinds:
        raise Refused("没有这种导入。", code="not_found", status=404)
    return _kinds[code]


def upload(*, by: Actor, kind: ImportKind, name: str, raw: bytes) -> ImportRun:
    """Keeps the file and guesses which column is which. Raises Refused for what cannot be read."""
    require(by, kind.verb)
    headers, rows = read_sheet(name, raw)
    wanted = {column.key: (column.label, *column.aliases) for column in kind.columns}
    return ImportRun.objects.create(
        kind=kind.code,
        by=by.account,
        file_name=name[:200],
        content=raw,
        headers=headers,
        mapping=match_columns(headers, wanted),
        rows=len(rows),
    )


def start_check(*, by: Actor, sheet: ImportRun, mapping: Mapping[str, int]) -> BackgroundRun:
    """Sets the columns and queues the dry run. Every required column must be there, none used twice."""
    kind = import_kind(sheet.kind)
    require(by, kind.verb)
    wrong = {c.key: [f"请选择哪一列是{c.label}"] for c in kind.columns if c.required and c.key not in mapping}
    used = list(mapping.values())
    for column in kind.columns:
        if column.key in mapping and used.count(mapping[column.key]) > 1:
            wrong[column.key] = [f"{column.label}与另一项选了同一列"]
    if wrong:
        raise Refused("列的对应还不完整。", code="mapping", fields=wrong)
    return _move(by, sheet, "check", "check_import", f"检查 {sheet.file_name}", mapping=dict(mapping))


def start_apply(*, by: Actor, sheet: ImportRun) -> BackgroundRun:
    """Queues the writing. Refused while any row is wrong: all or nothing."""
    require(by, import_kind(sheet.kind).verb)
    if sheet.good + sheet.doubles < sheet.rows:
        raise Refused("还有错误行。请在表格中改正后重新上传，本次没有写入任何数据。", code="errors")
    if not sheet.good:
        raise Refused("没有新的行可写入：全部都已存在。", code="nothing_new")
    return _move(by, sheet, "apply", "apply_import", f"导入 {sheet.file_name}")


def cancel(*, by: Actor, sheet: ImportRun) -> None:
    require(by, import_kind(sheet.kind).verb)
    _step(sheet, "cancel")
    ImportRun.objects.filter(pk=sheet.pk).update(content=b"")


@transaction.atomic
def _move(by: Actor, sheet: ImportRun, act: str, job: str, title: str, **changes: Any) -> BackgroundRun:
    _step(sheet, act)
    run = actions.start_run(
        by=by,
        code=f"web.{job}",
        title=title,
        job=f"linli.kernel.web.jobs.{job}",
        total=sheet.rows,
        payload={"import": str(sheet.pk)},
    )
    ImportRun.objects.filter(pk=sheet.pk).update(run=run, **changes)
    return run


def _step(sheet: ImportRun, act: str) -> None:
    to = MOVES.get(sheet.state, {}).get(act)
    taken = to and ImportRun.objects.filter(pk=sheet.pk, state=sheet.state).update(state=to)
    if not taken:
        raise Refused("这次导入的状态已经变化，请刷新页面。", code="moved_on", status=409)
    sheet.state = to


def check(ident: str) -> None:
    """The worker's dry run: asks the room about every row, writes nothing but the findings."""
    run, sheet, kind, actor = _load(ident)
    actions.begin_run(run, sheet.rows)
    try:
        good, doubles, errors = _look(run, sheet, kind, actor)
    except Exception:
        log.exception("import check %s", ident)
        _fail(run, sheet, "检查时系统出错，已记录。没有写入任何数据。")
        return
    with transaction.atomic():
        _step(sheet, "checked")
        ImportRun.objects.filter(pk=sheet.pk).update(good=good, doubles=doubles, errors=errors)
        wrong = sheet.rows - good - doubles
        actions.end_run(run, message=f"可导入 {good} 行，重复 {doubles} 行，有误 {wrong} 行")


def _look(
    run: BackgroundRun, sheet: ImportRun, kind: ImportKind, actor: Actor
) -> tuple[int, int, list[dict]]:
    good, doubles, errors = 0, 0, []
    for line, cells, double in _rows(sheet, kind, actor):
        if double:
            doubles += 1
        elif wrong := _wrong(kind, actor, cells):
            labels = {c.key: c.label for c in kind.columns}
            if len(errors) < SHOWN_ERRORS:
                said = [{"column": labels.get(key, key), "said": words} for key, words in wrong.items()]
                errors.append({"line": line, "wrong": said})
        else:
            good += 1
        if (line - 1) % 200 == 0:
            actions.count_run(run, done=200)
    return good, doubles, errors


def _wrong(kind: ImportKind, actor: Actor, cells: Cells) -> dict[str, str]:
    missing = {c.key: f"请填写{c.label}" for c in kind.columns if c.required and not cells[c.key]}
    return {**kind.check_row(actor, cells), **missing}


def _rows(sheet: ImportRun, kind: ImportKind, actor: Actor) -> Iterator[tuple[int, dict[str, str], bool]]:
    """(line in the sheet, cells by key, whether it is a double)."""
    _headers, rows = read_sheet(sheet.file_name, bytes(sheet.content))
    seen: set[tuple[str, ...]] = set()
    for line, row in enumerate(rows, 2):
        cells = {c.key: row[sheet.mapping[c.key]] if c.key in sheet.mapping else "" for c in kind.columns}
        mark = tuple(cells[key] for key in kind.key)
        double = bool(kind.key and all(mark) and mark in seen)
        seen.add(mark)
        yield line, cells, double or bool(kind.exists and kind.exists(actor, cells))


def write(ident: str) -> None:
    """The worker's writing: one transaction for the whole sheet, progress told outside it."""
    run, sheet, kind, actor = _load(ident)
    actions.begin_run(run, sheet.rows)
    line = 0
    try:
        with _outside() as tell, transaction.atomic():
            for line, cells, double in _rows(sheet, kind, actor):
                if not double:
                    kind.apply(actor, cells)
                if line % 50 == 0:
                    tell(run, line - 1)
            _step(sheet, "done")
            ImportRun.objects.filter(pk=sheet.pk).update(content=b"")
    except Refused as refused:
        _fail(run, sheet, f"第 {line} 行：{refused.message}。整张表没有写入。")
    except Exception:
        log.exception("import %s at line %s", ident, line)
        _fail(run, sheet, f"第 {line} 行处系统出错，已记录。整张表没有写入。")
    else:
        BackgroundRun.objects.filter(pk=run.pk).update(done=sheet.good)
        actions.end_run(run, message=f"已写入 {sheet.good} 行，跳过重复 {sheet.doubles} 行")


@contextmanager
def _outside() -> Iterator[Callable[[BackgroundRun, int], None]]:
    """Counts progress on a second connection, so that it is seen while the sheet's transaction is open."""
    second = connection.copy()

    def tell(run: BackgroundRun, done: int) -> None:
        with second.cursor() as cursor:
            cursor.execute("UPDATE web_backgroundrun SET done = %s WHERE id = %s", [done, run.pk])

    try:
        yield tell
    finally:
        second.close()


def _fail(run: BackgroundRun, sheet: ImportRun, words: str) -> None:
    ImportRun.objects.filter(pk=sheet.pk).update(state="failed", content=b"")
    actions.end_run(run, state="failed", message=words)


def _load(ident: str) -> tuple[BackgroundRun, ImportRun, ImportKind, Actor]:
    run = actions.find_run(ident)
    sheet = ImportRun.objects.get(pk=run.payload["import"])
    return run, sheet, import_kind(sheet.kind), actor_for(sheet.by)
