"""The numbers, and the cases behind each of them; a viewer never gets beyond the areas and units of `metrics.view`.

For the county and its towns the numbers of a period are sums of a few thousand roll-up rows; for smaller areas, single
units and classes in a town they are counted from the cases of the period. Both go by the conditions of measures.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Avg, BooleanField, Count, FloatField, IntegerField, Min, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.models import Unit
from linli.incidents import catalogue
from linli.incidents.models import Incident
from linli.kernel import Refused
from linli.kernel.access.queries import scope_filter, visible_to
from linli.kernel.actor import Actor
from linli.metrics import rules
from linli.metrics.measures import DAYS, MEASURES, NOT_YET, STORED, Measure
from linli.metrics.models import Case, Daily, GridLoad

VIEW = "metrics.view"
LIVE = [one for one in MEASURES.values() if not one.day]
Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is asked for: the last `days` days, below an area, of one unit, of one large class."""

    days: int = 30
    area: str = ""
    unit: str = ""
    large: str = ""

    @property
    def last(self) -> date:
        return timezone.localdate()

    @property
    def first(self) -> date:
        return self.last - timedelta(days=self.days - 1)

    @property
    def query(self) -> dict[str, str]:
        """As URL parameters; what is the default is left out."""
        said = {
            "days": str(self.days) if self.days != 30 else "",
            "area": self.area,
            "unit": self.unit,
            "large": self.large,
        }
        return {name: value for name, value in said.items() if value}


def asked_of(viewer: Actor, given: Mapping[str, Any]) -> Asked:
    """From URL parameters. Raises Refused 403 without any `metrics.view`, 404 for an area outside one's own."""
    if scope_filter(viewer, VIEW) is None:
        raise Refused(
            "您没有查看指标的权限。如需查看，请联系本单位管理员授权。", code="not_allowed", status=403
        )
    days = str(given.get("days", ""))
    area = str(given.get("area", "")).strip()
    if area and not (area.isascii() and area.isdigit() and any(_meets(area, one) for one in reach(viewer))):
        raise Refused("没有这个区域，或者它不在您的管辖范围内。", code="no_area", status=404)
    return Asked(
        int(days) if days.isdecimal() and int(days) in rules.PERIODS else 30,
        area,
        str(given.get("unit", "")).replace("\x00", "")[:32],
        str(given.get("large", "")).replace("\x00", "")[:32],
    )


def _meets(area: str, scope: str) -> bool:
    return area.startswith(scope) or scope.startswith(area)


def reach(viewer: Actor) -> list[str]:
    """The area prefixes of `metrics.view`; everywhere is the own county."""
    return [code or settings.LINLI_COUNTY for code in areas.scopes_of(viewer, VIEW)]


def top_area(viewer: Actor, asked: Asked) -> str:
    """The finest area that holds all one sees, for titles and maps."""
    scopes = [code if code.startswith(asked.area) else asked.area for code in reach(viewer)]
    kept = [code for code in scopes if any(_meets(code, one) for one in reach(viewer))]
    shared = kept[0] if kept else settings.LINLI_COUNTY
    while any(not code.startswith(shared) for code in kept):
        shared = shared[:-3]
    return shared


def narrowed(viewer: Actor, asked: Asked) -> QuerySet[Case]:
    """The cases within reach and filters, of any time."""
    rows = visible_to(viewer, VIEW, Case.objects.all())
    if asked.area:
        column = {6: "county", 9: "street", 12: "community", 15: "grid"}.get(len(asked.area))
        rows = rows.filter(**{column: asked.area}) if column else rows.none()
    if asked.unit:
        rows = rows.filter(unit=asked.unit)
    return rows.filter(large=asked.large) if asked.large else rows


def rolled(viewer: Actor, asked: Asked) -> list[str] | None:
    """The areas whose roll-up rows answer exactly; None where cases must be counted."""
    scopes = viewer.scopes(VIEW)
    if asked.unit or any(scope.unit for scope in scopes):
        return None
    codes = [
        asked.area if asked.area.startswith(code) else code
        for code in reach(viewer)
        if _meets(asked.area, code)
    ]
    longest = 6 if asked.large else 9
    return codes if all(len(code) in (6, 9) and len(code) <= longest for code in codes) else None


def _within(one: Measure, asked: Asked) -> Q:
    condition = Q(RawSQL(one.where, [], output_field=BooleanField()))
    return Q(**{f"{one.day}__range": (asked.first, asked.last)}) & condition if one.day else condition


def _aggregate(one: Measure) -> Any:
    condition = Q(RawSQL(one.where, [], output_field=BooleanField()))
    return (
        Sum(RawSQL(one.value, [], output_field=IntegerField()), filter=condition)
        if one.value
        else Count("pk", filter=condition)
    )


def counts(viewer: Actor, asked: Asked) -> Counts:
    """Every measure of the period: two queries from the roll-up, five by counting cases."""
    codes = rolled(viewer, asked)
    found: Counts = {}
    if codes is not None:
        found |= _rows(codes, asked).aggregate(**{code: Sum(code) for code in STORED})
    else:
        for day in DAYS:
            rows = narrowed(viewer, asked).filter(**{f"{day}__range": (asked.first, asked.last)})
            wanted = [one for one in MEASURES.values() if one.day == day and not one.live]
            found |= rows.aggregate(**{f"n_{one.code}": _aggregate(one) for one in wanted})
        found = {code.removeprefix("n_"): number for code, number in found.items()}
    return _complete(found, _now(viewer, asked))


def _rows(codes: list[str], asked: Asked) -> QuerySet[Daily]:
    return Daily.objects.filter(area__in=codes, large=asked.large, day__range=(asked.first, asked.last))


def _now(viewer: Actor, asked: Asked) -> Counts:
    rows = narrowed(viewer, asked).filter(open=True)
    found = rows.aggregate(**{f"n_{one.code}": _aggregate(one) for one in LIVE}, n_not_yet=_not_yet())
    return {code.removeprefix("n_"): number for code, number in found.items()}


def _not_yet() -> Count:
    today = Q(due_day=timezone.localdate())
    return Count("pk", filter=today & Q(RawSQL(NOT_YET, [], output_field=BooleanField())))


def _complete(stored: Mapping[str, Any], now: Mapping[str, Any]) -> Counts:
    """Stored and present measures together; promises of today whose moment is still to come are not due yet."""
    found = dict.fromkeys(MEASURES, 0)
    found |= {code: int(number or 0) for code, number in {**stored, **now}.items()}
    found["due_counted"] = found["due_whole"] - found.pop("not_yet", 0)
    return found


def by_day(viewer: Actor, asked: Asked) -> list[tuple[date, int, int]]:
    """(day, reported, closed) for every day of the period, empty days too."""
    codes = rolled(viewer, asked)
    wanted = {"received_day": "reported", "ended_day": "closed"}
    found: dict[str, dict[date, int]] = {code: {} for code in wanted.values()}
    if codes is not None:
        rows = (
            _rows(codes, asked).values("day").annotate(**{f"n_{code}": Sum(code) for code in wanted.values()})
        )
        for row in rows.order_by("day"):
            for code in wanted.values():
                found[code][row["day"]] = int(str(dict(row)[f"n_{code}"] or 0))
    else:
        for day, code in wanted.items():
            rows = (
                narrowed(viewer, asked)
                .filter(_within(MEASURES[code], asked))
                .values(day)
                .annotate(n=Count("pk"))
            )
            found[code] = {row[day]: row["n"] for row in rows.order_by(day)}
    days = [asked.first + timedelta(days=step) for step in range(asked.days)]
    return [(day, found["reported"].get(day, 0), found["closed"].get(day, 0)) for day in days]


def below_level(viewer: Actor, asked: Asked) -> str:
    """The column a table by area is split by: towns of the county, communities of a town, grids of a community."""
    return {6: "street", 9: "community"}.get(len(top_area(viewer, asked)), "grid")


def grouped(viewer: Actor, asked: Asked, by: str) -> dict[str, Counts]:
    """Counts by `area` (the level below), `unit` or `large`, biggest first; codes as keys."""
    column = below_level(viewer, asked) if by == "area" else by
    found: dict[str, dict[str, Any]] = {}
    if not _grouped_rolled(viewer, asked, by, column, found):
        for day in DAYS:
            rows = narrowed(viewer, asked).filter(**{f"{day}__range": (asked.first, asked.last)})
            wanted = [one for one in MEASURES.values() if one.day == day and not one.live]
            _gather(found, rows, column, {f"n_{one.code}": _aggregate(one) for one in wanted})
    now: dict[str, dict[str, Any]] = {}
    live = {f"n_{one.code}": _aggregate(one) for one in LIVE} | {"n_not_yet": _not_yet()}
    _gather(now, narrowed(viewer, asked).filter(open=True), column, live)
    keys = {key for key in found | now if key}
    both = {key: _complete(found.get(key, {}), now.get(key, {})) for key in keys}
    return dict(sorted(both.items(), key=lambda item: (-item[1].get("reported", 0), item[0])))


def _grouped_rolled(
    viewer: Actor, asked: Asked, by: str, column: str, found: dict[str, dict[str, Any]]
) -> bool:
    """From the roll-up where it holds the split: towns of all classes, classes of the county."""
    codes = rolled(viewer, asked)
    fits = codes == [settings.LINLI_COUNTY] and not asked.large
    if not fits or not (by == "large" or column == "street"):
        return False
    rows = Daily.objects.filter(day__range=(asked.first, asked.last))
    if by == "large":
        rows = rows.filter(area__in=codes or []).exclude(large="")
    else:
        rows = rows.filter(area__startswith=settings.LINLI_COUNTY, area__regex=r"^\d{9}$", large="")
    _gather(found, rows, "large" if by == "large" else "area", {f"n_{code}": Sum(code) for code in STORED})
    return True


def _gather(
    found: dict[str, dict[str, Any]], rows: QuerySet[Any], column: str, wanted: dict[str, Any]
) -> None:
    for row in rows.values(column).annotate(**wanted).order_by():
        key = row.pop(column)
        found.setdefault(key, {}).update({name.removeprefix("n_"): number for name, number in row.items()})


def cases(viewer: Actor, metric: rules.Metric, asked: Asked, part: str = "all") -> QuerySet[Incident]:
    """Exactly the incidents that make a number: `part` is all (denominator), hit (numerator) or miss (the rest)."""
    every = _any_of(metric.all or metric.hit, asked)
    hit = _any_of(metric.hit, asked)
    rows = narrowed(viewer, asked).filter(hit if part == "hit" else every)
    if part == "miss":
        rows = rows.exclude(pk__in=narrowed(viewer, asked).filter(hit).values("pk"))
    return Incident.objects.filter(pk__in=rows.values("pk")).defer("words", "text")


def _any_of(codes: tuple[str, ...], asked: Asked) -> Q:
    either = Q(pk__in=[])
    for code in codes:
        either |= _within(MEASURES[code], asked)
    return either


def readings(viewer: Actor, asked: Asked) -> dict[str, rules.Reading]:
    """Every metric as read now, by code."""
    found = counts(viewer, asked)
    return {code: rules.read(metric, found) for code, metric in (rules.COUNTS | rules.METRICS).items()}


def newest(viewer: Actor, asked: Asked, most: int | None = 12) -> QuerySet[Incident]:
    """The newest incidents within reach, private ones left out."""
    rows = visible_to(viewer, VIEW, Incident.objects.filter(private=False)).exclude(
        state__in=["merged", "void"]
    )
    if asked.area:
        column = {6: "county", 9: "street", 12: "community", 15: "grid"}.get(len(asked.area))
        rows = rows.filter(**{column: asked.area}) if column else rows.none()
    return rows.defer("words", "text").order_by("-id")[:most]


def loads(viewer: Actor, asked: Asked) -> dict[str, tuple[int, int, int]]:
    """Grid -> (open, overdue, critical); grids without open cases are left out."""
    if rolled(viewer, replace(asked, large="")) is None:
        wanted = {
            "n": Count("pk"),
            "late": _aggregate(MEASURES["overdue"]),
            "worst": Count("pk", filter=Q(critical=True)),
        }
        rows = (
            narrowed(viewer, asked)
            .filter(open=True)
            .exclude(grid="")
            .values("grid")
            .annotate(**wanted)
            .order_by()
        )
        return {row["grid"]: (row["n"], row["late"], row["worst"]) for row in rows}
    codes = rolled(viewer, replace(asked, large="")) or []
    kept = GridLoad.objects.filter(areas.below("grid", codes)).values_list(
        "grid", "open", "overdue", "critical"
    )
    return {grid: (open_cases, late, worst) for grid, open_cases, late, worst in kept}


SINGLE = 1500  # up to so many open cases each is a point of its own; more are gathered into cells of about two kilometres


def points(viewer: Actor, asked: Asked) -> list[dict[str, Any]]:
    """Open cases on the map, gathered where they are many: place, how many, how many pressing. No private class, no
    text, no person; a single one carries its id and its large class."""
    rows = narrowed(viewer, asked).filter(open=True, private=False, lon__isnull=False)
    pressing = Q(critical=True) | Q(RawSQL(MEASURES["overdue"].where, [], output_field=BooleanField()))
    fine = 50 if rows.count() > SINGLE else 10_000
    cells = rows.values(
        x=RawSQL(f"round(lon * {fine})", [], output_field=FloatField()),
        y=RawSQL(f"round(lat * {fine})", [], output_field=FloatField()),
    )
    found = cells.annotate(
        n=Count("pk"),
        bad=Count("pk", filter=pressing),
        east=Avg("lon"),
        north=Avg("lat"),
        one=Min("pk"),
        kind=Min("large"),
    )
    return [
        {"lon": round(row["east"], 4), "lat": round(row["north"], 4), "n": row["n"], "bad": row["bad"]}
        | ({"id": row["one"], "large": row["kind"]} if row["n"] == 1 else {})
        for row in found.order_by("x", "y")
    ]


def large_names() -> dict[str, str]:
    """Large class code -> name; cases nobody has classed yet stand under `-`."""
    names = {row.large: row.large_name for row in catalogue.classes.get().values()}
    return {**dict(sorted(names.items(), key=lambda item: item[1])), "-": "尚未分类"}


def unit_options(viewer: Actor) -> tuple[tuple[str, str], ...]:
    """Active units in one's own areas, and the county's, which work there too."""
    above = {code[:length] for code in reach(viewer) for length in (6, 9, 12)}
    rows = Unit.objects.filter(areas.below("area", reach(viewer)) | Q(area__in=above), active=True)
    return tuple(rows.order_by("name", "code").values_list("code", "name"))


def class_name(row: Incident) -> str:
    """The small class of an incident in words, "" before anybody has classed it."""
    found = catalogue.class_of(row.class_code)
    return found.name if found else ""
