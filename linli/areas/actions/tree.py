"""Areas and units: add, rename, close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction
from pypinyin import lazy_pinyin

from linli.areas import atlas, ports
from linli.areas.actions.boundaries import kind_of
from linli.areas.boundaries import LEVELS
from linli.areas.facts import BoundaryChanged, UnitChanged
from linli.areas.models import Area, BranchGrid, Keeper, Unit
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.bus.actions import tell
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record


def _changed() -> None:
    atlas.look_again()
    transaction.on_commit(atlas.look_again)


def locked_area(code: str) -> Area:
    """Raises Refused(404) when there is no such area."""
    area = Area.objects.select_for_update().filter(code=code).first()
    if area is None:
        raise Refused(
            "没有这个区域，请核对代码。", code="no_area", fields={"code": ["没有这个区域"]}, status=404
        )
    return area


@transaction.atomic
def add_area(*, by: Actor, code: str, name: str) -> Area:
    """An area known by code and name only; its outline may be imported later."""
    require(by, "areas.edit", area=code)
    wrong = {}
    level = LEVELS.get(len(code)) if code.isascii() and code.isdigit() else None
    if level is None:
        wrong["code"] = ["代码应为 6（县）、9（乡镇街道）、12（村社区）或 15（网格）位数字"]
    elif Area.objects.filter(code=code).exists():
        wrong["code"] = ["这个代码已经在用，请换一个"]
    parent = Area.objects.filter(code=code[:-3]).first() if len(code) > 6 else None
    if level and len(code) > 6 and parent is None:
        wrong["code"] = [f"上级 {code[:-3]} 还没有，请先添加上级"]
    if not name.strip():
        wrong["name"] = ["请填写名称"]
    if wrong:
        raise Refused("区域信息有误，请按提示改正。", code="wrong_area", fields=wrong)
    name = name.strip()[:64]
    area = Area.objects.create(
        code=code, name=name, level=level, parent=parent, kind=kind_of(name, str(level)), pinyin=_pinyin(name)
    )
    record(subject=f"areas.area:{code}", verb="add_area", by=by, fields={"name": name})
    tell(BoundaryChanged(area=code))
    _changed()
    return area


@transaction.atomic
def edit_area(*, by: Actor, code: str, name: str) -> Area:
    """Renames an area; its code, which carries its place in the tree, never changes."""
    require(by, "areas.edit", area=code)
    area = locked_area(code)
    if not name.strip():
        raise Refused("请填写名称。", code="no_name", fields={"name": ["请填写名称"]})
    before, area.name = area.name, name.strip()[:64]
    area.kind, area.pinyin = kind_of(area.name, area.level), _pinyin(area.name)
    area.save(update_fields=["name", "kind", "pinyin", "changed"])
    record(
        subject=f"areas.area:{code}", verb="edit_area", by=by, fields={"before": before, "after": area.name}
    )
    tell(BoundaryChanged(area=code))
    _changed()
    return area


@transaction.atomic
def close_area(*, by: Actor, code: str, reason: str) -> Area:
    """Takes an area out of use. Refused while something below it is open: children, keepers or a branch."""
    require(by, "areas.edit", area=code)
    area = locked_area(code)
    holding = []
    if children := area.children.filter(active=True).count():
        holding.append(f"还有 {children} 个下级区域在用")
    if Keeper.objects.filter(grid=code, until=None).exists():
        holding.append("还有网格员在岗")
    if BranchGrid.objects.filter(grid=code).exists():
        holding.append("还有党支部建在这里")
    if holding:
        raise Refused(
            f"{area.name}不能停用：{'，'.join(holding)}。请先调整。", code="area_in_use", status=409
        )
    if not reason.strip():
        raise Refused("请写明停用理由。", code="no_reason", fields={"reason": ["请写明停用理由"]})
    area.active = False
    area.save(update_fields=["active", "changed"])
    record(subject=f"areas.area:{code}", verb="close_area", by=by, fields={"reason": reason.strip()[:200]})
    tell(BoundaryChanged(area=code))
    _changed()
    return area


@transaction.atomic
def set_unit(
    *, by: Actor, code: str, name: str, kind: str, area: str,
    function: str = "", parent: str = "", head: int | None = None,
) -> Unit:  # fmt: skip
    """Creates a unit or changes it; `head` is an account id. Tells UnitChanged."""
    require(by, "areas.edit", area=area)
    unit = Unit.objects.select_for_update().filter(code=code).first()
    if unit is not None:
        require(by, "areas.edit", area=unit.area)
    above = Unit.objects.filter(code=parent).first() if parent else None
    if wrong := _unit_faults(code, name, kind, area, parent, above, head):
        raise Refused("单位信息有误，请按提示改正。", code="wrong_unit", fields=wrong)
    before = unit.name if unit else ""
    unit = unit or Unit(code=code.strip())
    unit.name, unit.kind, unit.area, unit.function = name.strip()[:64], kind, area, function.strip()[:16]
    unit.parent, unit.head_id, unit.active = above, head, True
    unit.save()
    fields = {"before": before, "name": unit.name, "area": area, "function": unit.function, "head": head or 0}
    record(subject=f"areas.unit:{unit.pk}", verb="set_unit", by=by, fields=fields)
    tell(UnitChanged(unit=unit.code, active=True))
    _changed()
    return unit


def _unit_faults(
    code: str, name: str, kind: str, area: str, parent: str, above: Unit | None, head: int | None
) -> dict[str, list[str]]:
    wrong = {}
    if not code.strip() or len(code) > 32:
        wrong["code"] = ["请填写单位代码，不超过 32 个字符"]
    if not name.strip():
        wrong["name"] = ["请填写单位名称"]
    if kind not in dict(Unit.KINDS):
        wrong["kind"] = ["请选择单位类型"]
    if not Area.objects.filter(code=area, active=True).exists():
        wrong["area"] = ["没有这个区域，或者它已停用"]
    if parent and (above is None or above.code == code):
        wrong["parent"] = ["上级单位不存在，或者就是本单位"]
    elif above is not None and code in _line_above(above):
        wrong["parent"] = ["上级单位是本单位的下级，请改选"]
    if head is not None and not Account.objects.filter(pk=head, is_active=True).exists():
        wrong["head"] = ["没有这个账号，或账号已停用"]
    return wrong


def _line_above(unit: Unit) -> set[str]:
    line: set[str] = set()
    here: Unit | None = unit
    while here is not None and here.code not in line:
        line.add(here.code)
        here = here.parent
    return line


@transaction.atomic
def close_unit(*, by: Actor, code: str, reason: str) -> Unit:
    """Closes a unit. Refused while a room says that it still has work in hand, or units below it are open."""
    unit = Unit.objects.select_for_update().filter(code=code).first()
    require(by, "areas.edit", area=unit.area if unit else "")
    if unit is None:
        raise Refused("没有这个单位。", code="no_unit", status=404)
    held = ports.held_by(code)
    if held:
        said = "、".join(f"{room} {count} 件" for room, count in held.items())
        raise Refused(
            f"{unit.name}还有未办结的工作（{said}），请先转出再停用。", code="unit_holds_work", status=409
        )
    if below := unit.children.filter(active=True).count():
        raise Refused(
            f"{unit.name}还有 {below} 个下级单位在用，请先停用或改挂。", code="unit_in_use", status=409
        )
    if not reason.strip():
        raise Refused("请写明停用理由。", code="no_reason", fields={"reason": ["请写明停用理由"]})
    unit.active = False
    unit.save(update_fields=["active", "changed"])
    record(subject=f"areas.unit:{unit.pk}", verb="close_unit", by=by, fields={"reason": reason.strip()[:200]})
    tell(UnitChanged(unit=code, active=False))
    _changed()
    return unit


def _pinyin(name: str) -> str:
    return "".join(lazy_pinyin(name))[:128]


@transaction.atomic
def add_areas(*, by: Actor, rows: Sequence[tuple[str, str]]) -> int:
    """A list of (code, name) without outlines, in any order: all of it or nothing. Known codes are left alone.

    Raises Refused naming every wrong line under the field `file`. Returns how many were new.
    """
    require(by, "areas.edit")
    known = set(Area.objects.values_list("code", flat=True))
    given = {code.strip(): name.strip() for code, name in rows}
    wrong = list(_list_faults(by, rows, known | given.keys()))
    if wrong:
        shown = [*wrong[:50], *([f"另有 {len(wrong) - 50} 处错误未列出"] if len(wrong) > 50 else [])]
        said = f"区划名单有 {len(wrong)} 处错误，整份未导入"
        raise Refused(f"{said}。", code="wrong_areas", fields={"file": shown})
    fresh = sorted(given.keys() - known, key=lambda code: (len(code), code))
    parents = dict(Area.objects.values_list("code", "pk"))
    for code in fresh:
        name, level = given[code][:64], LEVELS[len(code)]
        area = Area.objects.create(
            code=code,
            name=name,
            level=level,
            kind=kind_of(name, level),
            parent_id=parents.get(code[:-3]) if len(code) > 6 else None,
            pinyin=_pinyin(name),
        )
        parents[code] = area.pk
    if fresh:
        record(subject=f"areas.area:{fresh[0]}", verb="add_areas", by=by, fields={"areas": len(fresh)})
        tell(BoundaryChanged(area=fresh[0]))
        _changed()
    return len(fresh)


def _list_faults(by: Actor, rows: Sequence[tuple[str, str]], codes: set[str]) -> Iterator[str]:
    seen: set[str] = set()
    for line, (code, name) in enumerate(rows, 2):
        code = code.strip()
        if not (code.isascii() and code.isdigit() and len(code) in LEVELS):
            yield f"第 {line} 行：代码“{code}”应为 6、9、12 或 15 位数字"
        elif code in seen:
            yield f"第 {line} 行：代码 {code} 重复"
        elif not name.strip():
            yield f"第 {line} 行：代码 {code} 缺少名称"
        elif len(code) > 6 and code[:-3] not in codes:
            yield f"第 {line} 行：上级 {code[:-3]} 不在名单里，也还没有登记"
        elif not can(by, "areas.edit", area=code):
            yield f"第 {line} 行：{code} 不在您的管辖范围内"
        seen.add(code)
