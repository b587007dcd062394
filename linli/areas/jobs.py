"""What runs on a timer: signed hand-overs move on their day and come back after their last."""

from linli.areas.actions import move_due, return_due
from linli.kernel.bus.registry import daily, every


@every(300)
def move_handovers() -> int:
    return move_due()


@daily("00:10")
def return_handovers() -> int:
    """Shortly after midnight, so that the giver finds the work on the list in the morning."""
    return return_due()
