"""The grid worker's day on the phone: today, near me, overdue."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.coordinates import to_metres
from linli.dispatch import queries, registry, rules, wording
from linli.dispatch.models import WorkOrder
from linli.dispatch.pages.frame import base_for
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.pages import offline_page

MOST = 100
VIEWS = (("today", "今日"), ("near", "附近"), ("overdue", "超时"))


def work(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "dispatch.work")
    view = request.GET.get("view", "today")
    view = view if view in dict(VIEWS) else "today"
    point = _point(request)
    rows = list(_rows(viewer, view, point)[: MOST + 1])
    now = timezone.now()
    context = {
        "title": "我的工单",
        "base": base_for(viewer),
        "view": view,
        "views": VIEWS,
        "rows": [entry(row, now) for row in rows[:MOST]],
        "more": len(rows) > MOST,
        "late": sum(row.due_at < now for row in rows),
        "point": point,
        "today": timezone.localdate(),
    }
    return offline_page(render(request, "dispatch/work.html", context))


def _rows(viewer: Actor, view: str, point: tuple[float, float] | None) -> Any:
    if view == "near" and point:
        return queries.near_me(viewer, *to_metres(*point, float(settings.LINLI_MERIDIAN)))
    rows = queries.work_list(viewer)
    if view == "near":  # without a position: grid by grid, so that neighbours stand together
        return rows.order_by("grid", "due_at", "id")
    return rows.filter(due_at__lt=timezone.now()) if view == "overdue" else rows


def _point(request: HttpRequest) -> tuple[float, float] | None:
    try:
        lon, lat = float(request.GET["lon"]), float(request.GET["lat"])
    except (KeyError, ValueError):
        return None
    return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None


def entry(row: WorkOrder, now: Any) -> dict[str, Any]:
    """One order as a line of the phone's list."""
    far = getattr(row, "metres", None)
    return {
        "order": row,
        "kind": registry.title(row.kind),
        "place": areas.area_path(row.area),
        "clock": wording.chip(row, now),
        "urgency": wording.URGENCY_WORDS[row.urgency] if row.urgency != "routine" else "",
        "tone": wording.URGENCY_TONES[row.urgency],
        "state": rules.STATE_WORDS[row.state],
        "far": far_words(far) if far is not None else "",
    }


def far_words(metres: float) -> str:
    """`约 40 米`, `约 1.2 公里`."""
    if metres < 1000:
        return f"约 {max(10, round(metres, -1)):.0f} 米"
    return f"约 {metres / 1000:.1f} 公里"
