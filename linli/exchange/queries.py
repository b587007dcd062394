"""Receivers and their messages, data sources and their requests, each as its viewer may see them; and which matters may be told outside at all."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Func, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from linli.dispatch.models import WorkOrder
from linli.exchange import rules
from linli.exchange.catalogue import asking
from linli.exchange.models import DataSource, Delivery, Request, Webhook
from linli.incidents.queries import public_requests
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.actor import Actor, can, require
from linli.people.models import Consent, Person

MANAGE = "exchange.manage"
SOURCES = "exchange.sources"
CHECK = "onestop.check"  # the purpose of a consent to ask departments


def webhooks(viewer: Actor) -> QuerySet[Webhook]:
    """The receivers of the viewer's areas. Raises Refused 403 for whoever manages none."""
    require(viewer, MANAGE)
    rows = Webhook.objects.defer("secret", "old_secret")
    if viewer.kind == "system":
        return rows
    where = Q(pk=None)
    for scope in viewer.scopes(MANAGE):
        where |= Q(area__startswith=scope.area)
    return rows.filter(where)


def webhook_list(viewer: Actor) -> QuerySet[Webhook]:
    """With `.waiting` and `.parked` (counts) and `.last_sent` on each row."""
    return webhooks(viewer).annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state="waiting")),
        parked=Count("deliveries", filter=Q(deliveries__state="parked")),
        last_sent=Max("deliveries__sent_at"),
    )


def webhook_for(viewer: Actor, number: int) -> Webhook:
    """One receiver. Raises Refused 404 when it is not there for this viewer."""
    row = webhooks(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有这个接收方，或它不在您的管辖范围内。", code="no_webhook", status=404)
    return row


def deliveries(viewer: Actor, webhook: Webhook) -> QuerySet[Delivery]:
    """What went or is to go to one receiver. Raises Refused 403 outside the viewer's areas."""
    require(viewer, MANAGE, area=webhook.area)
    return Delivery.objects.filter(webhook=webhook).select_related("message")


def receivers(fact: str, area: str) -> list[int]:
    """Ids of the receivers to be told of a fact there."""
    rows = Webhook.objects.filter(active=True, facts__contains=[fact]).values_list("id", "area")
    return [number for number, own in rows if rules.covers(own, area, settings.LINLI_COUNTY)]


def may_leave(bodies: Sequence[Mapping[str, Any]]) -> list[bool]:
    """For each message whether its matter may be told outside now: two queries at most.

    Not of a private class, not one nobody has classed yet (it may turn out private), no private order, and no
    matter of another room until that room's matters are judged here. A message about no matter may leave.
    """
    named = [rules.matters(body) for body in bodies]
    cases = {number for one in named if one for number in one[0]}
    orders = {number for one in named if one for number in one[1]}
    open_cases = set(public_requests().filter(pk__in=cases).values_list("pk", flat=True)) if cases else set()
    open_orders: set[int] = set()
    if orders:
        open_orders.update(
            WorkOrder.objects.filter(pk__in=orders, private=False).values_list("pk", flat=True)
        )
    return [one is not None and one[0] <= open_cases and one[1] <= open_orders for one in named]


def managers_of(area: str) -> list[int]:
    """Accounts that may manage a receiver of this area."""
    now = timezone.now()
    rows = Grant.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=now), role__verbs__contains=[MANAGE], account__is_active=True
    )
    found = {account for account, own in rows.values_list("account", "area") if area.startswith(own)}
    return sorted(found)


def data_sources(viewer: Actor) -> QuerySet[DataSource]:
    """All sources for whoever manages them in the whole county; none for a town's. Raises Refused 403 for others."""
    require(viewer, SOURCES)
    rows = DataSource.objects.defer("secret")
    return rows if can(viewer, SOURCES, area=settings.LINLI_COUNTY) else rows.none()


def source_list(viewer: Actor, now: datetime | None = None) -> QuerySet[DataSource]:
    """With `.waiting`, `.asked_lately`, `.failed_lately` (counts, of data/sources.yaml `health_days`) and `.last_answer`."""
    since = (now or timezone.now()) - timedelta(days=asking().health_days)
    lately = Q(asked_at__gte=since) | Q(at__gte=since)
    return data_sources(viewer).annotate(
        waiting=_count(Q(state__in=["waiting", "asked"])),
        asked_lately=_count(lately),
        failed_lately=_count(lately & Q(state__in=["failed", "timed_out"])),
        last_answer=Subquery(_of_source().order_by("-answered_at").exclude(answered_at=None).values("answered_at")[:1]),
    )  # fmt: skip


def _of_source() -> QuerySet[Request]:
    return Request.objects.filter(source=OuterRef("pk"))


def _count(which: Q) -> Subquery:
    counted = _of_source().filter(which).order_by().annotate(n=Func(F("pk"), function="count"))
    return Subquery(counted.values("n"))


def source_for(viewer: Actor, code: str) -> DataSource:
    """One source. Raises Refused 404 when it is not there for this viewer."""
    row = data_sources(viewer).filter(code=code).first()
    if row is None:
        raise Refused("没有这个数据源，或它不在您的管辖范围内。", code="no_source", status=404)
    return row


def requests(viewer: Actor, source: DataSource) -> QuerySet[Request]:
    """What was asked there. Raises Refused 403 for whoever does not manage the whole county."""
    require(viewer, SOURCES, area=settings.LINLI_COUNTY)
    return Request.objects.filter(source=source)


def unregistered(viewer: Actor) -> list[str]:
    """Sources the catalogue of items names and nobody registered, as far as somebody asked for them."""
    if not can(viewer, SOURCES, area=settings.LINLI_COUNTY):
        return []
    return sorted(set(Request.objects.filter(source=None).values_list("named", flat=True)))


def uses_of(viewer: Actor, person: int) -> QuerySet[Request]:
    """The record of use shown to somebody of themselves: what was asked about them, when, where, what for; newest first.

    Raises Refused 403 for anybody else.
    """
    own = Person.objects.filter(pk=person, account=viewer.account) if viewer.account else None
    if viewer.kind != "system" and (own is None or not own.exists()):
        raise Refused("只能查看本人的数据使用记录。", code="not_yours", status=403)
    return Request.objects.filter(person=person).exclude(asked_at=None).order_by("-id")


def authorised(row: Request, now: datetime) -> bool:
    """Whether the consent this question rests on still holds: the person's own, for this purpose, not withdrawn, not over."""
    today = timezone.localtime(now).date()
    rows = Consent.objects.filter(pk=row.consent, person=row.person, purpose=CHECK, withdrawn=None)
    return rows.filter(Q(until=None) | Q(until__gte=today)).exists()


def person_of(row: Request) -> Person | None:
    return Person.objects.filter(pk=row.person).first()


def overdue(now: datetime) -> list[int]:
    """Open requests that waited too long, or whose source was switched off; oldest first."""
    rows = Request.objects.filter(state__in=["waiting", "asked"])
    rows = rows.filter(Q(ask_until__lte=now) | Q(source__active=False))
    return list(rows.order_by("ask_until").values_list("pk", flat=True)[:500])
