"""Messages: written when a fact was told, sent by the worker, parked with a reason, sent again.

A message arrives at least once: a worker that dies after the receiver took it and before it was marked sends it again
under the same `webhook-id`. As a row it is there once for each receiver.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from linli.exchange import outgoing, queries, rules
from linli.exchange.actions.webhooks import give_up, held
from linli.exchange.catalogue import TEST, delivering, hooks
from linli.exchange.models import Delivery, Message, Webhook
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.bus.registry import name_of
from linli.kernel.ledger.actions import record

SENDERS = 8
ROUND = 20.0  # seconds after which no further batch is claimed in one run
WITHHELD = "该事项属于保密类别，不再外发"
# The oldest due messages of every receiver that is on and not resting; what another worker holds is passed over.
DUE = """
SELECT d.id FROM exchange_webhook w CROSS JOIN LATERAL (
  SELECT id FROM exchange_delivery
  WHERE webhook_id = w.id AND state = 'waiting' AND next_try_at <= %s
  ORDER BY next_try_at, id LIMIT %s FOR UPDATE SKIP LOCKED) d
WHERE w.active AND (w.rest_until IS NULL OR w.rest_until <= %s)"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message ready to leave, without a row of the database: it travels in a sender's thread."""

    delivery: int
    message: str
    url: str
    secrets: tuple[str, ...]
    body: str


def write_message(fact: object, *, now: datetime | None = None) -> Message | None:
    """Writes a fact once, and a delivery for each receiver, in the caller's transaction; None when nobody is to be told."""
    hook = hooks()[name_of(type(fact))]
    data = {name: getattr(fact, name) for name in hook.fields}
    told = queries.receivers(hook.fact, str(data["area"]))
    if not told or not queries.may_leave([data])[0]:
        return None
    return _write(hook.fact, str(data["area"]), data, told, now or timezone.now())


def _write(fact: str, area: str, data: dict, receivers: Sequence[int], now: datetime) -> Message:
    message = Message.objects.create(fact=fact, area=area, data=data, at=now)
    rows = [Delivery(webhook_id=number, message=message, next_try_at=now) for number in receivers]
    Delivery.objects.bulk_create(rows)
    return message


@transaction.atomic
def send_test(*, by: Actor, webhook: int, now: datetime | None = None) -> Delivery:
    """Queues a message that says nothing, to see whether the receiver takes it; it leaves within seconds."""
    row = _switched_on(by, webhook)
    now = now or timezone.now()
    message = _write(TEST, row.area, {"area": row.area, "words": "测试消息"}, [row.pk], now)
    record(
        subject=f"exchange.webhook:{row.pk}", verb="send_test", by=by, fields={"message": str(message.uuid)}
    )
    return Delivery.objects.get(message=message)


def _switched_on(by: Actor, webhook: int) -> Webhook:
    require(by, queries.MANAGE)
    row = held(webhook)
    require(by, queries.MANAGE, area=row.area)
    if not row.active:
        raise Refused("该接收方已停用，请先启用。", code="webhook_off", status=409)
    if row.rest_until is not None:
        row.rest_until = None
        row.save(update_fields=["rest_until"])
    return row


@transaction.atomic
def resend(
    *, by: Actor, webhook: int, deliveries: Sequence[int] | None = None, now: datetime | None = None
) -> int:
    """Queues messages once more under their own `webhook-id`: all parked ones (None), or those named, parked or sent.

    Returns how many. Raises Refused 409 when the receiver is off, or nothing of what was named can be resent.
    """
    row = _switched_on(by, webhook)
    rows = Delivery.objects.filter(webhook=row)
    if deliveries is None:
        rows = rows.filter(state="parked")
    else:
        rows = rows.filter(pk__in=list(deliveries), state__in=["parked", "sent"])
    count = rows.update(state="waiting", attempts=0, next_try_at=now or timezone.now(), sent_at=None)
    if not count:
        said = "没有搁置的消息需要重发。" if deliveries is None else "所选消息正在等待发送，或已过保存期。"
        raise Refused(said, code="nothing_to_resend", status=409)
    record(subject=f"exchange.webhook:{row.pk}", verb="resend", by=by, fields={"messages": count})
    return count


def deliver_due(*, now: datetime | None = None) -> int:
    """Sends what is due, a thread a receiver, each receiver's messages one after the other. Returns how many were tried.

    Any number of workers may run it at once.
    """
    tried, began = 0, time.monotonic()
    while rows := _claim(now or timezone.now()):
        tried += _send(rows, now)
        if time.monotonic() - began > ROUND:
            break
    return tried


def _claim(now: datetime) -> list[Delivery]:
    """Takes due messages for the length of the lease; those of a matter that became private are parked here."""
    limits = delivering()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(DUE, [now, limits.turn_messages, now])
            ids = [row[0] for row in cursor.fetchall()]
        rows = list(
            Delivery.objects.filter(pk__in=ids)
            .select_related("message", "webhook")
            .order_by("next_try_at", "id")
        )
        allowed = queries.may_leave([row.message.data for row in rows])
        stopped = [row.pk for row, open_ in zip(rows, allowed, strict=True) if not open_]
        Delivery.objects.filter(pk__in=stopped).update(state="parked", next_try_at=None, last_said=WITHHELD)
        lease = now + timedelta(seconds=limits.lease)
        live = [row for row, open_ in zip(rows, allowed, strict=True) if open_]
        Delivery.objects.filter(pk__in=[row.pk for row in live]).update(next_try_at=lease)
        for row in live:
            row.next_try_at = lease
    return live if live or not stopped else _claim(now)


def _send(rows: list[Delivery], now: datetime | None) -> int:
    turns: dict[int, list[Delivery]] = {}
    for row in rows:
        turns.setdefault(row.webhook_id, []).append(row)
    parcels = [[_parcel(row, now or timezone.now()) for row in turn] for turn in turns.values()]
    with ThreadPoolExecutor(SENDERS) as senders:
        said = list(senders.map(_turn, parcels))
    tried = 0
    for turn, verdicts in zip(turns.values(), said, strict=True):
        for row, verdict in zip(turn, verdicts, strict=False):
            _settle(row, verdict, now or timezone.now())
        tried += len(verdicts)
        _release(turn[len(verdicts) :], now or timezone.now())
    return tried


def _parcel(row: Delivery, now: datetime) -> Parcel:
    hook, message = row.webhook, row.message
    keys = [hook.secret]
    if hook.old_secret and hook.old_until is not None and hook.old_until > now:
        keys.append(hook.old_secret)
    body = rules.payload(message.fact, message.at.astimezone(timezone.get_default_timezone()), message.data)
    return Parcel(row.pk, str(message.uuid), hook.url, tuple(keys), body)


def _turn(parcels: list[Parcel]) -> list[rules.Verdict]:
    """In a sender's thread, no database: one receiver's messages in a row, until it is slow, silent or gone."""
    limits, said, began = delivering(), [], time.monotonic()
    for parcel in parcels:
        stamp = int(time.time())
        headers = rules.headers(parcel.secrets, parcel.message, stamp, parcel.body)
        verdict = outgoing.post(parcel.url, parcel.body, headers, seconds=limits.timeout)
        said.append(verdict)
        if verdict.rests or verdict.kind == "gone" or time.monotonic() - began > limits.turn:
            break
    return said


def _release(rows: list[Delivery], now: datetime) -> None:
    """What the turn did not come to waits on, no attempt poorer."""
    for row in rows:
        _claimed(row).update(next_try_at=now)


def _claimed(row: Delivery):  # type: ignore[no-untyped-def]
    """The row as long as this worker's claim holds: nobody else took it after the lease, nobody switched it off."""
    return Delivery.objects.filter(pk=row.pk, state="waiting", next_try_at=row.next_try_at)


@transaction.atomic
def _settle(row: Delivery, verdict: rules.Verdict, now: datetime) -> None:
    """Writes down how it went. That it arrived is written whoever holds the row now."""
    changes: dict[str, object] = {"attempts": row.attempts + 1, "last_said": verdict.words[:200]}
    changes["last_status"] = verdict.status
    if verdict.kind == "sent":
        # the receiver's row before the message's, as everywhere: two locks in two orders would wait for each other
        Webhook.objects.filter(pk=row.webhook_id).exclude(failing_since=None, rest_until=None).update(
            failing_since=None, rest_until=None
        )
        mine = Delivery.objects.filter(pk=row.pk).exclude(state="sent")
        mine.update(**changes, state="sent", sent_at=now, next_try_at=None)
        return
    limits = delivering()
    hook = held(row.webhook_id)
    again = rules.next_try(now, row.attempts + 1, limits.pauses) if verdict.kind == "again" else None
    state = {"state": "waiting" if again else "parked", "next_try_at": again}
    if not _claimed(row).update(**changes, **state):
        return
    hook.failing_since = hook.failing_since or now
    hook.rest_until = now + timedelta(seconds=limits.rest) if verdict.rests else hook.rest_until
    hook.save(update_fields=["failing_since", "rest_until"])
    if verdict.kind == "gone":
        give_up(hook, verdict.words)
    elif again is None and rules.given_up(hook.failing_since, now, limits.off_after_hours):
        give_up(
            hook, f"已连续 {limits.off_after_hours // 24} 天没有一条送达，最近一次：{verdict.words}"[:200]
        )


def forget_old(*, now: datetime | None = None) -> int:
    """Deletes messages after their time, with all their deliveries; one that still waits anywhere is kept."""
    limit = (now or timezone.now()) - timedelta(days=delivering().keep_days)
    waiting = Delivery.objects.filter(state="waiting").values("message")
    old = Message.objects.filter(at__lt=limit).exclude(pk__in=waiting)
    return old.delete()[1].get("exchange.Message", 0)
