"""Coordinate systems at the door: WGS-84, GCJ-02, BD-09, and metres in a CGCS2000 3° belt.

Everything inside is WGS-84 degrees (longitude first) and metres of the 3° Gauss–Krüger belt. Each function
takes floats (a few microseconds) or numpy arrays of one shape, and gives the same back. WGS-84 and CGCS2000
degrees are taken as one: the ellipsoids differ by 0.1 mm, the frames by centimetres.

Sources: GCJ-02 forward formula as published in eviltransform and coordtransform (the official one is secret);
BD-09 likewise. Gauss–Krüger: Krüger's series in n to the fourth order (Karney, "Transverse Mercator with an
accuracy of a few nanometers", 2011, eqs. 35–36), CGCS2000 ellipsoid after GB 22021 / EPSG:1024.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

import numpy as np
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry
from shapely.prepared import PreparedGeometry

from linli.kernel import Refused

Degrees = TypeVar("Degrees", float, np.ndarray[Any, Any])

LIUYANG_MERIDIAN = 114.0
FALSE_EASTING = 500_000.0

_KRASOVSKY_A = 6378245.0
_KRASOVSKY_EE = 0.00669342162296594323
_BD_PI = math.pi * 3000.0 / 180.0
# Beyond this box the maps of Amap and Tencent are not shifted.
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)

_A = 6378137.0
_F = 1 / 298.257222101
_N = _F / (2 - _F)
_E = math.sqrt(_F * (2 - _F))
_RADIUS = _A / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_ALPHA = (
    _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16 + 41 * _N**4 / 180,
    13 * _N**2 / 48 - 3 * _N**3 / 5 + 557 * _N**4 / 1440,
    61 * _N**3 / 240 - 103 * _N**4 / 140,
    49561 * _N**4 / 161280,
)
_BETA = (
    _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96 - _N**4 / 360,
    _N**2 / 48 + _N**3 / 15 - 437 * _N**4 / 1440,
    17 * _N**3 / 480 - 37 * _N**4 / 840,
    4397 * _N**4 / 161280,
)
_DELTA = (
    2 * _N - 2 * _N**2 / 3 - 2 * _N**3 + 116 * _N**4 / 45,
    7 * _N**2 / 3 - 8 * _N**3 / 5 - 227 * _N**4 / 45,
    56 * _N**3 / 15 - 136 * _N**4 / 35,
    4279 * _N**4 / 630,
)


def _maths(value: object) -> ModuleType:
    """math for one number (ten times faster), numpy for arrays; both spell the functions alike."""
    return np if isinstance(value, np.ndarray) else math


def _wobble(x: Degrees, y: Degrees, m: ModuleType) -> tuple[Degrees, Degrees]:
    """The GCJ-02 shift polynomial in metres; x and y are degrees east of 105 and north of 35."""
    pi = math.pi
    waves = (20.0 * m.sin(6.0 * x * pi) + 20.0 * m.sin(2.0 * x * pi)) * 2.0 / 3.0
    root = m.sqrt(m.fabs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20.0 * m.sin(y * pi) + 40.0 * m.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * m.sin(y / 12.0 * pi) + 320.0 * m.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20.0 * m.sin(x * pi) + 40.0 * m.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * m.sin(x / 12.0 * pi) + 300.0 * m.sin(x / 30.0 * pi)) * 2.0 / 3.0
    return east, north


def _shift(lon: Degrees, lat: Degrees, m: ModuleType) -> tuple[Degrees, Degrees]:
    """Degrees that GCJ-02 adds to a WGS-84 point inside China."""
    east, north = _wobble(lon - 105.0, lat - 35.0, m)
    phi = lat * (math.pi / 180.0)
    sine = m.sin(phi)
    magic = 1.0 - _KRASOVSKY_EE * sine * sine
    root = m.sqrt(magic)
    return (
        east * 180.0 / (_KRASOVSKY_A / root * m.cos(phi) * math.pi),
        north * 180.0 / (_KRASOVSKY_A * (1.0 - _KRASOVSKY_EE) / (magic * root) * math.pi),
    )


def _abroad(lon: Degrees, lat: Degrees) -> Degrees:
    """True where GCJ-02 does not shift."""
    west, south, east, north = _CHINA
    return (lon < west) | (lon > east) | (lat < south) | (lat > north)


def wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Degrees in, degrees out; about 0.6 km of shift in Hunan, none outside China."""
    m = _maths(lon)
    abroad = _abroad(lon, lat)
    if m is math and abroad:
        return lon, lat
    east, north = _shift(lon, lat, m)
    return lon + east * (1 - abroad), lat + north * (1 - abroad)


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Inverse by fixed point: each round shrinks the error about 200 times, three leave below 1 mm."""
    m = _maths(lon)
    abroad = _abroad(lon, lat)
    if m is math and abroad:
        return lon, lat
    x, y = lon, lat
    for _ in range(3):
        east, north = _shift(x, y, m)
        x, y = lon - east * (1 - abroad), lat - north * (1 - abroad)
    return x, y


def gcj02_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Baidu's second shift on top of GCJ-02."""
    m = _maths(lon)
    length = m.hypot(lon, lat) + 0.00002 * m.sin(lat * _BD_PI)
    angle = m.atan2(lat, lon) + 0.000003 * m.cos(lon * _BD_PI)
    return length * m.cos(angle) + 0.0065, length * m.sin(angle) + 0.006


def bd09_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Inverse by fixed point; the closed form that circulates is off by up to a metre."""
    x, y = lon - 0.0065, lat - 0.006
    for _ in range(5):
        back_lon, back_lat = gcj02_to_bd09(x, y)
        x, y = x - (back_lon - lon), y - (back_lat - lat)
    return x, y


def wgs84_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS-84 to Baidu's degrees."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Baidu's degrees to WGS-84."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def belt_meridian(lon: float) -> float:
    """Central meridian of the 3° belt a longitude lies in (114 for Liuyang)."""
    return 3.0 * math.floor(lon / 3.0 + 0.5)


def to_metres(lon: Degrees, lat: Degrees, meridian: float = LIUYANG_MERIDIAN) -> tuple[Degrees, Degrees]:
    """WGS-84/CGCS2000 degrees -> (east, north) metres of the 3° belt, false easting 500 000."""
    m = _maths(lon)
    sine = m.sin(lat * (math.pi / 180.0))
    along = (lon - meridian) * (math.pi / 180.0)
    t = m.sinh(m.atanh(sine) - _E * m.atanh(_E * sine))
    cosine = m.cos(along)
    xi0, eta0 = m.atan2(t, cosine), m.asinh(m.sin(along) / m.hypot(t, cosine))
    xi, eta = xi0, eta0
    for j, a in enumerate(_ALPHA, 1):
        xi = xi + a * m.sin(2 * j * xi0) * m.cosh(2 * j * eta0)
        eta = eta + a * m.cos(2 * j * xi0) * m.sinh(2 * j * eta0)
    return FALSE_EASTING + _RADIUS * eta, _RADIUS * xi


def to_degrees(east: Degrees, north: Degrees, meridian: float = LIUYANG_MERIDIAN) -> tuple[Degrees, Degrees]:
    """(east, north) metres of the 3° belt -> WGS-84/CGCS2000 degrees; cut a belt number off first."""
    m = _maths(east)
    xi, eta = north / _RADIUS, (east - FALSE_EASTING) / _RADIUS
    xi0, eta0 = xi, eta
    for j, b in enumerate(_BETA, 1):
        xi0 = xi0 - b * m.sin(2 * j * xi) * m.cosh(2 * j * eta)
        eta0 = eta0 - b * m.cos(2 * j * xi) * m.sinh(2 * j * eta)
    chi = m.asin(m.sin(xi0) / m.cosh(eta0))
    lat = chi
    for j, d in enumerate(_DELTA, 1):
        lat = lat + d * m.sin(2 * j * chi)
    lon = m.atan2(m.sinh(eta0), m.cos(xi0))
    return meridian + lon * (180.0 / math.pi), lat * (180.0 / math.pi)


def distance_m(lon1: Degrees, lat1: Degrees, lon2: Degrees, lat2: Degrees) -> Degrees:
    """Metres between two near points on the sphere of mean radius, 0.5 % from the ellipsoid at most."""
    m = _maths(lon1 + lon2)
    half_lat, half_lon = (lat2 - lat1) * (math.pi / 360.0), (lon2 - lon1) * (math.pi / 360.0)
    scale = m.cos(lat1 * (math.pi / 180.0)) * m.cos(lat2 * (math.pi / 180.0))
    chord = m.sin(half_lat) ** 2 + scale * m.sin(half_lon) ** 2
    return 2.0 * 6371008.8 * m.asin(m.sqrt(chord))


SYSTEMS = {"wgs84": "WGS-84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}
_ALIASES = {"gps": "wgs84", "epsg4326": "wgs84", "epsg4490": "cgcs2000", "amap": "gcj02", "gaode": "gcj02"}
_ALIASES |= {"高德": "gcj02", "腾讯": "gcj02", "tencent": "gcj02", "baidu": "bd09", "百度": "bd09"}
_TO_WGS84 = {"gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}
_LON_NAMES = ("lon", "lng", "longitude", "经度")
_LAT_NAMES = ("lat", "latitude", "纬度")

Box: TypeAlias = tuple[float, float, float, float]
Within: TypeAlias = Box | BaseGeometry | PreparedGeometry


@dataclass(frozen=True)
class Reading:
    """A place as read: WGS-84 degrees, the system it was given in, and what the reader should be told."""

    lon: float
    lat: float
    system: str
    swapped: bool = False
    warnings: tuple[str, ...] = ()


def system_named(name: str) -> str:
    """wgs84 | cgcs2000 | gcj02 | bd09 for any usual spelling; Refused when unknown."""
    plain = re.sub(r"[\s_:\-]", "", name).lower()
    system = _ALIASES.get(plain, plain)
    if system not in SYSTEMS:
        reason = f"不认识坐标系“{name}”，请写明 {'、'.join(SYSTEMS.values())} 之一"
        raise _refusal(reason, "system", "unknown_system")
    return system


def read_place(
    given: object, system: str = "wgs84", *, within: Within | None = None, field: str = "location"
) -> Reading:
    """Read a place as people and machines write it.

    given: "113.63,28.14" (also full-width comma, space, semicolon), [113.63, 28.14], an object with
    lon/lng/longitude and lat/latitude, or a GeoJSON Point. within: (west, south, east, north) or a shapely
    geometry in WGS-84; a pair outside it is swapped only if the swapped pair lies inside, and a pair that
    stays outside is kept with a warning. Refused: no pair, not a number, infinite, out of range, 0,0.
    """
    system = system_named(system)
    first, second = _numbers(_pair(given, field), field)
    straight = _as_wgs84(first, second, system)
    if straight is not None and _inside(straight, within):
        return Reading(*straight, system)
    swapped = _as_wgs84(second, first, system) if within is not None else None
    if swapped is not None and _inside(swapped, within):
        return Reading(*swapped, system, True, ("经度与纬度写反，已按本区域范围调换",))
    if straight is None:
        reason = f"坐标“{first:g},{second:g}”超出范围：先写经度（-180 至 180），后写纬度（-90 至 90）"
        raise _refusal(reason, field, "place_out_of_range")
    return Reading(*straight, system, False, ("位置在本区域范围之外，请核对坐标和坐标系",))


def _refusal(message: str, field: str, code: str) -> Refused:
    return Refused(message, code=code, fields={field: [message]})


def _pair(given: object, field: str) -> Sequence[object]:
    """The two raw values, longitude first, still unchecked."""
    if isinstance(given, str):
        parts: Sequence[object] = [p for p in re.split(r"[,，;；\s]+", given.strip().strip("()[]（）")) if p]
    elif isinstance(given, Mapping):
        parts = [_named(given, _LON_NAMES), _named(given, _LAT_NAMES)]
        if given.get("type") == "Point" and isinstance(given.get("coordinates"), (list, tuple)):
            parts = given["coordinates"][:2]  # a third value is the height
    elif isinstance(given, (list, tuple)):
        parts = given
    else:
        parts = []
    if len(parts) != 2 or None in parts:
        raise _refusal("没有读到坐标，请按“经度,纬度”填写，例如 113.63,28.14", field, "place_unreadable")
    return parts


def _named(given: Mapping[object, object], names: tuple[str, ...]) -> object:
    """Value of the first of these keys, whatever its case."""
    lower = {str(key).lower(): value for key, value in given.items()}
    return next((lower[name] for name in names if lower.get(name) not in (None, "")), None)


def _numbers(pair: Sequence[object], field: str) -> tuple[float, float]:
    values = []
    for raw in pair:
        try:
            # True would read as 1 degree; "nan" and 1e999 pass float() and are caught below.
            value = math.nan if isinstance(raw, bool) else float(raw)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        if not math.isfinite(value):
            shown = str(raw)[:40]
            raise _refusal(f"坐标中的“{shown}”不是有效数字，请用十进制度数填写", field, "place_not_a_number")
        values.append(value)
    if values[0] == 0 and values[1] == 0:
        raise _refusal("坐标为 0,0，多半是定位失败，请重新定位或在地图上点选", field, "place_empty")
    return values[0], values[1]


def _as_wgs84(lon: float, lat: float, system: str) -> tuple[float, float] | None:
    """None where the degrees cannot be a place on Earth."""
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return None
    convert = _TO_WGS84.get(system)
    return convert(lon, lat) if convert else (lon, lat)


def _inside(place: tuple[float, float], within: Within | None) -> bool:
    if within is None:
        return True
    if isinstance(within, tuple):
        west, south, east, north = within
        return west <= place[0] <= east and south <= place[1] <= north
    return bool(within.intersects(Point(place)))
