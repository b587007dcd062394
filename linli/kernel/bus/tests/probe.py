"""A room in miniature for the tests: one fact, one reaction whose effect is a ledger entry."""

import time
from dataclasses import dataclass

from linli.kernel.actor import SYSTEM
from linli.kernel.bus.registry import reacts
from linli.kernel.ledger.actions import record


@dataclass(frozen=True)
class Told:
    number: int
    area: str = "430181"
    unit: str = ""
    fail: bool = False
    slow: float = 0.0


@dataclass(frozen=True)
class Other:
    area: str = "430181"


@reacts(Told)
def on_told(fact: Told) -> None:
    record(subject=f"probe.told:{fact.number}", verb="heard", by=SYSTEM)
    if fact.fail:
        raise ValueError("管线爆裂")
    time.sleep(fact.slow)
