"""What runs at night."""

from linli.incidents import bulk
from linli.incidents.actions.learning import learn
from linli.kernel.bus.registry import daily


@daily("02:40")
def learn_from_corrections() -> None:
    learn()


def run_bulk(run: str) -> None:
    """A desk's act on many cases; queued by pages_bulk."""
    bulk.run_bulk(run)
