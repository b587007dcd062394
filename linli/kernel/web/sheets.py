"""Excel and CSV, out and in: only shapes and cells, no meaning."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import IO, Any
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from linli.kernel import Refused
from linli.kernel.web.rules import HERE, decode_text, safe_cell

MOST_ROWS = 20_000
MOST_BYTES = 10 * 1024 * 1024


def write_sheet(title: str, headers: list[str], rows: Iterable[Iterable[Any]]) -> IO[bytes]:
    """An xlsx in a temporary file, written row by row; no cell can run as a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("".join(c for c in title if c not in "[]:*?/\\'")[:31] or "数据")
    sheet.freeze_panes = "A2"
    for place, head in enumerate(headers, 1):
        sheet.column_dimensions[get_column_letter(place)].width = max(12, min(40, len(head) * 2.4))
    sheet.append([_cell(sheet, head, bold=True) for head in headers])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    out = tempfile.TemporaryFile()  # noqa: SIM115  the caller streams and closes it
    book.save(out)
    out.seek(0)
    return out


def _cell(sheet: Any, value: Any, bold: bool = False) -> WriteOnlyCell:
    if isinstance(value, datetime):
        value = (value.astimezone(HERE) if value.tzinfo else value).replace(tzinfo=None)
    elif value is not None and not isinstance(value, int | float | date | bool):
        value = safe_cell(str(value))
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def read_sheet(name: str, raw: bytes, most: int = MOST_ROWS) -> tuple[list[str], list[list[str]]]:
    """Headers and rows (all as trimmed text) of an xlsx or CSV. Raises Refused with what to do about it."""
    if len(raw) > MOST_BYTES:
        raise Refused(f"文件超过 {MOST_BYTES >> 20} MB，请拆分后分次导入。", code="too_large", status=413)
    lines = _xlsx(raw) if raw[:2] == b"PK" else _csv(name, raw)
    table: list[list[str]] = []
    for line in lines:
        cells = [_text(value) for value in line]
        if any(cells):
            table.append(cells)
        if len(table) > most + 1:
            raise Refused(f"超过 {most} 行，请拆分后分次导入。", code="too_many", status=413)
    if len(table) < 2:
        raise Refused("表中没有数据。第一行应为列名，从第二行起为数据。", code="empty")
    width = len(table[0])
    return table[0], [(row + [""] * width)[:width] for row in table[1:]]


def _xlsx(raw: bytes) -> Iterator[Iterable[Any]]:
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        yield from book.worksheets[0].iter_rows(values_only=True)
    except (BadZipFile, KeyError, ValueError, IndexError, SyntaxError) as error:
        raise Refused("不是可以读取的 Excel 文件，请另存为 .xlsx 后重试。", code="bad_file") from error


def _csv(name: str, raw: bytes) -> Iterator[list[str]]:
    if raw[:4] == b"\xd0\xcf\x11\xe0":
        raise Refused("这是旧版 .xls 文件，请在 Excel 中另存为 .xlsx 后重试。", code="old_file")
    if b"\x00" in raw[:4096]:
        raise Refused(f"“{name}”不是 Excel 或 CSV 文件，请选择 .xlsx 或 .csv。", code="bad_file")
    try:
        text = decode_text(raw)
    except ValueError as error:
        raise Refused("文字编码无法识别，请另存为“CSV UTF-8”后重试。", code="bad_coding") from error
    first = text.split("\n", 1)[0]
    mark = max(",\t;", key=first.count)
    yield from csv.reader(io.StringIO(text), delimiter=mark)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()
