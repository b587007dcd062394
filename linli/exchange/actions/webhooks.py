"""Receivers: who is told what, where, signed with which secret."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from linli.areas import queries as areas
from linli.exchange import rules
from linli.exchange.catalogue import delivering, hooks
from linli.exchange.models import Delivery, Webhook
from linli.exchange.outgoing import inside_allowed
from linli.exchange.queries import MANAGE, managers_of
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.ledger.actions import record
from linli.kernel.notify.actions import notify

SECRET_BYTES = 32
OFF = "接收方已停用"


def held(number: int) -> Webhook:
    """The receiver, locked until the transaction ends. Raises Refused 404."""
    row = Webhook.objects.select_for_update(no_key=True).filter(pk=number).first()
    if row is None:
        raise Refused("没有这个接收方，或它不在您的管辖范围内。", code="no_webhook", status=404)
    return row


def _own(by: Actor, number: int) -> Webhook:
    require(by, MANAGE)
    row = held(number)
    require(by, MANAGE, area=row.area)
    return row


def _note(row: Webhook, verb: str, by: Actor, **fields: object) -> None:
    record(subject=f"exchange.webhook:{row.pk}", verb=verb, by=by, fields=fields)


@transaction.atomic
def add_webhook(*, by: Actor, name: str, url: str, facts: Iterable[str], area: str) -> tuple[Webhook, str]:
    """A new receiver and its secret, shown this once; needs `exchange.manage` in `area`.

    Raises Refused 422 with every defect by field.
    """
    require(by, MANAGE)
    wanted = _checked(None, name=name, url=url, facts=facts, area=area)
    require(by, MANAGE, area=area)
    secret = rules.new_secret(secrets.token_bytes(SECRET_BYTES))
    row = Webhook.objects.create(
        name=name.strip(),
        url=url.strip(),
        secret=secret,
        facts=wanted,
        area=area,
        made_by_id=by.account,
        made_at=timezone.now(),
    )
    _note(row, "add_webhook", by, name=row.name, url=row.url, area=area, facts=" ".join(wanted))
    return row, secret


@transaction.atomic
def change_webhook(
    *, by: Actor, webhook: int, name: str, url: str, facts: Iterable[str], area: str
) -> Webhook:
    """What is waiting goes to the new address; needs `exchange.manage` in the old area and the new one."""
    row = _own(by, webhook)
    wanted = _checked(row.pk, name=name, url=url, facts=facts, area=area)
    require(by, MANAGE, area=area)
    before = {"url_before": row.url, "area_before": row.area}
    row.name, row.url, row.facts, row.area = name.strip(), url.strip(), wanted, area
    row.version, row.rest_until = row.version + 1, None
    row.save(update_fields=["name", "url", "facts", "area", "version", "rest_until"])
    fields = {"name": row.name, "url": row.url, "area": area, "facts": " ".join(wanted)}
    _note(row, "change_webhook", by, **fields, **before)
    return row


def _checked(own: int | None, *, name: str, url: str, facts: Iterable[str], area: str) -> list[str]:
    """The facts in the order of the list. Raises Refused naming every defect."""
    wanted = [fact for fact in hooks() if fact in set(facts)]
    wrong: dict[str, list[str]] = {}
    if not name.strip() or len(name.strip()) > 60:
        wrong["name"] = ["请填写接收方名称，不超过 60 个字"]
    if faults := rules.url_faults(url.strip(), inside=inside_allowed()):
        wrong["url"] = faults
    if not wanted or set(facts) - set(wanted):
        wrong["facts"] = (
            ["请至少选择一种消息"] if not set(facts) else ["所选消息不在可推送的清单中，请重新选择"]
        )
    if said := rules.area_fault(area):
        wrong["area"] = [said]
    elif not area.startswith(settings.LINLI_COUNTY) or not areas.area_exists(area):
        wrong["area"] = ["没有这个区域，请核对区域代码"]
    elif Webhook.objects.filter(area=area, name=name.strip()).exclude(pk=own).exists():
        wrong["name"] = ["本区域已有同名的接收方，请换一个名称"]
    if wrong:
        raise Refused("接收方信息有误，请按提示改正。", code="wrong_webhook", fields=wrong)
    return wanted


@transaction.atomic
def rotate_secret(*, by: Actor, webhook: int, now: datetime | None = None) -> tuple[Webhook, str]:
    """A fresh secret, shown this once; the former one signs along for 24 h (data/delivery.yaml), an older one no more."""
    row = _own(by, webhook)
    secret = rules.new_secret(secrets.token_bytes(SECRET_BYTES))
    row.old_secret, row.secret = row.secret, secret
    row.old_until = (now or timezone.now()) + timedelta(hours=delivering().old_secret_hours)
    row.version += 1
    row.save(update_fields=["secret", "old_secret", "old_until", "version"])
    _note(row, "rotate_secret", by, old_until=row.old_until.isoformat())
    return row, secret


@transaction.atomic
def switch_off(*, by: Actor, webhook: int, reason: str) -> Webhook:
    """Nothing more is written for this receiver; what waits is parked and may be resent later. A reason is required."""
    row = _own(by, webhook)
    if not reason.strip():
        raise Refused("请填写停用原因。", code="no_reason", fields={"reason": ["请填写停用原因"]})
    if not row.active:
        raise Refused("该接收方已经停用。", code="already_off", status=409)
    _off(row, reason.strip()[:200], by)
    return row


def give_up(row: Webhook, reason: str) -> None:
    """Switches a receiver off for what it answered or did not answer, and tells those who manage it."""
    if not row.active:
        return
    _off(row, reason, SYSTEM)
    for account in managers_of(row.area):
        notify(
            to=account,
            template="exchange.switched_off",
            context={"name": row.name, "reason": reason},
            subject=f"exchange.webhook:{row.pk}",
        )


def _off(row: Webhook, reason: str, by: Actor) -> None:
    row.active, row.off_reason, row.version = False, reason, row.version + 1
    row.save(update_fields=["active", "off_reason", "version"])
    waiting = Delivery.objects.filter(webhook=row, state="waiting")
    parked = waiting.update(state="parked", next_try_at=None, last_said=OFF)
    _note(row, "switch_off", by, reason=reason, parked=parked)


@transaction.atomic
def switch_on(*, by: Actor, webhook: int) -> Webhook:
    """Facts told from now on are sent again; what was parked meanwhile only when it is resent."""
    row = _own(by, webhook)
    if row.active:
        raise Refused("该接收方已经启用。", code="already_on", status=409)
    row.active, row.off_reason, row.failing_since, row.rest_until = True, "", None, None
    row.version += 1
    row.save(update_fields=["active", "off_reason", "failing_since", "rest_until", "version"])
    _note(row, "switch_on", by)
    return row
