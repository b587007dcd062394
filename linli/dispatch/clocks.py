"""Clocks and ladders of orders: reference data in memory, applied to a row. Writes nothing itself."""

from dataclasses import dataclass
from datetime import datetime

from linli.dispatch import rules
from linli.dispatch.models import Clock, Ladder, WorkOrder
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.kept import Kept

LIFE_CLOCK = "15 min"  # when no clock row fits at all, an order must still have a due moment


@dataclass(frozen=True, slots=True)
class Book:
    """All active clocks and ladders."""

    clocks: dict[tuple[str, str, str], str]
    ladders: list[dict]


def _load() -> Book:
    clocks = {(row.kind, row.stage, row.urgency): row.limit for row in Clock.objects.filter(active=True)}
    ladders = list(Ladder.objects.filter(active=True).values("code", "urgency", "mode", "version", "rungs"))
    return Book(clocks, ladders)


book = Kept(
    _load,
    "SELECT (SELECT (count(*), max(id), count(*) FILTER (WHERE active))::text FROM dispatch_clock),"
    " (SELECT (count(*), max(id), count(*) FILTER (WHERE active))::text FROM dispatch_ladder)",
)


def limit(kind: str, stage: str, urgency: str) -> str:
    """The limit text of a stage: exact kind, then `*`; urgency as given, then routine."""
    clocks = book.get().clocks
    for name in (kind, f"{kind.partition('.')[0]}.*", "*"):
        for urgent in (urgency, "routine"):
            if found := clocks.get((name, stage, urgent)):
                return found
    return LIFE_CLOCK


def plan_for(kind: str, urgency: str, handle: object = None) -> dict:
    """The limits an order keeps for life: later changes of the data do not touch a running order."""
    plan: dict[str, object] = {
        stage: limit(kind, stage, urgency) for stage in ("dispatch", "accept", "check")
    }
    plan["handle"] = handle or limit(kind, "handle", urgency)
    return plan


def start(order: WorkOrder, stage: str, at: datetime, *, half: bool = False) -> None:
    """Begins a stage's clock on the row: due moment, limit, and when the ladder first speaks.

    `half` gives half the limit (a failed check, incidents.md section 5).
    """
    text = rules.limit_for(order.plan, stage, order.milestone) or limit(order.kind, stage, order.urgency)
    span = deadlines.Limit.parse(text)
    if half:
        span = halved(span)
        text = str(span)
    order.stage, order.stage_from, order.limit, order.pauses = stage, at, text, []
    order.due_at = deadlines.due(at, span, calendar_for(order.county)).at
    order.rung = 0
    order.ladder = ladder_code(order)
    set_next_rung(order)


def halved(span: deadlines.Limit) -> deadlines.Limit:
    """Half a limit; whole-day units never fall below one day."""
    if span.unit in ("wd", "d"):
        return deadlines.Limit(
            max(span.amount.__class__(1), span.amount.__class__(int(span.amount / 2))), span.unit, span.roll
        )
    return deadlines.Limit(span.amount / 2, span.unit)


def after_pause(due_at: datetime, *, since: datetime, until: datetime, limit: str, county: str) -> datetime:
    """A due moment later by as long as the clock stood, on the limit's own clock; one already past stays."""
    if since >= due_at:
        return due_at
    calendar, span = calendar_for(county), deadlines.Limit.parse(limit)
    stood = deadlines.share(since, due_at, until, span, calendar)
    return deadlines.at_share(since, due_at, 1 + stood, span, calendar) or due_at


def _ladder(order: WorkOrder) -> dict | None:
    return rules.pick_ladder(book.get().ladders, order.kind, order.urgency, order.mode)  # type: ignore[return-value]


def ladder_code(order: WorkOrder) -> str:
    row = _ladder(order)
    return f"{row['code']}|{row['urgency']}|{row['mode']}|{row['version']}" if row else ""


def rungs(order: WorkOrder) -> list[rules.RungRule]:
    """The rungs of the order's own ladder version for its running stage."""
    for row in book.get().ladders:
        if f"{row['code']}|{row['urgency']}|{row['mode']}|{row['version']}" == order.ladder:
            return rules.rungs_of(row["rungs"], order.stage)
    row = _ladder(order)
    return rules.rungs_of(row["rungs"], order.stage) if row else []


def pauses(order: WorkOrder) -> list[deadlines.Pause]:
    return [
        deadlines.Pause(
            datetime.fromisoformat(one["at"]),
            datetime.fromisoformat(one["until"]) if one.get("until") else None,
        )
        for one in order.pauses
    ]


def set_next_rung(order: WorkOrder) -> None:
    """When the next rung of this stage speaks; None when the ladder is at its end or the clock stands still."""
    left = rungs(order)[order.rung :]
    if not left or not order.open or order.state == "suspended" or not order.limit:
        order.next_rung_at = None
        return
    rung, calendar = left[0], calendar_for(order.county)
    if rung.seconds is not None:
        at = order.stage_from.timestamp() + rung.seconds
        order.next_rung_at = datetime.fromtimestamp(at, tz=order.stage_from.tzinfo)
        return
    order.next_rung_at = deadlines.at_share(
        order.stage_from,
        order.due_at,
        str(rung.share),
        deadlines.Limit.parse(order.limit),
        calendar,
        pauses(order),
    )
