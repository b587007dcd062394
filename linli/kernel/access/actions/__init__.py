"""Giving and ending what somebody may do. Every act here is recorded; none of them does a room's work."""

from linli.kernel.access.actions.grants import (
    catalogue,
    decide_proposal,
    edit_role,
    end_grant,
    give_grant,
    load_roles,
)
from linli.kernel.access.actions.openings import bar, give_pass, revoke_pass, unbar

__all__ = [
    "bar",
    "catalogue",
    "decide_proposal",
    "edit_role",
    "end_grant",
    "give_grant",
    "give_pass",
    "load_roles",
    "revoke_pass",
    "unbar",
]
