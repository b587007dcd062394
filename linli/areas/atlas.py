"""The county in memory: areas, units, keepers and the point finder, shared by all threads of a process.

One small query, at most every `RECHECK` seconds, tells whether anything changed; only what changed is read
again. Between two checks every answer costs no query, so that intake may ask as often as it likes.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from django.db import connection
from django.db.models.functions import Length
from shapely.geometry import shape

from linli.areas import rules
from linli.areas.boundaries import Boundary
from linli.areas.finder import GridFinder
from linli.areas.models import Area, Keeper, Unit

RECHECK = 5.0  # seconds

STAMP = """
SELECT (SELECT max(changed) FROM areas_area), (SELECT count(*) FROM areas_area),
       (SELECT max(changed) FROM areas_unit), (SELECT count(*) FROM areas_unit),
       (SELECT max(id) FROM areas_keeper), (SELECT count(*) FROM areas_keeper WHERE until IS NULL),
       (SELECT max(until) FROM areas_keeper)
"""


class Areas:
    """All active areas by code; the finder is built when the first point is asked for."""

    def __init__(self) -> None:
        rows = Area.objects.filter(active=True).values_list("code", "name", "illustrative")
        self.names: dict[str, str] = {}
        self.illustrative: set[str] = set()
        for code, name, illustrative in rows:
            self.names[code] = name
            if illustrative:
                self.illustrative.add(code)
        self._building = threading.Lock()

    @cached_property
    def words(self) -> rules.NameFinder:
        return rules.NameFinder({code: name for code, name in self.names.items() if len(code) in (9, 12)})

    @property
    def finder(self) -> GridFinder:
        with self._building:
            return self._finder

    @cached_property
    def _finder(self) -> GridFinder:
        return GridFinder(boundaries("grid"))


def boundaries(level: str = "") -> Iterator[Boundary]:
    """The kept outlines of active areas of one level, or of all."""
    rows = Area.objects.filter(active=True, outline__isnull=False).order_by(Length("code"), "code")
    if level:
        rows = rows.filter(level=level)
    for code, name, kind, outline in rows.values_list("code", "name", "level", "outline").iterator(500):
        yield Boundary(code, name, kind, code[:-3] if len(code) > 6 else "", shape(outline))


class Staff:
    """Units by function and area; who keeps which grid."""

    def __init__(self) -> None:
        self.unit_names: dict[str, str] = {}
        self.by_function: dict[tuple[str, str], str] = {}
        self.open_units: set[str] = set()
        units = Unit.objects.order_by("-code").values_list("code", "name", "function", "area", "active")
        for code, name, function, area, active in units:
            self.unit_names[code] = name
            if active:
                self.open_units.add(code)
            if active and function:
                self.by_function[function, area] = code  # the first code of several stays
        self.keepers: dict[str, dict[str, int]] = defaultdict(dict)
        for grid, post, account in Keeper.objects.filter(until=None).values_list("grid", "post", "account"):
            self.keepers[grid][post] = account


class _Cache:
    """What this process knows, and as of which stamp."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.checked = float("-inf")
        self.stamp: tuple = ()
        self.areas: Areas | None = None
        self.staff: Staff | None = None


_cache = _Cache()


def _fresh() -> _Cache:
    if time.monotonic() - _cache.checked < RECHECK:
        return _cache
    with _cache.lock:
        if time.monotonic() - _cache.checked >= RECHECK:
            _read()
    return _cache


def _read() -> None:
    with connection.cursor() as cursor:
        cursor.execute(STAMP)
        now = cursor.fetchone()
    before = _cache.stamp
    if _cache.areas is None or now[:2] != before[:2]:
        _cache.areas = Areas()
    if _cache.staff is None or now[2:] != before[2:]:
        _cache.staff = Staff()
    _cache.stamp, _cache.checked = now, time.monotonic()


def areas() -> Areas:
    cache = _fresh()
    assert cache.areas is not None
    return cache.areas


def staff() -> Staff:
    cache = _fresh()
    assert cache.staff is not None
    return cache.staff


def look_again() -> None:
    """The next question re-reads the stamp; actions call it so that this process sees its own writes at once."""
    _cache.checked = float("-inf")


def forget() -> None:
    """Drops everything known. Tests call it, since a rolled-back test leaves no trace in the stamp."""
    with _cache.lock:
        _cache.checked, _cache.stamp, _cache.areas, _cache.staff = float("-inf"), (), None, None


def version() -> str:
    """Changes whenever an area does."""
    _fresh()
    return repr(_cache.stamp[:2])
