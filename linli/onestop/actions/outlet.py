"""统一窗口出件: a result document made on approval, put out, handed over with a receipt, posted or opened online; void, reissued."""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.codes import ALPHABET
from linli.kernel.files import store
from linli.kernel.files.models import Attachment
from linli.kernel.ledger.actions import record
from linli.onestop import outlet, qrcode, reading, sealing, telling
from linli.onestop.actions import steps
from linli.onestop.actions.advance import advance, read_case
from linli.onestop.actions.trips import recount
from linli.onestop.models import Application, Handover, Result

VERB = "onestop.outlet"


def check_hash(number: str, code: str) -> bytes:
    """What a number and its code are compared by; spaces, hyphens and case of the code do not matter."""
    folded = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(f"linli-result\x1f{number.strip().upper()}\x1f{folded}".encode()).digest()


@transaction.atomic
def make_result(*, by: Actor, application: int, at: datetime | None = None) -> Result | None:
    """The document of an approved case, from its item's sample. Again: the one in force.

    None for a case that was not approved, or whose documents were all revoked. Raises Refused 403, 404.
    """
    row, now = steps.locked(application), steps.moment(at)
    _require(by, row, _window_of(row))
    found = row.results.order_by("-edition").first()
    if found is not None or not hasattr(row, "decision") or row.decision.outcome != "approve":
        return found if found and found.state != "void" else None
    made = _make(by, row, 1, now)
    telling.tell_result(made, "made")
    return made


def _require(by: Actor, row: Application, unit: str) -> None:
    if by.kind != "system":
        steps.require_on(by, VERB, row, unit)


def _window_of(row: Application) -> str:
    """The unit that took the case in also gives its result out."""
    return row.tasks.filter(step="accept").order_by("id").values_list("unit", flat=True).first() or row.unit


def _make(by: Actor, row: Application, edition: int, now: datetime, note: str = "") -> Result:
    sample, unit = outlet.sample_of(row.version.definition), areas.unit_names().get(row.unit, "")
    until = _until(row)
    code = "".join(secrets.choice(ALPHABET) for _ in range(8))
    number = _number(row, now)
    lines = outlet.filled(sample, _values(row, unit, until))
    lines += [f"更正说明：{note}"] if note else []
    mark = sealing.seal(unit or "办理单位", hashlib.sha256("\n".join(lines).encode()).digest())
    page = {
        "title": sample.title, "lines": lines, "number": number, "edition": edition, "code": code, "mark": mark,
        "made": now, "address": _origin(), "qr": qrcode.svg(_check_words(number, code)),
    }  # fmt: skip
    data = render_to_string("onestop/outlet/document.html", page).encode()
    file = _keep(row, f"{sample.title}-{number}.html", data, now)
    made = Result.objects.create(
        application=row, edition=edition, number=number, check_hash=check_hash(number, code), title=sample.title,
        issuer=unit or "办理单位", unit=_window_of(row), file=file.pk, sha256=file.sha256, until=until, made_at=now,
        sealed=bool(mark.signature), grid=row.grid, community=row.community, street=row.street, county=row.county,
    )  # fmt: skip
    _record(by, made, "make", sha256=made.sha256, edition=edition)
    return made


def _values(row: Application, unit: str, until: object) -> dict[str, str]:
    person, decision = row.person, row.decision
    kind = str(reading.definition_of(row.version).payout.get("kind", ""))
    return {
        "name": person.name,
        "id": person.masked_number or "未登记",
        "item": row.item.name,
        "case": row.number,
        "unit": unit,
        "day": f"{timezone.localtime(decision.at):%Y 年 %-m 月 %-d 日}",
        "until": f"{until:%Y 年 %-m 月 %-d 日}" if until else "",
        "amount": outlet.yuan(decision.fen, kind),
    }


def _until(row: Application):  # type: ignore[no-untyped-def]
    months = row.version.definition.get("validity_months")
    return outlet.months_on(timezone.localdate(row.decision.at), int(months)) if months else None


def _number(row: Application, now: datetime) -> str:
    """JG-<county>-<day>-<n>, n from a sequence (joints.md section 4)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('onestop_result_number')")
        (serial,) = cursor.fetchone()
    return f"JG-{row.county or settings.LINLI_COUNTY}-{timezone.localtime(now):%Y%m%d}-{serial}"


def _origin() -> str:
    return next(iter(settings.CSRF_TRUSTED_ORIGINS), "").rstrip("/")


def _check_words(number: str, code: str) -> str:
    """What the QR says: the address of the check where the site knows its own, else number and code in words."""
    origin = _origin()
    return (
        f"{origin}/results/check/?n={number}&c={code}"
        if origin
        else f"文书核验：编号 {number}，核验码 {code}"
    )


def _keep(row: Application, name: str, data: bytes, now: datetime) -> Attachment:
    """The print page among the case's files. It is ours, so the checks on what people send do not apply."""
    digest = store.keep(data)
    return Attachment.objects.create(
        client_uuid=uuid.uuid4(), state="ready", name=name[:100], size=len(data), received=len(data), sha256=digest,
        stored=digest, stored_size=len(data), content_type="text/html", subject=row.subject,
        retention_until=now + timedelta(days=outlet.shipped().keep_days),
    )  # fmt: skip


def _record(by: Actor, row: Result, verb: str, **fields: object) -> None:
    told = {"result": row.pk, "number": row.number, "state": row.state, **fields}
    record(subject=row.application.subject, verb=f"onestop.result_{verb}", by=by, fields=told)


def _locked(result: int) -> Result:
    """The case first, then the document. Raises Refused 404."""
    number = Result.objects.filter(pk=result).values_list("application", flat=True).first()
    if number is None:
        raise Refused("没有这份文书。", code="no_result", status=404)
    row = steps.locked(number)
    found = Result.objects.select_for_update().get(pk=result)
    found.application = row
    return found


def _at_window(by: Actor, result: int, action: str) -> Result:
    found = _locked(result)
    _require(by, found.application, found.unit)
    found.state = outlet.next_state(found.state, action)
    return found


def _save(by: Actor, row: Result, verb: str, now: datetime, **fields: object) -> Result:
    row.save()
    _record(by, row, verb, **fields)
    if row.state == "received":
        _close_delivery(by, row.application, now)
    recount(row.application_id)
    return row


def _close_delivery(by: Actor, row: Application, now: datetime) -> None:
    """The case's step 送达 is done once the document reached its owner, whoever holds the task."""
    task = row.tasks.filter(step="deliver", state="open").first()
    if task is None or row.state != "approved":
        return
    task.state, task.opinion, task.finding = "done", "agree", "结果文书已送达"
    task.done_at, task.done_by_id = now, by.account
    task.save()
    advance(SYSTEM, read_case(row), now)


@transaction.atomic
def put_out(*, by: Actor, result: int, at: datetime | None = None) -> Result:
    """出件: printed and lying at the window. A second time: the same answer."""
    found = _locked(result)
    _require(by, found.application, found.unit)
    if found.state == "ready":
        return found
    found.state, found.ready_at = outlet.next_state(found.state, "put_out"), steps.moment(at)
    telling.tell_result(found, "ready")
    return _save(by, found, "put_out", found.ready_at)


@transaction.atomic
def hand_over(
    *, by: Actor, result: int, receiver: str, signature: Sequence[int], agent: bool = False, authority: str = "",
    at: datetime | None = None,
) -> Handover:  # fmt: skip
    """Handed over at the window against a signed receipt (`signature`: photographs of it); an agent with authority.

    A second time: the first receipt. Raises Refused 403, 404, 409, 422 with all defects.
    """
    row, now = _locked(result), steps.moment(at)
    _require(by, row.application, row.unit)
    earlier = row.handovers.filter(way="window", outcome="received").first()
    if earlier is not None and row.state != "void":
        return earlier
    row.state = outlet.next_state(row.state, "hand_over")
    if wrong := outlet.hand_over_faults(receiver, agent, authority, signature):
        raise Refused("领取登记不完整，请按提示补充。", code="wrong_receipt", fields=wrong)
    steps.keep_files(by, row.application, signature, "signature")
    made = Handover.objects.create(
        result=row, way="window", outcome="received", by_id=by.account, at=now, receiver=receiver.strip(),
        agent=agent, authority=authority.strip()[:200] if agent else "", signature=list(signature),
    )  # fmt: skip
    row.received_at = row.received_at or now
    _save(by, row, "hand_over", now, agent=int(agent))
    return made


@transaction.atomic
def post_result(
    *, by: Actor, result: int, courier: str, tracking: str, at: datetime | None = None
) -> Handover:  # fmt: skip
    """Given to a courier under its number, to the address the applicant asked for."""
    row, now = _at_window(by, result, "post"), steps.moment(at)
    wrong = {
        name: [said]
        for name, words, said in (
            ("courier", courier, "请填写快递公司"),
            ("tracking", tracking, "请填写运单号"),
            ("address", row.post_to, "申请人还没有填写邮寄地址"),
        )
        if len(words.strip()) < 2
    }
    if wrong:
        raise Refused("邮寄登记不完整，请按提示补充。", code="wrong_parcel", fields=wrong)
    sent = Handover.objects.create(
        result=row, way="post", outcome="sent", by_id=by.account, at=now, courier=courier.strip()[:32],
        tracking=tracking.strip()[:40],
    )  # fmt: skip
    telling.tell_result(row, "sent", parcel=f"{sent.courier} {sent.tracking}")
    _save(by, row, "post", now)
    return sent


@transaction.atomic
def note_parcel(*, by: Actor, result: int, delivered: bool, receiver: str = "", at: datetime | None = None) -> Result:  # fmt: skip
    """What became of the parcel: delivered (to whom), or returned to the window."""
    row, now = _at_window(by, result, "delivered" if delivered else "returned"), steps.moment(at)
    parcel = row.handovers.get(way="post", outcome="sent")
    parcel.outcome, parcel.ended_at = ("received" if delivered else "returned"), now
    parcel.receiver = receiver.strip()
    parcel.save()
    if delivered:
        row.received_at = row.received_at or now
    else:
        row.ready_at = now
    return _save(by, row, "parcel", now, delivered=int(delivered))


@transaction.atomic
def open_result(*, by: Actor, result: int, at: datetime | None = None) -> Result:
    """Opened online by the applicant or their agent: the first time is recorded, and collects it unless they asked
    for paper. Raises Refused 404 for anybody else."""
    row, now = _locked(result), steps.moment(at)
    if not steps.may_speak_for(by, row.application):
        raise Refused("没有这份文书。", code="no_result", status=404)
    if row.state == "void" or row.handovers.filter(way="online").exists():
        return row
    Handover.objects.create(result=row, way="online", outcome="received", by_id=by.account, at=now)
    if row.wish in ("", "online") and "open" in outlet.MOVES[row.state]:
        row.state = outlet.next_state(row.state, "open")
        row.received_at = now
    return _save(by, row, "open", now)


@transaction.atomic
def wish_delivery(*, by: Actor, result: int, way: str, address: str = "") -> Result:
    """The applicant says how they want it: online, at the window, or by post to an address."""
    row = _locked(result)
    if not steps.may_speak_for(by, row.application):
        require(by, VERB, area=row.application.area, unit=row.unit, subject=row.application.subject)
    if row.state not in ("made", "ready"):
        raise Refused("文书已经寄出、领取或作废，不能再改领取方式。", code="moved_on", status=409)
    wrong = {} if way in outlet.WAYS else {"way": ["请选择领取方式"]}
    if way == "post" and len(address.strip()) < 6:
        wrong["address"] = ["请填写详细的邮寄地址，含收件人和电话"]
    if wrong:
        raise Refused("领取方式不完整，请按提示补充。", code="wrong_wish", fields=wrong)
    row.wish, row.post_to = way, address.strip()[:200] if way == "post" else ""
    return _save(by, row, "wish", timezone.now(), way=way)


@transaction.atomic
def reissue_result(*, by: Actor, result: int, why: str, reason: str, at: datetime | None = None) -> Result:
    """补发、更正: the old one is void with its reason, the next edition is made anew with its own number.

    `why`: lost, damaged or correction; a correction prints its `reason`. Raises Refused 403, 404, 409, 422.
    """
    old, now = _void(by, result, why, reason, ("lost", "damaged", "correction"), at), steps.moment(at)
    made = _make(by, old.application, old.edition + 1, now, old.reason if why == "correction" else "")
    if old.wish:
        made.wish, made.post_to = old.wish, old.post_to
        made.save(update_fields=["wish", "post_to"])
    telling.tell_result(made, "replaced", old=old.number)
    return made


@transaction.atomic
def revoke_result(*, by: Actor, result: int, reason: str, at: datetime | None = None) -> Result:
    """撤销: void without another in its place; whoever decided may do it."""
    row = _void(by, result, "revoked", reason, ("revoked",), at, "onestop.decide")
    telling.tell_result(row, "revoked")
    return row


def _void(
    by: Actor, result: int, why: str, reason: str, allowed: Sequence[str], at: datetime | None, verb: str = VERB
) -> Result:  # fmt: skip
    row, now = _locked(result), steps.moment(at)
    unit = row.unit if verb == VERB else row.application.unit
    steps.require_on(by, verb, row.application, unit)
    said = steps.must_say(reason, "reason", "请写明作废的原因")
    if why not in allowed:
        steps.must_say("", "why", f"请选择原因：{'、'.join(outlet.WHY[one] for one in allowed)}")
    row.state = outlet.next_state(row.state, "void")
    row.voided_at, row.why, row.reason = now, why, said[:200]
    row.handovers.filter(outcome="sent").update(outcome="returned", ended_at=now)
    return _save(by, row, "void", now, why=why)


def remind_uncollected(*, now: datetime | None = None) -> int:
    """Documents nobody collected are told of again, as often as data/results.yaml says. Returns how many."""
    moment = now or timezone.now()
    rows = Result.objects.filter(state__in=["made", "ready"], reminded__lt=outlet.shipped().remind_most)
    due = rows.filter(made_at__lte=moment - timedelta(days=outlet.shipped().remind_after))
    return sum(_remind(number, moment) for number in due.values_list("pk", flat=True))


@transaction.atomic
def _remind(number: int, now: datetime) -> int:
    row = _locked(number)
    if row.state not in ("made", "ready"):
        return 0
    if not outlet.reminder_due(row.ready_at or row.made_at, row.reminded_at, row.reminded, now):
        return 0
    row.reminded, row.reminded_at = row.reminded + 1, now
    row.save(update_fields=["reminded", "reminded_at"])
    telling.tell_result(row, "waiting", key=str(row.reminded))
    return 1
