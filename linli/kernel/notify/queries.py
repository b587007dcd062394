"""Inboxes, and what did not arrive."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import timezone

from linli.kernel.access.rules import Actor, can, require
from linli.kernel.notify import gateways, registry, rules
from linli.kernel.notify.models import Channel, Notice, Outbox, QuietHours, Wording


def inbox(viewer: Actor) -> QuerySet[Notice]:
    """The viewer's own in-app notices, newest first."""
    if viewer.account is None:
        return Notice.objects.none()
    return Notice.objects.filter(account=viewer.account, channel="in_app").order_by("-id")


def unread_count(viewer: Actor) -> int:
    if viewer.account is None:
        return 0
    return Notice.objects.filter(account=viewer.account, channel="in_app", read_at=None).count()


def failed(viewer: Actor) -> QuerySet[Notice]:
    """Notices that did not arrive, newest first, for whoever manages notices; text and address are left out."""
    if not can(viewer, "notify.manage"):
        return Notice.objects.none()
    return Notice.objects.filter(state="failed").defer("text", "address").order_by("-id")


def outbox(limit: int = 50) -> list[Outbox]:
    """What the demo would have sent, newest first; nothing in production, whatever the table holds."""
    return [] if getattr(settings, "PRODUCTION", True) else list(Outbox.objects.order_by("-id")[:limit])


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A kind of channel as it is in force. `url` is masked; `source` is page, settings, demo or none."""

    kind: str
    name: str
    works: bool
    source: str
    url: str
    changed: datetime | None
    failed: int  # notices that did not arrive in the last seven days


def channels(viewer: Actor) -> list[ChannelSeen]:
    """Every kind of channel, in-app first, and whether it works; for the county's administrator."""
    require(viewer, "notify.manage", area=settings.LINLI_COUNTY)
    week = timezone.now() - timedelta(days=7)
    bad = Notice.objects.filter(state="failed", created_at__gte=week).values_list("channel")
    failures = dict(bad.annotate(Count("id")))
    rows = {row.kind: row for row in Channel.objects.all()}
    fixed, urls = getattr(settings, "LINLI_CHANNELS", {}), gateways.gateway_urls()
    return [
        _channel(kind, rows.get(kind), fixed.get(kind, ""), urls.get(kind, ""), failures.get(kind, 0))
        for kind in rules.KINDS
    ]


def _channel(kind: str, row: Channel | None, fixed: str, url: str, failed: int) -> ChannelSeen:
    if kind == "in_app":
        source = "built_in"
    elif row is not None:
        source = "page"
    else:
        source = "settings" if fixed else "demo" if url else "none"
    shown = rules.masked_url(row.url if row else fixed) if source in ("page", "settings") else ""
    works = kind == "in_app" or bool(url)
    return ChannelSeen(kind, rules.KINDS[kind], works, source, shown, row.changed if row else None, failed)


def deliveries(viewer: Actor) -> QuerySet[Notice]:
    """Every notice with its state, newest first, for the county's administrator; the words are left out."""
    require(viewer, "notify.manage", area=settings.LINLI_COUNTY)
    return Notice.objects.select_related("account").defer("text").order_by("-id")


def wordings(viewer: Actor, code: str) -> QuerySet[Wording]:
    """The versions an administrator made of a template, newest first."""
    require(viewer, "notify.manage", area=settings.LINLI_COUNTY)
    return Wording.objects.filter(code=code).select_related("made_by").order_by("-version")


def quiet_versions(viewer: Actor) -> QuerySet[QuietHours]:
    """Quiet hours as they were set over time, newest first; empty while those of the files hold."""
    require(viewer, "notify.manage", area=settings.LINLI_COUNTY)
    return QuietHours.objects.select_related("made_by").order_by("-id")


def file_template(code: str) -> rules.Template | None:
    """The template as the program ships it; None for an unknown code."""
    return registry.known().get(code)
