"""What runs on a timer: birthdays the house waits for, and forgetting in time."""

from linli.kernel.bus.registry import daily
from linli.people.actions import forget_persons, tell_ages


@daily("06:00")
def tell_birthdays() -> int:
    return tell_ages()


@daily("04:30")
def forget_in_time() -> tuple[int, int]:
    """Who died or left long ago is no longer known by name."""
    return forget_persons()
