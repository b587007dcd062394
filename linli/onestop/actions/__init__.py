"""Every write of the room, one verb each."""

from linli.onestop.actions.catalogue import import_items, publish_item, retire_item, save_item, simulate_item
from linli.onestop.actions.deciding import approve, refuse
from linli.onestop.actions.drafts import Draft, Given, save_draft, submit, withdraw_application
from linli.onestop.actions.ending import end_application
from linli.onestop.actions.intake import (
    accept,
    answer_supplement,
    ask_supplement,
    decline,
    deliver_notice,
    fill_slot,
)
from linli.onestop.actions.lookups import record_lookup
from linli.onestop.actions.publishing import begin_publicity, end_publicity, publish_results, rule_objection
from linli.onestop.actions.working import (
    Surveyed,
    do_task,
    extend_limit,
    note_facts,
    parallel_approval,
    record_kin,
    return_application,
    take_task,
    transfer_task,
    urge_task,
)

__all__ = [
    "Draft",
    "Given",
    "Surveyed",
    "accept",
    "answer_supplement",
    "approve",
    "ask_supplement",
    "begin_publicity",
    "decline",
    "deliver_notice",
    "do_task",
    "end_application",
    "end_publicity",
    "extend_limit",
    "fill_slot",
    "import_items",
    "note_facts",
    "parallel_approval",
    "publish_item",
    "publish_results",
    "record_kin",
    "record_lookup",
    "refuse",
    "retire_item",
    "return_application",
    "rule_objection",
    "save_draft",
    "save_item",
    "simulate_item",
    "submit",
    "take_task",
    "transfer_task",
    "urge_task",
    "withdraw_application",
]
