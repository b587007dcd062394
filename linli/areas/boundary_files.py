"""Boundary files in, boundaries out: GeoJSON or a zipped Shapefile, read whole or refused whole.

Nothing is written to disk: an archive is opened in memory with every size bounded. What was read is then
checked against its neighbours and parents by `boundaries.review`.
"""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyproj
import shapefile
import shapely
from pyproj.exceptions import CRSError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from linli.areas.boundaries import LEVEL_NAMES, LEVELS, Boundary
from linli.areas.coordinates import bd09_to_wgs84, gcj02_to_wgs84, system_named
from linli.kernel import Refused

COLUMNS = {"code": "code", "name": "name", "parent": "parent", "level": "level"}

MAX_FILE = 64 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
MAX_MEMBERS = 200
# Deflate reaches 1032 : 1; coordinates and tables of a real map stay far below this.
MAX_RATIO = 150
_SHOWN_ERRORS = 50
_MALFORMED = (ValueError, TypeError, IndexError, KeyError, AttributeError, RecursionError)
_BROKEN_ZIP = (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError, zlib.error)
_ELLIPSOIDS = (298.257222101, 298.257223563)  # CGCS2000 (and GRS 80), WGS-84


@dataclass
class _Table:
    """Shapes as found in a file, with the reference system the file itself states (None: it states none)."""

    rows: list[tuple[Mapping[str, object], BaseGeometry]] = field(default_factory=list)
    crs: pyproj.CRS | None = None
    errors: list[str] = field(default_factory=list)


def read_boundaries(
    raw: bytes, *, columns: Mapping[str, str] | None = None, system: str | None = None
) -> list[Boundary]:
    """GeoJSON bytes or a zipped Shapefile -> boundaries in WGS-84, in file order.

    columns: our field (code, name, parent, level) -> the file's property; code and name are needed, parent
    and level follow from the code when absent. system: what the sender declares (wgs84, cgcs2000, gcj02,
    bd09); a .prj or "crs" member of CGCS2000 or WGS-84, geographic or in belts, is honoured by itself.
    Refused with every defect at once under the field `file`; geometry is not repaired here, `review` does.
    """
    if len(raw) > MAX_FILE:
        raise _refused(f"文件超过 {MAX_FILE >> 20} MB，请按乡镇拆分后再导入", "file_too_large", status=413)
    declared = system_named(system) if system else None
    table = _read_zip(raw) if raw[:2] == b"PK" else _read_geojson(raw)
    names = COLUMNS | dict(columns or {})
    convert = _conversion(table, declared)
    boundaries = []
    for number, (properties, geometry) in enumerate(table.rows, 1):
        try:
            boundaries.append(_boundary(properties, convert(geometry), names))
        except ValueError as defect:
            table.errors.append(f"第 {number} 个图形：{defect}")
    if table.errors:
        raise _refused_all(table.errors)
    if not boundaries:
        raise _refused("文件里没有任何边界图形，请检查是否导出了正确的图层", "file_empty")
    return boundaries


def _refused(message: str, code: str, status: int = 422) -> Refused:
    return Refused(message, code=code, fields={"file": [message]}, status=status)


def _refused_all(errors: list[str]) -> Refused:
    shown = errors[:_SHOWN_ERRORS]
    if len(errors) > len(shown):
        shown.append(f"另有 {len(errors) - len(shown)} 处错误未列出")
    message = f"边界文件有 {len(errors)} 处错误，整份未导入"
    return Refused(message, code="boundaries_unreadable", fields={"file": shown})


def _boundary(properties: Mapping[str, object], geometry: BaseGeometry, names: Mapping[str, str]) -> Boundary:
    code, name = _text(properties, names["code"]), _text(properties, names["name"])
    if not code:
        raise ValueError(f"缺少编码（属性“{names['code']}”为空或不存在）")
    if not name:
        raise ValueError(f"编码 {code} 缺少名称（属性“{names['name']}”为空或不存在）")
    level = _text(properties, names["level"]) or LEVELS.get(len(code), "")
    level = next((key for key, said in LEVEL_NAMES.items() if said == level), level)
    parent = _text(properties, names["parent"]) or (code[:-3] if len(code) > 6 else "")
    return Boundary(code, name, level, parent, geometry)


def _text(properties: Mapping[str, object], name: str) -> str:
    """Codes kept as numbers (430181001.0 from a spreadsheet) come back as their digits."""
    value = properties.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip().strip("\0")


# --- GeoJSON


def _no_constant(word: str) -> float:
    raise ValueError(f"含有 {word}")


def _read_geojson(raw: bytes) -> _Table:
    try:
        found = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        message = "不是有效的 GeoJSON，也不是 zip 压缩的 Shapefile，请用 UTF-8 编码重新导出"
        raise _refused(message, "file_unreadable") from error
    if not isinstance(found, dict):
        found = {}
    features = found.get("features") if found.get("type") == "FeatureCollection" else [found]
    if not isinstance(features, list):
        raise _refused("GeoJSON 缺少 features 列表", "file_unreadable")
    table = _Table(crs=_stated_crs(found.get("crs")))
    for number, feature in enumerate(features, 1):
        try:
            table.rows.append(_feature(feature))
        except ValueError as defect:
            table.errors.append(f"第 {number} 个图形：{defect}")
    if table.errors:
        raise _refused_all(table.errors)
    return table


def _feature(feature: object) -> tuple[Mapping[str, object], BaseGeometry]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise ValueError("不是 Feature")
    return feature.get("properties") or {}, _polygon(feature.get("geometry"))


def _polygon(geometry: object) -> BaseGeometry:
    """Polygon or MultiPolygon without height, from a GeoJSON-like object; ValueError says what is wrong."""
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise ValueError("不是面（Polygon 或 MultiPolygon）")
    try:
        drawn = shapely.force_2d(shape(geometry))
        finite = bool(np.isfinite(shapely.get_coordinates(drawn)).all())
    except (shapely.errors.ShapelyError, *_MALFORMED) as error:
        raise ValueError("坐标串不完整，至少要四个点并首尾相接") from error
    if drawn.is_empty:
        raise ValueError("图形为空")
    if not finite:
        raise ValueError("含有无效坐标（NaN 或无穷大）")
    return drawn


def _stated_crs(member: object) -> pyproj.CRS | None:
    """The `crs` member of GeoJSON 2008, which desktop GIS still writes."""
    if not isinstance(member, dict):
        return None
    properties = member.get("properties")
    name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    return _crs(name) if name else None


# --- zipped Shapefile


def _read_zip(raw: bytes) -> _Table:
    members = dict(_members(raw))
    shapes = [name for name in members if name.endswith(".shp")]
    if len(shapes) != 1:
        raise _refused(f"压缩包里应当恰好有一个 .shp 文件，现有 {len(shapes)} 个", "zip_without_shapefile")
    stem = shapes[0][: -len(".shp")]
    if stem + ".dbf" not in members:
        raise _refused("压缩包缺少 .dbf 属性表，读不到编码和名称", "zip_without_table")
    prj = members.get(stem + ".prj")
    table = _Table(crs=_crs(prj.decode("utf-8", "replace")) if prj else None)
    stated = members.get(stem + ".cpg", b"utf-8").decode("ascii", "replace").strip()
    table.rows = _shapefile_in_any_encoding(members, stem, [stated, "utf-8", "gb18030"], table.errors)
    if table.errors:
        raise _refused_all(table.errors)
    return table


def _shapefile_in_any_encoding(
    members: Mapping[str, bytes], stem: str, encodings: list[str], errors: list[str]
) -> list[tuple[Mapping[str, object], BaseGeometry]]:
    """The first encoding that decodes every row: a missing or wrong .cpg is common."""
    for encoding in encodings:
        errors.clear()
        try:
            return list(_shapefile_rows(members, stem, encoding, errors))
        except Exception as error:  # pyshp raises whatever a wrong encoding or a damaged byte leads it to
            damage = error
    raise _refused(
        "Shapefile 已损坏或编码不明，请重新导出（属性表用 UTF-8）后再压缩", "file_unreadable"
    ) from damage


def _shapefile_rows(
    members: Mapping[str, bytes], stem: str, encoding: str, errors: list[str]
) -> Iterator[tuple[Mapping[str, object], BaseGeometry]]:
    files = {kind: io.BytesIO(members[f"{stem}.{kind}"]) for kind in ("shp", "dbf")}
    with shapefile.Reader(**files, encoding=encoding, encodingErrors="strict") as reader:
        for number, item in enumerate(reader.iterShapeRecords(), 1):
            try:
                yield item.record.as_dict(), _polygon(item.shape.__geo_interface__)
            except ValueError as defect:
                errors.append(f"第 {number} 个图形：{defect}")


def _members(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Lower-cased name -> bytes of the parts a Shapefile needs; Refused on anything that smells of a trap."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except _BROKEN_ZIP as error:
        raise _refused("压缩包已损坏，请重新压缩", "zip_unreadable") from error
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _check_archive(infos, len(raw))
    for info in infos:
        name = info.filename.lower()
        if PurePosixPath(name).suffix in (".shp", ".dbf", ".prj", ".cpg") and "__macosx" not in name:
            yield name, _unpacked(archive, info)


def _check_archive(infos: list[zipfile.ZipInfo], size: int) -> None:
    if len(infos) > MAX_MEMBERS:
        raise _refused(f"压缩包内文件超过 {MAX_MEMBERS} 个，请只压缩一个图层", "zip_too_many")
    total = sum(info.file_size for info in infos)
    if total > MAX_UNPACKED or total > MAX_RATIO * max(size, 1024):
        raise _refused("压缩包解压后过大，已拒绝，请检查文件来源", "zip_bomb", status=413)
    for info in infos:
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if ".." in parts or info.filename[:1] in "/\\" or ":" in info.filename:
            raise _refused("压缩包内的文件名指向包外路径，已拒绝", "zip_path")
        if info.flag_bits & 0x1:
            raise _refused("压缩包带密码，请去掉密码后再上传", "zip_encrypted")


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Reads no more than the header promised: a header may lie."""
    try:
        with archive.open(info) as file:
            content = file.read(info.file_size + 1)
    except _BROKEN_ZIP as error:
        raise _refused("压缩包已损坏，请重新压缩", "zip_unreadable") from error
    if len(content) > info.file_size:
        raise _refused("压缩包解压后过大，已拒绝，请检查文件来源", "zip_bomb", status=413)
    return content


# --- reference systems


def _crs(text: str) -> pyproj.CRS:
    """From a code or WKT only: a PROJ string from a stranger could name files of this machine."""
    try:
        if not re.match(r"urn:ogc:def:crs:|(EPSG|OGC):\w+$|[A-Z]+\s*\[", text.strip()):
            raise CRSError("neither code nor WKT")
        crs = pyproj.CRS.from_user_input(text.strip())
    except CRSError as error:
        raise _refused("看不懂文件声明的坐标系（.prj 或 crs）", "unknown_system") from error
    ellipsoid = crs.ellipsoid
    flattening = ellipsoid.inverse_flattening if ellipsoid else 0.0
    if not any(math.isclose(flattening, known, abs_tol=1e-5) for known in _ELLIPSOIDS):
        message = f"文件的坐标系是“{crs.name}”，与 CGCS2000 之间需要本地参数，请先转换为 CGCS2000 再导入"
        raise _refused(message, "foreign_datum")
    return crs


def _conversion(table: _Table, declared: str | None) -> Callable[[BaseGeometry], BaseGeometry]:
    """What turns this file's coordinates into WGS-84 degrees."""
    shift: Callable[..., Any] | None = {"gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}.get(declared or "")
    projected = table.crs is not None and table.crs.is_projected
    if projected and shift:
        raise _refused("文件自带投影坐标系，却声明为偏移坐标（GCJ-02 或 BD-09），请核对", "systems_disagree")
    if projected:
        assert table.crs is not None and table.crs.geodetic_crs is not None
        to_degrees = pyproj.Transformer.from_crs(table.crs, table.crs.geodetic_crs, always_xy=True)
        shift = to_degrees.transform

    def convert(geometry: BaseGeometry) -> BaseGeometry:
        if not projected:
            _check_degrees(geometry)
        if shift:
            geometry = shapely.transform(geometry, lambda xy: np.stack(shift(xy[:, 0], xy[:, 1]), axis=1))
        _check_degrees(geometry)
        return geometry

    return convert


def _check_degrees(geometry: BaseGeometry) -> None:
    west, south, east, north = geometry.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise ValueError("坐标不是经纬度：先经度后纬度；若为投影坐标，请附 .prj 文件")
