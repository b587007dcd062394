"""Inboxes, and what did not arrive."""

from django.conf import settings
from django.db.models import QuerySet

from linli.kernel.access.rules import Actor, can
from linli.kernel.notify.models import Notice, Outbox


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
