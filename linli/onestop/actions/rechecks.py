"""动态管理: grants are looked at again in time, after a death within three months; who keeps the card is on record."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.ledger.actions import record
from linli.onestop import paying
from linli.onestop.actions import steps
from linli.onestop.actions.money import (
    adjust,
    grants_of,
    held,
    may_change,
    recheck_day,
    stop_entitlement,
    survivors,
)
from linli.onestop.books import plan_of, terms
from linli.onestop.models import Application, Custody, Entitlement, Recheck, Task
from linli.onestop.placing import kept_out_of, place
from linli.onestop.reading import definition_of

LEAD = 30  # days before its date that a recheck is opened, so that it ends in time


def open_due_rechecks(today: date | None = None) -> int:
    """Timer: everything due within a month gets its task, once. Returns how many."""
    upto = (today or timezone.localdate()) + timedelta(days=LEAD)
    due = Entitlement.objects.filter(recheck_on__lte=upto, months__isempty=False).exclude(
        rechecks__done_at=None, rechecks__isnull=False
    )
    count = 0
    for number in due.order_by("recheck_on").values_list("pk", flat=True)[:2000]:
        with transaction.atomic():
            row = held(number)
            end = row.months.upper
            if row.recheck_on and (end is None or end > row.recheck_on):
                count += _open(SYSTEM, row, "periodic", row.recheck_on, timezone.now()) is not None
            elif row.recheck_on:  # it ends before it would be looked at
                Entitlement.objects.filter(pk=row.pk).update(recheck_on=None)
    return count


def recheck_after_death(*, person: int, on: date) -> int:
    """A household that lost somebody is looked at again within three months (民发〔2021〕57号). Returns how many."""
    due, count = _months_on(on, terms()["recheck"]["after_death_months"]), 0
    with transaction.atomic():
        for found in grants_of(person):
            if survivors(found, person):
                count += _open(SYSTEM, held(found.pk), "death", due, timezone.now()) is not None
    return count


def _months_on(day: date, months: int) -> date:
    """The same day of the month so many months on, or the last day of it."""
    last = paying.add_months(day, months + 1) - timedelta(days=1)
    return min(last, paying.add_months(day, months) + timedelta(days=day.day - 1))


@transaction.atomic
def open_recheck(
    *, by: Actor, entitlement: int, due: date, reason: str, at: datetime | None = None
) -> Recheck:  # fmt: skip
    """发起复核 out of turn (a report, changed circumstances). Raises Refused 403, 404, 409 when one is open, 422."""
    row = held(entitlement)
    may_change(by, row, "onestop.work")
    steps.must_say(reason, "reason", "请写明复核的缘由")
    made = _open(by, row, "report", due, steps.moment(at))
    if made is None:
        raise Refused("这项待遇正在复核。", code="moved_on", status=409)
    return made


def _open(by: Actor, row: Entitlement, why: str, due: date, now: datetime) -> Recheck | None:
    """The row and its task, with whoever decides on such cases; an open one only comes nearer."""
    running = row.rechecks.filter(done_at=None).first()
    if running is not None:
        if due < running.due:
            Recheck.objects.filter(pk=running.pk).update(due=due, why=why)
            Task.objects.filter(pk=running.task_id).update(due_at=_evening(due))
        return None
    case = Application.objects.select_related("version", "item").get(pk=row.decision.application_id)
    definition = definition_of(case.version)
    role = next(step.role for stage in definition.stages for step in stage.steps if step.key == "decide")
    where = place(f"dept:{definition.lead}" if role == "lead" else role, case.area, kept_out_of(case))
    count = case.tasks.filter(step="recheck").count()
    task = Task.objects.create(
        application=case, step="recheck", branch=str(count + 1), round=case.round, name="待遇复核", kind="recheck",
        role=role, unit=where.unit, holder_id=where.holder, placed=where.placed, opened_at=now, due_at=_evening(due),
        grid=case.grid, community=case.community, street=case.street, county=case.county,
    )  # fmt: skip
    made = Recheck.objects.create(entitlement=row, task=task, why=why, due=due, opened_at=now)
    record(subject=row.subject, verb="onestop.open_recheck", by=by,
           fields={"recheck": made.pk, "why": why, "due": due.isoformat()})  # fmt: skip
    return made


def _evening(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)


@transaction.atomic
def do_recheck(
    *, by: Actor, recheck: int, outcome: str, note: str, fen: int = 0, month: date | None = None,
    sheet: Mapping[str, Any] | None = None, phase_months: int = 0, at: datetime | None = None,
) -> Recheck:  # fmt: skip
    """办理复核: keep, increase, decrease or stop (with a phase-out), and the day of the next one.

    `fen` and `month` as in `adjust`; the month after by default. Raises Refused 403 (not the holder, kin), 404, 409, 422.
    """
    number = Recheck.objects.filter(pk=recheck).values_list("entitlement", flat=True).first()
    if number is None:
        raise Refused("没有这次复核。", code="no_recheck", status=404)
    row = held(number)
    case = may_change(by, row)
    found = Recheck.objects.select_related("task").select_for_update(of=("self",)).get(pk=recheck)
    if found.done_at is not None:
        raise Refused("这次复核已经办结。", code="moved_on", status=409)
    if found.task.holder_id != by.account and by.kind != "system":
        raise Refused("这项任务由他人承办，请先接办或由其办理。", code="not_yours", status=403)
    now, said = steps.moment(at), steps.must_say(note, "note", "请写明核查的情况")
    since = paying.month_of(month) if month else paying.add_months(timezone.localdate(now), 1)
    _carry_out(
        by,
        row,
        outcome,
        fen,
        since,
        said,
        "death" if found.why == "death" else "no_longer",
        phase_months,
        now,
    )
    found.outcome, found.note, found.done_at = outcome, said, now
    found.sheet = json.dumps(dict(sheet), ensure_ascii=False, sort_keys=True) if sheet else ""
    found.save(update_fields=["outcome", "note", "sheet", "done_at"])
    Task.objects.filter(pk=found.task_id).update(
        state="done",
        opinion="agree",
        done_at=now,
        done_by=by.account,
        finding=dict(Recheck.OUTCOMES)[outcome],
    )
    after = None if outcome == "stop" else recheck_day(case, timezone.localdate(now))
    Entitlement.objects.filter(pk=row.pk).update(recheck_on=after)
    record(subject=row.subject, verb="onestop.do_recheck", by=by, personal={"note": said},
           fields={"recheck": found.pk, "outcome": outcome})  # fmt: skip
    return found


def _carry_out(
    by: Actor,
    row: Entitlement,
    outcome: str,
    fen: int,
    since: date,
    said: str,
    cause: str,
    phase: int,
    now: datetime,
) -> None:
    """The change the outcome names; one that says more gives more."""
    if outcome == "keep":
        return
    if outcome == "stop":
        stop_entitlement(
            by=by, entitlement=row.pk, month=since, cause=cause, reason=said, phase_months=phase, at=now
        )
        return
    before = paying.owed(plan_of(row), since)
    if outcome not in ("increase", "decrease") or (fen > before) is not (outcome == "increase"):
        said_wrong = f"现为每月 {before} 分，金额与结论不符"
        raise Refused("复核结论有误。", code="wrong_outcome", fields={"fen": [said_wrong]})
    adjust(by=by, entitlement=row.pk, fen=fen, month=since, reason=said, at=now)


@transaction.atomic
def record_custody(
    *, by: Actor, entitlement: int, keeper_name: str, relation: str, agreement: Sequence[int], since: date,
    keeper: int | None = None, keeper_phone: str = "",
) -> Custody:  # fmt: skip
    """登记代管: who keeps the card, by a signed agreement; the one before ends that day.

    Whoever works on the case cannot be its keeper. Raises Refused 403, 404, 422.
    """
    row = held(entitlement)
    case = may_change(by, row, "onestop.work")
    wrong = {}
    if not keeper_name.strip():
        wrong["keeper_name"] = ["请填写代管人姓名"]
    if not relation.strip():
        wrong["relation"] = ["请填写与本人关系"]
    if not agreement:
        wrong["agreement"] = ["请上传代管协议"]
    if keeper is not None and _works_on(case, keeper):
        wrong["keeper"] = ["经办本办件的人员不能代管"]
    if wrong:
        raise Refused("代管登记不完整，请按提示补充。", code="wrong_custody", fields=wrong)
    steps.keep_files(by, case, agreement, "agreement")
    running = row.custodies.filter(until=None).first()
    if running is not None:
        if since < running.since:
            raise Refused("早于现有代管的起始日。", code="too_early", fields={"since": ["请改为其后的日期"]})
        running.until, running.reason = since, "更换代管人"
        running.save(update_fields=["until", "reason"])
    made = Custody.objects.create(
        entitlement=row, keeper_id=keeper, keeper_name=keeper_name.strip(), keeper_phone=keeper_phone.strip(),
        relation=relation.strip()[:32], agreement=list(agreement), since=since, by_id=by.account,
    )  # fmt: skip
    record(subject=row.subject, verb="onestop.record_custody", by=by, personal={"keeper": made.keeper_name},
           fields={"custody": made.pk, "since": since.isoformat()})  # fmt: skip
    return made


def _works_on(case: Application, keeper: int) -> bool:
    from linli.people.models import Person

    account = Person.objects.filter(pk=keeper).values_list("account", flat=True).first()
    return account is not None and case.tasks.filter(holder=account).exists()


@transaction.atomic
def end_custody(*, by: Actor, custody: int, until: date, reason: str) -> Custody:
    """终止代管: the card is back with its owner. Raises Refused 403, 404, 409, 422."""
    row = Custody.objects.select_for_update(of=("self",)).filter(pk=custody).first()
    if row is None:
        raise Refused("没有这项代管。", code="no_custody", status=404)
    may_change(by, held(row.entitlement_id), "onestop.work")
    if row.until is not None:
        raise Refused("这项代管已经终止。", code="moved_on", status=409)
    if until < row.since:
        raise Refused("终止日早于起始日。", code="too_early", fields={"until": ["请改为起始日以后"]})
    row.until, row.reason = until, steps.must_say(reason, "reason", "请写明终止的原因")[:200]
    row.save(update_fields=["until", "reason"])
    record(subject=row.entitlement.subject, verb="onestop.end_custody", by=by,
           fields={"custody": row.pk, "until": until.isoformat()})  # fmt: skip
    return row
