"""Outlines for the browser: rounded to a metre, packed once, sent with an ETag until a boundary changes."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from dataclasses import dataclass
from typing import Any

import brotli
import numpy as np
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from linli.areas import atlas, queries
from linli.areas.models import Area

NOTICE = "示意边界，非真实区划"
# Degrees by which a border may be straightened where it is seen from far; grids are kept as drawn.
SIMPLER = {"county": 2e-4, "street": 1e-4, "community": 3e-5, "grid": 0.0}
MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class Packed:
    """One answer in the three forms browsers ask for."""

    etag: str
    plain: bytes
    gzip: bytes
    brotli: bytes

    def best(self, accepted: str) -> tuple[bytes, str]:
        """Body and Content-Encoding ("" for none) by an Accept-Encoding header."""
        known = {part.split(";")[0].strip() for part in accepted.split(",")}
        if "br" in known:
            return self.brotli, "br"
        return (self.gzip, "gzip") if "gzip" in known else (self.plain, "")


_kept: dict[tuple[str, str, str], Packed] = {}
_lock = threading.Lock()


def outlines(level: str, prefix: str = "") -> Packed:
    """GeoJSON of the active areas of one level below `prefix`: properties code, name, label (not for grids)."""
    key = (atlas.version(), level, prefix)
    with _lock:
        if key not in _kept:
            if len(_kept) >= MOST_KEPT or any(known[0] != key[0] for known in _kept):
                _kept.clear()
            _kept[key] = _pack(_collection(level, prefix))
        return _kept[key]


def _collection(level: str, prefix: str) -> dict[str, Any]:
    rows = Area.objects.filter(level=level, active=True, outline__isnull=False, code__startswith=prefix)
    found = list(rows.order_by("code").values_list("code", "name", "outline"))
    shapes = [shape(outline) for _code, _name, outline in found]
    if SIMPLER[level] and shapes:  # neighbours keep their common border
        shapes = list(shapely.coverage_simplify(np.array(shapes, dtype=object), SIMPLER[level]))
    features = [
        feature(geometry, code=code, name=name, **({} if level == "grid" else {"label": name}))
        for (code, name, _outline), geometry in zip(found, shapes, strict=True)
    ]
    whole: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if queries.illustrative(prefix):
        whole["notice"] = NOTICE
    return whole


def feature(geometry: BaseGeometry, **properties: Any) -> dict[str, Any]:
    """One feature with its coordinates rounded to 5 decimals (about a metre)."""
    drawn = mapping(geometry)
    rounded = {"type": drawn["type"], "coordinates": _round(drawn["coordinates"])}
    return {"type": "Feature", "properties": properties, "geometry": rounded}


def _round(numbers: Any) -> Any:
    return round(numbers, 5) if isinstance(numbers, int | float) else [_round(one) for one in numbers]


def _pack(whole: dict[str, Any]) -> Packed:
    plain = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{hashlib.sha256(plain).hexdigest()[:24]}"'
    return Packed(etag, plain, gzip.compress(plain, 9, mtime=0), brotli.compress(plain, quality=9))
