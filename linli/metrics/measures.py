"""The measures every number is made of: a day that places a case in a period, and a condition on its row.

The same condition fills the roll-up, counts live where no roll-up fits, and picks the cases behind a number, so
that a number and its list cannot disagree. Conditions are constants of this file, in SQL over one metrics_case row.
"""

from dataclasses import dataclass

from linli.metrics.rules import BUCKETS

NOT_OWN = "NOT own_find"
ANSWERED = f"{NOT_OWN} AND response_seconds IS NOT NULL"
COUNTED = "promised AND (closed OR (open AND NOT suspended AND due_at <= now()))"


@dataclass(frozen=True, slots=True)
class Measure:
    """`day`: received_day | due_day | ended_day, or "" for what is so now whatever the period. `value`: what a case
    adds (1 for counts). `live`: depends on the present moment, so it is never kept in the roll-up."""

    code: str
    day: str
    where: str
    value: str = ""
    live: bool = False

    @property
    def adds(self) -> str:
        return self.value or "1"


def _spread(clock: str) -> list[Measure]:
    return [
        Measure(f"{clock}_{place}", "received_day", f"{ANSWERED} AND {clock}_bucket = {place}")
        for place in range(BUCKETS)
    ]


MEASURES: dict[str, Measure] = {
    one.code: one
    for one in (
        Measure("reported", "received_day", "true"),
        Measure("reports", "received_day", "true", "reports"),
        Measure("own_found", "received_day", "own_find"),
        Measure("filed", "received_day", "filed"),
        Measure("declined", "received_day", "declined"),
        Measure("public", "received_day", NOT_OWN),
        Measure("responded", "received_day", ANSWERED),
        Measure("waiting", "received_day", f"{NOT_OWN} AND open AND response_seconds IS NULL"),
        Measure("wall_seconds", "received_day", ANSWERED, "response_seconds"),
        Measure("duty_seconds", "received_day", ANSWERED, "response_duty"),
        *_spread("wall"),
        *_spread("duty"),
        Measure("due_on_time", "due_day", "promised AND closed AND on_time"),
        # all promises of the day that count, as if the day were over; see queries for the day still running
        Measure("due_counted", "due_day", COUNTED, live=True),
        Measure("due_whole", "due_day", "promised AND (closed OR (open AND NOT suspended))"),
        Measure("due_suspended", "due_day", "promised AND open AND suspended"),
        Measure("ended", "ended_day", "true"),
        Measure("closed", "ended_day", "closed"),
        Measure("ended_promised", "ended_day", "closed AND promised"),
        Measure("ended_on_time", "ended_day", "closed AND promised AND on_time"),
        Measure("false_closed", "ended_day", "closed AND false_by IS NOT NULL"),
        Measure("returned", "ended_day", "closed AND returned"),
        Measure("reworked", "ended_day", "closed AND reworked"),
        Measure("extended", "ended_day", "closed AND extended"),
        Measure("reopened", "ended_day", "reopened"),
        Measure("routed", "ended_day", "closed AND first_unit <> ''"),
        Measure("routed_right", "ended_day", "closed AND first_unit <> '' AND first_unit = unit"),
        Measure("rated", "ended_day", "raters > 0"),
        Measure("resolved", "ended_day", "raters > 0 AND resolved"),
        Measure("satisfied", "ended_day", "raters > 0 AND satisfied"),
        Measure("raters", "ended_day", "true", "raters"),
        Measure("stars", "ended_day", "true", "stars"),
        Measure("open", "", "open", live=True),
        Measure("overdue", "", "open AND promised AND NOT suspended AND due_at < now()", live=True),
        Measure("suspended", "", "open AND suspended", live=True),
    )
}
DAYS = ("received_day", "due_day", "ended_day")
STORED = tuple(one.code for one in MEASURES.values() if not one.live)
# open promises of today whose moment has not come: in `due_whole`, not yet in `due_counted`
NOT_YET = "promised AND open AND NOT suspended AND due_at > now()"


def sums(day: str) -> str:
    """The select list of a cohort: a filled sum for every stored measure of this day, zero for the others."""
    parts = []
    for one in MEASURES.values():
        if one.live:
            continue
        if one.day != day:
            parts.append(f"0::bigint AS {one.code}")
        elif one.value:
            parts.append(f"coalesce(sum({one.value}) FILTER (WHERE {one.where}), 0)::bigint AS {one.code}")
        else:
            parts.append(f"count(*) FILTER (WHERE {one.where}) AS {one.code}")
    return ", ".join(parts)
