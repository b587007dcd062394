"""Every write of the room, one verb each."""

from linli.publicity.actions.announcements import announce_result, end_announcement
from linli.publicity.actions.notices import (
    Given,
    begin_due,
    call_for_end_photos,
    end_due,
    may_open,
    open_publicity,
    recount_provisional,
    withdraw_publicity,
)
from linli.publicity.actions.objections import (
    Objecting,
    Receipt,
    object_to_notice,
    reveal_objector,
    rule_objection,
)
from linli.publicity.actions.postings import confirm_posted, mark_down, mark_page_offline, restore
from linli.publicity.actions.proof import export_evidence

__all__ = [
    "Given",
    "Objecting",
    "Receipt",
    "announce_result",
    "begin_due",
    "call_for_end_photos",
    "confirm_posted",
    "end_announcement",
    "end_due",
    "export_evidence",
    "mark_down",
    "mark_page_offline",
    "may_open",
    "object_to_notice",
    "open_publicity",
    "recount_provisional",
    "restore",
    "reveal_objector",
    "rule_objection",
    "withdraw_publicity",
]
