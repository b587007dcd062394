"""What identity does on a timer: nothing personal is kept longer than it serves."""

from linli.kernel.bus.registry import daily
from linli.kernel.identity import actions


@daily("03:20")
def forget_old_codes() -> int:
    """Phone codes go after a day."""
    return actions.forget_old_codes()
