"""What keeps the numbers fresh: every two seconds what was touched, at night everything."""

from linli.kernel.bus.registry import daily, every
from linli.metrics import actions


@every(2.0)
def recompute() -> int:
    return actions.recompute()


@every(30.0)
def refresh_loads() -> None:
    actions.refresh_loads()


@daily("03:10")
def rebuild() -> dict[str, float]:
    return actions.rebuild()
