"""What the county's administrator sets about messages: gateways, words, quiet hours; a second try, a trial."""

from collections.abc import Mapping
from datetime import datetime, time

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.rules import Actor, require
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record
from linli.kernel.notify import current, gateways, queries, rules
from linli.kernel.notify.actions.sending import notify
from linli.kernel.notify.models import Channel, Notice, QuietHours, Wording
from linli.kernel.notify.rules import KINDS


def _require(by: Actor) -> None:
    """Messages are the whole county's: a town's grant does not reach them."""
    require(by, "notify.manage", area=settings.LINLI_COUNTY)


def set_channel(*, by: Actor, kind: str, url: str, active: bool = True) -> Channel:
    """Sets the gateway of a kind of channel. The URL is a secret: stored encrypted, recorded only as changed."""
    _require(by)
    faults: dict[str, list[str]] = {}
    if kind not in KINDS or kind == "in_app":
        faults["kind"] = ["通道只能是 sms、wecom、dingtalk 或 email。"]
    if not url.strip() or not gateways.readable(url.strip()):
        faults["url"] = ["网关地址不是 apprise 能识别的写法，例如 jsons://网关域名/路径?-to={address}。"]
    elif kind == "sms" and "{address}" not in url:
        faults["url"] = ["短信网关地址里要有 {address}，发送时换成收件人的号码。"]
    if faults:
        raise Refused("通道设置有误，请更正后再保存。", code="bad_channel", fields=faults)
    with transaction.atomic():
        row, _ = Channel.objects.update_or_create(kind=kind, defaults={"url": url.strip(), "active": active})
        record(
            subject=f"notify.channel:{kind}", verb="notify.set_channel", by=by, fields={"active": int(active)}
        )
    return row


@transaction.atomic
def switch_channel(*, by: Actor, kind: str, active: bool, reason: str) -> Channel:
    """Puts a gateway out of use or back, its address kept. Refused without a reason or where none was set here."""
    _require(by)
    _must_say(reason)
    row = Channel.objects.select_for_update().filter(pk=kind).first()
    if row is None:
        raise Refused("这个通道还没有在本页设置网关。", code="no_channel", status=404)
    row.active = active
    row.save(update_fields=["active", "changed"])
    fields = {"active": int(active), "reason": reason.strip()[:200]}
    record(subject=f"notify.channel:{kind}", verb="notify.switch_channel", by=by, fields=fields)
    return row


@transaction.atomic
def send_trial(*, by: Actor, kind: str, now: datetime | None = None) -> Notice:
    """A test message to oneself through one channel, at once even at night. Refused when one has no address for it."""
    _require(by)
    person = Account.objects.filter(pk=by.account).first() if by.account else None
    if kind not in KINDS:
        raise Refused("没有这种通道。", code="no_channel", status=404)
    if person is None:
        raise Refused("请用本人账号登录后再测试。", code="not_signed_in", status=403)
    if kind == "sms" and not person.phone:
        raise Refused("您的账号没有登记手机号，请先在“我的账号”里填写。", code="no_address")
    if kind == "email" and not person.email:
        raise Refused("您的账号没有登记电子邮箱，请先在“我的账号”里填写。", code="no_address")
    notice = notify(
        to=person.pk,
        template="notify.trial",
        context={"channel": KINDS[kind]},
        channels=[kind],
        urgent=True,
        now=now,
    )[0]
    record(subject=f"notify.channel:{kind}", verb="notify.trial", by=by, fields={"notice": notice.pk})
    return notice


def resend(*, by: Actor, notice: int, reason: str = "", now: datetime | None = None) -> Notice:
    """Queues a failed notice once more. Refused when it has not failed, was wiped, or is out of date."""
    _require(by)
    now = now or timezone.now()
    with transaction.atomic():
        row = Notice.objects.select_for_update().filter(pk=notice).first()
        if row is None:
            raise Refused("没有这条通知。", code="no_notice", status=404)
        if row.state != "failed":
            raise Refused("只有发送失败的通知可以重发。", code="not_failed", status=409)
        if not row.text or (row.expires_at and row.expires_at <= now):
            raise Refused("这条通知已过时效，不能重发。", code="notice_expired", status=409)
        row.state, row.attempts, row.next_try_at, row.last_error = "queued", 0, now, ""
        row.save(update_fields=["state", "attempts", "next_try_at", "last_error"])
        fields = {"channel": row.channel, "reason": reason.strip()[:200]}
        record(subject=f"notify.notice:{row.pk}", verb="notify.resend", by=by, fields=fields)
    return row


@transaction.atomic
def set_quiet_hours(*, by: Actor, start: time, end: time, source: str) -> QuietHours:
    """The nightly time without messages, from now on; `start` == `end` means none. Refused without a source."""
    _require(by)
    if not source.strip():
        said = {"source": ["请写明依据，例如文件名称和文号。"]}
        raise Refused("免打扰时段有误，请更正后再保存。", code="bad_quiet_hours", fields=said)
    row = QuietHours.objects.create(start=start, end=end, source=source.strip(), made_by_id=by.account)
    fields = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "source": row.source}
    record(subject=f"notify.quiethours:{row.pk}", verb="notify.set_quiet_hours", by=by, fields=fields)
    current.book.forget()
    transaction.on_commit(current.book.forget)
    return row


@transaction.atomic
def set_wording(
    *, by: Actor, code: str, title: str, text: str, texts: Mapping[str, str] | None = None, reason: str
) -> Wording:
    """A new version of a template's words; messages written before keep theirs. Every place is checked first.

    `texts`: wordings of single channels, beside `text` for the others. Refused 404 for an unknown template, 422 with
    all defects at once.
    """
    _require(by)
    plain = queries.file_template(code)
    if plain is None:
        raise Refused("没有这个消息模板。", code="no_template", status=404)
    own = {kind: words.strip() for kind, words in (texts or {}).items() if words.strip()}
    last = Wording.objects.filter(code=code).aggregate(last=Max("version"))["last"] or 0
    version = max(last, plain.version) + 1
    try:
        rules.reworded(plain, version=version, title=title.strip(), text=text.strip(), texts=own)
    except rules.TemplateError as error:
        raise Refused(
            "文案有误，请更正后再保存。", code="bad_wording", fields={"text": [f"{error}。"]}
        ) from None
    _must_say(reason)
    row = Wording.objects.create(
        code=code,
        version=version,
        title=title.strip(),
        text=text.strip(),
        texts=own,
        reason=reason.strip(),
        made_by_id=by.account,
    )
    fields = {"version": version, "title": row.title, "text": row.text, "reason": row.reason}
    record(
        subject=f"notify.wording:{row.pk}", verb="notify.set_wording", by=by, fields={"code": code, **fields}
    )
    current.book.forget()
    transaction.on_commit(current.book.forget)
    return row


def _must_say(reason: str) -> None:
    if not reason.strip():
        raise Refused("请写明理由。", code="no_reason", fields={"reason": ["请写明理由，将记入存证。"]})
