"""How cases and tasks are titled and linked from other rooms; a title names the matter, never the person."""

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.subjects import Subject
from linli.onestop import bundling, queries, queries_offers
from linli.onestop.models import Application, Bundle, Offer, Task


def _case_title(number: int, viewer: Actor) -> str:
    row = Application.objects.select_related("item").filter(pk=number).first()
    if row is None:
        return "已删除的办件"
    return f"{row.item.name} {row.number}".strip() if _may_see(number, viewer) else "一个办件"


def _may_see(number: int, viewer: Actor) -> bool:
    try:
        return bool(queries.application_of(viewer, number))
    except Refused:
        return False


def _of_task(number: int) -> int:
    return Task.objects.filter(pk=number).values_list("application", flat=True).first() or 0


APPLICATION = Subject(
    "onestop.application", _case_title, lambda number, viewer: f"/onestop/cases/{number}/", _may_see
)
TASK = Subject(
    "onestop.task",
    lambda number, viewer: _case_title(_of_task(number), viewer),
    lambda number, viewer: f"/onestop/cases/{_of_task(number)}/",
    lambda number, viewer: _may_see(_of_task(number), viewer),
)


def _offer_title(number: int, viewer: Actor) -> str:
    row = Offer.objects.select_related("item").filter(pk=number).first()
    return f"免申即享：{row.item.name}" if row is not None and _sees_offer(number, viewer) else "一项提示"


def _sees_offer(number: int, viewer: Actor) -> bool:
    try:
        return bool(queries_offers.offer_seen(viewer, number))
    except Refused:
        return queries_offers.own_offers(viewer).filter(pk=number).exists()


OFFER = Subject(
    "onestop.offer", _offer_title, lambda number, viewer: f"/onestop/offers/{number}/", _sees_offer
)


def _bundle_title(number: int, viewer: Actor) -> str:
    row = Bundle.objects.filter(pk=number).first()
    kind = bundling.kinds().get(row.code) if row is not None else None
    return kind.zh if kind is not None and _sees_bundle(number, viewer) else "一件事"


def _sees_bundle(number: int, viewer: Actor) -> bool:
    try:
        return bool(queries_offers.bundle_seen(viewer, number))
    except Refused:
        return False


BUNDLE = Subject(
    "onestop.bundle", _bundle_title, lambda number, viewer: f"/my/bundles/{number}/progress/", _sees_bundle
)
