"""The register as a sheet: one row a person, households by their number (户号)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils import timezone

from linli.areas import atlas
from linli.areas import queries as areas
from linli.kernel.actor import Actor, can
from linli.kernel.web.imports import ImportColumn, ImportKind
from linli.kernel.web.rules import parse_day
from linli.people import actions, queries, rules
from linli.people.actions.persons import CLERK
from linli.people.models import Household

Cells = Mapping[str, str]
COLUMNS = (
    ImportColumn("name", "姓名", required=True, example="张三"),
    ImportColumn(
        "number",
        "身份证号",
        aliases=("身份证", "公民身份号码", "证件号码"),
        hint="没有的可留空，但要填出生日期",
    ),
    ImportColumn("phone", "电话", aliases=("联系电话", "手机号")),
    ImportColumn("sex", "性别", example="女", hint="有身份证号时可不填"),
    ImportColumn("birth", "出生日期", aliases=("出生年月日",), example="1980-05-12"),
    ImportColumn("nation", "民族", example="汉族"),
    ImportColumn("registered_place", "户籍地", aliases=("户籍地址",)),
    ImportColumn("party_member", "是否党员", aliases=("党员", "政治面貌"), example="否"),
    ImportColumn("relation", "与户主关系", aliases=("关系",), example="户主"),
    ImportColumn(
        "household",
        "户号",
        required=True,
        aliases=("户编号",),
        example="0001",
        hint="同村（社区）内同一户号为一户",
    ),
    ImportColumn("kind", "住户类型", example="户籍"),
    ImportColumn("grid", "网格", required=True, aliases=("网格代码", "所属网格"), example="430181001001001"),
    ImportColumn("address", "地址", required=True, aliases=("住址", "现住址")),
    ImportColumn("lon", "经度", aliases=("东经",)),
    ImportColumn("lat", "纬度", aliases=("北纬",)),
)


def check_row(by: Actor, cells: Cells) -> dict[str, str]:
    """Column -> what is wrong and the remedy; never more than one sentence a column."""
    birth, sex = parse_day(cells["birth"]), _sex(cells["sex"])
    number = rules.plain_number(cells["number"])
    faults = rules.person_faults(
        name=cells["name"], number=number, phone=rules.plain_phone(cells["phone"]), birth=birth, sex=sex or "",
        today=timezone.localdate(),
    )  # fmt: skip
    wrong = {key: said[0] for key, said in faults.items()}
    if cells["birth"] and birth is None:
        wrong["birth"] = "出生日期看不懂，请写成 1980-05-12"
    if not number and birth is None:
        wrong.setdefault("number", "没有身份证号时请填写出生日期")
    if sex is None:
        wrong["sex"] = "性别请填男或女"
    if rules.read_flag(cells["party_member"]) is None and cells["party_member"] not in MEMBERSHIPS:
        wrong["party_member"] = "是否党员请填是或否"
    if cells["kind"] and cells["kind"] not in KINDS:
        wrong["kind"] = f"住户类型请填{'、'.join(KINDS)}之一"
    return {**wrong, **_place_faults(by, cells)}


MEMBERSHIPS = {"共青团员": False, "中共预备党员": True, "预备党员": True, "民主党派": False}
KINDS = {label: code for code, label in rules.HOUSEHOLD_KINDS.items()}


def _sex(written: str) -> str | None:
    """m, f, "" for empty; None when it is none of these."""
    text = written.strip()
    return next((code for code, label in rules.SEXES.items() if text == label), None if text else "")


def _place_faults(by: Actor, cells: Cells) -> dict[str, str]:
    wrong = {}
    grid = grid_code(cells["grid"])
    if not grid:
        wrong["grid"] = f"没有网格“{cells['grid']}”，请填 15 位网格代码" if cells["grid"] else "请填写网格"
    elif not can(by, CLERK, area=grid):
        wrong["grid"] = f"网格“{cells['grid']}”不在您的管辖范围内"
    lon, lat = rules.read_degrees(cells["lon"]), rules.read_degrees(cells["lat"])
    if (cells["lon"] or cells["lat"]) and (
        lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90)
    ):
        wrong["lon"] = "经度、纬度请都填成小数，例如 113.63 和 28.14"
    return wrong


def grid_code(written: str) -> str:
    """A grid by its code, its path or its name if only one has it; "" otherwise."""
    text = written.strip()
    if len(text) == 15 and areas.area_exists(text):
        return text
    return _grids_by_words(atlas.version()).get(text, "")


@lru_cache(maxsize=2)
def _grids_by_words(version: str) -> dict[str, str]:
    """Path or name -> code, of those that mean one grid only; built once a boundary change, not once a row."""
    codes: dict[str, set[str]] = {}
    for code, path in areas.choices("grid"):
        for words in (path, areas.area_name(code)):
            codes.setdefault(words, set()).add(code)
    return {words: next(iter(found)) for words, found in codes.items() if len(found) == 1}


def exists(by: Actor, cells: Cells) -> bool:
    """By blind index: whether this identity number is registered anywhere."""
    return bool(cells["number"]) and queries.number_known(cells["number"])


def apply(by: Actor, cells: Cells) -> Any:
    """One person, in the household of that number, which is made by its first row."""
    grid = grid_code(cells["grid"])
    homes = Household.objects.filter(community=grid[:12], number=cells["household"].strip(), closed=None)
    home = homes.first() or actions.add_household(
        by=by, address=cells["address"], lon=rules.read_degrees(cells["lon"]), lat=rules.read_degrees(cells["lat"]),
        area=grid, kind=KINDS.get(cells["kind"], "registered"), number=cells["household"],
    )  # fmt: skip
    relation = cells["relation"].strip()
    person = actions.register_person(
        by=by, household=home.pk, name=cells["name"], number=cells["number"], phone=cells["phone"],
        birth=parse_day(cells["birth"]), sex=_sex(cells["sex"]) or "", nation=cells["nation"],
        registered_place=cells["registered_place"], party_member=_member(cells["party_member"]),
        relation=relation, how="import",
    )  # fmt: skip
    if relation == "户主":
        Household.objects.filter(pk=home.pk).update(head=person)
    return person


def _member(written: str) -> bool:
    return MEMBERSHIPS.get(written.strip(), bool(rules.read_flag(written)))


RESIDENTS = ImportKind(
    code="people.residents",
    title="居民名册导入",
    verb=CLERK,
    columns=COLUMNS,
    check_row=check_row,
    apply=apply,
    key=("number",),
    exists=exists,
)
