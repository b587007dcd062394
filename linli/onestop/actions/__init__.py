"""Every write of the room, one verb each."""

from linli.onestop.actions.appointments import book, cancel_booking, move_booking
from linli.onestop.actions.batches import (
    Sent,
    check_batch,
    disburse_funds,
    make_batch,
    read_bank_return,
)
from linli.onestop.actions.bundles import (
    decline_bundle,
    retry_bundle,
    save_bundle,
    start_bundle,
    submit_bundle,
)
from linli.onestop.actions.catalogue import (
    drop_draft,
    edit_draft,
    import_items,
    publish_item,
    retire_item,
    revise_item,
    save_item,
    simulate_item,
)
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
from linli.onestop.actions.members import (
    invite_member,
    record_sheet,
    refuse_member,
    sign_member,
    withdraw_member,
)
from linli.onestop.actions.money import (
    adjust,
    restore_entitlement,
    set_account,
    stop_entitlement,
)
from linli.onestop.actions.needs import link_need
from linli.onestop.actions.outlet import (
    hand_over,
    make_result,
    note_parcel,
    open_result,
    post_result,
    put_out,
    reissue_result,
    revoke_result,
    wish_delivery,
)
from linli.onestop.actions.proactive import accept_offer, decline_offer, reopen_offer
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
from linli.onestop.actions.reckoning import agree_amount, ask_amount, reckon_means
from linli.onestop.actions.revealing import fetch_bank_file, reveal_account
from linli.onestop.actions.reviews import answer_review, review_case
from linli.onestop.actions.scans import (
    begin_reading,
    check_reading,
    confirm_reading,
    keep_photo,
    record_reading,
)
from linli.onestop.actions.shelf import date_paper, reuse_paper, withdraw_paper
from linli.onestop.actions.spotchecks import (
    draw_sample,
    record_spot_result,
)
from linli.onestop.actions.supplements import answer_more, ask_more
from linli.onestop.actions.surveys import sign_survey
from linli.onestop.actions.tickets import call_next, call_ticket, serve_ticket, skip_ticket, take_number
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
    "answer_review",
    "review_case",
    "Draft",
    "Given",
    "Sent",
    "Surveyed",
    "accept",
    "accept_offer",
    "adjust",
    "agree_amount",
    "answer_more",
    "answer_supplement",
    "approve",
    "ask_amount",
    "ask_more",
    "ask_supplement",
    "begin_publicity",
    "begin_reading",
    "book",
    "call_next",
    "call_ticket",
    "cancel_booking",
    "check_batch",
    "check_reading",
    "confirm_reading",
    "date_paper",
    "decline",
    "decline_bundle",
    "decline_offer",
    "deliver_notice",
    "disburse_funds",
    "do_recheck",
    "do_task",
    "draw_sample",
    "drop_draft",
    "edit_draft",
    "end_application",
    "end_custody",
    "end_publicity",
    "extend_limit",
    "fetch_bank_file",
    "fill_slot",
    "hand_over",
    "import_items",
    "invite_member",
    "keep_photo",
    "link_need",
    "make_batch",
    "make_result",
    "move_booking",
    "note_facts",
    "note_parcel",
    "note_report",
    "open_recheck",
    "open_result",
    "parallel_approval",
    "post_result",
    "publish_item",
    "publish_results",
    "put_out",
    "read_bank_return",
    "reckon_means",
    "record_custody",
    "record_fieldwork",
    "record_kin",
    "record_lookup",
    "record_reading",
    "record_sheet",
    "record_spot_result",
    "refuse",
    "refuse_member",
    "reissue_result",
    "reopen_offer",
    "reopen_publicity",
    "restore_entitlement",
    "retire_item",
    "retry_bundle",
    "return_application",
    "reuse_paper",
    "reveal_account",
    "revise_item",
    "revoke_result",
    "rule_objection",
    "save_bundle",
    "save_draft",
    "save_item",
    "serve_ticket",
    "set_account",
    "sign_member",
    "sign_survey",
    "simulate_item",
    "skip_ticket",
    "start_bundle",
    "stop_entitlement",
    "submit",
    "submit_bundle",
    "take_number",
    "take_task",
    "transfer_task",
    "urge_task",
    "wish_delivery",
    "withdraw_application",
    "withdraw_member",
    "withdraw_paper",
]
