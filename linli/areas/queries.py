"""Where something is, whose it is, and what is missing there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from linli.areas import atlas, rules
from linli.areas.coordinates import bd09_to_wgs84, gcj02_to_wgs84, to_metres
from linli.areas.finder import GridFinder
from linli.areas.models import Area, Branch, BranchGrid, Handover, Keeper, Profile, Unit
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require

forget = atlas.forget
look_again = atlas.look_again


@dataclass(frozen=True, slots=True)
class Place:
    """The codes of one place; an empty string where the level is not known."""

    grid: str
    community: str
    street: str
    county: str

    @property
    def area(self) -> str:
        return self.grid or self.community or self.street or self.county


def finder() -> GridFinder:
    """The point finder over all active grids: kept for the process, rebuilt within 5 s of a boundary change."""
    return atlas.areas().finder


def locate(lon: float, lat: float) -> Place | None:
    """The grid a WGS-84 point lies in and what it belongs to; None outside every grid."""
    grid = finder().find(lon, lat)
    return place_of_code(grid) if grid else None


def place_of_code(code: str) -> Place:
    """The codes above and including `code`, whether or not such an area is kept."""
    codes = rules.codes_of(code)
    return Place(codes["grid"], codes["community"], codes["street"], codes["county"])


def located(
    lon: float | None, lat: float | None, *, source_crs: str = "wgs84", code: str = ""
) -> dict[str, Any]:
    """Every column of Located for a point in `source_crs` (wgs84, cgcs2000, gcj02, bd09), kept as WGS-84.

    `code` is the area somebody named: it stands where there is no point, or the point lies in no grid.
    No queries while the atlas is fresh.
    """
    system = source_crs or "wgs84"
    east = north = None
    if lon is not None and lat is not None:
        shift = {"gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}.get(system)
        lon, lat = shift(lon, lat) if shift else (lon, lat)
        east, north = to_metres(lon, lat, float(settings.LINLI_MERIDIAN))
        code = finder().find(lon, lat) or code
    else:
        lon = lat = None
    return {
        "lon": lon, "lat": lat, "east": east, "north": north, "source_crs": system, **rules.codes_of(code)
    }  # fmt: skip


def find_place_words(text: str) -> str:
    """The area code named in free text, "" when none is; an ambiguous name gives the common parent."""
    return rules.settle_names(atlas.areas().words.codes_in(text))


def keepers(grid: str) -> dict[str, int | None]:
    """{"worker": account id or None, "deputy": …} of a grid."""
    found = atlas.staff().keepers.get(grid, {})
    return {"worker": found.get("worker"), "deputy": found.get("deputy")}


def unit_for(function: str, area: str) -> str | None:
    """The active unit with `function` nearest above `area`: its grid, community, town, county."""
    by_function = atlas.staff().by_function
    heads = (area[:length] for length in reversed(rules.LENGTHS) if len(area) >= length)
    return next((by_function[function, head] for head in heads if (function, head) in by_function), None)


def unit_names() -> dict[str, str]:
    """Unit code -> name, closed ones too (old work still names them)."""
    return dict(atlas.staff().unit_names)


def unit_open(code: str) -> bool:
    """Whether there is such a unit and it still takes work."""
    return code in atlas.staff().open_units


def area_name(code: str) -> str:
    """The name of an active area; the code itself when nobody knows it."""
    return atlas.areas().names.get(code, code)


def area_exists(code: str) -> bool:
    return code in atlas.areas().names


def area_path(code: str) -> str:
    """`淮川街道 城西社区 第3网格`: town, community and grid, without what a name repeats of the level above."""
    if len(code) <= 6:
        return area_name(code) if code else ""
    said, above = [], ""
    for length in (9, 12, 15):
        if len(code) >= length:
            name = area_name(code[:length])
            said.append(name.removeprefix(above) or name)
            above = name
    return " ".join(said)


def illustrative(prefix: str = "") -> bool:
    """True when any boundary shown below `prefix` is made up: the page must say 示意边界，非真实区划."""
    return any(code.startswith(prefix) for code in atlas.areas().illustrative)


def choices(level: str, prefix: str = "") -> list[tuple[str, str]]:
    """(code, path) of the active areas of one level below `prefix`, by code."""
    length = next(n for n, name in rules.COLUMNS.items() if name == level)
    codes = sorted(c for c in atlas.areas().names if len(c) == length and c.startswith(prefix))
    return [(code, area_path(code)) for code in codes]


def scopes_of(viewer: Actor, verb: str) -> list[str]:
    """The area prefixes in which `viewer` holds `verb`; [""] is everywhere, [] nowhere."""
    if viewer.kind == "system":
        return [""]
    kept: list[str] = []
    for area in sorted({scope.area for scope in viewer.scopes(verb)}, key=len):
        if not any(area.startswith(wider) for wider in kept):
            kept.append(area)
    return kept


def below(column: str, prefixes: Iterable[str]) -> Q:
    """A filter on a code column: below any of the prefixes; nothing when there are none."""
    found = list(prefixes)
    if "" in found:
        return Q()
    either = Q(pk__in=[])
    for prefix in found:
        either |= Q(**{f"{column}__startswith": prefix})
    return either


def reachable(viewer: Actor, verb: str, rows: QuerySet, column: str = "code") -> QuerySet:
    """`rows` whose code column lies in the areas where `viewer` holds `verb`."""
    return rows.filter(below(column, scopes_of(viewer, verb)))


def areas_seen(viewer: Actor) -> QuerySet[Area]:
    """Areas of the tree the viewer may manage or look into, with the ones above them, closed ones included."""
    prefixes = scopes_of(viewer, "areas.view")
    above = {prefix[:length] for prefix in prefixes for length in rules.LENGTHS if len(prefix) > length}
    return Area.objects.defer("outline").filter(below("code", prefixes) | Q(code__in=above)).order_by("code")


def area_of(viewer: Actor, code: str) -> Area:
    """Raises Refused(404) for an unknown area and for one outside the viewer's."""
    found = Area.objects.filter(code=code).first()
    if found is None or not can(viewer, "areas.view", area=code):
        raise Refused("没有找到这个区域，或者它不在您的管辖范围内。", code="no_area", status=404)
    return found


def children_of(viewer: Actor, code: str) -> QuerySet[Area]:
    return areas_seen(viewer).filter(parent__code=code) if code else areas_seen(viewer).filter(parent=None)


def units_seen(viewer: Actor) -> QuerySet[Unit]:
    rows = Unit.objects.select_related("parent", "head")
    return reachable(viewer, "areas.view", rows, "area").order_by("area", "code")


def branches_seen(viewer: Actor) -> QuerySet[Branch]:
    rows = Branch.objects.select_related("secretary").prefetch_related("grids")
    return reachable(viewer, "areas.view", rows, "community").order_by("community", "name")


def keepers_now(viewer: Actor, area: str = "") -> QuerySet[Keeper]:
    rows = Keeper.objects.filter(until=None, grid__startswith=area).select_related("account")
    return reachable(viewer, "areas.view", rows, "grid").order_by("grid", "-post")


def keeper_history(viewer: Actor, grid: str) -> QuerySet[Keeper]:
    require(viewer, "areas.view", area=grid)
    return Keeper.objects.filter(grid=grid).select_related("account").order_by("-since", "-id")


def grid_states(viewer: Actor, prefix: str = "") -> list[rules.GridState]:
    """What coverage is counted from: three queries for the whole county."""
    grids = reachable(
        viewer, "areas.view", Area.objects.filter(level="grid", active=True, code__startswith=prefix)
    )
    branches = dict(BranchGrid.objects.filter(branch__active=True).values_list("grid", "branch__name"))
    workers = {
        grid: (account, member)
        for grid, account, member in Keeper.objects.filter(until=None, post="worker").values_list(
            "grid", "account", "account__party_member"
        )
    }
    codes = grids.order_by("code").values_list("code", flat=True)
    return [
        rules.GridState(code, branches.get(code, ""), *workers.get(code, (None, False))) for code in codes
    ]


def handovers_seen(viewer: Actor) -> QuerySet[Handover]:
    """One's own, given or received, and those of the areas one administers."""
    own = Q(giver=viewer.account) | Q(receiver=viewer.account) if viewer.account is not None else Q(pk__in=[])
    managed = below("area", scopes_of(viewer, "areas.edit"))
    rows = Handover.objects.filter(own | managed).select_related("giver", "receiver", "made_by", "admin")
    return rows.order_by("-id")


def handover_of(viewer: Actor, number: int) -> Handover:
    found = handovers_seen(viewer).filter(pk=number).first()
    if found is None:
        raise Refused("没有找到这份移交单，或者它与您无关。", code="no_handover", status=404)
    return found


def profile() -> Profile:
    """The one profile row, or what stands in for it before the first run."""
    return Profile.objects.filter(pk=1).first() or Profile(pk=1)
