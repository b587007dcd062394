"""延期 and 缓办: asked by the handler before the limit, decided by somebody else, counted apart."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from linli.dispatch import clocks, facts
from linli.dispatch.actions.orders import unitless
from linli.dispatch.actions.steps import (
    Said,
    locked,
    move_row,
    require_assignee,
    require_on,
    step,
)
from linli.dispatch.models import Ask, WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.ledger.actions import record

GROUNDS = {"season": "季节", "court": "司法程序", "budget": "资金", "land": "用地", "other": "其他"}
LONGEST_SUSPENSION = timedelta(days=90)  # reviewed at the latest then (incidents.md section 4)


@transaction.atomic
def ask_for_time(
    *,
    by: Actor,
    order: int,
    what: str,
    reason: str,
    limit: str = "",
    ground: str = "",
    until: datetime | None = None,
) -> Ask:
    """Asks to extend (limit ≤ the stage's own again) or to suspend (ground and review date ≤ 90 days)."""
    row, now = locked(order), timezone.now()
    require_assignee(by, row)
    _check_ask(row, now, what, reason, limit, ground, until)
    if row.asks.filter(what=what, state="asked").exists():
        raise Refused("已有一份申请在等待审批。", code="already_asked", status=409)
    ask = Ask.objects.create(
        order=row,
        what=what,
        reason=reason,
        ground=ground,
        limit=limit,
        until=until,
        asked_by_id=by.account,
        asked_at=now,
    )
    move_row(
        row, f"ask_{what}", row.state, by, now, Said(text=reason, data={"limit": limit, "ground": ground})
    ).save()
    record(subject=row.subject, verb=f"order.ask_{what}", by=by, fields={"order": row.pk, "ask": ask.pk})
    return ask


def _check_ask(
    row: WorkOrder, now: datetime, what: str, reason: str, limit: str, ground: str, until: datetime | None
) -> None:
    wrong: dict[str, list[str]] = {}
    if row.state != "accepted":
        raise Refused("只有处置中的工单可以申请延期或缓办。", code="moved_on", status=409)
    if not reason.strip():
        wrong["reason"] = ["请写明理由"]
    if what == "extend":
        wrong |= _check_extension(row, now, limit)
    elif what == "suspend":
        if ground not in GROUNDS:
            wrong["ground"] = ["请选择缓办事由：" + "、".join(GROUNDS.values())]
        if until is None or not now < until <= now + LONGEST_SUSPENSION:
            wrong["until"] = ["复核日期应在 90 天之内"]
    else:
        wrong["what"] = ["只能申请延期或缓办"]
    if wrong:
        raise Refused("申请有误", code="wrong_ask", fields=wrong)


def _check_extension(row: WorkOrder, now: datetime, limit: str) -> dict[str, list[str]]:
    try:
        asked = deadlines.Limit.parse(limit)
    except deadlines.LimitError as why:
        return {"limit": [str(why)]}
    if now > row.due_at:
        return {"limit": ["已经超时，不能再申请延期"]}
    calendar = calendar_for(row.county)
    longest = deadlines.due(row.due_at, deadlines.Limit.parse(row.limit), calendar).at
    if deadlines.due(row.due_at, asked, calendar).at > longest:
        return {"limit": [f"延期不能超过本环节原时限（{deadlines.Limit.parse(row.limit).zh}）"]}
    return {}


@transaction.atomic
def decide_ask(*, by: Actor, ask: int, granted: bool, decision: str) -> Ask:
    """Grants or refuses. The first extension needs a duty chief, a second one and any suspension too (verb
    `dispatch.approve`); nobody decides an ask of their own."""
    asked = Ask.objects.select_for_update().select_related("order").get(pk=ask)
    if asked.state != "asked":
        raise Refused("这份申请已经审批过了。", code="decided", status=409)
    if asked.asked_by_id == by.account:
        raise Refused("不能审批自己的申请。", code="own_ask", status=403)
    if not decision.strip():
        raise Refused("请写明审批意见", code="missing", fields={"decision": ["请写明审批意见"]})
    asked.state, asked.decided_by_id, asked.decided_at = (
        ("granted" if granted else "refused"),
        by.account,
        timezone.now(),
    )
    asked.decision = decision
    if granted:
        _grant(by, asked, decision)
    else:
        row = locked(asked.order_id)
        require_on(by, "dispatch.approve", unitless(row))
        move_row(row, "refuse_ask", row.state, by, timezone.now(), Said(text=decision)).save()
        record(subject=row.subject, verb="order.refuse_ask", by=by, fields={"order": row.pk, "ask": asked.pk})
    asked.save()
    return asked


def _grant(by: Actor, asked: Ask, decision: str) -> None:
    def extend(row: WorkOrder, now: datetime) -> None:
        row.due_at = deadlines.due(
            row.due_at, deadlines.Limit.parse(asked.limit), calendar_for(row.county)
        ).at
        row.extensions += 1
        row.round += 1
        row.rung = 0
        clocks.set_next_rung(row)

    def suspend(row: WorkOrder, now: datetime) -> None:
        review = asked.until.isoformat() if asked.until else None
        row.pauses = [*row.pauses, {"at": now.isoformat(), "until": None, "review": review}]
        row.next_rung_at = None

    step(
        by=by,
        order=asked.order_id,
        action=asked.what,
        may=lambda actor, row: require_on(actor, "dispatch.approve", unitless(row)),
        said=Said(text=decision, data=_deal(asked)),
        given={"until": asked.until},
        change=extend if asked.what == "extend" else suspend,
        tells=facts.OrderExtended if asked.what == "extend" else facts.OrderSuspended,
        more=lambda row: _told(row, asked),
    )


def _deal(asked: Ask) -> dict[str, object]:
    """What the timeline shows of a granted ask besides the decision."""
    if asked.what == "extend":
        return {"ask": asked.pk, "limit": asked.limit}
    review = asked.until.isoformat() if asked.until else ""
    return {"ask": asked.pk, "ground": asked.ground, "review": review}


def _told(row: WorkOrder, asked: Ask) -> dict[str, str]:
    if asked.what == "extend":
        return {"due_at": row.due_at.isoformat()}
    last = row.pauses[-1]
    return {"ground": asked.ground, "since": last["at"], "review": last["review"] or ""}


def resume_order(*, by: Actor, order: int, said: Said | None = None) -> WorkOrder:
    """恢复办理, by hand or on the review date: the due moment moves by the time the clock stood."""

    def change(row: WorkOrder, now: datetime) -> None:
        stopped = datetime.fromisoformat(row.pauses[-1]["at"])
        row.pauses = [*row.pauses[:-1], {**row.pauses[-1], "until": now.isoformat()}]
        row.due_at = clocks.after_pause(
            row.due_at, since=stopped, until=now, limit=row.limit, county=row.county
        )
        clocks.set_next_rung(row)

    return step(
        by=by,
        order=order,
        action="resume",
        may=lambda actor, row: require_on(actor, "dispatch.approve", unitless(row)),
        said=said or Said(text="缓办到期"),
        change=change,
        tells=facts.OrderResumed,
        more=lambda row: {"since": row.pauses[-1]["at"], "until": row.pauses[-1]["until"]},
    )


def resume_due(now: datetime | None = None) -> int:
    """Resumes suspended orders whose review date has come; a timer calls it. Returns how many."""
    now = now or timezone.now()
    resumed = 0
    for row in WorkOrder.objects.filter(state="suspended").only("id", "pauses", "state"):
        review = row.pauses[-1].get("review") if row.pauses else None
        if review and datetime.fromisoformat(review) <= now:
            resume_order(by=SYSTEM, order=row.pk)
            resumed += 1
    return resumed
