"""Pages of the frame itself: large font, language, saved filters, progress, imports, the offline shell."""

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from linli.kernel import Refused
from linli.kernel.actor import require
from linli.kernel.web import actions, imports, registry, sync
from linli.kernel.web.answers import is_fragment
from linli.kernel.web.caller import caller
from linli.kernel.web.context import CARE_COOKIE
from linli.kernel.web.imports import ImportKind, import_kind
from linli.kernel.web.queries import import_for, recent_imports, run_for
from linli.kernel.web.rules import digest
from linli.kernel.web.sheets import MOST_BYTES, write_sheet

SHELL = ["web/linli.css", "web/offline.js", "web/upload.js", "web/icon.svg"]
YEAR = 365 * 24 * 3600
LARGEST_BATCH = 4 * 1024 * 1024


def next_url(request: HttpRequest, default: str = "/") -> str:
    """Where to go back to; never to another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if own else default


@login_required
@require_GET
def system(request: HttpRequest) -> HttpResponse:
    """Everything that is set up rather than worked on, as cards, for whoever may open at least one."""
    sections = registry.system_cards(request)
    if not sections:
        raise Refused(_("您没有系统管理事项。如需办理，请联系管理员授权。"), code="not_allowed", status=403)
    return render(request, "web/system.html", {"title": _("系统"), "sections": sections})


@require_POST
def care(request: HttpRequest) -> HttpResponse:
    """大字版 on or off, by a plain form: works without JavaScript."""
    answer = HttpResponseRedirect(next_url(request))
    chosen = "1" if request.POST.get("care") == "1" else "0"
    answer.set_cookie(CARE_COOKIE, chosen, YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    return answer


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    answer = HttpResponseRedirect(next_url(request))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, YEAR, samesite="Lax", secure=request.is_secure()
        )
    return answer


@require_POST
def save_filter(request: HttpRequest) -> HttpResponse:
    post = request.POST
    actions.save_filter(
        by=caller(request),
        table=post.get("table", "")[:80],
        name=post.get("name", ""),
        query=post.get("query", ""),
    )
    return HttpResponseRedirect(next_url(request))


@require_POST
def forget_filter(request: HttpRequest, ident: int) -> HttpResponse:
    actions.forget_filter(by=caller(request), ident=ident)
    return HttpResponseRedirect(next_url(request))


@require_GET
def run(request: HttpRequest, ident: UUID) -> HttpResponse:
    """Progress of one's own long work; htmx asks for the fragment again until it has ended."""
    found = run_for(caller(request), ident)
    template = "web/_run.html" if is_fragment(request) else "web/run.html"
    return render(request, template, {"run": found, "title": found.title})


def import_start(request: HttpRequest, kind: str) -> HttpResponse:
    """Upload page of one kind of sheet."""
    what, by = import_kind(kind), caller(request)
    require(by, what.verb)
    context: dict[str, Any] = {"kind": what, "title": _("导入%s") % what.title, "most_mb": MOST_BYTES >> 20}
    status = 200
    if request.method == "POST":
        try:
            sheet = _uploaded(request, what)
            return HttpResponseRedirect(reverse("web:import", args=[sheet.pk]))
        except Refused as refused:
            context["refused"], status = refused, refused.status
    context["recent"] = recent_imports(by, kind)
    return render(request, "web/import_start.html", context, status=status)


def _uploaded(request: HttpRequest, kind: ImportKind) -> imports.ImportRun:
    file = request.FILES.get("file")
    if file is None:
        raise Refused(_("请选择要导入的 Excel 或 CSV 文件。"), code="required")
    if file.size > MOST_BYTES:
        raise Refused(
            _("文件超过 %d MB，请拆分后分次导入。") % (MOST_BYTES >> 20), code="too_large", status=413
        )
    return imports.upload(by=caller(request), kind=kind, name=file.name, raw=file.read())


@require_GET
def import_template(request: HttpRequest, kind: str) -> HttpResponse:
    """An empty sheet with the right heads and one line of examples."""
    what = import_kind(kind)
    require(caller(request), what.verb)
    rows = [[column.example for column in what.columns]] if any(c.example for c in what.columns) else []
    file = write_sheet(what.title, [c.label for c in what.columns], rows)
    answer = HttpResponse(file.read(), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{what.code}.xlsx"'
    return answer


def import_run(request: HttpRequest, ident: UUID) -> HttpResponse:
    """Columns, dry run, confirmation: one page that shows the step this import stands at."""
    by = caller(request)
    sheet = import_for(by, ident)
    refused, status = None, 200
    if request.method == "POST":
        try:
            return _import_step(request, sheet)
        except Refused as error:
            refused, status = error, error.status
    if is_fragment(request) and sheet.run:
        answer = render(request, "web/_run.html", {"run": sheet.run})
        if not sheet.run.open:
            answer["HX-Refresh"] = "true"
        return answer
    kind = import_kind(sheet.kind)
    fields = [
        (column, sheet.mapping.get(column.key), (refused.fields if refused else {}).get(column.key, []))
        for column in kind.columns
    ]
    context = {
        "sheet": sheet,
        "kind": kind,
        "fields": fields,
        "refused": refused,
        "wrong": max(0, sheet.rows - sheet.good - sheet.doubles),
        "title": _("导入%s") % kind.title,
    }
    return render(request, "web/import_run.html", context, status=status)


def _import_step(request: HttpRequest, sheet: imports.ImportRun) -> HttpResponse:
    by, act = caller(request), request.POST.get("act")
    if act == "check":
        imports.start_check(by=by, sheet=sheet, mapping=_mapping(request, sheet))
    elif act == "apply":
        imports.start_apply(by=by, sheet=sheet)
    elif act == "cancel":
        imports.cancel(by=by, sheet=sheet)
        return HttpResponseRedirect(reverse("web:import_start", args=[sheet.kind]))
    else:
        raise Refused(_("没有这个操作，请刷新页面重试。"), code="unknown_act", status=400)
    return HttpResponseRedirect(reverse("web:import", args=[sheet.pk]))


def _mapping(request: HttpRequest, sheet: imports.ImportRun) -> dict[str, int]:
    """{column key: place in the sheet}, keeping what was chosen when the choice is refused."""
    keys = [column.key for column in import_kind(sheet.kind).columns]
    chosen = {key: request.POST.get(f"column-{key}", "") for key in keys}
    mapping = {key: int(v) for key, v in chosen.items() if v.isdigit() and int(v) < len(sheet.headers)}
    sheet.mapping = mapping
    return mapping


@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    icons = [
        {"src": static("web/icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        {"src": static("web/mask.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "maskable"},
    ]
    body = {
        "name": "邻里 · 基层治理平台",
        "short_name": "邻里",
        "lang": "zh-CN",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f2f5f9",
        "theme_color": "#0d3b70",
        "icons": icons,
    }
    answer = JsonResponse(
        body, json_dumps_params={"ensure_ascii": False}, content_type="application/manifest+json"
    )
    answer["Cache-Control"] = "public, max-age=86400"
    return answer


@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """sw.js at the root, so that its scope is the whole site; it names the files of this very release."""
    files = [static(path) for path in SHELL]
    context = {
        "files": json.dumps([*files, reverse("web:tray")]),
        "version": digest(files)[:12],
        "tray": reverse("web:tray"),
    }
    answer = render(request, "web/sw.js", context, content_type="text/javascript")
    answer["Cache-Control"] = "no-cache"
    answer["Service-Worker-Allowed"] = "/"
    return answer


@require_GET
def tray(request: HttpRequest) -> HttpResponse:
    """Everything this phone has not delivered yet; filled by offline.js from the phone's own store."""
    return offline_page(render(request, "web/tray.html", {"title": _("待传内容"), "on_tray": True}))


def offline_page(answer: HttpResponse) -> HttpResponse:
    """Marks a page that the phone may keep for use without a network (wiped on sign-out)."""
    answer["X-Linli-Offline"] = "1"
    return answer


@require_GET
def sync_shell(request: HttpRequest) -> JsonResponse:
    by = caller(request)
    if by.kind == "anonymous":
        raise Refused(_("请先登录。"), code="sign_in", status=403)
    return JsonResponse({**sync.shell(by), "csrf": get_token(request)})


@require_POST
def sync_files(request: HttpRequest) -> JsonResponse:
    by, body = caller(request), _json(request)
    if by.kind == "anonymous":
        raise Refused(_("请先登录。"), code="sign_in", status=403)
    keys = body.get("keys")
    tied = sync.add_files(by, str(body.get("uuid")), keys if isinstance(keys, list) else [])
    return JsonResponse({"tied": tied})


@require_POST
def sync_batch(request: HttpRequest) -> JsonResponse:
    answers = sync.receive(caller(request), _json(request))
    return JsonResponse(answers, json_dumps_params={"ensure_ascii": False})


def _json(request: HttpRequest) -> dict[str, Any]:
    if int(request.headers.get("Content-Length") or 0) > LARGEST_BATCH:
        raise Refused(_("一次上传的内容过大，请分批上传。"), code="too_large", status=413)
    try:
        batch = json.loads(request.body)
    except ValueError as error:
        raise Refused(_("上传内容不是完整的 JSON。"), code="bad_json", status=400) from error
    if not isinstance(batch, dict):
        raise Refused(_("上传内容缺少 items 列表。"), code="bad_batch")
    return batch
