"""What the worker does for receivers and with data sources."""

from linli.exchange import actions
from linli.kernel.bus.registry import daily, every


@every(3.0)  # slower than the quick timers, so that a slow receiver never holds up a rung of the ladder
def deliver() -> int:
    """Sends what is due; any number of workers may run it at once."""
    return actions.deliver_due()


@every(3.0)
def ask() -> int:
    """Asks departments what is due, and makes test calls."""
    return actions.ask_due()


@every(10.0)
def give_up() -> int:
    """Tells onestop which questions nobody answered in time, so that the applicant may upload."""
    return actions.give_up_due()


@daily("03:30")
def forget_old() -> int:
    """Deletes messages after their time."""
    return actions.forget_old()
