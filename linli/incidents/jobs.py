"""What runs at night."""

from linli.incidents.actions.learning import learn
from linli.kernel.bus.registry import daily


@daily("02:40")
def learn_from_corrections() -> None:
    learn()
