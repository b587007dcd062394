"""Every write of the room, one verb each."""

from linli.onestop.actions.batches import (
    Sent,
    check_batch,
    disburse_funds,
    make_batch,
    read_bank_return,
)
from linli.onestop.actions.catalogue import import_items, publish_item, retire_item, save_item, simulate_item
from linli.onestop.actions.deciding import approve, refuse
from linli.onestop.actions.drafts import Draft, Given, save_draft, submit, withdraw_application
from linli.onestop.actions.ending import end_application
from linli.onestop.actions.fieldwork import record_fieldwork
from linli.onestop.actions.intake import (
    accept,
    answer_supplement,
    ask_supplement,
    decline,
    deliver_notice,
    fill_slot,
)
from linli.onestop.actions.lookups import record_lookup
from linli.onestop.actions.money import (
    adjust,
    restore_entitlement,
    set_account,
    stop_entitlement,
)
from linli.onestop.actions.publishing import (
    begin_publicity,
    end_publicity,
    note_report,
    publish_results,
    reopen_publicity,
    rule_objection,
)
from linli.onestop.actions.rechecks import (
    do_recheck,
    end_custody,
    open_recheck,
    record_custody,
)
from linli.onestop.actions.spotchecks import (
    draw_sample,
    record_spot_result,
)
from linli.onestop.actions.supplements import answer_more, ask_more
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
    "Sent",
    "Surveyed",
    "accept",
    "adjust",
    "answer_more",
    "answer_supplement",
    "approve",
    "ask_more",
    "ask_supplement",
    "begin_publicity",
    "check_batch",
    "decline",
    "deliver_notice",
    "disburse_funds",
    "do_recheck",
    "do_task",
    "draw_sample",
    "end_application",
    "end_custody",
    "end_publicity",
    "extend_limit",
    "fill_slot",
    "import_items",
    "make_batch",
    "note_facts",
    "note_report",
    "open_recheck",
    "parallel_approval",
    "publish_item",
    "publish_results",
    "read_bank_return",
    "record_custody",
    "record_fieldwork",
    "record_kin",
    "record_lookup",
    "record_spot_result",
    "refuse",
    "reopen_publicity",
    "restore_entitlement",
    "retire_item",
    "return_application",
    "rule_objection",
    "save_draft",
    "save_item",
    "set_account",
    "simulate_item",
    "stop_entitlement",
    "submit",
    "take_task",
    "transfer_task",
    "urge_task",
    "withdraw_application",
]
