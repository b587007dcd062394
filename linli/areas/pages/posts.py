"""Units, party branches, and who keeps a grid."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linli.areas import actions, queries
from linli.areas.forms import BranchForm, KeeperForm, MemberForm, ReasonForm, UnitForm
from linli.areas.models import Branch, Unit
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table

STAFF = {"base": "web/base.html"}


class UnitTable(Table):
    code = "areas.units"
    title = gettext_lazy("单位")
    order = "code"
    columns = (
        Column(
            "name",
            gettext_lazy("单位"),
            phone="head",
            link=lambda unit: reverse("areas:unit", args=[unit.code]),
        ),
        Column("code", gettext_lazy("代码"), sort="code"),
        Column("kind", gettext_lazy("类型"), get="get_kind_display"),
        Column("function", gettext_lazy("职能代码")),
        Column("area", gettext_lazy("区域"), get=lambda unit: queries.area_path(unit.area), sort="area"),
        Column("parent", gettext_lazy("上级单位"), get="parent.name"),
        Column("head", gettext_lazy("负责人"), get=lambda unit: str(unit.head or "")),
        Column(
            "active",
            gettext_lazy("状态"),
            get=lambda unit: _("在用") if unit.active else _("已停用"),
            phone="tail",
        ),
    )
    filters = (
        Filter("q", gettext_lazy("名称"), "name__icontains"),
        Filter("kind", gettext_lazy("类型"), kind="choice", options=tuple(Unit.KINDS)),
        Filter("area", gettext_lazy("区域代码"), "area__startswith"),
    )
    empty = Empty(gettext_lazy("还没有单位"), gettext_lazy("添加部门、站所和村（居）委会后，才能派单。"))


@require_safe
def units(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "areas.view")
    context = {"may_edit": can(viewer, "areas.edit")}
    return UnitTable(request, queries.units_seen(viewer).order_by()).answer("areas/units.html", context)


def unit(request: HttpRequest, code: str = "") -> HttpResponse:
    """A new unit, or one to change."""
    by = caller(request)
    require(by, "areas.edit")
    row = _unit(by, code) if code else None
    form = UnitForm(request.POST or None, request=request, initial=_unit_values(row))
    form.page_title, form.cancel_url = (_("修改单位") if row else _("添加单位")), reverse("areas:units")
    if row:
        form.fields["code"].disabled = True

    def act(values: dict[str, Any]) -> str:
        wanted = ("code", "name", "kind", "area", "function", "parent", "head")
        actions.set_unit(by=by, **{name: values[name] for name in wanted})
        return reverse("areas:units")

    context = STAFF | {"unit": row, "may_close": bool(row and row.active)}
    return form_page(request, form, act, template="areas/unit.html", context=context)


def _unit(by: Actor, code: str) -> Unit:
    row = queries.units_seen(by).filter(code=code).first()
    if row is None:
        raise Refused(_("没有找到这个单位，或者它不在您的管辖范围内。"), code="no_unit", status=404)
    require(by, "areas.edit", area=row.area)
    return row


def _unit_values(row: Unit | None) -> dict[str, Any]:
    if row is None:
        return {}
    plain = {name: getattr(row, name) for name in ("code", "name", "kind", "area", "function")}
    return {
        **plain,
        "parent": row.parent.code if row.parent else "",
        "head": row.head.username if row.head else "",
    }


def close_unit(request: HttpRequest, code: str) -> HttpResponse:
    by = caller(request)
    row = _unit(by, code)
    form = ReasonForm(request.POST or None, request=request, title=_("停用%s") % row.name)
    form.cancel_url = back = reverse("areas:units")

    def act(values: dict[str, Any]) -> str:
        actions.close_unit(by=by, code=code, reason=values["reason"])
        return back

    return form_page(request, form, act, context=STAFF)


class BranchTable(Table):
    code = "areas.branches"
    title = gettext_lazy("党支部")
    columns = (
        Column(
            "name",
            gettext_lazy("支部"),
            phone="head",
            link=lambda row: reverse("areas:branch", args=[row.pk]),
        ),
        Column(
            "community",
            gettext_lazy("村（社区）"),
            get=lambda row: queries.area_path(row.community),
            sort="community",
        ),
        Column("secretary", gettext_lazy("书记"), get=lambda row: str(row.secretary or "")),
        Column("grids", gettext_lazy("所建网格"), get=lambda row: _grids(row)),
    )
    filters = (
        Filter("q", gettext_lazy("名称"), "name__icontains"),
        Filter("area", gettext_lazy("区域代码"), "community__startswith"),
    )
    empty = Empty(gettext_lazy("还没有党支部"), gettext_lazy("在村（社区）的区域页上新建。"))


def _grids(row: Branch) -> str:
    return "、".join(queries.area_name(one.grid) for one in row.grids.all())


@require_safe
def branches(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "areas.view")
    return BranchTable(request, queries.branches_seen(viewer).filter(active=True).order_by()).answer()


def new_branch(request: HttpRequest, community: str) -> HttpResponse:
    by = caller(request)
    queries.area_of(by, community)
    require(by, "areas.edit", area=community)
    form = BranchForm(request.POST or None, request=request, community=community)
    form.cancel_url = reverse("areas:area", args=[community])

    def act(values: dict[str, Any]) -> str:
        made = actions.set_branch(
            by=by,
            community=community,
            name=values["name"],
            grids=values["grids"],
            secretary=values["secretary"],
        )
        return reverse("areas:branch", args=[made.pk])

    return form_page(request, form, act, context=STAFF)


def _branch(viewer: Actor, number: int) -> Branch:
    row = queries.branches_seen(viewer).filter(pk=number).first()
    if row is None:
        raise Refused(_("没有找到这个支部，或者它不在您的管辖范围内。"), code="no_branch", status=404)
    return row


def branch(request: HttpRequest, number: int) -> HttpResponse:
    """A branch: its form for whoever may change it, its members."""
    by = caller(request)
    require(by, "areas.view")
    row = _branch(by, number)
    initial = {
        "name": row.name,
        "secretary": row.secretary.username if row.secretary else "",
        "grids": [one.grid for one in row.grids.all()],
    }
    form = BranchForm(
        request.POST or None, request=request, community=row.community, branch=row, initial=initial
    )
    form.cancel_url = back = reverse("areas:branches")

    def act(values: dict[str, Any]) -> str:
        actions.set_branch(
            by=by, community=row.community, branch=number, name=values["name"], grids=values["grids"],
            secretary=values["secretary"],
        )  # fmt: skip
        return back

    context = STAFF | {
        "branch": row,
        "where": queries.area_path(row.community),
        "grids": [(one.grid, queries.area_path(one.grid)) for one in row.grids.all()],
        "members": row.members.select_related("account").order_by("account__name"),
        "may_edit": can(by, "areas.edit", area=row.community),
    }
    return form_page(request, form, act, template="areas/branch.html", context=context)


def close_branch(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = _branch(by, number)
    require(by, "areas.edit", area=row.community)
    form = ReasonForm(request.POST or None, request=request, title=_("撤销%s") % row.name)
    form.cancel_url = reverse("areas:branch", args=[number])

    def act(values: dict[str, Any]) -> str:
        actions.close_branch(by=by, branch=number, reason=values["reason"])
        return reverse("areas:branches")

    return form_page(request, form, act, context=STAFF)


def add_member(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = _branch(by, number)
    require(by, "areas.edit", area=row.community)
    form = MemberForm(request.POST or None, request=request)
    form.cancel_url = back = reverse("areas:branch", args=[number])

    def act(values: dict[str, Any]) -> str:
        actions.add_member(by=by, branch=number, account=values["account"])
        return back

    return form_page(request, form, act, context=STAFF)


@require_POST
def remove_member(request: HttpRequest, number: int, account: int) -> HttpResponse:
    actions.remove_member(by=caller(request), branch=number, account=account)
    return HttpResponseRedirect(reverse("areas:branch", args=[number]))


def _post(by: Actor, code: str, post: str) -> str:
    """The words for a post of a grid the actor may fill."""
    area = queries.area_of(by, code)
    require(by, "areas.edit", area=code)
    if area.level != "grid" or post not in actions.posts.POSTS:
        raise Refused(_("没有这个岗位。"), code="no_post", status=404)
    return f"{queries.area_path(code)} {actions.posts.POSTS[post]}"


def keeper(request: HttpRequest, code: str, post: str) -> HttpResponse:
    by = caller(request)
    words = _post(by, code, post)
    form = KeeperForm(request.POST or None, request=request)
    form.page_title, form.page_lead = _("任命%s") % actions.posts.POSTS[post], words
    form.cancel_url = back = reverse("areas:area", args=[code])

    def act(values: dict[str, Any]) -> str:
        actions.set_keeper(by=by, grid=code, post=post, account=values["account"])
        return back

    return form_page(request, form, act, context=STAFF)


def end_keeper(request: HttpRequest, code: str, post: str) -> HttpResponse:
    by = caller(request)
    words = _post(by, code, post)
    form = ReasonForm(request.POST or None, request=request, title=_("免去%s") % words)
    form.cancel_url = back = reverse("areas:area", args=[code])

    def act(values: dict[str, Any]) -> str:
        actions.end_keeper(by=by, grid=code, post=post, reason=values["reason"])
        return back

    return form_page(request, form, act, context=STAFF)
