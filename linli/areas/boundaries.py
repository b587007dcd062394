"""Areas as drawn, and the dry run that says what is wrong with them before anything is saved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from linli.areas.coordinates import belt_meridian, to_metres
from linli.kernel import Refused

LEVELS = {6: "county", 9: "street", 12: "community", 15: "grid"}
LEVEL_NAMES = {"county": "县（市）", "street": "乡镇街道", "community": "村（社区）", "grid": "网格"}

# Overlaps and overhangs thinner than this are the noise of digitising: told, but no reason to refuse.
SLIVER_WIDTH = 2.0


@dataclass(frozen=True)
class Boundary:
    """One area as drawn: code of 6, 9, 12 or 15 digits, parent code ("" for a county), WGS-84 polygon."""

    code: str
    name: str
    level: str
    parent: str
    geometry: BaseGeometry


@dataclass(frozen=True)
class Finding:
    """One thing to look at. kind: overlap, gap, orphan, outside, invalid, duplicate, code.

    area is in m² (0 where it has no meaning); where is the piece in question, WGS-84, to be drawn in red.
    """

    kind: str
    serious: bool
    codes: tuple[str, ...]
    message: str
    area: float = 0.0
    where: BaseGeometry | None = None


@dataclass(frozen=True)
class Review:
    """Result of the dry run; `boundaries` are the repaired ones, in the order given."""

    boundaries: tuple[Boundary, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.serious)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if not f.serious)

    def accepted(self) -> tuple[Boundary, ...]:
        """The repaired boundaries, or Refused naming every error: all or nothing."""
        if not self.errors:
            return self.boundaries
        message = f"边界有 {len(self.errors)} 处错误，整份未导入，请改正后重新上传"
        raise Refused(message, code="boundaries_wrong", fields={"file": [f.message for f in self.errors]})


def review(
    boundaries: Iterable[Boundary], existing_parents: Iterable[Boundary] = (), *, tolerance: float = 1.0
) -> Review:
    """Check boundaries against each other and their parents, changing nothing but invalid geometry.

    existing_parents: areas already kept; a parent in the same file wins over a kept one. tolerance: m² below
    which an overlap, gap or overhang is not worth a word. Serious: wrong or repeated code, no parent, outside
    the parent, overlap wider than a sliver, geometry that cannot be repaired. Gaps, slivers and repairs are
    told only: the place stays without a keeper until somebody draws it.
    """
    given = list(boundaries)
    findings = [*_codes_wrong(given), *_duplicates(given)]
    repaired = []
    for boundary in given:
        better, finding = _repaired(boundary)
        repaired.append(better)
        findings += [finding] if finding else []
    usable = [b for b in repaired if not b.geometry.is_empty]
    parents = {b.code: b for b in [*existing_parents, *usable]}
    measure = _Measure(usable)
    findings += _overlaps(usable, measure, tolerance)
    findings += _misplaced(usable, parents, measure, tolerance)
    findings += _gaps(usable, parents, measure, tolerance)
    return Review(tuple(repaired), tuple(findings))


class _Measure:
    """Square metres and widths of pieces, in the 3° belt the map lies in."""

    def __init__(self, boundaries: Sequence[Boundary]) -> None:
        box = shapely.total_bounds([b.geometry for b in boundaries]) if boundaries else (114, 0, 114, 0)
        self._meridian = belt_meridian(float(box[0] + box[2]) / 2)

    def metric(self, piece: BaseGeometry) -> BaseGeometry:
        return shapely.transform(
            piece, lambda xy: np.column_stack(to_metres(xy[:, 0], xy[:, 1], self._meridian))
        )

    def area_and_width(self, piece: BaseGeometry) -> tuple[float, float]:
        """m², and the mean width in m of a long thin piece (area over half the outline)."""
        flat = self.metric(piece)
        return flat.area, flat.area / (flat.length / 2) if flat.length else 0.0


def _called(boundary: Boundary) -> str:
    return f"{LEVEL_NAMES.get(boundary.level, '区域')} {boundary.code}（{boundary.name}）"


def _squares(area: float) -> str:
    return f"{area:,.0f} 平方米" if area >= 1 else "不足 1 平方米"


def _codes_wrong(boundaries: Sequence[Boundary]) -> Iterator[Finding]:
    for b in boundaries:
        level = LEVELS.get(len(b.code))
        if level is None or not (b.code.isascii() and b.code.isdigit()):
            said = "编码应为 6（县）、9（乡镇街道）、12（村社区）或 15（网格）位数字"
        elif b.level != level:
            said = f"编码有 {len(b.code)} 位，应属{LEVEL_NAMES[level]}，与所填级别“{b.level}”不符"
        elif b.parent != (b.code[:-3] if level != "county" else ""):
            said = f"上级编码应为 {b.code[:-3] if level != 'county' else '空'}，现为“{b.parent}”"
        else:
            continue
        yield Finding("code", True, (b.code,), f"{_called(b)}：{said}")


def _duplicates(boundaries: Sequence[Boundary]) -> Iterator[Finding]:
    for code, times in Counter(b.code for b in boundaries).items():
        if times > 1:
            said = f"编码 {code} 出现 {times} 次，每个编码只能有一个图形；分成几块的请合并为一个多面图形"
            yield Finding("duplicate", True, (code,), said)


def polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """Only the faces of a geometry: a repair may leave lines and points behind."""
    parts = [p for p in shapely.get_parts(geometry) for p in shapely.get_parts(p)]
    faces = [p for p in parts if isinstance(p, Polygon) and not p.is_empty]
    return faces[0] if len(faces) == 1 else MultiPolygon(faces)


_REASONS = {
    "Self-intersection": "自相交",
    "Ring Self-intersection": "环自相交",
    "Hole lies outside": "内环在外环之外",
    "Too few points": "点数不足",
    "Duplicate Rings": "重复的环",
    "Interior is disconnected": "内部不连通",
    "Nested": "环互相嵌套",
}


def _repaired(boundary: Boundary) -> tuple[Boundary, Finding | None]:
    drawn = boundary.geometry
    if drawn.is_valid and not drawn.is_empty:
        return boundary, None
    reason = shapely.is_valid_reason(drawn)
    said = next((zh for en, zh in _REASONS.items() if reason.startswith(en)), "图形无效")
    better = replace(boundary, geometry=polygonal(shapely.make_valid(drawn)))
    codes = (boundary.code,)
    if better.geometry.is_empty:
        return better, Finding("invalid", True, codes, f"{_called(boundary)}：{said}，无法修复，请重新绘制")
    message = f"{_called(boundary)}：{said}，已自动修复，请在图上核对"
    return better, Finding("invalid", False, codes, message, where=better.geometry)


def _overlaps(boundaries: Sequence[Boundary], measure: _Measure, tolerance: float) -> Iterator[Finding]:
    """Pairs of one level whose inner parts meet; the same code twice is told as a duplicate only."""
    shapes = np.array([b.geometry for b in boundaries], dtype=object)
    levels = np.array([b.level for b in boundaries])
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = (first < second) & (levels[first] == levels[second])
    first, second = first[once], second[once]
    pieces = shapely.intersection(shapes[first], shapes[second])
    for i, j, piece in zip(first, second, pieces, strict=True):
        one, other = sorted((boundaries[i], boundaries[j]), key=lambda b: b.code)
        if piece.area == 0 or one.code == other.code:
            continue
        piece = polygonal(piece)
        area, width = measure.area_and_width(piece)
        if area > tolerance:
            said = f"{_called(one)}与{_called(other)}重叠 {_squares(area)}"
            yield Finding("overlap", width >= SLIVER_WIDTH, (one.code, other.code), said, area, piece)


def _misplaced(
    boundaries: Sequence[Boundary], parents: dict[str, Boundary], measure: _Measure, tolerance: float
) -> Iterator[Finding]:
    for b in boundaries:
        if b.level == "county" or not b.parent:
            continue
        parent = parents.get(b.parent)
        if parent is None:
            said = f"{_called(b)}的上级 {b.parent} 不存在，请先导入上级或改正编码"
            yield Finding("orphan", True, (b.code,), said, where=b.geometry)
            continue
        piece = polygonal(b.geometry.difference(polygonal(shapely.make_valid(parent.geometry))))
        area, width = measure.area_and_width(piece)
        if area > tolerance:
            whole = measure.area_and_width(b.geometry)[0]
            share = "完全" if area > 0.999 * whole else f"有 {_squares(area)}"
            said = f"{_called(b)}{share}落在上级{_called(parent)}之外"
            yield Finding("outside", width >= SLIVER_WIDTH, (b.code, b.parent), said, area, piece)


def _gaps(
    boundaries: Sequence[Boundary], parents: dict[str, Boundary], measure: _Measure, tolerance: float
) -> Iterator[Finding]:
    """Parts of a parent that none of its children here covers; a parent without children here has no say."""
    children = defaultdict(list)
    for b in boundaries:
        children[b.parent].append(b.geometry)
    for code in sorted(children):
        parent = parents.get(code)
        if parent is None:
            continue
        holes = parent.geometry.difference(shapely.union_all(children[code]))
        for hole in shapely.get_parts(polygonal(holes)):
            area, _ = measure.area_and_width(hole)
            if area > tolerance:
                said = f"{_called(parent)}内有 {_squares(area)}未划入任何下级，落在此处的事件将没有网格"
                yield Finding("gap", False, (code,), said, area, hole)
