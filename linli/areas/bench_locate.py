"""How long it takes to turn a point into its grid, on a made-up county of slightly crooked cells."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

import numpy as np
import shapely

from linli.areas.boundaries import Boundary
from linli.areas.coordinates import bd09_to_wgs84, gcj02_to_wgs84, to_degrees, to_metres
from linli.areas.finder import GridFinder

_WEST, _SOUTH, _EAST, _NORTH = 113.17, 27.85, 114.25, 28.57


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--grids", type=int, default=3000, help="polygons to search (rounded to a square)")
    parser.add_argument("--points", type=int, default=5000, help="points to look up")


def run(options: Namespace) -> dict[str, float | int]:
    """Grids and points used, and microseconds (µs) of one lookup, one conversion, one vectorised lookup."""
    boundaries = mosaic(options.grids)
    rng = np.random.default_rng(430181)
    lons = rng.uniform(_WEST + 0.02, _EAST - 0.02, options.points)
    lats = rng.uniform(_SOUTH + 0.02, _NORTH - 0.02, options.points)
    started = time.perf_counter()
    finder = GridFinder(boundaries)
    finder.find(float(lons[0]), float(lats[0]))
    figures: dict[str, float | int] = {
        "grids": len(boundaries),
        "points": options.points,
        "build_ms": round((time.perf_counter() - started) * 1e3, 2),
    }
    pairs = list(zip(lons.tolist(), lats.tolist(), strict=True))
    metres = [to_metres(*pair) for pair in pairs]
    figures["found"] = sum(finder.find(*pair) is not None for pair in pairs)
    figures["find_us"] = _each(finder.find, pairs)
    figures["near_border_us"] = _each(lambda x, y: finder.near_border(x, y, 30.0), pairs)
    figures["nearest_us"] = _each(finder.nearest, pairs)
    figures["gcj02_us"], figures["bd09_us"] = _each(gcj02_to_wgs84, pairs), _each(bd09_to_wgs84, pairs)
    figures["to_metres_us"], figures["to_degrees_us"] = _each(to_metres, pairs), _each(to_degrees, metres)
    started = time.perf_counter()
    finder.find_many(lons, lats)
    figures["find_many_us"] = round((time.perf_counter() - started) / len(pairs) * 1e6, 2)
    return figures


def mosaic(wanted: int) -> list[Boundary]:
    """About `wanted` four-cornered cells tiling the county's box, inner corners moved a little."""
    n = max(1, round(wanted**0.5))
    x, y = np.meshgrid(np.linspace(_WEST, _EAST, n + 1), np.linspace(_SOUTH, _NORTH, n + 1))
    corners = np.stack([x, y], axis=2)
    step = np.array([(_EAST - _WEST) / n, (_NORTH - _SOUTH) / n])
    inner = corners[1:-1, 1:-1]
    inner += np.random.default_rng(1).uniform(-0.2, 0.2, inner.shape) * step
    rings = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2)
    cells = shapely.polygons(rings.reshape(-1, 4, 2))
    return [
        Boundary(f"430181001{i // 999:03}{i % 999 + 1:03}", f"第{i + 1}格", "grid", "", cell)
        for i, cell in enumerate(cells)
    ]


def _each(work: Callable[[float, float], object], pairs: list[tuple[float, float]]) -> float:
    """Best of three passes, µs a call."""
    passes = []
    for _ in range(3):
        started = time.perf_counter()
        for x, y in pairs:
            work(x, y)
        passes.append(time.perf_counter() - started)
    return round(min(passes) / len(pairs) * 1e6, 2)
