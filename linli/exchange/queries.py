"""Receivers and their messages, each as its viewer may see them; and which matters may be told outside at all."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from linli.dispatch.models import WorkOrder
from linli.exchange import rules
from linli.exchange.models import Delivery, Webhook
from linli.incidents.queries import public_requests
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.actor import Actor, require

MANAGE = "exchange.manage"


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
