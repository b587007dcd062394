"""Every write of the room, one verb each."""

from linli.incidents.actions.closing import (
    check_incident,
    confirm_incident,
    note_contact,
    rate_incident,
    reopen_incident,
    start_work,
    to_checking,
)
from linli.incidents.actions.clusters import merge_incident, split_incident, unmerge_incident, whistle
from linli.incidents.actions.filing import (
    ask_confirm,
    decline_incident,
    file_incident,
    locate_incident,
    object_to_decline,
    reclass_incident,
    refer_incident,
    void_incident,
)
from linli.incidents.actions.intake import Receipt, report_incident
from linli.incidents.actions.reveal import Reporter, reveal_reporter
from linli.incidents.actions.spot import report_and_fix

__all__ = [
    "Receipt",
    "Reporter",
    "ask_confirm",
    "check_incident",
    "confirm_incident",
    "decline_incident",
    "file_incident",
    "locate_incident",
    "merge_incident",
    "note_contact",
    "object_to_decline",
    "rate_incident",
    "reclass_incident",
    "refer_incident",
    "reopen_incident",
    "report_and_fix",
    "report_incident",
    "reveal_reporter",
    "split_incident",
    "start_work",
    "to_checking",
    "unmerge_incident",
    "void_incident",
    "whistle",
]
