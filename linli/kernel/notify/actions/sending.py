"""Telling somebody something, and seeing to it that it arrives."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.rules import Actor
from linli.kernel.identity.fields import blind
from linli.kernel.identity.models import Account
from linli.kernel.notify import current, gateways, registry, rules
from linli.kernel.notify.models import Notice, Outbox
from linli.kernel.notify.rules import KINDS

AT_ONCE = 40  # claimed together: eight senders finish them within the lease even when every gateway times out
SENDERS = 8
WAITING = ("queued", "held", "sending")


def notify(
    *,
    to: int | str,
    template: str,
    context: Mapping[str, object],
    subject: str = "",
    urgent: bool | None = None,
    channels: Sequence[str] | None = None,
    client_key: str = "",
    now: datetime | None = None,
) -> list[Notice]:
    """Writes one notice a channel in the caller's transaction; nothing leaves before it commits.

    `to`: an account's id, or a phone number or mailbox. `channels` and `urgent` default to the template's; to an
    address only its own kind goes. The same `client_key` for the same person: the first notices again.
    Raises TemplateError (a fault of the caller), Refused for an address that is neither phone nor mailbox.
    """
    form, now = current.template(template), now or timezone.now()
    pressing = form.urgent if urgent is None else urgent
    kinds = list(dict.fromkeys(channels if channels is not None else form.channels))
    if isinstance(to, str):
        own = rules.kind_of(to)
        if own is None:
            raise Refused(
                "通知地址有误，请填写手机号或电子邮箱。",
                code="bad_address",
                fields={"address": ["请填写手机号或邮箱。"]},
            )
        kinds = [own]
    notices = [_draft(to, kind, form, context, subject, pressing, client_key, now) for kind in kinds]
    Notice.objects.bulk_create(notices, ignore_conflicts=bool(client_key))
    if not client_key:
        return notices
    return list(Notice.objects.filter(dedupe__in=[notice.dedupe for notice in notices]).order_by("id"))


def _draft(
    to: int | str,
    kind: str,
    form: rules.Template,
    context: Mapping[str, object],
    subject: str,
    urgent: bool,
    client_key: str,
    now: datetime,
) -> Notice:
    if kind not in KINDS:
        raise rules.TemplateError(f"没有“{kind}”这种通道")
    title, text = rules.render(form, kind, context)
    notice = Notice(
        channel=kind,
        template=form.code,
        template_version=form.version,
        title=title,
        text=text,
        subject=subject,
        urgent=urgent,
        created_at=now,
    )
    if isinstance(to, str):
        notice.address, notice.address_index = to, blind(to)
    else:
        notice.account_id = to
    if form.expires_minutes:
        notice.expires_at = now + timedelta(minutes=form.expires_minutes)
    if client_key:
        notice.dedupe = hashlib.sha256(f"{client_key}\0{_whom(to)}\0{kind}".encode()).digest()
    if kind == "in_app":
        notice.state, notice.sent_at = "sent", now
    else:
        until = None if urgent else rules.quiet_until(now, current.quiet())
        notice.state, notice.next_try_at = ("held", until) if until else ("queued", now)
    return notice


def _whom(to: int | str) -> str:
    return blind(to).hex() if isinstance(to, str) else str(to)


def deliver_code(address: str, text: str) -> None:
    """identity's port: a sign-in code to a phone or mailbox, at once even at night, wiped when sent, void after 10 min."""
    notify(to=address, template="identity.code", context={"text": text})


def mark_read(*, by: Actor, notices: Iterable[int] | None = None, now: datetime | None = None) -> int:
    """Marks the caller's own in-app notices read (all when None); others' are left alone. Returns how many changed."""
    if by.account is None:
        raise Refused("请先登录再查看消息。", code="not_signed_in", status=403)
    mine = Notice.objects.filter(account=by.account, channel="in_app", read_at=None)
    if notices is not None:
        mine = mine.filter(pk__in=list(notices))
    return mine.update(state="read", read_at=now or timezone.now())


def deliver_due(limit: int = 200, *, now: datetime | None = None) -> int:
    """Sends what is due through outside channels, in batches any number of workers may claim. Returns how many were tried.

    A notice goes out at least once: a sender that dies between gateway and table sends it again after the lease.
    """
    tried = 0
    while tried < limit:
        claimed = _claim(min(AT_ONCE, limit - tried), now or timezone.now())
        if not claimed:
            break
        parcels = _parcels(claimed)
        with ThreadPoolExecutor(SENDERS) as senders:
            outcomes = list(senders.map(_leave, parcels))
        for notice, parcel, said in zip(claimed, parcels, outcomes, strict=True):
            _settle(notice, parcel, said, now or timezone.now())
        tried += len(claimed)
    return tried


def _claim(most: int, now: datetime) -> list[Notice]:
    """Takes due notices for the length of the lease; what is out of date fails here."""
    lease = timedelta(seconds=registry.delivery().lease)
    with transaction.atomic():
        due = Notice.objects.filter(state__in=WAITING, next_try_at__lte=now).order_by("next_try_at", "id")
        rows = list(due.select_for_update(skip_locked=True)[:most])
        late = [row.pk for row in rows if row.expires_at and row.expires_at <= now]
        Notice.objects.filter(pk__in=late).update(
            state="failed", last_error="已过时效，未发送", next_try_at=None, text=""
        )
        live = [row for row in rows if row.pk not in set(late)]
        Notice.objects.filter(pk__in=[row.pk for row in live]).update(
            state="sending", next_try_at=now + lease
        )
    return live if live or not late else _claim(most, now)


def _parcels(notices: list[Notice]) -> list[gateways.Parcel]:
    urls = gateways.gateway_urls()
    people = Account.objects.in_bulk([n.account_id for n in notices if n.account_id])
    parcels = []
    for notice in notices:
        person = people.get(notice.account_id) if notice.account_id else None
        address = notice.address
        if person is not None and notice.channel in rules.ADDRESSED:
            address = person.email if notice.channel == "email" else person.phone
        url = urls.get(notice.channel, "")
        parcels.append(gateways.Parcel(notice.pk, notice.channel, url, address, notice.title, notice.text))
    return parcels


def _leave(parcel: gateways.Parcel) -> str:
    """In a sender's thread; the demo's page is written later, where the database connection is."""
    return "" if parcel.url == gateways.CONSOLE else gateways.hand_over(parcel)


def _settle(notice: Notice, parcel: gateways.Parcel, said: str, now: datetime) -> None:
    """Writes down how it went."""
    settings = registry.delivery()
    changes: dict[str, object] = {"attempts": notice.attempts + 1, "last_error": said[:200]}
    if not said:
        changes |= {"state": "sent", "sent_at": now, "next_try_at": None}
        if registry.template(notice.template).sensitive:
            changes["text"] = ""
    else:
        again = rules.next_try(now, notice.attempts + 1, settings.pauses)
        until = None if notice.urgent or again is None else rules.quiet_until(again, current.quiet())
        changes |= {
            "state": "failed" if again is None else "held" if until else "queued",
            "next_try_at": until or again,
        }
    with transaction.atomic():
        if not said and parcel.url == gateways.CONSOLE:
            Outbox.objects.create(
                channel=parcel.kind, address=parcel.address[:100], title=parcel.title, text=parcel.text
            )
        Notice.objects.filter(pk=notice.pk, state="sending").update(**changes)
