"""What runs on a timer: birthdays the house waits for."""

from linli.kernel.bus.registry import daily
from linli.people.actions import tell_ages


@daily("06:00")
def tell_birthdays() -> int:
    return tell_ages()
