"""Point -> grid, in memory: an STR tree over all grids, rebuilt whenever a boundary changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from linli.areas.boundaries import Boundary
from linli.areas.coordinates import belt_meridian, to_metres


class GridFinder:
    """Looks points up among polygons of one level (usually grids). Read-only, so threads may share it."""

    def __init__(self, boundaries: Iterable[Boundary]) -> None:
        # Sorted by code, so that "the lower grid id" on a border is simply the first hit.
        kept = sorted(boundaries, key=lambda b: b.code)
        self.codes: list[str] = [b.code for b in kept]
        self._shapes: np.ndarray = np.array([b.geometry for b in kept], dtype=object)
        self._meridian = belt_meridian(_middle(self._shapes))
        self._metric = shapely.transform(self._shapes, self._in_metres)
        shapely.prepare(self._shapes)
        shapely.prepare(self._metric)
        self._tree, self._metric_tree = shapely.STRtree(self._shapes), shapely.STRtree(self._metric)

    def __len__(self) -> int:
        return len(self.codes)

    def find(self, lon: float, lat: float) -> str | None:
        """Code of the grid a WGS-84 point lies in; the lower code on a border; None outside or for NaN."""
        if not (lon - lon == 0 and lat - lat == 0):
            return None
        point = shapely.Point(lon, lat)
        hits = self._tree.query(point)
        # Prepared polygons answer in constant time however many corners they have.
        inside = hits[shapely.intersects(self._shapes[hits], point)]
        return self.codes[inside.min()] if inside.size else None

    def find_many(self, lons: Sequence[float], lats: Sequence[float]) -> list[str | None]:
        """`find` for many points at once; a NaN or infinite pair gives None."""
        xy = np.column_stack([np.asarray(lons, dtype=float), np.asarray(lats, dtype=float)])
        sound = np.flatnonzero(np.isfinite(xy).all(axis=1))
        best = np.full(len(xy), len(self.codes))
        points, hits = self._tree.query(shapely.points(xy[sound]), predicate="intersects")
        np.minimum.at(best, sound[points], hits)
        return [self.codes[i] if i < len(self.codes) else None for i in best]

    def near_border(self, lon: float, lat: float, metres: float) -> list[str]:
        """Codes of the other grids within `metres`, nearest first: the neighbours to offer the report to."""
        own = self.find(lon, lat)
        point = self._metric_point(lon, lat)
        if point is None:
            return []
        hits = self._metric_tree.query(point, predicate="dwithin", distance=metres)
        away = shapely.distance(self._metric[hits], point)
        ranked = sorted(zip(away.round(3), (self.codes[i] for i in hits), strict=True))
        return [code for _, code in ranked if code != own]

    def nearest(self, lon: float, lat: float, within: float | None = None) -> tuple[str, float] | None:
        """(code, metres) of the nearest grid, 0 m when inside; None when farther than `within` or empty."""
        point = self._metric_point(lon, lat)
        if point is None or not self.codes:
            return None
        inside = self.find(lon, lat)
        if inside is not None:
            return inside, 0.0
        hits = self._metric_tree.query_nearest(point)
        i = int(min(hits))
        metres = float(shapely.distance(self._metric[i], point))
        return (self.codes[i], metres) if within is None or metres <= within else None

    def _metric_point(self, lon: float, lat: float) -> BaseGeometry | None:
        # The belt's series is made for some degrees around its meridian; farther away nothing is near anyway.
        if not (abs(lon - self._meridian) < 10 and -90 < lat < 90):
            return None
        return shapely.Point(*to_metres(lon, lat, self._meridian))

    def _in_metres(self, xy: np.ndarray) -> np.ndarray:
        return np.column_stack(to_metres(xy[:, 0], xy[:, 1], self._meridian))


def _middle(shapes: np.ndarray) -> float:
    """Longitude in the middle of all shapes (114 when there are none)."""
    if not len(shapes):
        return 114.0
    west, _, east, _ = shapely.total_bounds(shapes)
    return float((west + east) / 2)
