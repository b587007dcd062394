"""A made-up subdivision of the real Liuyang outline: 32 towns, 326 communities, about 3,000 grids.

Names and codes are real, positions and borders are not: no boundary below the county is public. Whoever
shows them must also show `NOTICE`. The same input always gives the same map (no randomness, no clock): each
level is a power diagram with target areas over an even point sequence, then all lines are noded together on a
1e-6° raster, so that grids tile their community, communities their town and towns the county, exactly.
"""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry

from linli.areas.boundaries import LEVELS, Boundary

NOTICE = "示意边界，非真实区划"
COUNTY, COUNTY_NAME = "430181", "浏阳市"
DATA = Path(__file__).parent / "data"

# Flat kilometres around the seat, good enough for shapes: lines stay lines both ways.
_LON0, _LAT0 = 113.633, 28.141
_KM = np.array([111.32 * math.cos(math.radians(28.2)), 111.2])
_RASTER = 1e-6

# Share of area for one village (村) or community (社区) by the lie of the town; a guess, only for looks.
_VILLAGE_SHARE = {"city": 0.06, "edge": 0.5, "plain": 0.85, "hill": 1.1, "mountain": 1.8}
_COMMUNITY_SHARE = {"city": 0.055, "edge": 0.12, "plain": 0.3, "hill": 0.3, "mountain": 0.3}


@dataclass(frozen=True)
class _Part:
    """One child to be cut out of its parent: target share of area, and where its middle should be (km)."""

    code: str
    name: str
    share: float
    seed: tuple[float, float] | None = None


def build() -> list[Boundary]:
    """County, towns, communities and grids, in this order, each level by code: WGS-84, nested exactly.

    Coordinates have 6 decimals. Takes about four seconds; kept for the life of the process.
    """
    return list(_build())


@lru_cache(maxsize=1)
def _build() -> tuple[Boundary, ...]:
    outline, parts = _outline(), _parts()
    cells: dict[str, BaseGeometry] = {COUNTY: _to_km(outline)}
    for parent in sorted(parts, key=lambda code: (len(code), code)):
        cells |= _divide(cells[parent], parts[parent], lloyd=0 if parent == COUNTY else 12)
    grids = _roughen(_noded(outline, {code: _to_degrees(g) for code, g in cells.items() if len(code) == 15}))
    names = {part.code: part.name for group in parts.values() for part in group} | {COUNTY: COUNTY_NAME}
    shapes = _levels(grids)
    order = sorted(shapes, key=lambda code: (len(code), code))
    return tuple(
        Boundary(code, names[code], LEVELS[len(code)], code[:-3] if len(code) > 6 else "", shapes[code])
        for code in order
    )


def for_map(boundaries: Iterable[Boundary]) -> dict[str, object]:
    """GeoJSON for the browser: 5 decimals (1 m), `code`, `name`, `level`, the notice, a bounding box.

    Neighbours stay flush because the same corner is rounded the same way everywhere. All grids take 0.9 MB
    plain, about 105 KiB as brotli; serialise without spaces.
    """
    kept = list(boundaries)
    features = [
        {
            "type": "Feature",
            "properties": {"code": b.code, "name": b.name, "level": b.level},
            "geometry": {"type": b.geometry.geom_type, "coordinates": _rounded(mapping(b.geometry))},
        }
        for b in kept
    ]
    box = shapely.total_bounds([b.geometry for b in kept]) if kept else []
    return {
        "type": "FeatureCollection",
        "notice": NOTICE,
        "bbox": [round(float(v), 5) for v in box],
        "features": features,
    }


def _rounded(geometry: dict) -> list:
    def ring(points: Sequence) -> list:
        short = [[round(x, 5), round(y, 5)] for x, y in points]
        return [p for i, p in enumerate(short) if i == 0 or p != short[i - 1]]

    coordinates = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        return [ring(r) for r in coordinates]
    return [[ring(r) for r in polygon] for polygon in coordinates]


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _outline() -> BaseGeometry:
    found = json.loads((DATA / "county.geojson").read_text(encoding="utf-8"))
    return shape(found["features"][0]["geometry"])


def _parts() -> dict[str, list[_Part]]:
    """parent code -> children to cut."""
    seeds = {row["code"]: row for row in _rows("town_seeds.csv")}
    villages = defaultdict(list)
    for row in _rows("villages.csv"):
        villages[row["streetCode"]].append(row)
    parts: dict[str, list[_Part]] = {COUNTY: []}
    for town in _rows("towns.csv"):
        code, seed = town["code"], seeds[town["code"]]
        place = tuple((np.array([float(seed["lon"]), float(seed["lat"])]) - (_LON0, _LAT0)) * _KM)
        parts[code] = [_village(row, seed["terrain"], place) for row in villages[code]]
        parts[COUNTY].append(_Part(code, town["name"], sum(p.share for p in parts[code]), place))
        for row in villages[code]:
            parts[row["code"]] = [
                _Part(f"{row['code']}{n:03}", f"{row['name']}第{n}网格", 1.0)
                for n in range(1, _grid_count(row) + 1)
            ]
    return parts


def _village(row: dict[str, str], terrain: str, town_seat: tuple[float, float]) -> _Part:
    """Communities are small and lie around the seat; villages take the rest."""
    if row["kind"] == "社区":
        seat = (0.0, 0.0) if terrain == "edge" else town_seat
        return _Part(row["code"], row["name"], _COMMUNITY_SHARE[terrain], seat)
    return _Part(row["code"], row["name"], _VILLAGE_SHARE[terrain] * (0.8 + 0.4 * _chance(row["code"])))


def _grid_count(row: dict[str, str]) -> int:
    """Communities are cut finer (12–16 grids) than villages (7–11)."""
    return (12 if row["kind"] == "社区" else 7) + int(_chance("grids" + row["code"]) * 4.5)


def _chance(key: str) -> float:
    """A number in [0, 1) that depends on nothing but the key."""
    return int.from_bytes(blake2b(key.encode(), digest_size=6).digest(), "big") / 2**48


def _to_km(shape_: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape_, lambda xy: (xy - (_LON0, _LAT0)) * _KM)


def _to_degrees(shape_: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape_, lambda xy: xy / _KM + (_LON0, _LAT0))


def _divide(parent: BaseGeometry, parts: list[_Part], lloyd: int) -> dict[str, BaseGeometry]:
    """Cut a polygon (km) into one connected cell a part, areas near their shares."""
    points = _even_points(parent, 90 * len(parts))
    sites, weights = _balanced(points, parts, parent.area, lloyd)
    cells = _connected([parent.intersection(_power_cell(i, sites, weights)) for i in range(len(parts))])
    if len(parts[0].code) == 15:
        # Grids are alike, so they are numbered from the north, as their keepers would.
        cells.sort(key=lambda cell: (-cell.centroid.y, cell.centroid.x))
    return {part.code: cell for part, cell in zip(parts, cells, strict=True)}


def _even_points(area: BaseGeometry, wanted: int) -> np.ndarray:
    """Roberts' R2 sequence inside the polygon: even, and the same on every machine."""
    west, south, east, north = area.bounds
    fill = area.area / ((east - west) * (north - south))
    n = np.arange(1, int(wanted / fill * 1.3) + 20)[:, None]
    unit = (0.5 + n * np.array([0.7548776662466927, 0.5698402909980532])) % 1.0
    points = np.array([west, south]) + unit * np.array([east - west, north - south])
    shapely.prepare(area)
    return points[shapely.contains_xy(area, points[:, 0], points[:, 1])][:wanted]


def _balanced(
    points: np.ndarray, parts: list[_Part], area: float, lloyd: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sites and power weights whose cells hold each part's share of the points.

    A weight grows while its cell is too small (the area of a disc is pi r², so a missing area A asks for A/pi
    more r²); sites drift to the middle of their cell during the first `lloyd` rounds.
    """
    shares = np.array([p.share for p in parts])
    sites = np.array([p.seed or tuple(points[i]) for i, p in enumerate(parts)], dtype=float)
    crowd = np.array([[math.cos(2.4 * i), math.sin(2.4 * i)] for i in range(len(parts))])
    if lloyd:
        # Parts sharing a seat would coincide: spread them a little, they drift apart by themselves.
        sites = sites + crowd * math.sqrt(area) * 0.02
    target = shares / shares.sum() * len(points)
    weights = np.zeros(len(parts))
    for step in range(80):
        reach = points[:, :1] * (2 * sites[:, 0]) + points[:, 1:] * (2 * sites[:, 1])
        near = np.argmax(reach + (weights - (sites**2).sum(1)), axis=1)
        held = np.bincount(near, minlength=len(parts))
        if step > lloyd and np.abs(held / target - 1).max() < 0.05:
            break
        weights += 0.5 * (target - held) / len(points) * area / math.pi
        if step < lloyd:
            sums = np.stack([np.bincount(near, points[:, d], len(parts)) for d in (0, 1)], axis=1)
            sites = np.where(held[:, None] > 0, sums / np.maximum(held, 1)[:, None], sites)
    return sites, weights


def _power_cell(i: int, sites: np.ndarray, weights: np.ndarray) -> Polygon:
    """The convex cell of one site: a huge square cut by the border line with every other site."""
    cell = sites[i] + 1000.0 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    for j in range(len(sites)):
        if j != i and len(cell):
            normal = sites[j] - sites[i]
            limit = (sites[j] @ sites[j] - weights[j] - sites[i] @ sites[i] + weights[i]) / 2
            cell = _clipped(cell, cell @ normal - limit)
    return Polygon(cell) if len(cell) > 2 else Polygon()


def _clipped(ring: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """The part of a convex ring where `beyond` is not positive (Sutherland and Hodgman, one edge)."""
    if (beyond <= 0).all():
        return ring
    kept = []
    for k in range(len(ring)):
        here, there = beyond[k - 1], beyond[k]
        if (here > 0) != (there > 0):
            kept.append(ring[k - 1] + (ring[k] - ring[k - 1]) * (here / (here - there)))
        if there <= 0:
            kept.append(ring[k])
    return np.array(kept)


def _connected(cells: list[BaseGeometry]) -> list[BaseGeometry]:
    """A bay in the outline may cut a cell in two: the smaller pieces go to the neighbour they lean on."""
    pieces = [sorted(_polygons(c), key=lambda p: -p.area) for c in cells]
    whole = [p[0] for p in pieces]
    for stray in (q for p in pieces for q in p[1:]):
        collar = stray.buffer(1e-6)
        lean = [collar.intersection(w).area for w in whole]
        host = int(np.argmax(lean))
        whole[host] = max(_polygons(whole[host].union(stray.buffer(1e-9))), key=lambda p: p.area)
    return whole


def _polygons(shape_: BaseGeometry) -> list[Polygon]:
    return [p for p in getattr(shape_, "geoms", [shape_]) if isinstance(p, Polygon) and not p.is_empty]


def _noded(outline: BaseGeometry, grids: dict[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """Snap every line to the raster at once, so that neighbours share each corner, and rebuild the grids.

    A face belongs to the grid its inner point fell in before; the hair-thin faces that rounding leaves
    between two levels go to the nearest.
    """
    lines = shapely.boundary([outline, *grids.values()])
    faces = shapely.get_parts(
        shapely.polygonize(shapely.get_parts(shapely.union_all(lines, grid_size=_RASTER)))
    )
    faces = shapely.transform(faces, lambda xy: np.round(xy, 6))
    codes = list(grids)
    inner = shapely.point_on_surface(faces)
    owners = shapely.STRtree([grids[code] for code in codes]).nearest(inner)
    mine: dict[str, list[BaseGeometry]] = {code: [] for code in codes}
    for face, owner in zip(faces, owners, strict=True):
        mine[codes[owner]].append(face)
    return {code: shapely.coverage_union_all(some).normalize() for code, some in mine.items()}


def _roughen(grids: dict[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """Move inner corners a little, the same way in all polygons that share them: straight lines look drawn.

    Corners of the county outline stay. Where a polygon would cross itself, its corners stay too.
    """
    shapes = list(grids.values())
    fixed = {tuple(xy) for xy in shapely.get_coordinates(shapely.coverage_union_all(shapes))}
    moved = {xy: to for xy, to in _nudges(shapes).items() if xy not in fixed}
    while True:
        changed = [_with_corners(s, moved) for s in shapes]
        bad = {i for i, s in enumerate(changed) if not s.is_valid}
        bad |= {i for i, s in enumerate(shapely.coverage_invalid_edges(changed)) if not s.is_empty}
        if not bad:
            return dict(zip(grids, changed, strict=True))
        for i in bad:
            for xy in shapely.get_coordinates(shapes[i]):
                moved.pop(tuple(xy), None)


def _nudges(shapes: list[BaseGeometry]) -> dict[tuple[float, float], tuple[float, float]]:
    """corner -> where it goes: in any direction, at most 0.35 of its shortest edge."""
    shortest: dict[tuple[float, float], float] = {}
    for s in shapes:
        for ring in shapely.get_rings(s):
            xy = shapely.get_coordinates(ring)
            lengths = np.hypot(*np.diff(xy, axis=0).T)
            for k, length in enumerate(lengths):
                for end in (tuple(xy[k]), tuple(xy[k + 1])):
                    shortest[end] = min(length, shortest.get(end, length))
    return {xy: _nudge(xy, length) for xy, length in shortest.items()}


def _nudge(xy: tuple[float, float], edge: float) -> tuple[float, float]:
    key = f"{xy[0]:.6f},{xy[1]:.6f}"
    angle, reach = 2 * math.pi * _chance(key), 0.35 * edge * _chance("r" + key)
    return round(xy[0] + reach * math.cos(angle), 6), round(xy[1] + reach * math.sin(angle), 6)


def _with_corners(shape_: BaseGeometry, moved: dict) -> BaseGeometry:
    return shapely.transform(shape_, lambda xy: np.array([moved.get(tuple(p), tuple(p)) for p in xy]))


def _levels(grids: dict[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """Add communities, towns and the county as unions of the level below: nested by construction."""
    shapes = dict(grids)
    for length in (12, 9, 6):
        children = defaultdict(list)
        for code, s in shapes.items():
            if len(code) == length + 3:
                children[code[:length]].append(s)
        shapes |= {code: shapely.coverage_union_all(some).normalize() for code, some in children.items()}
    return shapes
