"""What the pages of money share: the tabs, the areas somebody pays or supervises, items that pay."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from linli.areas import queries as areas
from linli.kernel.actor import Actor, can
from linli.kernel.web.tables import Table
from linli.onestop.models import Item
from linli.onestop.pages.frame import STAFF

TABS = (
    ("onestop:batches", "发放批次", ("onestop.pay", "ledger.view")),
    ("onestop:grants", "待遇", ("onestop.view",)),
    ("onestop:held_grants", "账户待更正", ("onestop.work",)),
    ("onestop:means_list", "核算清单", ("onestop.view",)),
    ("onestop:rechecks", "复核", ("onestop.work",)),
    ("onestop:custodies", "代管登记簿", ("onestop.work",)),
    ("onestop:samples", "抽查", ("onestop.view",)),
)


def tabs(viewer: Actor) -> list[tuple[str, str]]:
    return [(reverse(name), label) for name, label, verbs in TABS if any(can(viewer, verb) for verb in verbs)]


def shown(request: HttpRequest, table: Table, viewer: Actor, template: str = "onestop/money/list.html",
          **more: object) -> HttpResponse:  # fmt: skip
    return table.answer(template, {**STAFF, "tabs": tabs(viewer), "here": request.path, **more})


def area_choices(viewer: Actor, verb: str) -> list[tuple[str, str]]:
    """Areas a batch or a sample may be made for: those held, and the streets below a county."""
    found: list[tuple[str, str]] = []
    for code in areas.scopes_of(viewer, verb):
        if code:
            found.append((code, areas.area_name(code) or code))
        else:
            found += areas.choices("county")
        if len(code) <= 6:
            found += areas.choices("street", code)
    return list(dict(found).items())


def paying_items() -> list[tuple[str, str]]:
    rows = Item.objects.filter(entitlements__settled=False).distinct().order_by("code")
    return [(one.code, one.name) for one in rows]


def decided_items() -> list[tuple[str, str]]:
    rows = Item.objects.filter(applications__decision__isnull=False).distinct().order_by("code")
    return [(one.code, one.name) for one in rows]


def item_filter() -> tuple[tuple[str, str], ...]:
    return tuple(Item.objects.filter(entitlements__isnull=False).distinct().values_list("code", "name"))
