"""Single openings and closings: passes on one subject for a time, bars that beat every role. All recorded."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access import rules
from linli.kernel.access.models import Bar, Pass
from linli.kernel.access.rules import Actor, require
from linli.kernel.ledger.actions import record


@transaction.atomic
def give_pass(
    *,
    by: Actor,
    account: int | None,
    subject: str,
    verbs: Iterable[str],
    reason: str,
    until: datetime,
    area: str = "",
) -> tuple[Pass, str]:
    """Opens `verbs` on one subject for an account, or for the holder of a one-time link (account None).

    Returns the pass and the link's secret ("" for an account); only its SHA-256 is kept. Needs `access.pass`
    in `area` (the whole county when empty), or `by` SYSTEM from a room's own action that has checked its own
    procedure. A reason is required.
    """
    require(by, "access.pass", area=area or settings.LINLI_COUNTY)
    opened = sorted(set(verbs))
    wrong = rules.pass_faults(subject, opened, reason, until, timezone.now())
    if account is not None and by.account == account:
        wrong["account"] = ["不能给自己开通查看权限，请由他人办理"]
    if wrong:
        raise Refused("开通信息有误，请按提示改正。", code="wrong_pass", fields=wrong)
    secret = "" if account is not None else secrets.token_urlsafe(24)
    row = Pass.objects.create(
        account_id=account,
        link_hash=hashlib.sha256(secret.encode()).digest() if secret else None,
        subject=subject,
        verbs=opened,
        reason=reason.strip(),
        until=until,
        area=area,
        given_by_id=by.account,
    )
    fields = {"pass": row.pk, "account": account, "verbs": " ".join(opened), "until": until.isoformat()}
    record(subject=subject, verb="give_pass", by=by, fields=fields, personal={"reason": reason.strip()})
    return row, secret


@transaction.atomic
def revoke_pass(*, by: Actor, pass_id: int, reason: str = "", area: str = "") -> None:
    """Closes a pass before its time, with a reason; its holder may give it up without one."""
    row = Pass.objects.select_for_update().filter(pk=pass_id).first()
    own = row is not None and row.account_id is not None and row.account_id == by.account
    if not own:
        require(by, "access.pass", area=area or (row.area if row else "") or settings.LINLI_COUNTY)
    if row is None or row.revoked is not None:
        raise Refused("该通行许可不存在或已撤销。", code="not_open", status=409)
    if not own:
        _must_say(by, reason, "请写明撤销理由")
    row.revoked = timezone.now()
    row.save(update_fields=["revoked"])
    personal = {"reason": reason.strip()} if reason.strip() else {}
    record(subject=row.subject, verb="revoke_pass", by=by, fields={"pass": row.pk}, personal=personal)


@transaction.atomic
def bar(*, by: Actor, account: int, subject: str, why: str, reason: str = "", area: str = "") -> Bar:
    """Keeps an account away from a subject whatever its roles: kin 亲属回避, sealed 封存. Twice is once.

    Needs `access.bar` in `area` (the whole county when empty) and a reason; a room's own action acts as SYSTEM.
    """
    require(by, "access.bar", area=area or settings.LINLI_COUNTY)
    wrong: dict[str, list[str]] = {}
    if why not in dict(Bar._meta.get_field("why").choices or ()):
        wrong["why"] = ["请选择回避或封存"]
    if not subject or len(subject) > 64:
        wrong["subject"] = ["请指明回避的事项"]
    if wrong:
        raise Refused("回避信息有误，请按提示改正。", code="wrong_why", fields=wrong)
    _must_say(by, reason, "请写明设置理由")
    said = reason.strip()[:200]
    given = {"why": why, "area": area, "reason": said, "set_by_id": by.account}
    row, made = Bar.objects.get_or_create(account_id=account, subject=subject, defaults=given)
    if made:
        fields = {"account": account, "why": why}
        record(subject=subject, verb="bar", by=by, fields=fields, personal={"reason": said} if said else {})
    return row


@transaction.atomic
def unbar(*, by: Actor, account: int, subject: str, reason: str, area: str = "") -> None:
    """Lifts a bar; never one's own, and never without a reason."""
    row = Bar.objects.select_for_update().filter(account=account, subject=subject).first()
    require(by, "access.bar", area=area or (row.area if row else "") or settings.LINLI_COUNTY)
    if by.account == account:
        raise Refused("不能解除对自己的回避，请由他人办理。", code="own_bar", status=403)
    if not reason.strip():
        raise Refused("请写明解除理由。", code="no_reason", fields={"reason": ["请写明解除理由"]})
    if row is not None:
        row.delete()
        fields = {"account": account}
        record(subject=subject, verb="unbar", by=by, fields=fields, personal={"reason": reason.strip()})


def _must_say(by: Actor, reason: str, words: str) -> None:
    """People give a reason; a room's own procedure (SYSTEM) has checked its own."""
    if by.kind != "system" and not reason.strip():
        raise Refused(f"{words}。", code="no_reason", fields={"reason": [f"{words}，将记入存证"]})
