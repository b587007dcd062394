"""The public map: open matters by class and place, without a word or name of anybody."""

import json
from datetime import timedelta
from functools import lru_cache
from typing import Any

import shapely
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from linli.areas import atlas
from linli.areas import queries as areas
from linli.incidents import outside, rules
from linli.incidents.models import OPEN, Incident
from linli.incidents.queries import public_incidents

BACK, MOST, LISTED = timedelta(days=90), 2000, 30
NEAR = 4  # decimals of a degree: about ten metres, enough for a street, not for a door
FINE = 0.0015  # degrees; outlines are drawn no finer


def shown(request: HttpRequest) -> QuerySet[Incident]:
    """Public cases of 90 days, by the filters of the page."""
    rows = public_incidents().exclude(state="declined").filter(received_at__gte=timezone.now() - BACK)
    large, state = request.GET.get("large", ""), request.GET.get("state", "")
    if large in dict(larges()):
        rows = rows.filter(large=large)
    if state == "open":
        rows = rows.filter(state__in=OPEN)
    elif state == "closed":
        rows = rows.filter(state="closed")
    return rows.order_by("-id")


def larges() -> list[tuple[str, str]]:
    """The large classes that have public small ones."""
    from linli.incidents import catalogue

    rows = [row for row in catalogue.classes.get().values() if not row.private]
    return list(dict.fromkeys((row.large, row.large_name) for row in sorted(rows, key=lambda row: row.pk)))


@require_safe
def public(request: HttpRequest) -> HttpResponse:
    """公示地图, with the newest as a table beside it."""
    rows = [
        {
            "what": outside.class_name(row.class_code),
            "where": areas.area_path(row.community or row.street),
            "state": rules.STATE_WORDS[row.state],
            "tone": "done" if row.state == "closed" else "ok",
            "at": row.received_at,
        }
        for row in shown(request).only("id", "class_code", "community", "street", "state", "received_at")[
            :LISTED
        ]
    ]
    query = request.GET.urlencode()
    spot = {
        "areas": "/map/areas.json",
        "points": f"/map/points.json{'?' + query if query else ''}",
        "title": "身边事公示地图",
    }
    context = {"title": "身边事地图", "rows": rows, "map": spot, "larges": larges()}
    return render(request, "incidents/map.html", context)


@require_safe
def points(request: HttpRequest) -> HttpResponse:
    """GeoJSON points, at most 2,000, the newest first."""
    rows = shown(request).filter(lon__isnull=False).only("id", "lon", "lat", "class_code", "state")[:MOST]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(row.lon, NEAR), round(row.lat, NEAR)]},
            "properties": {
                "id": row.pk,
                "name": f"{outside.class_name(row.class_code)}，{rules.STATE_WORDS[row.state]}",
            },
        }
        for row in rows
        if row.lon is not None and row.lat is not None
    ]
    return _geojson(features, 60)


@require_safe
def outlines(request: HttpRequest) -> HttpResponse:
    """Towns, drawn coarsely; the same until a boundary changes."""
    return _geojson(_towns(atlas.version()), 3600)


@lru_cache(maxsize=2)
def _towns(version: str) -> list[dict[str, Any]]:
    """`version` only makes the store forget when an area changed."""
    return [
        {
            "type": "Feature",
            "geometry": json.loads(
                shapely.to_geojson(shapely.set_precision(town.geometry.simplify(FINE), 0.0001))
            ),
            "properties": {"code": town.code, "name": town.name, "label": town.name, "words": ""},
        }
        for town in atlas.boundaries("street")
    ]


def _geojson(features: list[dict[str, Any]], seconds: int) -> HttpResponse:
    body = json.dumps(
        {"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":")
    )
    answer = HttpResponse(body, content_type="application/geo+json")
    answer["Cache-Control"] = f"public, max-age={seconds}"
    return answer
