"""The one way a notice moves: lock, decide by rules.MOVES, save, line on the timeline, record, fact."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from linli.dispatch.actions import Said, cancel_order
from linli.dispatch.models import Move
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, can
from linli.kernel.bus.actions import tell
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.ledger.actions import record
from linli.publicity import facts, registry, rules
from linli.publicity.models import Notice

SEALED = Actor(None, "anonymous", "sealed")  # stands for an objector wherever a name would be kept


def locked(number: int) -> Notice:
    """The row, locked to the end of the transaction. Raises Refused 404."""
    row = Notice.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise Refused("没有这份公示。", code="no_notice", status=404)
    return row


def require_on(by: Actor, verb: str, notice: Notice) -> None:
    """`verb` for the notice's place and unit; a bar on the notice or its matter beats any role."""
    barred = notice.ref in by.bars or notice.subject in by.bars
    if barred or not can(by, verb, area=notice.area, unit=notice.unit, subject=notice.ref):
        raise Refused("您没有办理这份公示的权限。", code="not_allowed", status=403)


def must_move(notice: Notice, step: str) -> str:
    """The next state. Raises Refused 409 where the notice is past this step."""
    after = rules.MOVES[notice.state].get(step)
    if after is None:
        said = f"公示现在是“{rules.STATES[notice.state]}”，不能{rules.WORDS[step]}。"
        raise Refused(said, code="moved_on", status=409)
    return after


def must_say(text: str, field: str, what: str, least: int = 4) -> str:
    said = text.strip()
    if len(said) < least:
        words = f"请写明{what}，至少 {least} 个字"
        raise Refused(f"{words}。", code="no_reason", fields={field: [words]})
    return said


def note(
    notice: Notice,
    action: str,
    by: Actor,
    *,
    before: str = "",
    text: str = "",
    files: Sequence[int] = (),
    device_at: datetime | None = None,
    public: bool = True,
) -> None:
    """A line on the timeline; `public=False` is for those who rule objections."""
    sealed = by is SEALED
    Move.objects.create(
        subject=notice.ref,
        action=action,
        from_state=before or notice.state,
        to_state=notice.state,
        by=by.ref,
        by_name="异议人（保密）" if sealed else by.name,
        by_role="" if sealed else "、".join(sorted(by.roles - {"anyone", "resident"})),
        unit=notice.unit,
        at=timezone.now(),
        device_at=device_at,
        text=text,
        files=list(files),
        public=public,
    )


def kept(notice: Notice, verb: str, by: Actor, **fields: Any) -> None:
    record(subject=notice.ref, verb=f"publicity.{verb}", by=by, fields=fields)


def base(notice: Notice) -> dict[str, Any]:
    """The fields every fact of this room has."""
    return {"notice": notice.pk, "kind": notice.kind, "subject": notice.subject, "area": notice.area}


def save(notice: Notice) -> None:
    notice.version += 1
    notice.save()


def set_period(notice: Notice, starts: date, now: datetime) -> rules.Period:
    """Counts the days anew from what is known: posting, outages, calendar. Does not save."""
    outages = [rules.Outage(one.since, one.until) for one in notice.outages.all()] if notice.pk else []
    found = rules.period(
        starts,
        notice.days,
        notice.day_unit,
        calendar_for(notice.county),
        roll=notice.roll,
        outages=outages,
        now=now,
    )
    notice.starts, notice.ends, notice.ends_at = found.starts, found.ends, found.ends_at
    notice.lost, notice.provisional = found.lost, found.provisional
    return found


def start(by: Actor, notice: Notice, starts: date, now: datetime) -> None:
    """The days begin to count. Saves, records and tells."""
    set_period(notice, starts, now)
    before, notice.state = notice.state, "posted"
    save(notice)
    note(notice, "post", by, before=before, text=rules.until_words(notice.starts, notice.ends))
    kept(notice, "start", by, starts=str(notice.starts), ends=str(notice.ends), sheet=notice.sheet)
    tell(facts.PublicityStarted(**base(notice), starts=str(notice.starts), ends=str(notice.ends)))


def finish(by: Actor, notice: Notice, *, state: str, outcome: str, step: str, text: str = "") -> None:
    """The notice is over: its row is closed for good, its orders end, the room that gave it is told."""
    before, now = notice.state, timezone.now()
    notice.state, notice.outcome, notice.ended_at = state, outcome, now
    notice.proof = proof_of(notice)
    save(notice)
    note(notice, step, by, before=before, text=text)
    count = int(notice.proof["objections"])
    kept(notice, step, by, outcome=outcome, ends=str(notice.ends or ""), lost=notice.lost, objections=count)
    if outcome != "none":
        end_orders(notice, rules.OUTCOMES[outcome])
    tell(facts.PublicityEnded(**base(notice), outcome=outcome, objections=count))
    given = registry.kinds().get(notice.kind)
    if given and given.on_ended:
        told = registry.Ended(notice.pk, notice.subject, notice.area, outcome, count, notice.ends)
        given.on_ended(by, told)


def proof_of(notice: Notice) -> Mapping[str, Any]:
    """What stood at the end, in plain values that the row keeps: places and days, how many objections."""
    places = [
        {"place": one.place, "starts": str(one.starts or ""), "ends": str(one.ends or "")}
        for one in notice.postings.order_by("id")
    ]
    return {
        "sheet": notice.sheet,
        "places": places,
        "outages": notice.outages.count(),
        "objections": notice.objections.filter(late=False).count(),
    }


def end_orders(notice: Notice, why: str) -> None:
    """Posting orders still open are called back."""
    for posting in notice.postings.select_related("order", "end_order"):
        for order in (posting.order, posting.end_order):
            if order is not None and order.open:
                cancel_order(by=SYSTEM, order=order.pk, said=Said(text=f"公示已终止：{why}"))


def end_if_due(notice: Notice, now: datetime) -> bool:
    """Ends a locked notice whose days are over, unless an outage or an unruled objection holds it."""
    if notice.ends_at is None or now < notice.ends_at or notice.state not in ("posted", "running"):
        return False
    down = notice.outages.filter(until=None).exists()
    if down or notice.objections.filter(late=False, state="open").exists():
        return False
    finish(SYSTEM, notice, state="ended", outcome="none", step="end")
    return True
