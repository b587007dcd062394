"""Every write of the room, one verb each."""

from linli.dispatch.actions.asks import ask_for_time, decide_ask, resume_due, resume_order
from linli.dispatch.actions.catalogue import end_duty, set_clock, set_duty, set_ladder
from linli.dispatch.actions.evidence import attach_photos, handle_with_photos, judge_late_photos, keep_as_note
from linli.dispatch.actions.ladders import fire_rungs
from linli.dispatch.actions.orders import (
    Assignee,
    Wanted,
    accept_order,
    add_note,
    arrive,
    build_order,
    cancel_order,
    dispatch_order,
    finish_milestone,
    handle_order,
    located,
    raise_order,
    reassign_order,
    recall_order,
    return_order,
    verify_order,
)
from linli.dispatch.actions.ratings import rate_subject
from linli.dispatch.actions.rulings import end_ruling, rule_order
from linli.dispatch.actions.steps import Said

__all__ = [
    "Assignee",
    "Said",
    "Wanted",
    "accept_order",
    "add_note",
    "arrive",
    "ask_for_time",
    "attach_photos",
    "build_order",
    "cancel_order",
    "judge_late_photos",
    "decide_ask",
    "dispatch_order",
    "end_duty",
    "end_ruling",
    "finish_milestone",
    "fire_rungs",
    "handle_order",
    "handle_with_photos",
    "keep_as_note",
    "located",
    "raise_order",
    "rate_subject",
    "reassign_order",
    "recall_order",
    "resume_due",
    "resume_order",
    "return_order",
    "rule_order",
    "set_clock",
    "set_duty",
    "set_ladder",
    "verify_order",
]
