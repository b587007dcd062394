"""The first-run pages: usable while nobody administers this installation, afterwards by an administrator."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.areas.actions import finish_setup, set_profile
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.site import actions, queries
from linli.site.forms import DivisionsForm, FirstForm, ProfileForm, RemoveDemoForm

STAFF = {"base": "web/base.html"}


def _administrator(request: HttpRequest) -> Actor:
    by = caller(request)
    require(by, "site.setup")
    return by


@require_safe
def setup(request: HttpRequest) -> HttpResponse:
    """The steps, each with what is there already."""
    if queries.first_run():
        return HttpResponseRedirect(reverse("site:first"))
    _administrator(request)
    return render(request, "site/setup.html", {"done": queries.progress(), "profile": areas.profile()})


def first(request: HttpRequest) -> HttpResponse:
    if not queries.first_run():
        raise Refused(_("本站已有管理员，请用管理员账号登录。"), code="not_first_run", status=403)
    queries.setup_code()
    form = FirstForm(request.POST or None)

    def act(values: dict[str, Any]) -> str:
        wanted = {name: values[name] for name in ("code", "username", "name", "password")}
        account = actions.make_first_administrator(**wanted)
        login(request, account, backend="django.contrib.auth.backends.ModelBackend")
        return reverse("site:setup")

    return form_page(request, form, act)


def divisions(request: HttpRequest) -> HttpResponse:
    by = _administrator(request)
    form = DivisionsForm(request.POST or None, request.FILES or None, request=request)
    form.cancel_url = back = reverse("site:setup")

    def act(values: dict[str, Any]) -> str:
        file = values["file"]
        count = actions.import_divisions(by=by, name=file.name, raw=file.read())
        messages.success(request, _("新增 %d 个区域。") % count)
        return back

    return form_page(request, form, act, context=STAFF)


@require_POST
def load_demo(request: HttpRequest) -> HttpResponse:
    run = actions.load_demo(by=_administrator(request), back=reverse("site:setup"))
    return HttpResponseRedirect(reverse("web:run", args=[run.pk]))


def remove_demo(request: HttpRequest) -> HttpResponse:
    by = _administrator(request)
    form = RemoveDemoForm(request.POST or None, request=request)
    form.cancel_url = back = reverse("site:setup")

    def act(values: dict[str, Any]) -> str:
        actions.remove_demo(by=by, word=values["word"])
        messages.success(request, _("演示数据已整体删除。"))
        return back

    return form_page(request, form, act, context=STAFF)


def profile(request: HttpRequest) -> HttpResponse:
    by = _administrator(request)
    row = areas.profile()
    shown = {"name": row.name, "county": row.county, "welcome": row.welcome}
    form = ProfileForm(request.POST or None, request.FILES or None, request=request, initial=shown)
    form.fields["county"].choices = areas.choices("county")  # type: ignore[attr-defined]
    form.cancel_url = back = reverse("site:setup")

    def act(values: dict[str, Any]) -> str:
        logo = values["logo"].read() if values["logo"] else b""
        plain = {name: values[name] for name in ("name", "county", "welcome")}
        set_profile(by=by, logo=logo, **plain)
        return back

    return form_page(request, form, act, context=STAFF)


@require_POST
def finish(request: HttpRequest) -> HttpResponse:
    finish_setup(by=_administrator(request))
    messages.success(request, _("设置完成。"))
    return HttpResponseRedirect(reverse("site:setup"))


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The county's logo, for everybody; 404 when there is none."""
    row = areas.profile()
    if not row.logo:
        raise Refused(_("还没有上传徽标。"), code="no_logo", status=404)
    answer = HttpResponse(bytes(row.logo), content_type=row.logo_type)
    answer["Cache-Control"], answer["Last-Modified"] = (
        "public, max-age=3600",
        http_date(row.changed.timestamp()),
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
