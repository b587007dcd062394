"""Objections: heard from anybody, kept sealed, ruled by somebody not concerned, always answered."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.deadlines.rules import Limit, due
from linli.kernel.identity.fields import blind
from linli.kernel.ledger.actions import record
from linli.kernel.notify.actions import notify
from linli.publicity import facts, queries, registry, rules
from linli.publicity.actions.steps import SEALED, base, end_if_due, finish, kept, locked, must_move, note
from linli.publicity.codes import answer_code, code_hash
from linli.publicity.models import Notice, Objection


@dataclass(frozen=True, slots=True)
class Objecting:
    """What somebody says against a notice. `sender` makes `client_uuid` unique: the actor's ref, never shown.

    `channel` other than `web` is a clerk writing down what somebody else said: the clerk is not the objector.
    """

    grounds: str
    client_uuid: uuid.UUID
    real_name: bool = False
    name: str = ""
    phone: str = ""
    against: str = ""
    channel: str = "web"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the objector takes away. `code` opens the answer, without an account."""

    objection: int
    code: str
    late: bool
    due_at: datetime
    repeated: bool = False


def object_to_notice(*, by: Actor, notice: int, said: Objecting) -> Receipt:
    """提出异议, by anybody. After the end it is taken as a report (`late`), which is answered as well.

    The same client UUID with the same content gets the first receipt again. Raises Refused 403, 404, 422, or 409 when
    the UUID came before with other content.
    """
    require(by, "publicity.object")
    given = _checked(by, said)
    try:
        with transaction.atomic():
            return _take(by, notice, given)
    except IntegrityError as clash:
        if "one_objection" not in str(clash):
            raise
    return _first(by, notice, given)


def _checked(by: Actor, said: Objecting) -> Objecting:
    faults: dict[str, list[str]] = {}
    grounds = said.grounds.replace("\x00", "").strip()
    if not rules.LEAST_GROUNDS <= len(grounds) <= rules.LONGEST_GROUNDS:
        faults["grounds"] = [f"请写明异议理由，{rules.LEAST_GROUNDS} 至 {rules.LONGEST_GROUNDS} 字"]
    own = by.account is not None and said.channel == "web"
    if said.real_name and not said.name.strip():
        faults["name"] = ["实名异议请填写姓名，只用于核实和答复，严格保密"]
    if said.real_name and not own and not said.phone.strip():
        faults["phone"] = ["实名异议请留手机号，书面答复会发到这里"]
    phone = "".join(said.phone.split())
    if phone and not (phone.isascii() and phone.isdigit() and len(phone) == 11 and phone.startswith("1")):
        faults["phone"] = ["手机号应为 11 位数字，例如 13812345678"]
    if said.channel not in dict(Objection.CHANNELS):
        faults["channel"] = ["请选择收到的渠道"]
    if faults:
        raise Refused("异议还不完整，请按提示修改。", code="invalid", fields=faults)
    return Objecting(
        grounds,
        said.client_uuid,
        said.real_name,
        said.name.strip()[:64],
        phone,
        said.against.strip()[:200],
        said.channel,
    )


def _content(notice: int, said: Objecting) -> bytes:
    """Keyed, since grounds and phone could be guessed from a plain hash."""
    raw = rules.content_digest(
        notice=notice,
        grounds=said.grounds,
        name=said.name,
        phone=said.phone,
        against=said.against,
        real=said.real_name,
    )
    return hashlib.sha256(blind(raw.hex())).digest()


def _take(by: Actor, number: int, said: Objecting) -> Receipt:
    notice, now = locked(number), timezone.now()
    if notice.state == "withdrawn":
        raise Refused("这份公示已经撤回，不再受理异议。", code="moved_on", status=409)
    if said.channel != "web" and not queries.may_rule(by, notice, "publicity.receive"):
        raise Refused("您没有登记异议的权限。", code="not_allowed", status=403)
    must_move(notice, "object")
    kind = registry.kinds().get(notice.kind)
    late = rules.late(notice.state, notice.ends_at, now)
    own = str(by.account) if by.account is not None and said.channel == "web" and said.real_name else ""
    code = answer_code(by.ref, said.client_uuid)
    row = Objection.objects.create(
        notice=notice,
        sender=blind(by.ref),
        client_uuid=said.client_uuid,
        content=_content(number, said),
        code_hash=code_hash(code),
        channel=said.channel,
        real_name=said.real_name,
        name=said.name,
        phone=said.phone,
        account=own,
        account_index=blind(f"account:{own}") if own else None,
        against=said.against,
        grounds=said.grounds,
        barred=notice.barred,
        received_at=now,
        late=late,
        due_at=due(now, Limit.parse(kind.answer if kind else "10 wd"), calendar_for(notice.county)).at,
    )
    note(notice, "object", SEALED, text="逾期，按反映登记" if late else "", public=False)
    record(
        subject=row.ref,
        verb="publicity.object",
        by=SEALED,
        fields={"notice": notice.pk, "late": int(late), "real_name": int(said.real_name)},
        personal={"grounds": said.grounds},
    )
    tell(facts.ObjectionReceived(**base(notice), objection=row.pk, late=late, real_name=row.real_name))
    if kind and kind.on_objected:
        told = registry.Objected(notice.pk, row.pk, notice.subject, notice.area, late, row.real_name)
        kind.on_objected(SYSTEM, told)
    return Receipt(row.pk, code, late, row.due_at)


def _first(by: Actor, number: int, said: Objecting) -> Receipt:
    first = Objection.objects.get(sender=blind(by.ref), client_uuid=said.client_uuid)
    if bytes(first.content) != _content(number, said):
        raise Refused("这份异议此前已收到，但内容不同。请重新打开页面填写。", code="uuid_reused", status=409)
    return Receipt(first.pk, answer_code(by.ref, said.client_uuid), first.late, first.due_at, repeated=True)


@transaction.atomic
def rule_objection(*, by: Actor, objection: int, upheld: bool, reasons: str) -> Objection:
    """裁定, by somebody not concerned; the reasons are the written answer and go to the objector at once.

    Upheld in time: the notice ends with outcome `upheld` and the room is told. Raises Refused 403, 404, 409, 422.
    """
    row = Objection.objects.select_related("notice").filter(pk=objection).first()
    if row is None or not queries.may_rule(by, row.notice):
        raise Refused("没有这件异议，或您无权查看。", code="no_objection", status=404)
    notice, now = locked(row.notice_id), timezone.now()
    row = Objection.objects.select_for_update().get(pk=objection)
    _must_be_free(by, notice, row)
    if row.state != "open":
        raise Refused("这件异议已经裁定。", code="moved_on", status=409)
    said = reasons.strip()
    if not rules.LEAST_REASON <= len(said) <= rules.LONGEST_GROUNDS:
        words = f"请写明裁定理由，至少 {rules.LEAST_REASON} 个字；它会作为书面答复发给异议人"
        raise Refused(f"{words}。", code="no_reason", fields={"reasons": [words]})
    row.state, row.reasons, row.ruled_by_id, row.ruled_at = (
        "upheld" if upheld else "rejected",
        said,
        by.account,
        now,
    )
    row.answered_at = now if _answer(notice, row) or row.real_name else None
    row.save()
    note(notice, "rule", by, text=row.get_state_display(), public=False)
    record(
        subject=row.ref,
        verb="publicity.rule",
        by=by,
        fields={"notice": notice.pk, "upheld": int(upheld), "late": int(row.late)},
        personal={"reasons": said},
    )
    tell(facts.ObjectionRuled(**base(notice), objection=row.pk, upheld=upheld, late=row.late))
    _act_on(by, notice, row, upheld, now)
    return row


def _must_be_free(by: Actor, notice: Notice, row: Objection) -> None:
    own = row.channel == "web" and bytes(row.sender) == blind(by.ref)
    barred = {*row.barred, *notice.barred}
    why = rules.may_not_rule(
        account=by.account, name=by.name, barred=barred, own=own, texts=(row.grounds, row.against)
    )
    if why or row.ref in by.bars or notice.ref in by.bars:
        raise Refused(f"{why or '您须回避此事'}。", code="concerned", status=403)


def _answer(notice: Notice, row: Objection) -> bool:
    """The answer in writing, to the account and to the phone left; False where neither is known (the code shows it)."""
    context = {
        "title": notice.title,
        "number": notice.number,
        "result": row.get_state_display(),
        "reasons": row.reasons,
    }
    targets: list[int | str] = [int(row.account)] if row.account else []
    targets += [row.phone] if row.phone else []
    for to in targets:
        notify(to=to, template="publicity.answered", context=context, client_key=f"answer:{row.pk}")
    return bool(targets)


def _act_on(by: Actor, notice: Notice, row: Objection, upheld: bool, now: datetime) -> None:
    kind = registry.kinds().get(notice.kind)
    if upheld and kind and kind.on_upheld:
        kind.on_upheld(by, registry.Ruled(notice.pk, row.pk, notice.subject, notice.area, row.late))
    if row.late or not notice.open:
        return
    if upheld:
        finish(by, notice, state=must_move(notice, "uphold"), outcome="upheld", step="uphold")
    else:
        end_if_due(notice, now)


@transaction.atomic
def reveal_objector(*, by: Actor, objection: int, reason: str) -> dict[str, str]:
    """Who objected, for whoever must check it with them: only with a reason, never without a record.

    Raises Refused 403 for those concerned, 404 for those without the verb, 422 without a reason.
    """
    row = Objection.objects.select_related("notice").filter(pk=objection).first()
    if row is None or not queries.may_rule(by, row.notice, "publicity.reveal"):
        raise Refused("没有这件异议，或您无权查看。", code="no_objection", status=404)
    _must_be_free(by, row.notice, row)
    said = reason.strip()
    if len(said) < 4:
        words = "请写明查看理由，至少 4 个字，例如“向本人核实情况”"
        raise Refused(f"{words}。", code="no_reason", fields={"reason": [words]})
    record(
        subject=row.ref,
        verb="publicity.reveal",
        by=by,
        fields={"notice": row.notice_id},
        personal={"reason": said},
    )
    kept(row.notice, "reveal", by, objection=row.pk)
    return {"name": row.name, "phone": row.phone, "account": row.account, "against": row.against}
