"""The situation board, its wall, the table of metrics and the cases behind every number."""

import json
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import brotli
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from shapely.geometry import shape

from linli.areas import atlas
from linli.areas import queries as areas
from linli.areas.models import Area
from linli.incidents import rules as incident_rules
from linli.incidents.models import Incident
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.caller import caller
from linli.kernel.web.sheets import write_sheet
from linli.metrics import queries, rules
from linli.metrics.chart import HEIGHT, HEIGHT_WALL, chart
from linli.metrics.queries import Asked, asked_of
from linli.metrics.tables import COLUMNS, CasesTable, rows_of

TILES = ("reported", "open", "response", "on_time", "satisfied", "false_closed")
NEWEST, NEWEST_WALL, TOWNS_WALL = 9, 5, 9


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """态势：this period's numbers, the grids by open cases, the newest incidents."""
    viewer = caller(request)
    asked = asked_of(viewer, request.GET)
    context = _parts(viewer, asked) | _frame(viewer, asked) | {"map": _map(viewer, asked)}
    return render(request, "metrics/board.html", context)


@login_required
@require_safe
def wall(request: HttpRequest) -> HttpResponse:
    """大屏：the same numbers for a screen on the wall; renews itself."""
    viewer = caller(request)
    asked = asked_of(viewer, request.GET)
    context = _parts(viewer, asked, wall=True) | _frame(viewer, asked) | {"map": _map(viewer, asked)}
    return render(request, "metrics/wall.html", context)


@login_required
@require_safe
def parts(request: HttpRequest) -> HttpResponse:
    """What an open board fetches when something happened: its parts anew, to be swapped one by one."""
    viewer = caller(request)
    asked = asked_of(viewer, request.GET)
    on_wall = request.GET.get("wall") == "1"
    return render(request, "metrics/parts.html", _parts(viewer, asked, wall=on_wall))


@login_required
@require_safe
def row(request: HttpRequest, number: int) -> HttpResponse:
    """One row of the newest incidents, for live.js; 404 when it is not for this viewer's board."""
    viewer = caller(request)
    asked_of(viewer, {})
    found = queries.newest(viewer, Asked(), most=None).filter(pk=number).first()
    if found is None:
        raise Refused(_("这一行已不在列表中。"), code="not_found", status=404)
    return render(request, "metrics/_row.html", {"row": _line(found)})


def _parts(viewer: Actor, asked: Asked, *, wall: bool = False) -> dict[str, Any]:
    """Everything on a board that changes. Seven queries from the roll-up."""
    counts = queries.counts(viewer, asked)
    towns = rows_of(viewer, asked, "area")
    span = asked if asked.days > 1 else Asked(7, asked.area, asked.unit, asked.large)
    days = queries.by_day(viewer, span)
    worst = sorted(towns, key=lambda town: (-town.counts["overdue"], -town.counts["open"], town.key))
    return {
        "asked": asked,
        "wall": wall,
        "empty": not (counts["reported"] or counts["open"] or counts["ended"]),
        "tiles": [_tile(rules.metric_of(code), counts, asked, days) for code in TILES],
        "all_metrics": [_tile(metric, counts, asked, days) for metric in rules.METRICS.values()],
        "response": rules.response_words(counts),
        "towns": worst[:TOWNS_WALL] if wall else worst,
        "towns_level": {"street": "乡镇街道", "community": "村（社区）"}.get(
            queries.below_level(viewer, asked), "网格"
        ),
        "chart": chart(days, HEIGHT_WALL if wall else HEIGHT),
        "days": days,
        "chart_days": span.days,
        "newest": [_line(one) for one in queries.newest(viewer, asked, NEWEST_WALL if wall else NEWEST)],
        "now": timezone.now(),
    }


def _frame(viewer: Actor, asked: Asked) -> dict[str, Any]:
    top = queries.top_area(viewer, asked)
    return {
        "title": f"{areas.area_path(top)}网格态势",
        "periods": rules.PERIODS,
        "period": rules.PERIODS[asked.days],
        "area_options": area_options(viewer, asked.area),
        "query": urlencode(asked.query),
        "load_words": list(enumerate(rules.LOAD_WORDS)),
    }


def area_options(viewer: Actor, chosen: str = "") -> list[tuple[str, str]]:
    """Towns within reach, or the communities of one's only town; and what is chosen now."""
    reach = queries.reach(viewer)
    level = "street" if any(len(code) <= 6 for code in reach) or len(reach) > 1 else "community"
    found = [one for code in reach for one in areas.choices(level, code)]
    if chosen and chosen not in dict(found):
        found.insert(0, (chosen, areas.area_path(chosen)))
    return found


def _tile(
    metric: rules.Metric | None, counts: queries.Counts, asked: Asked, days: list[Any]
) -> dict[str, Any]:
    """One number with its words, what stands beside it, and where it leads."""
    assert metric is not None
    reading = rules.read(metric, counts)
    target = {"metric": metric.code, **asked.query}
    if metric.kind == "rate":
        target["part"] = "miss" if metric.better == "high" else "hit"
    return {
        "reading": reading,
        "metric": metric,
        "url": f"{reverse('metrics:cases')}?{urlencode(target)}" if metric.kind != "none" else "",
        "beside": _beside(metric.code, reading, counts, days),
        "tone": _tone(metric.code, reading, counts),
    }


def _beside(code: str, reading: rules.Reading, counts: queries.Counts, days: list[Any]) -> str:
    """What keeps a number honest, said next to it."""
    if code == "reported":
        change = days[-1][1] - days[-2][1]
        return f"今天 {days[-1][1]:,} 件，比昨天{'多' if change >= 0 else '少'} {abs(change):,} 件"
    if code == "open":
        return f"其中超时 {counts['overdue']:,} 件，缓办 {counts['suspended']:,} 件"
    if code == "response":
        middle = rules.quantile_words(rules.quantile(rules.histogram(counts, "duty"), 0.5))
        late = rules.quantile_words(rules.quantile(rules.histogram(counts, "duty"), 0.9))
        return f"中位数 {middle}，P90 {late}" if reading.value is not None else "还没有人工响应"
    if code in ("on_time", "honest"):
        other = rules.read(rules.METRICS["honest" if code == "on_time" else "on_time"], counts)
        held = rules.share(counts["suspended"], counts["open"])
        aside = f"，缓办占未结 {held:.1f}%" if held is not None else ""
        return f"{other.metric.zh} {other.words}{other.unit}{aside}"
    if code in ("satisfied", "resolved"):
        answered = rules.read(rules.METRICS["answered"], counts)
        return f"{reading.whole:,} 件有评价，评价率 {answered.words}{answered.unit}"
    if code == "false_closed":
        worse = rules.read(rules.METRICS["reworked"], counts)
        return f"{reading.hit:,} 件，返工率 {worse.words}{worse.unit}"
    return f"{reading.hit:,} / {reading.whole:,}" if reading.whole else ""


def _tone(code: str, reading: rules.Reading, counts: queries.Counts) -> str:
    if code == "open" and counts["overdue"]:
        return "down"
    if code == "response" and reading.value is not None:
        return "up" if reading.value <= rules.TARGET_MINUTES else "down"
    return ""


def _line(row: Incident) -> dict[str, Any]:
    kind = queries.class_name(row)
    late = row.state in incident_rules.MOVES and row.closed_at is None and row.due_at < timezone.now()
    tone = {"closed": "done", "declined": "plain"}.get(row.state) or (
        "bad" if late or row.urgency == "critical" else ""
    )
    return {
        "id": row.pk,
        "at": row.received_at,
        "place": areas.area_path(row.area) or "位置待定",
        "title": kind or "待分类",
        "state": row.get_state_display(),
        "late": late and row.state not in ("closed", "declined"),
        "tone": tone,
        "url": f"/incidents/{row.pk}/",
        "unit": areas.unit_names().get(row.unit, ""),
    }


def _map(viewer: Actor, asked: Asked) -> dict[str, Any]:
    top = queries.top_area(viewer, asked)
    query = urlencode(asked.query)
    return {
        "areas": f"{reverse('areas:map')}?level=grid&in={top}",
        "loads": f"{reverse('metrics:load')}?{query}",
        "points": f"{reverse('metrics:points')}?{query}",
        "cases": f"{reverse('metrics:cases')}?metric=open&days={asked.days}&area=",
        "bounds": _bounds(atlas.version(), top),
        "title": _("各网格未结事件地图"),
    }


@lru_cache(maxsize=256)
def _bounds(version: str, code: str) -> str:
    """`west,south,east,north` of an area's outline; kept until a boundary changes."""
    outline = Area.objects.filter(code=code, outline__isnull=False).values_list("outline", flat=True).first()
    return ",".join(f"{side:.4f}" for side in shape(outline).bounds) if outline else ""


@login_required
@require_safe
def load_json(request: HttpRequest) -> HttpResponse:
    """Grid -> level and words of its open cases; grids without any are left out."""
    viewer = caller(request)
    found = queries.loads(viewer, asked_of(viewer, request.GET))
    loads = {
        grid: {"level": rules.load_level(cases), "open": cases, "words": rules.load_words(cases, late, worst)}
        for grid, (cases, late, worst) in found.items()
    }
    return _packed(request, {"loads": loads})


@login_required
@require_safe
def points_json(request: HttpRequest) -> HttpResponse:
    """Open cases as GeoJSON points with their number `n`; no private class, no text, nobody's data."""
    viewer = caller(request)
    names = queries.large_names()
    features = []
    for point in queries.points(viewer, asked_of(viewer, request.GET)):
        told = {"n": point["n"], "bad": point["bad"]}
        if "id" in point:
            told |= {"name": names.get(point["large"], ""), "url": f"/incidents/{point['id']}/"}
        place = {"type": "Point", "coordinates": [point["lon"], point["lat"]]}
        features.append({"type": "Feature", "properties": told, "geometry": place})
    return _packed(request, {"type": "FeatureCollection", "features": features})


def _packed(request: HttpRequest, body: dict[str, Any]) -> HttpResponse:
    """JSON, packed here since no middleware packs."""
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    squeeze = "br" in request.headers.get("Accept-Encoding", "") and len(raw) > 1400
    answer = HttpResponse(
        brotli.compress(raw, quality=4) if squeeze else raw, content_type="application/json"
    )
    answer["Vary"], answer["Cache-Control"] = "Accept-Encoding, Cookie", "private, no-store"
    if squeeze:
        answer["Content-Encoding"] = "br"
    return answer


BY = {"area": "按区域", "unit": "按单位", "large": "按类别"}


@login_required
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    """指标：every metric by area, unit or class, with Excel; each figure opens its cases."""
    viewer = caller(request)
    asked = asked_of(viewer, request.GET)
    by = request.GET.get("by", "area")
    by = by if by in BY else "area"
    rows = rows_of(viewer, asked, by)
    if request.GET.get("export") == "xlsx":
        return _sheet(by, rows)
    counts = queries.counts(viewer, asked)
    days = queries.by_day(viewer, Asked(7, asked.area, asked.unit, asked.large))
    context = {
        "title": "指标",
        "by": by,
        "ways": [(code, label, urlencode({**asked.query, "by": code})) for code, label in BY.items()],
        "asked": asked,
        "rows": rows,
        "columns": COLUMNS,
        "all_metrics": [_tile(metric, counts, asked, days) for metric in rules.METRICS.values()],
        "response": rules.response_words(counts),
        "large_options": queries.large_names().items(),
        **_frame(viewer, asked),
    }
    return render(request, "metrics/table.html", context | {"title": "指标"})


def _sheet(by: str, rows: list[Any]) -> HttpResponse:
    heads = [BY[by].removeprefix("按"), *(f"{column.label}{column.unit_words}" for column in COLUMNS)]
    lines = ([line.name, *(cell.number for cell in line.cells)] for line in rows)
    name = f"指标{BY[by]}-{timezone.localdate():%Y%m%d}.xlsx"
    return FileResponse(write_sheet("指标", heads, lines), as_attachment=True, filename=name)  # type: ignore[return-value]


@login_required
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """Exactly the incidents behind one number."""
    viewer = caller(request)
    asked = asked_of(viewer, request.GET)
    metric = rules.metric_of(request.GET.get("metric", ""))
    if metric is None or metric.kind == "none":
        raise Refused("没有这个指标，请从指标页进入。", code="no_metric", status=404)
    part = request.GET.get("part", "all")
    part = part if part in ("hit", "miss") else "all"
    reading = rules.read(metric, queries.counts(viewer, asked))
    listed = CasesTable(
        request, queries.cases(viewer, metric, asked, part), viewer, area_options(viewer, asked.area)
    )
    return listed.answer(
        "metrics/cases.html", {"metric": metric, "reading": reading, "asked": asked, "part": part}
    )
