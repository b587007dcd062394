"""The bank's files: what goes out, byte for byte the same each time, and what comes back. Formats are data.

A return that has one wrong row is not read at all; every wrong row is named.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True)
class Pay:
    """A row of a file: one payment to one account."""

    ref: str
    account: str
    payee: str
    fen: int
    purpose: str


@dataclass(frozen=True, slots=True)
class Back:
    """A row of a return."""

    ref: str
    fen: int
    state: str  # paid | failed | returned
    reason: str
    rekey: bool


class BadFile(ValueError):
    """A file that cannot be read; `faults` names every row."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("；".join(faults))
        self.faults = list(faults)


def yuan(fen: int) -> str:
    """ "650.00"; integers all the way."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fen_of(text: str) -> int:
    """Raises ValueError for anything that is not an amount in whole fen."""
    try:
        fen = Decimal(text.strip()) * 100
    except InvalidOperation:
        raise ValueError(f"金额“{text[:20]}”读不懂") from None
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise ValueError(f"金额“{text[:20]}”不是整分")
    return int(fen)


def write(number: str, rows: Sequence[Pay], layout: Mapping[str, Any]) -> bytes:
    """The file of a batch in its bank's layout. Raises ValueError where a value does not fit its column."""
    lines = []
    if layout["header"]:
        total = sum(row.fen for row in rows)
        head = {"批次号": number, "笔数": str(len(rows)), "总金额": yuan(total)}
        lines.append(layout["separator"].join(head[name] for name in layout["header"]))
    for seq, row in enumerate(rows, 1):
        lines.append(_line(seq, row, layout))
    return "".join(line + layout["line_end"] for line in lines).encode(layout["encoding"])


def _line(seq: int, row: Pay, layout: Mapping[str, Any]) -> str:
    values = {
        "seq": str(seq), "ref": row.ref, "payee": row.payee, "account": row.account,
        "yuan": yuan(row.fen), "fen": str(row.fen), "purpose": row.purpose,
    }  # fmt: skip
    cells = [_cell(values[column["name"]], column, layout) for column in layout["columns"]]
    return layout["separator"].join(cells)


def _cell(text: str, column: Mapping[str, Any], layout: Mapping[str, Any]) -> str:
    """Padded by bytes where the column has a width; a separator or line break inside a value is taken out."""
    clean = " ".join(text.replace('"', " ").split())
    if layout["separator"]:
        return clean.replace(layout["separator"], " ")
    size = len(clean.encode(layout["encoding"]))
    if size > column["width"]:
        raise ValueError(f"{column['name']} 超出 {column['width']} 字节")
    fill = " " * (column["width"] - size)
    return fill + clean if column.get("right") else clean + fill


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(content: bytes, rules: Mapping[str, Any]) -> list[Back]:
    """Rows of a return: ref, amount in yuan, result code. Raises BadFile."""
    codes = {row["code"]: row for row in rules["codes"]}
    try:
        text = content.decode(rules["encoding"]).lstrip("\ufeff")
        raw = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error):
        raise BadFile([f"文件不是 {rules['encoding']} 编码的回盘文件"]) from None
    faults, found, seen = [], [], set()
    for number, row in enumerate(raw, 1):
        said = _fault(row, codes, seen)
        if said:
            faults.append(f"第 {number} 行：{said}")
            continue
        code = codes[row[2].strip()]
        seen.add(row[0].strip())
        rekey = bool(code.get("rekey"))
        found.append(Back(row[0].strip(), fen_of(row[1]), code["state"], code["zh"], rekey))
    if not raw:
        faults.append("文件里没有一行结果")
    if faults:
        raise BadFile(faults)
    return found


def _fault(row: Sequence[str], codes: Mapping[str, Any], seen: set[str]) -> str:
    if len(row) != 3:
        return "应为三列：流水号、金额、结果码"
    if row[0].strip() in seen:
        return "流水号重复"
    if row[2].strip() not in codes:
        return f"结果码“{row[2][:10]}”不认识"
    try:
        fen_of(row[1])
    except ValueError as wrong:
        return str(wrong)
    return ""
