"""Every write of people."""

from linli.people.actions.consents import give_consent, withdraw_consent
from linli.people.actions.events import (
    move_in,
    move_out,
    register_birth,
    register_death,
    register_tenant,
    undo_event,
)
from linli.people.actions.households import (
    add_household,
    close_household,
    correct_dwelling,
    relocate,
    set_head,
)
from linli.people.actions.notes import keep_promise, route_note, write_note
from linli.people.actions.persons import (
    correct_person,
    link_account,
    merge_persons,
    register_person,
    tell_ages,
)
from linli.people.actions.retention import forget_persons
from linli.people.actions.reveal import reveal
from linli.people.actions.ties import end_tie, set_tie

__all__ = [
    "add_household",
    "close_household",
    "correct_dwelling",
    "correct_person",
    "end_tie",
    "forget_persons",
    "give_consent",
    "keep_promise",
    "link_account",
    "merge_persons",
    "move_in",
    "move_out",
    "register_birth",
    "register_death",
    "register_person",
    "register_tenant",
    "relocate",
    "reveal",
    "route_note",
    "set_head",
    "set_tie",
    "tell_ages",
    "undo_event",
    "withdraw_consent",
    "write_note",
]
