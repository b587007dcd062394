"""What runs at night, and now and then."""

from linli.incidents import bulk
from linli.incidents.actions.learning import ensure_model, learn
from linli.incidents.actions.promising import learn_promises
from linli.kernel.bus.registry import daily, every


@daily("02:40")
def learn_from_corrections() -> None:
    """A lost model file is made good the same night: by what was learnt, else by the starter."""
    if learn() is None:
        ensure_model()


@daily("02:20")
def learn_how_long() -> int:
    """What reporters are promised from today on."""
    return learn_promises()


@every(300.0)
def keep_a_model() -> None:
    """A county without a classifier gets the starter; the first worker that looks trains it."""
    ensure_model()


def run_bulk(run: str) -> None:
    """A desk's act on many cases; queued by pages_bulk."""
    bulk.run_bulk(run)
