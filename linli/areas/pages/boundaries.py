"""Boundaries in: upload, look at what the dry run found, confirm."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import shapely
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from shapely.geometry import shape

from linli.areas import actions
from linli.areas.boundaries import LEVEL_NAMES
from linli.areas.boundary_files import MAX_FILE, read_boundaries
from linli.areas.forms import ImportForm
from linli.areas.models import BoundaryRun
from linli.areas.outlines import feature
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page

COARSE = 2e-4  # degrees; the dry run's map is for finding a fault, not for measuring


def import_boundaries(request: HttpRequest) -> HttpResponse:
    by = caller(request)
    require(by, "areas.import")
    form = ImportForm(request.POST or None, request.FILES or None, request=request)
    form.cancel_url = reverse("areas:tree")

    def act(values: dict[str, Any]) -> str:
        file = values["file"]
        if file.size > MAX_FILE:
            said = _("文件超过 %d MB，请按乡镇拆分后再导入") % (MAX_FILE >> 20)
            raise Refused(said, code="file_too_large", fields={"file": [said]}, status=413)
        run = actions.check_boundaries(
            by=by,
            raw=file.read(),
            file_name=file.name,
            system=values["system"],
            illustrative=values["illustrative"],
        )
        return reverse("areas:import_run", args=[run.pk])

    return form_page(request, form, act, context={"base": "web/base.html"})


def _run(by: Actor, ident: UUID) -> BoundaryRun:
    require(by, "areas.import")
    run = BoundaryRun.objects.defer("content").filter(pk=ident, by=by.account).first()
    if run is None:
        raise Refused(_("没有找到这次导入，或者它不是您发起的。"), code="no_run", status=404)
    return run


@require_http_methods(["GET", "HEAD", "POST"])
def import_run(request: HttpRequest, ident: UUID) -> HttpResponse:
    """What the dry run found; POST `act` confirm or drop."""
    by = caller(request)
    run = _run(by, ident)
    if request.method == "POST":
        if request.POST.get("act") == "confirm":
            count = actions.import_boundaries(by=by, run=ident)
            messages.success(request, _("已导入 %d 个区域。") % count)
        else:
            actions.drop_boundaries(by=by, run=ident)
            messages.info(request, _("已放弃这次导入，没有改动任何区域。"))
        return HttpResponseRedirect(reverse("areas:tree"))
    context = {
        "run": run,
        "found": [(LEVEL_NAMES.get(level, level), count) for level, count in run.found.items()],
        "map": {
            "areas": reverse("areas:import_map", args=[run.pk]),
            "bounds": _bounds(run),
            "title": _("检查结果地图"),
        },
    }
    return render(request, "areas/import_run.html", context)


def _bounds(run: BoundaryRun) -> str:
    wheres = [shape(finding["where"]) for finding in run.findings if finding["where"]]
    return ",".join(f"{side:.4f}" for side in shapely.total_bounds(wheres)) if wheres else ""


@require_safe
def import_map(request: HttpRequest, ident: UUID) -> HttpResponse:
    """The file's areas, and over them in red what is wrong."""
    run = _run(caller(request), ident)
    raw = bytes(BoundaryRun.objects.values_list("content", flat=True).get(pk=run.pk))
    drawn = read_boundaries(raw, system=run.system or None) if raw else []
    features = [
        feature(shapely.simplify(one.geometry, COARSE), code=one.code, name=one.name, level=0)
        for one in drawn[:5000]
    ]
    for number, finding in enumerate(run.findings):
        if finding["where"]:
            tone = 3 if finding["serious"] else 1
            features.append(
                feature(shape(finding["where"]), code=f"f{number}", name=finding["message"], level=tone)
            )
    return JsonResponse({"type": "FeatureCollection", "features": features})
