"""Every write of the room, one verb each."""

from linli.dispatch.actions.asks import ask_for_time, decide_ask, resume_due, resume_order
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
    "build_order",
    "cancel_order",
    "decide_ask",
    "dispatch_order",
    "end_ruling",
    "finish_milestone",
    "fire_rungs",
    "handle_order",
    "located",
    "raise_order",
    "rate_subject",
    "reassign_order",
    "recall_order",
    "resume_due",
    "resume_order",
    "return_order",
    "rule_order",
    "verify_order",
]
