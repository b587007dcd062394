"""How reports, cases and orders are told to programs and to reporters: plain values, no names of people."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch import rules as orders
from linli.dispatch.models import Move, WorkOrder
from linli.incidents import catalogue, rules
from linli.incidents.actions import Receipt
from linli.incidents.actions.closing import RATE_WITHIN
from linli.incidents.models import Incident, IncidentClass, Report
from linli.kernel.web.rules import moment_words

# Steps whose words are meant for the reporter; what offices write to each other stays inside.
TOLD = (
    "decline",
    "handle",
    "pass",
    "fail",
    "refer",
    "suspend",
    "reopen",
    "object",
    "rate",
    "void",
    "milestone",
    "contact",
)
# What a reporter's timeline leaves out: steps that only concern the offices, or say twice what the case itself says.
INSIDE = (
    "nudge", "remind", "reclass", "raise", "return", "rule", "reassign", "ask_extend", "ask_suspend", "refuse_ask", "takeover",
    "cancel", "recall", "start", "note", "locate", "split", "ask_confirm",
)  # fmt: skip
# Residents' words for steps of an order, by its kind; None leaves the step out.
PLAIN: dict[tuple[str, str], str | None] = {
    ("incident.confirm", "dispatch"): "派网格员到现场核实",
    ("incident.confirm", "accept"): "网格员接单",
    ("incident.confirm", "handle"): "网格员已到现场核实",
    ("incident.handle", "dispatch"): "派给承办单位",
    ("incident.handle", "accept"): "承办单位接单",
    ("incident.handle", "arrive"): "承办单位到场",
    ("incident.handle", "handle"): "处置完成，等待核查",
    ("incident.handle", "pass"): None,
    ("incident.handle", "fail"): None,
    ("incident.check", "dispatch"): "派人到场核查",
    ("incident.check", "accept"): None,
    ("incident.check", "handle"): None,
}
CASE = {
    "check": None,
    "pass": "核查通过，结案",
    "file": "立案",
    "decline": "不予立案",
    "merge": "与同一件事合并办理",
}
BAD = ("decline", "fail", "reopen", "void", "supervise", "escalate")


def stamp(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def rating_open(closed_at: datetime) -> bool:
    """Whether a case closed then may still be rated."""
    return timezone.now() - closed_at <= RATE_WITHIN


def receipt_out(receipt: Receipt, warnings: Iterable[str] = ()) -> dict[str, Any]:
    """The answer to a report; the same for the first sending and every repetition of it."""
    return {
        "report": receipt.report,
        "incident": receipt.incident,
        "number": receipt.number,
        "tracking_code": receipt.tracking,
        "state": receipt.state,
        "warnings": list(warnings),
    }


def place_out(row: Any) -> dict[str, Any]:
    return {
        "lon": row.lon,
        "lat": row.lat,
        "words": getattr(row, "place_words", ""),
        "area": row.area,
        "area_name": areas.area_path(row.area) if row.area else "",
    }


def class_name(code: str) -> str:
    known = catalogue.class_of(code)
    return known.name if known else ""


def incident_out(row: Incident) -> dict[str, Any]:
    """One line of a list; for whoever may see the case."""
    return {
        "id": row.pk,
        "number": row.number,
        "title": row.title,
        "class": row.class_code,
        "class_name": class_name(row.class_code),
        "urgency": row.urgency,
        "state": row.state,
        "state_name": rules.STATE_WORDS[row.state],
        "channel": row.channel,
        "unit": row.unit,
        "unit_name": areas.unit_names().get(row.unit, ""),
        "location": place_out(row),
        "private": row.private,
        "suspended": row.suspended,
        "reports": row.reports_count,
        "version": row.version,
        "received_at": stamp(row.received_at),
        "due_at": stamp(row.due_at),
        "promised_at": stamp(row.promised_at),
        "closed_at": stamp(row.closed_at),
        "merged_into": row.merged_into_id,
    }


def incident_whole(row: Incident, moves: Iterable[Move]) -> dict[str, Any]:
    """A case with its timeline, for staff."""
    more = {
        "text": row.text,
        "cause": row.cause,
        "outcome": row.outcome,
        "filed_at": stamp(row.filed_at),
        "own": False,
    }
    return {**incident_out(row), **more, "timeline": [move_out(move) for move in moves]}


def incident_for_reporter(row: Incident, report: Report, moves: Iterable[Move]) -> dict[str, Any]:
    """A case as its reporter may follow it: units, no names, none of another reporter's words."""
    shown = incident_out(row) | {"title": rules.title_of(report.text), "location": place_out(report)}
    more = {
        "text": report.text,
        "cause": row.cause,
        "outcome": row.outcome,
        "filed_at": stamp(row.filed_at),
        "own": True,
    }
    return {**shown, **more, "timeline": told_steps(moves)}


def move_out(move: Move) -> dict[str, Any]:
    return {
        "at": stamp(move.at),
        "action": move.action,
        "what": words_of(move),
        "who": move.by_name,
        "unit": areas.unit_names().get(move.unit, ""),
        "reason": move.reason,
        "text": move.text,
    }


def words_of(move: Move) -> str:
    words = rules.WORDS | orders.WORDS if move.order_id else orders.WORDS | rules.WORDS
    return words.get(move.action, move.action)


def told(moves: Iterable[Move]) -> list[tuple[Move, str]]:
    """The steps a reporter is told, each in residents' words."""
    found = []
    for move in moves:
        kind = getattr(move, "kind", None) or ""
        words = (
            PLAIN.get((kind, move.action), words_of(move))
            if move.order_id
            else CASE.get(move.action, words_of(move))
        )
        if move.action in INSIDE or words is None:
            continue
        if (
            move.action == "file" and found and found[-1][0].action == "dispatch"
        ):  # one act wrote both; filed comes first
            found.insert(-1, (move, words))
        else:
            found.append((move, words))
    return found


def told_text(move: Move) -> str:
    """The words of a step meant for the reporter; of a suspension also until when."""
    said = [move.text] if move.action in TOLD and move.text else []
    if move.action == "suspend" and move.data.get("review"):
        said.append(f"最迟 {moment_words(datetime.fromisoformat(move.data['review']))} 复核")
    return "；".join(said)


def told_steps(moves: Iterable[Move]) -> list[dict[str, Any]]:
    """A reporter's timeline: what, when, which unit, and the words meant for them."""
    names = areas.unit_names()
    return [
        {
            "at": stamp(move.at),
            "action": move.action,
            "what": what,
            "who": "报事人" if move.by_name == "报事人" else "",
            "unit": names.get(move.unit, ""),
            "reason": "",
            "text": told_text(move),
        }
        for move, what in told(moves)
    ]


def shown_steps(moves: Iterable[Move]) -> list[dict[str, Any]]:
    """The same for the timeline partial (web/_timeline.html)."""
    names = areas.unit_names()
    return [
        {
            "at": move.at,
            "what": what,
            "who": "报事人" if move.by_name == "报事人" else names.get(move.unit, ""),
            "reason": told_text(move),
            "tone": "bad" if move.action in BAD else "",
        }
        for move, what in told(moves)
    ]


def report_out(report: Report, moves: Iterable[Move]) -> dict[str, Any]:
    """A report for whoever made it, with where its case stands."""
    row = report.incident
    return {
        "report": report.pk,
        "incident": row.pk,
        "number": row.number,
        "state": row.state,
        "state_name": rules.STATE_WORDS[row.state],
        "class": row.class_code,
        "class_name": class_name(row.class_code),
        "description": report.text,
        "location": place_out(report),
        "photos": len(report.files),
        "received_at": stamp(report.received_at),
        "promised_at": stamp(row.promised_at),
        "promised": moment_words(row.promised_at) if row.promised_at else "",
        "unit_name": areas.unit_names().get(row.unit, ""),
        "outcome": row.outcome,
        "merged": report.first_incident_id != report.incident_id,
        "timeline": told_steps(moves),
    }


def order_out(row: WorkOrder) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "subject": row.subject,
        "title": row.title,
        "role": row.role,
        "urgency": row.urgency,
        "state": row.state,
        "state_name": orders.STATE_WORDS[row.state],
        "stage": row.stage,
        "unit": row.unit,
        "unit_name": areas.unit_names().get(row.unit, ""),
        "person": row.person_id,
        "location": place_out(row),
        "due_at": stamp(row.due_at),
        "version": row.version,
        "returns": row.returns,
        "reworks": row.reworks,
    }


def order_whole(row: WorkOrder, moves: Iterable[Move]) -> dict[str, Any]:
    more = {
        "instructions": row.instructions,
        "outcome": row.outcome,
        "explanation": str(row.explanation.get("text") or ""),
    }
    return {**order_out(row), **more, "timeline": [move_out(move) for move in moves]}


def class_out(row: IncidentClass) -> dict[str, Any]:
    return {
        "code": row.code,
        "version": row.version,
        "name": row.name,
        "large": row.large,
        "large_name": row.large_name,
        "kind": row.kind,
        "urgency": row.urgency,
        "filing": row.filing,
        "closing": row.closing,
        "questions": row.questions,
        "milestones": row.milestones,
        "private": row.private,
        "status": row.status,
    }
