"""Offers and bundles, as far as the viewer may know."""

from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from linli.kernel import Refused
from linli.kernel.access.queries import LEVEL_COLUMN
from linli.kernel.actor import Actor, can
from linli.onestop.models import Bundle, Offer
from linli.people.models import Person, Tie

VIEW = "onestop.view"


def _own(viewer: Actor) -> Q:
    """The viewer's own, and those of the children they are guardian of."""
    wards = Tie.objects.filter(kind="guardian", ended=None, other__account=viewer.account).values("person")
    return Q(person__account=viewer.account) | Q(person__in=wards)


def _by_area(viewer: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Offers and bundles are of no unit: whoever works in an area for any unit sees its."""
    if viewer.kind == "system":
        return rows
    where = Q(pk=None)
    for scope in viewer.scopes(VIEW):
        column = LEVEL_COLUMN.get(len(scope.area))
        if column is None and scope.area in ("", settings.LINLI_COUNTY):
            return rows
        where |= Q(**{column or "county": scope.area})
    return rows.filter(where)


def own_offers(viewer: Actor) -> QuerySet[Offer]:
    if viewer.account is None:
        return Offer.objects.none()
    rows = Offer.objects.filter(_own(viewer)).exclude(state__in=("excluded", "void"))
    return rows.select_related("item", "person", "application").order_by("-id")


def own_offer(viewer: Actor, number: int) -> Offer:
    """Raises Refused 404."""
    row = own_offers(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有找到这项提示，或者它不是您的。", code="no_offer", status=404)
    return row


def offers_seen(viewer: Actor) -> QuerySet[Offer]:
    """For the offices, by area."""
    rows = Offer.objects.select_related("item", "person", "application")
    return _by_area(viewer, rows).order_by("-id")


def offer_seen(viewer: Actor, number: int) -> Offer:
    """For an office, or whoever may record an answer there. Raises Refused 404."""
    row = (
        Offer.objects.select_related("item", "person", "application", "recorded_by").filter(pk=number).first()
    )
    if row is not None and any(
        can(viewer, verb, area=row.area, subject=row.subject) for verb in (VIEW, "onestop.assist")
    ):
        return row
    raise Refused("没有找到这项提示，或者它不在您的管辖范围内。", code="no_offer", status=404)


def offer_counts(viewer: Actor) -> dict[str, int]:
    """State -> how many, in the viewer's areas."""
    rows = offers_seen(viewer).order_by().values("state").annotate(n=Count("id"))
    return {row["state"]: row["n"] for row in rows}


def own_bundles(viewer: Actor) -> QuerySet[Bundle]:
    """Those the viewer applies in, and those they drew up for others."""
    if viewer.account is None:
        return Bundle.objects.none()
    mine = Q(person__account=viewer.account) | Q(agent=viewer.account)
    return Bundle.objects.filter(mine).exclude(state="void").select_related("person", "about").order_by("-id")


def own_bundle(viewer: Actor, number: int) -> Bundle:
    """Raises Refused 404."""
    row = own_bundles(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有找到这件事，或者它不是您的。", code="no_bundle", status=404)
    return row


def bundles_seen(viewer: Actor) -> QuerySet[Bundle]:
    rows = Bundle.objects.exclude(state="draft").select_related("person", "about")
    return _by_area(viewer, rows).order_by("-id")


def bundle_seen(viewer: Actor, number: int) -> Bundle:
    """Its own people, or an office there; never for the dead. Raises Refused 404."""
    row = Bundle.objects.select_related("person", "about").filter(pk=number).first()
    if row is not None and (
        own_bundles(viewer).filter(pk=number).exists()
        or can(viewer, VIEW, area=row.area, subject=row.subject)
    ):
        return row
    raise Refused("没有找到这件事，或者它不在您的管辖范围内。", code="no_bundle", status=404)


def person_words(person: Person | None) -> str:
    return person.masked_name if person is not None else "还没有找到家属"
