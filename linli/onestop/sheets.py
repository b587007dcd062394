"""The catalogue out and in: YAML as it stands, Excel with a sheet each for items, materials, steps and assists.

Excel cells hold what people read (names, days, roles); what has no column of its own (conditions, limits, publicity)
stands as YAML in its cell, so that nothing is lost on the way: out and in again gives the same definitions.
"""

import io
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from openpyxl import Workbook, load_workbook

from linli.kernel import Refused
from linli.kernel.web.rules import safe_cell

Raw = Mapping[str, Any]
ITEM = {
    "code": "事项代码", "name_zh": "事项名称", "name_en": "英文名称", "category": "类别", "task_type": "事项类型",
    "kind": "办件类型", "lead_department": "主办部门", "applicants_zh": "办理对象", "one_open_per": "同时在办限一件",
    "basic_code": "基本编码", "implement_code": "实施编码", "exercise_level": "行使层级", "handling_forms": "办理形式",
    "visits": "到现场次数", "legal_basis_zh": "设定依据", "result_sample": "结果样本", "statutory_limit": "法定时限",
    "promised_limit": "承诺时限", "publicity": "公示", "refusal_notice": "不予确认告知", "payout": "发放",
    "fee_fen": "收费（分）", "note_zh": "备注", "basis": "依据", "provenance": "数值来源",
}  # fmt: skip
MATERIAL = {
    "code": "材料代码", "name_zh": "材料名称", "obtain": "取得方式", "source": "来源渠道", "core": "核心材料",
    "need": "必要性", "tolerable_days": "容缺天数", "sample": "样表", "necessity": "国标必要性", "channel": "国标来源渠道",
}  # fmt: skip
STEP = {
    "key": "步骤代码", "name_zh": "步骤名称", "kind": "类型", "role": "岗位", "actor_zh": "办理人", "parallel": "并行组",
    "join": "会签", "when": "条件", "min_people": "至少几人", "limit": "法定期限", "promised": "承诺期限",
    "start_within": "几日内启动", "cause": "等待原因", "article": "条款", "spot_check_ratio": "抽查比例",
}  # fmt: skip
ASSIST = {"dept": "协办部门", "purpose_zh": "核什么", "stage": "在哪一步", "binding": "效力", "when": "条件"}
PARTS = {"materials": ("材料", MATERIAL), "steps": ("步骤", STEP), "assists": ("协办", ASSIST)}
REST = "其他（YAML）"
OWNER = "事项代码"
MOST_BYTES = 10 * 1024 * 1024
MOST_ITEMS = 2000


def to_yaml(items: Iterable[Raw]) -> str:
    """The items as `data/items/*.yaml` has them."""
    return yaml.safe_dump(
        {"items": [dict(one) for one in items]}, allow_unicode=True, sort_keys=False, width=150
    )


def from_yaml(text: str) -> list[dict[str, Any]]:
    """Raises Refused 422 for what is no list of items."""
    try:
        written = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Refused(f"YAML 有误：{error}", code="bad_yaml", fields={"file": ["请按样例改正"]}) from None
    rows = written.get("items") if isinstance(written, dict) else written
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refused("文件里没有事项列表（items）。", code="no_items", fields={"file": ["请选择事项文件"]})
    return rows


def to_workbook(items: Iterable[Raw]) -> bytes:
    """An xlsx of four sheets; no cell can run as a formula."""
    chosen, book = list(items), Workbook()
    book.remove(book.active)
    _sheet(book, "事项", [*ITEM.values(), REST], [_item_row(one) for one in chosen])
    for name, (title, columns) in PARTS.items():
        rows = [
            [_cell(one["code"]), *(_cell(part.get(key)) for key in columns)]
            for one in chosen
            for part in one.get(name, ())
        ]
        heads = [OWNER, *(f"{label}" for label in columns.values())]
        _sheet(book, title, heads, rows)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: Workbook, title: str, heads: list[str], rows: list[list[Any]]) -> None:
    sheet = book.create_sheet(title)
    sheet.append(heads)
    sheet.freeze_panes = "C2"
    for row in rows:
        sheet.append(row)


def _item_row(one: Raw) -> list[Any]:
    rest = {key: value for key, value in one.items() if key not in ITEM and key not in PARTS}
    return [*(_cell(one.get(key)) for key in ITEM), _cell(rest or None)]


def _cell(value: Any) -> Any:
    """Plain values as they are; everything built of parts as flow-style YAML."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return safe_cell(_quoted(value))
    return yaml.safe_dump(
        value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=10**6
    ).strip()


def _quoted(text: str) -> str:
    """Text a spreadsheet or YAML would take for something else keeps its quotes."""
    return f"“{text}”" if text[:1] in "{[" or text.startswith("“") else text


def from_workbook(raw: bytes) -> list[dict[str, Any]]:
    """The definitions of a workbook `to_workbook` wrote, edited or not. Raises Refused 413, 422 naming the cell."""
    if len(raw) > MOST_BYTES:
        raise Refused("文件超过 10 MB。", code="too_big", fields={"file": ["请分几次导入"]}, status=413)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except Exception:
        raise Refused(
            "这不是 Excel 文件。", code="no_sheet", fields={"file": ["请选择 .xlsx 文件"]}
        ) from None
    items: dict[str, dict[str, Any]] = {}
    for row in _rows(book, "事项", ITEM):
        if row.get("code"):
            items[str(row["code"])] = row
    if not items or len(items) > MOST_ITEMS:
        raise Refused(
            "“事项”表里没有事项，或者超过 2000 个。", code="no_items", fields={"file": ["请核对表格"]}
        )
    for name, (title, columns) in PARTS.items():
        for row in _rows(book, title, columns):
            owner = str(row.pop(OWNER, ""))
            if owner not in items:
                said = f"“{title}”表提到“事项”表里没有的 {owner}"
                raise Refused(f"{said}。", code="lost_row", fields={"file": [said]})
            items[owner].setdefault(name, []).append(row)
    return list(items.values())


def _rows(book: Any, title: str, columns: Mapping[str, str]) -> list[dict[str, Any]]:
    if title not in book.sheetnames:
        return []
    lines = book[title].iter_rows(values_only=True)
    heads = [str(head or "").strip() for head in next(lines, ())]
    keys = {label: key for key, label in columns.items()} | ({} if title == "事项" else {OWNER: OWNER})
    found = []
    for number, line in enumerate(lines, 2):
        row: dict[str, Any] = {}
        for head, value in zip(heads, line, strict=False):
            if value is None or value == "":
                continue
            where = f"“{title}”表第 {number} 行“{head}”"
            if head == REST:
                row |= _read(value, where)
            elif head in keys:
                row[keys[head]] = _read(value, where)
        if row:
            found.append(row)
    return found


def _read(value: Any, where: str) -> Any:
    """A cell back to its value: built ones from YAML, text as text."""
    if not isinstance(value, str):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if value.startswith("“") and value.endswith("”"):
        return value[1:-1]
    text = value.lstrip("'")
    if text[:1] not in "{[":
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise Refused(f"{where}写法有误。", code="bad_cell", fields={"file": [f"{where}写法有误"]}) from None
