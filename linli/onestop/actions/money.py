"""待遇: granted by an approval, changed and stopped for a reason and from a month on. What is paid follows by itself."""

import json
from datetime import date, datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.ledger.actions import record
from linli.onestop import paying
from linli.onestop.actions import steps
from linli.onestop.books import end_of, plan_of, terms
from linli.onestop.catalogue import Definition
from linli.onestop.models import (
    Adjustment,
    Application,
    Batch,
    Decision,
    Entitlement,
    PayLine,
    Task,
    Transfer,
)
from linli.people.models import Member as HomeMember

CAUSES = {
    "death": "死亡",
    "no_longer": "不再符合条件",
    "moved": "迁出本县",
    "own_wish": "本人放弃",
    "no_recheck": "不配合复核",
    "new_grant": "重新确认",
    "mistake": "登记有误",
}


def held(entitlement: int) -> Entitlement:
    """The row, locked. Raises Refused 404."""
    row = (
        Entitlement.objects.select_for_update(of=("self",)).select_related("decision").filter(pk=entitlement)
    )
    found = row.first()
    if found is None:
        raise Refused("没有这项待遇。", code="no_entitlement", status=404)
    return found


def may_change(by: Actor, row: Entitlement, verb: str = "onestop.decide") -> Application:
    """Whoever decides on such cases there and is no kin of this one. Raises Refused 403."""
    case = Application.objects.get(pk=row.decision.application_id)
    unit = Task.objects.values_list("unit", flat=True).get(pk=row.decision.task_id)
    steps.require_on(by, verb, case, unit)
    return case


def open_entitlement(
    *, by: Actor, row: Application, decision: Decision, definition: Definition
) -> Entitlement | None:
    """What an approval grants: None for items that pay no person by bank, or nothing. Ends an earlier grant of the
    same item, so that no month is granted twice. Called in the transaction of the approval."""
    kind, payout = definition.payout.get("kind", "none"), definition.payout
    if kind not in paying.PAID_HERE or payout.get("channel") != "social_bank" or not decision.fen:
        return None
    per_home = definition.one_open_per == "household" and row.household_id is not None
    whose = row.household_id if per_home and row.household_id else -row.person_id
    applied = timezone.localdate(row.submitted_at or decision.at)
    first = paying.first_month(kind, payout.get("start", ""), applied, timezone.localdate(decision.at))
    if kind != "one_off":
        first = _follow(by, row.item_id, whose, first, decision.at)
    form = json.loads(row.form) if row.form else {}
    names = terms()["form"]
    try:
        with transaction.atomic():
            made = Entitlement.objects.create(
                decision=decision, item=row.item, person=row.person, household_id=row.household_id if per_home else None,
                whose=whose, kind=kind, fen=decision.fen, first=first, months=_months(kind, first),
                account=str(form.get(names["account"], "")), payee=str(form.get(names["payee"], "")) or row.person.name,
                sheet=json.dumps(decision.sheet, ensure_ascii=False, sort_keys=True) if decision.sheet else "",
                recheck_on=None if kind == "one_off" else recheck_day(row, first), made_at=decision.at,
                grid=row.grid, community=row.community, street=row.street, county=row.county,
            )  # fmt: skip
    except DatabaseError as clash:
        raise Refused("这一户同一事项已有待遇，请刷新后再决定。", code="moved_on", status=409) from clash
    record(subject=made.subject, verb="onestop.entitle", by=by, personal={"fen": str(made.fen)},
           fields={"decision": decision.pk, "item": row.item.code, "first": first.isoformat()})  # fmt: skip
    return made


def _months(kind: str, first: date) -> DateRange:
    return DateRange(first, paying.add_months(first, 1) if kind == "one_off" else None)


def recheck_day(row: Application, since: date) -> date:
    """By the item's own table: the class whose facts hold (unsteady income and able to work: 6 months), else 12."""
    table = row.version.definition.get("recheck") or []
    every = {one.get("class", "stable"): one["every_months"] for one in table}
    usual = every.get("stable") or terms()["recheck"]["every_months"]
    months = every.get("unstable", usual) if row.facts.get("income_unsteady") else usual
    return paying.add_months(since, months)


def _follow(by: Actor, item: int, whose: int, first: date, now: datetime) -> date:
    """Ends what was granted before; a month already booked there stays there, and the new grant begins after it."""
    older = Entitlement.objects.select_for_update().filter(item=item, whose=whose, months__isempty=False)
    for old in older.order_by("id"):
        last = old.months.upper
        if last is not None and last <= first:
            continue
        lines = PayLine.objects.filter(entitlement=old, state__in=("sent", "paid"))
        latest = lines.order_by("-month").values_list("month", flat=True).first()
        if latest and latest >= first:
            first = paying.add_months(latest, 1)
        if last is None or last > first:
            change(by, old, "stop", max(first, old.first), 0, "new_grant", "重新确认后按新的决定发放", now)
    return first


@transaction.atomic
def adjust(
    *, by: Actor, entitlement: int, fen: int, month: date, reason: str, at: datetime | None = None
) -> Adjustment:
    """增发 or 减发: `fen` a month (a year) from `month` on; months already paid get signed corrections in the next batch.

    Raises Refused 403, 404, 409 when it is over, 422.
    """
    row = held(entitlement)
    may_change(by, row)
    said, since = steps.must_say(reason, "reason", "请写明调整的理由和依据"), paying.month_of(month)
    before = paying.owed(plan_of(row), since)
    _must_run(row, since)
    if fen <= 0 or fen == before:
        raise Refused(
            "请填写调整后的金额：大于零，且与现在不同。",
            code="wrong_amount",
            fields={"fen": ["停发请用“停发”"]},
        )
    kind = "increase" if fen > before else "decrease"
    return change(by, row, kind, since, fen, "", said, steps.moment(at))


def _must_run(row: Entitlement, month: date) -> None:
    end = end_of(row)
    if end is not None and month >= end:
        raise Refused("这项待遇在该月已经停发。", code="moved_on", status=409)
    if month < row.first:
        raise Refused("早于首发月份。", code="too_early", fields={"month": ["不能早于首发月份"]})


@transaction.atomic
def stop_entitlement(
    *, by: Actor, entitlement: int, month: date, cause: str, reason: str, phase_months: int = 0,
    phase_fen: int | None = None, at: datetime | None = None,
) -> Adjustment:  # fmt: skip
    """停发 from `month` on; with `phase_months` (渐退期) so much later, and at `phase_fen` until then.

    Raises Refused 403, 404, 409, 422 (a phase-out longer than 6 months, 3 after a death).
    """
    row = held(entitlement)
    may_change(by, row)
    said, since = steps.must_say(reason, "reason", "请写明停发的理由和依据"), paying.month_of(month)
    _must_run(row, since)
    if cause not in CAUSES:
        steps.must_say("", "cause", f"请选择停发的情形：{'、'.join(CAUSES.values())}")
    rule = terms()["phase_out"]
    most = rule["after_death_months_max" if cause == "death" else "months_max"]
    if fault := paying.phase_faults(phase_months, most):
        raise Refused(fault + "。", code="phase_too_long", fields={"phase_months": [fault]})
    now = steps.moment(at)
    if phase_months and phase_fen is not None:
        if not 0 < phase_fen <= paying.owed(plan_of(row), since):
            raise Refused(
                "渐退期金额有误。", code="wrong_amount", fields={"phase_fen": ["不得高于现在的金额"]}
            )
        change(by, row, "phase_out", since, phase_fen, cause, said, now)
    return change(by, row, "stop", paying.add_months(since, phase_months), 0, cause, said, now)


@transaction.atomic
def restore_entitlement(
    *, by: Actor, entitlement: int, reason: str, at: datetime | None = None
) -> Adjustment:  # fmt: skip
    """恢复: a stop is taken back; its months are paid in the next batch. Raises Refused 403, 404, 409, 422."""
    row = held(entitlement)
    may_change(by, row)
    return _restore(by, row, steps.must_say(reason, "reason", "请写明恢复的理由"), steps.moment(at))


def _restore(by: Actor, row: Entitlement, reason: str, now: datetime) -> Adjustment:
    stops = list(row.adjustments.filter(kind="stop"))
    if not row.stopped or not stops:
        raise Refused("这项待遇没有停发。", code="moved_on", status=409)
    stop = stops[-1]
    row.months = DateRange(row.first, stop.until_before)
    earlier = [one for one in stops[:-1] if one.month == stop.until_before]
    row.stopped = earlier[-1].cause if earlier else ""
    try:
        with transaction.atomic():
            return change(
                by, row, "restore", stop.month, paying.owed(plan_of(row), stop.month), "mistake", reason, now
            )
    except DatabaseError as clash:
        raise Refused("这几个月已有新的待遇，不能恢复。", code="moved_on", status=409) from clash


def change(
    by: Actor, row: Entitlement, kind: str, month: date, fen: int, cause: str, reason: str, now: datetime
) -> Adjustment:
    """Books one adjustment on a locked row; a stop also shortens the months and pulls what is not yet at the bank."""
    made = Adjustment.objects.create(
        entitlement=row, kind=kind, month=month, fen=fen, cause=cause, reason=reason, by_id=by.account, at=now,
        until_before=end_of(row) if kind == "stop" else None,
    )  # fmt: skip
    row.settled = False
    if kind == "stop":
        row.stopped = cause
        row.months = DateRange(row.first, max(month, row.first))
    row.save(update_fields=["months", "stopped", "settled"])
    if kind == "stop":
        pull(row, month)
    personal = {"fen": str(fen), "reason": reason}
    record(subject=row.subject, verb=f"onestop.{kind}", by=by, personal=personal,
           fields={"adjustment": made.pk, "month": month.isoformat(), "cause": cause})  # fmt: skip
    return made


def pull(row: Entitlement, month: date) -> int:
    """Takes payments for `month` and later out of batches that have not gone to the bank. Returns how many."""
    waiting = row.transfers.filter(state="waiting", lines__month__gte=month).distinct()
    numbers = sorted(set(waiting.values_list("batch", flat=True)))
    batches = list(Batch.objects.select_for_update().filter(pk__in=numbers).order_by("pk"))
    still = row.transfers.filter(state="waiting", lines__month__gte=month).values_list("pk", flat=True)
    gone = list(set(still))
    PayLine.objects.filter(transfer__in=gone).update(state="void")
    Transfer.objects.filter(pk__in=gone).update(state="void", reason="停发撤下")
    for batch in batches:
        recount(batch)
    return len(gone)


def recount(batch: Batch) -> None:
    """Rows and total of an unsent batch, from what is still in it; an empty one is void."""
    amounts = batch.transfers.exclude(state="void").values_list("fen", flat=True)
    batch.rows, batch.fen = len(amounts), sum(amounts)
    if not batch.rows:
        batch.state, batch.reason = "void", batch.reason or "全部撤下"
    batch.save(update_fields=["rows", "fen", "state", "reason"])


@transaction.atomic
def set_account(*, by: Actor, entitlement: int, account: str, payee: str, reason: str) -> Entitlement:
    """登记或更正收款账户; what was held back for it goes into the next batch. Raises Refused 403, 404, 422."""
    row = held(entitlement)
    may_change(by, row, "onestop.work")
    said, digits = steps.must_say(reason, "reason", "请写明依据"), "".join(account.split())
    wrong = {}
    if not (digits.isdigit() and 8 <= len(digits) <= 32):
        wrong["account"] = ["请填写 8 至 32 位数字账号"]
    if not payee.strip():
        wrong["payee"] = ["请填写户名"]
    if wrong:
        raise Refused("收款账户有误，请按提示改正。", code="wrong_account", fields=wrong)
    row.account, row.payee, row.hold = digits, payee.strip(), ""
    row.save(update_fields=["account", "payee", "hold"])
    record(subject=row.subject, verb="onestop.set_account", by=by,
           personal={"account": digits, "payee": row.payee, "reason": said})  # fmt: skip
    return row


def stop_for_death(*, person: int, on: date) -> int:
    """Every grant of the dead that nobody else lives on stops the month after. Returns how many."""
    count, month = 0, paying.add_months(on, 1)
    with transaction.atomic():
        for found in grants_of(person):
            if survivors(found, person):
                continue  # the household lives on: a recheck, not a stop
            row = held(found.pk)
            end, stop = end_of(row), max(month, row.first)
            if end is None or end > stop:
                change(SYSTEM, row, "stop", stop, 0, "death", "死亡登记", timezone.now())
                count += 1
    return count


def grants_of(person: int) -> list[Entitlement]:
    """What somebody was granted, or lives on as one of a household."""
    theirs = Q(person=person) | Q(household__members__person=person, household__members__until=None)
    return list(Entitlement.objects.filter(theirs, months__isempty=False).distinct().order_by("id"))


def survivors(row: Entitlement, person: int) -> bool:
    """Whether somebody else of the household still lives on it."""
    if row.household_id is None:
        return False
    others = HomeMember.objects.filter(household=row.household_id, until=None, person__died=None)
    return others.exclude(person=person).exists()


def undo_death(*, person: int) -> int:
    """The registration was taken back: what it stopped goes on, and missed months are paid."""
    with transaction.atomic():
        theirs = Q(person=person) | Q(household__members__person=person, household__members__until=None)
        rows = list(Entitlement.objects.filter(theirs, stopped="death").distinct().order_by("id"))
        for found in rows:
            _restore(SYSTEM, held(found.pk), "死亡登记已撤销", timezone.now())
    return len(rows)


def finish_paid(row: Entitlement, now: datetime) -> bool:
    """First money arrived: the case's payment step is done, by which it closes. True when it did."""
    from linli.onestop.actions.working import do_task

    task = Task.objects.filter(
        application=row.decision.application_id, application__state="approved", kind="pay", state="open"
    ).first()
    if task is None:
        return False
    do_task(by=SYSTEM, task=task.pk, finding="首次发放已到账", at=now)
    return True


def close_paid(now: datetime | None = None) -> int:
    """Cases whose money came before their announcement was up: closed as soon as the payment step opens."""
    waiting = Entitlement.objects.filter(
        decision__application__state="approved", transfers__state="paid", decision__application__tasks__kind="pay",
        decision__application__tasks__state="open",
    )  # fmt: skip
    return sum(finish_paid(row, steps.moment(now)) for row in waiting.select_related("decision").distinct())


def require_money(by: Actor, area: str) -> None:
    """Finance of the area, as an account: a batch names its people. Raises Refused 403."""
    require(by, "onestop.pay", area=area)
    if by.account is None:
        raise Refused("发放须由有名有姓的工作人员办理。", code="not_allowed", status=403)


def as_fields(batch: Batch) -> dict[str, Any]:
    """What the ledger says of a batch."""
    return {"batch": batch.number, "rows": batch.rows, "fen": batch.fen, "month": batch.month.isoformat()}
