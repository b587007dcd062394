"""Every write of areas."""

from linli.areas.actions.boundaries import (
    check_boundaries,
    drop_boundaries,
    import_boundaries,
    save_boundaries,
)
from linli.areas.actions.handovers import (
    cancel_handover,
    draft_handover,
    give_back_handover,
    move_due,
    return_due,
    sign_for_giver,
    sign_handover,
)
from linli.areas.actions.posts import (
    add_member,
    close_branch,
    end_keeper,
    remove_member,
    set_branch,
    set_keeper,
)
from linli.areas.actions.profile import finish_setup, set_profile
from linli.areas.actions.tree import add_area, add_areas, close_area, close_unit, edit_area, set_unit

__all__ = [
    "add_area",
    "add_areas",
    "add_member",
    "cancel_handover",
    "check_boundaries",
    "close_area",
    "close_branch",
    "close_unit",
    "draft_handover",
    "drop_boundaries",
    "edit_area",
    "end_keeper",
    "finish_setup",
    "give_back_handover",
    "import_boundaries",
    "move_due",
    "remove_member",
    "return_due",
    "save_boundaries",
    "set_branch",
    "set_keeper",
    "set_profile",
    "set_unit",
    "sign_for_giver",
    "sign_handover",
]
