"""Units as a sheet: one row a unit, parents before or after their children."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linli.areas import actions, queries
from linli.areas.models import Unit
from linli.kernel.actor import Actor, can
from linli.kernel.web.imports import ImportColumn, ImportKind

Cells = Mapping[str, str]
KINDS = {label: code for code, label in Unit.KINDS}
COLUMNS = (
    ImportColumn("code", "单位代码", required=True, example="CG-001"),
    ImportColumn("name", "单位名称", required=True, example="淮川街道综合执法中队"),
    ImportColumn(
        "kind", "单位类型", required=True, aliases=("类型",), example="乡镇站所", hint="、".join(KINDS)
    ),
    ImportColumn("area", "区域代码", required=True, example="430181001"),
    ImportColumn("function", "职能代码", example="CG", hint="派单规则用它找到单位"),
    ImportColumn("parent", "上级单位代码", hint="须已登记，或在本表前面的行"),
)


def check_row(by: Actor, cells: Cells) -> dict[str, str]:
    wrong = {}
    if cells["kind"] not in KINDS:
        wrong["kind"] = f"单位类型请填{'、'.join(KINDS)}之一"
    if not queries.area_exists(cells["area"]):
        wrong["area"] = f"没有区域“{cells['area']}”，请先导入区划或核对代码"
    elif not can(by, "areas.edit", area=cells["area"]):
        wrong["area"] = f"区域 {cells['area']} 不在您的管辖范围内"
    if len(cells["code"]) > 32:
        wrong["code"] = "单位代码不超过 32 个字符"
    return wrong


def exists(by: Actor, cells: Cells) -> bool:
    return cells["code"] in queries.unit_names()


def apply(by: Actor, cells: Cells) -> Any:
    names = ("code", "name", "area", "function", "parent")
    return actions.set_unit(by=by, kind=KINDS[cells["kind"]], **{name: cells[name] for name in names})


UNITS = ImportKind(
    code="areas.units",
    title="单位导入",
    verb="areas.edit",
    columns=COLUMNS,
    check_row=check_row,
    apply=apply,
    key=("code",),
    exists=exists,
)
