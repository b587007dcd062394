"""发放批次: made by one, checked by another, sent to the bank, and what came back. Run twice, it adds nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.ledger.actions import record
from linli.onestop import bank, paying
from linli.onestop.actions import steps
from linli.onestop.actions.money import as_fields, finish_paid, require_money
from linli.onestop.books import booked, end_of, plan_of, terms
from linli.onestop.models import BankReturn, Batch, Entitlement, Item, PayLine, Transfer


@dataclass(frozen=True, slots=True)
class Sent:
    """The bank file of a batch: the same bytes whenever it is asked for."""

    batch: Batch
    name: str
    content: bytes


@transaction.atomic
def make_batch(
    *, by: Actor, item: str, month: date, area: str, layout: str = "", at: datetime | None = None
) -> Batch:
    """编制批次: whatever is due up to `month` and not booked yet, missed months and corrections included.

    Asked again with nothing new it answers the last batch of that month. Raises Refused 403, 404, 409 `nothing_due`,
    422 for a month to come or an unknown layout.
    """
    require_money(by, area)
    now, upto = steps.moment(at), paying.month_of(month)
    form = layout or terms()["default_format"]
    if upto > paying.month_of(timezone.localdate(now)):
        raise Refused(
            "不能提前发放以后月份。", code="too_early", fields={"month": ["请选择本月或以前的月份"]}
        )
    if form not in terms()["formats"]:
        raise Refused("没有这种代发文件格式。", code="wrong_layout", fields={"layout": ["请选择银行格式"]})
    matter = Item.objects.select_for_update().filter(code=item).first()  # one maker at a time
    if matter is None:
        raise Refused("没有这个事项。", code="no_item", status=404)
    lines = _lines_due(matter, area, upto)
    if not lines:
        return _nothing_new(matter, area, upto)
    batch = Batch.objects.create(
        number=f"new-{matter.pk}-{now.timestamp()}", item=matter, area=area, county=area[:6], month=upto, layout=form,
        maker_id=by.account, made_at=now, rows=len(lines), fen=sum(x.fen for _, new in lines for x in new),
    )  # fmt: skip
    batch.number = f"FF-{area[:6]}-{upto:%Y%m}-{batch.pk}"
    batch.save(update_fields=["number"])
    _book(batch, lines)
    record(subject=batch.subject, verb="onestop.make_batch", by=by, fields=as_fields(batch))
    return batch


Due = tuple[Entitlement, list[paying.NewLine]]


def _lines_due(matter: Item, area: str, upto: date) -> list[Due]:
    """Entitlements of the area with the lines each wants; those that are over and even are laid aside."""
    fields = {6: "county", 9: "street", 12: "community", 15: "grid"}
    rows = Entitlement.objects.filter(item=matter, settled=False, **{fields[len(area)]: area})
    rows = rows.select_for_update(of=("self",)).prefetch_related("adjustments").order_by("id")
    found, even = [], []
    known = list(rows)
    stands = booked(row.pk for row in known)
    for row in known:
        plan, books = plan_of(row), stands.get(row.pk, {})
        lines = paying.wanted(plan, books, upto)
        if lines and row.account and not row.hold:
            found.append((row, lines))
        elif not lines and _over(row, upto) and not paying.overpaid(plan, books):
            even.append(row.pk)
    unsure = PayLine.objects.filter(entitlement__in=even, state__in=("waiting", "sent"))
    even = list(set(even) - set(unsure.values_list("entitlement", flat=True)))
    Entitlement.objects.filter(pk__in=even).update(settled=True)
    return found


def _over(row: Entitlement, upto: date) -> bool:
    end = end_of(row)
    return end is not None and end <= paying.add_months(upto, 1)


def _nothing_new(matter: Item, area: str, upto: date) -> Batch:
    last = (
        Batch.objects.filter(item=matter, area=area, month=upto).exclude(state="void").order_by("-id").first()
    )
    if last is None:
        raise Refused("这个月没有应发而未发的待遇。", code="nothing_due", status=409)
    return last


def _book(batch: Batch, due: Sequence[Due]) -> None:
    transfers = Transfer.objects.bulk_create(
        Transfer(
            batch=batch, entitlement=row, ref=f"{batch.pk:09d}{seq:07d}", fen=sum(line.fen for line in lines),
            account=row.account, payee=row.payee,
        )
        for seq, (row, lines) in enumerate(due, 1)
    )  # fmt: skip
    PayLine.objects.bulk_create(
        PayLine(transfer=transfer, entitlement=row, month=line.month, kind=line.kind, fen=line.fen)
        for transfer, (row, lines) in zip(transfers, due, strict=True)
        for line in lines
    )


def locked_batch(batch: int) -> Batch:
    """Raises Refused 404."""
    row = Batch.objects.select_for_update(of=("self",)).select_related("item").filter(pk=batch).first()
    if row is None:
        raise Refused("没有这个批次。", code="no_batch", status=404)
    return row


@transaction.atomic
def check_batch(
    *, by: Actor, batch: int, agree: bool = True, reason: str = "", at: datetime | None = None
) -> Batch:
    """复核 by a second person: agreed, or void with its reason (its lines come again in the next batch).

    Raises Refused 403 (also the maker's own), 404, 409, 422.
    """
    row = locked_batch(batch)
    require_money(by, row.area)
    if row.maker_id == by.account:
        raise Refused("编制人不能复核自己的批次，请由另一人复核。", code="own_batch", status=403)
    if row.state != "made":
        if row.state == "checked" and row.checker_id == by.account and agree:
            return row
        raise Refused("批次已经复核、送出或作废，请刷新后再看。", code="moved_on", status=409)
    row.checker_id, row.checked_at = by.account, steps.moment(at)
    row.state = "checked" if agree else "void"
    if not agree:
        row.reason = steps.must_say(reason, "reason", "请写明不同意的理由")[:200]
        PayLine.objects.filter(transfer__batch=row).exclude(state="void").update(state="void")
        row.transfers.exclude(state="void").update(state="void", reason="批次作废")
    row.save()
    record(subject=row.subject, verb="onestop.check_batch" if agree else "onestop.void_batch", by=by,
           fields=as_fields(row), personal={"reason": row.reason} if row.reason else None)  # fmt: skip
    return row


@transaction.atomic
def disburse_funds(*, by: Actor, batch: int, at: datetime | None = None) -> Sent:
    """发放 (the seed's verb): the bank file of a checked batch. Asked again: the same bytes, nothing paid twice.

    The file's SHA-256 stands in the ledger. Raises Refused 403, 404, 409.
    """
    row = locked_batch(batch)
    require_money(by, row.area)
    if row.state == "sent":
        return Sent(row, _name(row), bank_file(row))
    if row.state != "checked":
        raise Refused("批次尚未由第二人复核，不能送银行。", code="not_checked", status=409)
    content, now = bank_file(row), steps.moment(at)
    row.state, row.file_hash, row.sent_at, row.sender_id = "sent", bank.digest(content), now, by.account
    waiting = PayLine.objects.filter(transfer__batch=row, state="waiting")
    waiting.filter(transfer__fen=0).update(state="paid")  # set off in full: nothing for the bank to do
    waiting.filter(transfer__fen__gt=0).update(state="sent")
    row.transfers.filter(state="waiting", fen=0).update(state="paid", reason="抵扣", done_at=now)
    row.transfers.filter(state="waiting").update(state="sent")
    row.save()
    fields = {**as_fields(row), "file": row.file_hash}
    record(subject=row.subject, verb="onestop.disburse_funds", by=by, fields=fields)
    return Sent(row, _name(row), content)


def _name(row: Batch) -> str:
    return f"{row.number}.{'csv' if row.layout == 'csv' else 'txt'}"


def bank_file(row: Batch) -> bytes:
    """The file as it must be; raises Refused 409 when it is no longer the one that was sent."""
    purpose = f"{row.item.name[:12]}{row.month:%Y%m}"
    kept = row.transfers.filter(fen__gt=0).exclude(state="void").order_by("ref")
    rows = [bank.Pay(one.ref, one.account, one.payee, one.fen, purpose) for one in kept]
    try:
        content = bank.write(row.number, rows, terms()["formats"][row.layout])
    except (ValueError, UnicodeEncodeError) as wrong:
        raise Refused(f"有账户或户名放不进代发文件：{wrong}。", code="wrong_file", status=409) from wrong
    if row.file_hash and bank.digest(content) != row.file_hash:
        raise Refused("文件与送出时的摘要不符，请联系管理员核查。", code="file_differs", status=409)
    return content


@transaction.atomic
def read_bank_return(*, by: Actor, batch: int, content: bytes, at: datetime | None = None) -> BankReturn:
    """回盘: paid, failed or returned with its reason, all rows or none; the same file again changes nothing.

    What failed is due again in the next batch, where need be after its account was put right.
    Raises Refused 403, 404, 409, 422 naming every wrong row.
    """
    row, now = locked_batch(batch), steps.moment(at)
    require_money(by, row.area)
    seen = row.returns.filter(file_hash=bank.digest(content)).first()
    if seen:
        return seen
    if row.state != "sent":
        raise Refused("批次尚未送银行。", code="not_sent", status=409)
    known = {one.ref: one for one in row.transfers.exclude(state="void").select_for_update()}
    backs = _readable(content, known)
    for back in backs:
        _settle(known[back.ref], back, now)
    counts = {state: sum(one.state == state for one in backs) for state in ("paid", "failed", "returned")}
    made = BankReturn.objects.create(
        batch=row, file_hash=bank.digest(content), by_id=by.account, at=now, **counts
    )
    record(subject=row.subject, verb="onestop.read_bank_return", by=by,
           fields={"batch": row.number, "file": made.file_hash, **counts})  # fmt: skip
    _close(row, now)
    return made


AFTER = {"sent": ("paid", "failed", "returned"), "paid": ("paid", "returned"), "failed": ("failed",),
         "returned": ("returned",)}  # fmt: skip


def _readable(content: bytes, known: dict[str, Transfer]) -> list[bank.Back]:
    try:
        backs = bank.read(content, terms()["returns"])
    except bank.BadFile as bad:
        raise Refused("回盘文件有误，未作任何登记。", code="bad_return", fields={"file": bad.faults}) from bad
    faults = []
    for back in backs:
        one = known.get(back.ref)
        if one is None:
            faults.append(f"流水号 {back.ref[:20]} 不在本批次")
        elif one.fen != back.fen:
            faults.append(f"流水号 {back.ref}：金额应为 {bank.yuan(one.fen)}")
        elif back.state not in AFTER.get(one.state, ()):
            faults.append(f"流水号 {back.ref}：已登记为“{one.get_state_display()}”")
    if faults:
        raise Refused("回盘文件有误，未作任何登记。", code="bad_return", fields={"file": faults})
    return backs


def _settle(one: Transfer, back: bank.Back, now: datetime) -> None:
    if one.state == back.state:
        return
    one.state, one.reason, one.done_at = back.state, "" if back.state == "paid" else back.reason, now
    one.save(update_fields=["state", "reason", "done_at"])
    one.lines.exclude(state="void").update(state=back.state)
    if back.state != "paid":
        hold = {"hold": back.reason} if back.rekey else {}
        Entitlement.objects.filter(pk=one.entitlement_id).update(settled=False, **hold)


def _close(row: Batch, now: datetime) -> None:
    """Cases whose first money has arrived."""
    paid = Entitlement.objects.filter(
        transfers__batch=row, transfers__state="paid", decision__application__state="approved"
    )
    for found in paid.select_related("decision").distinct():
        finish_paid(found, now)
