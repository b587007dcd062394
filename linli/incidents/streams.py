"""Reading streams of citizens' messages: CSV or Excel, plain or gzipped, with a column mapping. Pure parsing."""

import csv
import gzip
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from linli.kernel import Refused

SHANGHAI = ZoneInfo("Asia/Shanghai")
GUESSES = {
    "text": ("body", "text", "内容", "留言详情", "详情", "description", "诉求内容"),
    "title": ("title", "主题", "留言主题", "标题"),
    "time": ("time", "时间", "留言时间", "诉求时间", "date"),
    "user": ("user", "用户", "留言用户", "来电人"),
    "place": ("place", "地址", "地点", "location", "address"),
    "class": ("label", "class", "类别", "分类", "一级标签"),
    "phone": ("phone", "电话", "手机"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """One row of a stream; `row` counts from 1 after the heading."""

    row: int
    text: str
    time: datetime | None = None
    user: str = ""
    place: str = ""
    class_said: str = ""
    phone: str = ""
    lon: float | None = None
    lat: float | None = None


def guess_columns(heading: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """field -> column name: as given, else by the usual names. Raises Refused when there is no text column."""
    folded = {name.strip().lower(): name for name in heading}
    found = {}
    for field, names in GUESSES.items():
        if field in given:
            if given[field] not in heading:
                raise Refused(
                    f"文件里没有“{given[field]}”这一列，现有列：{'、'.join(heading)}",
                    code="no_column",
                    fields={field: [f"没有“{given[field]}”这一列"]},
                )
            found[field] = given[field]
        else:
            hit = next((folded[name] for name in names if name in folded), None)
            if hit:
                found[field] = hit
    if "text" not in found:
        raise Refused(
            f"找不到正文列，请用 --map text=列名 指定；现有列：{'、'.join(heading)}",
            code="no_text_column",
            fields={"text": ["请指定正文所在的列"]},
        )
    return found


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if path.suffix == ".xlsx":
        from openpyxl import load_workbook

        sheet = load_workbook(path, read_only=True, data_only=True).active
        rows = sheet.iter_rows(values_only=True)
        heading = [str(cell or "") for cell in next(rows)]
        for row in rows:
            yield {name: "" if cell is None else str(cell) for name, cell in zip(heading, row, strict=False)}
        return
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030")
    yield from csv.DictReader(io.StringIO(text))


def read_time(text: str) -> datetime | None:
    """2019-04-25 09:32:09, 2020/1/6 12:09:38, with or without seconds; local time. None when it is none of them."""
    match = re.match(
        r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?", text
    )
    if not match:
        return None
    parts = [int(part) if part else 0 for part in match.groups()]
    try:
        return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type]
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def read_messages(path: Path, given: Mapping[str, str] | None = None) -> Iterator[Message]:
    """Every row with a text, in file order. Raises Refused for a missing column."""
    rows = _rows(path)
    first = next(rows, None)
    if first is None:
        return
    columns = guess_columns(list(first), given or {})
    for number, row in enumerate(_chain(first, rows), start=1):
        cell = {field: (row.get(name) or "").strip() for field, name in columns.items()}
        text = cell["text"]
        title = cell.get("title", "")
        if title and not text.startswith(title):
            text = f"{title}。{text}" if text else title
        if text:
            yield Message(
                row=number,
                text=text,
                time=read_time(cell.get("time", "")),
                user=cell.get("user", ""),
                place=cell.get("place", ""),
                class_said=cell.get("class", ""),
                phone=cell.get("phone", ""),
                lon=_number(cell.get("lon", "")),
                lat=_number(cell.get("lat", "")),
            )


def _chain(first: dict[str, str], rest: Iterator[dict[str, str]]) -> Iterator[dict[str, str]]:
    yield first
    yield from rest
