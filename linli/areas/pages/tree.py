"""The tree of areas with its map, and the coverage page."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from shapely.geometry import shape

from linli.areas import actions, outlines, queries, rules
from linli.areas.boundaries import LEVEL_NAMES
from linli.areas.forms import AreaForm, NameForm, ReasonForm
from linli.areas.models import Area
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.sheets import write_sheet

STAFF = {"base": "web/base.html"}


@require_safe
def tree(request: HttpRequest, code: str = "") -> HttpResponse:
    """One area: where it lies, what is below it, and on a grid who keeps it. Without a code, the county."""
    viewer = caller(request)
    require(viewer, "areas.view")
    code = code or _top(viewer)
    if not code:
        return render(request, "areas/none.html", {"may_import": can(viewer, "areas.import")})
    area = queries.area_of(viewer, code) if can(viewer, "areas.view", area=code) else _passage(viewer, code)
    may_edit = can(viewer, "areas.edit", area=code)
    context = {
        "area": area,
        "level": LEVEL_NAMES[area.level],
        "crumbs": [
            (c, queries.area_name(c)) for n in rules.LENGTHS if len(c := code[:n]) == n and n < len(code)
        ],
        "children": _children(viewer, area),
        "child_level": LEVEL_NAMES.get(_below(area.level), ""),
        "may_edit": may_edit,
        "may_import": can(viewer, "areas.import"),
        "map": _map(area),
    }
    if area.level == "grid":
        now = {keeper.post: keeper for keeper in queries.keepers_now(viewer, code)}
        context["posts"] = [(post, label, now.get(post)) for post, label in actions.posts.POSTS.items()]
        context["history"] = queries.keeper_history(viewer, code)[:20]
    return render(request, "areas/tree.html", context)


def _top(viewer: Actor) -> str:
    """The county, or the finest area that holds all the viewer may look into."""
    scopes = [code for code in queries.scopes_of(viewer, "areas.view") if code]
    if scopes:
        return rules.common_area(scopes)
    return Area.objects.filter(level="county", active=True).values_list("code", flat=True).first() or ""


def _passage(viewer: Actor, code: str) -> Area:
    """An area above one's own is only passed through: its name and the way down."""
    return queries.areas_seen(viewer).filter(code=code).first() or queries.area_of(viewer, code)


def _below(level: str) -> str:
    order = list(LEVEL_NAMES)
    return order[order.index(level) + 1] if level != "grid" else ""


def _children(viewer: Actor, area: Area) -> list[dict[str, Any]]:
    """One row a child: name, size, grids without branch or worker, who keeps a grid. Five queries at most."""
    if area.level == "grid":
        return []
    children = list(queries.children_of(viewer, area.code))
    counts = rules.coverage(queries.grid_states(viewer, area.code), rules.LENGTHS[len(area.code) // 3 - 1])
    keepers: dict[str, list[str]] = {}
    if area.level == "community":
        for keeper in queries.keepers_now(viewer, area.code):
            keepers.setdefault(keeper.grid, []).append(f"{keeper.account}（{keeper.get_post_display()}）")
    return [
        {
            "area": child,
            "counts": counts.get(child.code),
            "keepers": "、".join(keepers.get(child.code, [])),
            "hectares": child.square_metres / 10_000,
        }
        for child in children
    ]


def _map(area: Area) -> dict[str, Any]:
    level = _below(area.level) or "grid"
    outline = Area.objects.filter(pk=area.pk).values_list("outline", flat=True).first()
    bounds = ",".join(f"{side:.4f}" for side in shape(outline).bounds) if outline else ""
    url = f"{reverse('areas:map')}?level={level}&in={area.code}"
    return {"areas": url, "bounds": bounds, "title": _("%s地图") % area.name}


@require_safe
def map_json(request: HttpRequest) -> HttpResponse:
    """Outlines of one level (`level`) below a code (`in`): packed once a change, 304 while nothing changed."""
    require(caller(request), "areas.look")
    level, prefix = request.GET.get("level", "street"), request.GET.get("in", "")
    if level not in outlines.SIMPLER or not (prefix.isdigit() or not prefix):
        raise Refused(_("level 应为 county、street、community 或 grid，in 应为区域代码。"), code="wrong_map")
    packed = outlines.outlines(level, prefix)
    body, encoding = packed.best(request.headers.get("Accept-Encoding", ""))
    known = request.headers.get("If-None-Match", "")
    same = packed.etag in known
    answer = HttpResponseNotModified() if same else HttpResponse(body, content_type="application/geo+json")
    if encoding and not same:
        answer["Content-Encoding"] = encoding
    answer["ETag"], answer["Vary"], answer["Cache-Control"] = (
        packed.etag,
        "Accept-Encoding",
        "public, no-cache",
    )
    return answer


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Which grids have no branch, no worker, or a worker who is no party member: by town, then grid by grid."""
    viewer = caller(request)
    require(viewer, "areas.view")
    prefix, want = request.GET.get("in", ""), request.GET.get("want", "")
    states = queries.grid_states(viewer, prefix if prefix.isdigit() else "")
    length = {0: 9, 6: 9, 9: 12}.get(len(prefix), 15)
    rows = [
        {"code": code, "name": queries.area_path(code), **counts}
        for code, counts in sorted(rules.coverage(states, length).items())
    ]
    grids = [
        _grid_row(state)
        for state in states
        if (wants := rules.wants_of(state)) and (not want or want in wants)
    ]
    if request.GET.get("export") == "xlsx":
        return _sheet([_grid_row(state) for state in states])
    total = rules.coverage(states, 6)
    context = {
        "rows": rows,
        "total": next(iter(total.values())) if len(total) == 1 else _sum(rows),
        "wants": rules.WANTS,
        "want": want,
        "prefix": prefix,
        "where": queries.area_path(prefix),
        "grids": grids[:200] if prefix or want else [],
        "more": max(0, len(grids) - 200),
    }
    return render(request, "areas/coverage.html", context)


def _sum(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {key: sum(row[key] for row in rows) for key in ("grids", "covered", *rules.WANTS)}


def _grid_row(state: rules.GridState) -> dict[str, Any]:
    wants = rules.wants_of(state)
    return {
        "code": state.grid,
        "path": queries.area_path(state.grid),
        "branch": state.branch,
        "wants": [rules.WANTS[want] for want in wants],
    }


def _sheet(grids: list[dict[str, Any]]) -> HttpResponse:
    heads = ["网格代码", "网格", "党支部", *rules.WANTS.values()]
    lines = (
        [
            row["code"],
            row["path"],
            row["branch"],
            *("是" if label in row["wants"] else "" for label in rules.WANTS.values()),
        ]
        for row in grids
    )
    name = f"网格覆盖-{timezone.localdate():%Y%m%d}.xlsx"
    return FileResponse(write_sheet("网格覆盖", heads, lines), as_attachment=True, filename=name)  # type: ignore[return-value]


def edit_area(request: HttpRequest, code: str) -> HttpResponse:
    by = caller(request)
    area = queries.area_of(by, code)
    require(by, "areas.edit", area=code)
    form = NameForm(request.POST or None, request=request, initial={"name": area.name})
    form.cancel_url = back = reverse("areas:area", args=[code])

    def act(values: dict[str, Any]) -> str:
        actions.edit_area(by=by, code=code, name=values["name"])
        return back

    return form_page(request, form, act, context=STAFF)


def add_area(request: HttpRequest, code: str) -> HttpResponse:
    by = caller(request)
    queries.area_of(by, code)
    require(by, "areas.edit", area=code)
    form = AreaForm(request.POST or None, request=request, initial={"code": code})
    form.cancel_url = reverse("areas:area", args=[code])

    def act(values: dict[str, Any]) -> str:
        made = actions.add_area(by=by, code=values["code"], name=values["name"])
        return reverse("areas:area", args=[made.code])

    return form_page(request, form, act, context=STAFF)


def close_area(request: HttpRequest, code: str) -> HttpResponse:
    by = caller(request)
    area = queries.area_of(by, code)
    require(by, "areas.edit", area=code)
    form = ReasonForm(request.POST or None, request=request, title=_("停用%s") % area.name)
    form.cancel_url = reverse("areas:area", args=[code])

    def act(values: dict[str, Any]) -> str:
        actions.close_area(by=by, code=code, reason=values["reason"])
        return reverse("areas:area", args=[code[:-3]]) if len(code) > 6 else reverse("areas:tree")

    return form_page(request, form, act, context=STAFF)
