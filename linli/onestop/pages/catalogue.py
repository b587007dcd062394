"""The catalogue for its editors: items and editions, the drawing of one, its findings, its simulation, publishing."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.tables import Column, Filter, Table
from linli.onestop import actions, checks, queries, reading, shape, showing
from linli.onestop.forms_desk import PublishForm
from linli.onestop.glossary import glossary
from linli.onestop.models import ItemVersion
from linli.onestop.pages.editing import differences
from linli.onestop.pages.frame import STAFF, ask, bound

VERB = "onestop.catalogue"
STATE_TONES = {"draft": "warn", "published": "ok", "retired": "paused"}
FIGURES = {
    "statutory_limit": "法定时限", "promised_limit": "承诺时限", "extended_limit": "延长时限", "delegated_limit": "下放时限",
    "fast_limit": "快速时限", "fee_fen": "收费", "publicity.days": "公示天数", "publicity.mode": "公示方式", "payout": "发放",
    "recheck": "复核周期", "refusal_notice": "不予告知时限", "supplement": "补正时限",
}  # fmt: skip
ENDINGS = {"closed": "办结", "refused": "不予确认", "ended": "终止"}


def _validity(row: ItemVersion) -> str:
    if row.validity is None:
        return ""
    until = f" 至 {row.validity.upper}（不含）" if row.validity.upper else " 起"
    return f"{row.validity.lower}{until}"


class ItemTable(Table):
    code, title, order, export = "onestop.catalogue", "事项目录", "item__code", False
    columns = (
        Column("name", "事项", "item.name", phone="head", link=lambda row: reverse("onestop:version", args=[row.pk])),
        Column("code", "代码", "item.code", sort="item__code"),
        Column("category", "类别", lambda row: glossary().categories.get(row.item.category, row.item.category)),
        Column("number", "版本", lambda row: f"第 {row.number} 版"),
        Column("state", "状态", "get_state_display", kind="chip", phone="tail", tone=lambda row: STATE_TONES[row.state]),
        Column("validity", "有效期", _validity),
        Column("findings", "检查发现", lambda row: len(row.findings), kind="num"),
    )  # fmt: skip
    filters = (
        Filter("q", "名称或代码", apply=lambda rows, said: rows.filter(Q(item__name__icontains=said) | Q(item__code__iexact=said))),
        Filter("state", "状态", kind="choice", options=tuple(ItemVersion._meta.get_field("state").choices or ())),
        Filter("category", "类别", "item__category", kind="choice", options=tuple(glossary().categories.items())),
    )  # fmt: skip

    def _turn(self, way: str, row: Any) -> str:
        row.item__code = row.item.code  # pages are marked by the field they are sorted by
        return super()._turn(way, row)


def _editor(request: HttpRequest) -> Actor:
    by = caller(request)
    require(by, VERB)
    return by


@require_safe
def items(request: HttpRequest) -> HttpResponse:
    _editor(request)
    return ItemTable(request, ItemVersion.objects.select_related("item")).answer(
        "onestop/editing/items.html", STAFF
    )


def _found(number: int) -> ItemVersion:
    rows = ItemVersion.objects.select_related("item", "edited_by", "published_by")
    row = rows.filter(pk=number).first()
    if row is None:
        raise Refused("没有这个事项版本。", code="no_version", status=404)
    return row


@require_safe
def version(request: HttpRequest, number: int) -> HttpResponse:
    by = _editor(request)
    row = _found(number)
    definition = reading.definition_of(row)
    simulated = row.simulated
    faults = [*shape.faults(row.definition, glossary()), *checks.check(row.definition, glossary())]
    context = {
        "title": row.item.name,
        "row": row,
        "tone": STATE_TONES[row.state],
        "validity": _validity(row),
        "versions": list(queries.versions_of(by, row.item.code)),
        "limits": showing.limits(row.definition, definition),
        "lanes": showing.lanes(definition, row.definition),
        "stages": showing.stages(definition, row.definition),
        "basis": showing.basis_of(row.definition),
        "faults": faults,
        "doubt": [FIGURES.get(name, name) for name in checks.unconfirmed(row.definition)],
        "simulated": simulated,
        "endings": [(ENDINGS[name], n) for name, n in simulated.get("endings", {}).items()],
        "own": row.edited_by_id == by.account,
        "changes": differences(row),
    }
    return render(request, "onestop/catalogue/version.html", context)


@require_POST
def simulate(request: HttpRequest, number: int) -> HttpResponse:
    by = _editor(request)
    row = actions.simulate_item(by=by, version=number)
    broken = len(row.simulated["breaches"])
    messages.success(request, f"模拟 {row.simulated['runs']} 次，发现 {broken} 处问题")
    if broken == 0 and row.edited_by_id == by.account:
        messages.info(request, "请由另一人发布")
    return HttpResponseRedirect(reverse("onestop:version", args=[number]))


def publish(request: HttpRequest, number: int) -> HttpResponse:
    by = _editor(request)
    row = _found(number)
    form = PublishForm(*bound(request))

    def act(said: dict[str, Any]) -> None:
        actions.publish_item(by=by, version=row.pk, valid_from=said["valid_from"])
        messages.success(request, "已发布")

    return ask(request, form, act, to=reverse("onestop:version", args=[row.pk]))
