"""A sample anybody can draw again: nobody could know its seed before the cut-off, nobody can bend it after."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Draw:
    population_hash: str
    seed: str
    sample: tuple[str, ...]


def how_many(population: int, percent: int) -> int:
    """At least the share: rounded up (特困人员认定办法: not less than 30 %)."""
    return -(-population * percent // 100)


def drawn_by(log_size: int, log_root: str, population: Iterable[str], percent: int) -> Draw:
    """Case numbers by the lowest SHA-256 of `seed|number`; the seed is SHA-256 of `size|root|population hash`.

    `log_root`: the ledger's root at the cut-off, 64 hex digits; the order `population` comes in does not matter.
    """
    numbers = sorted(set(population))
    listed = hashlib.sha256("\n".join(numbers).encode()).hexdigest()
    seed = hashlib.sha256(f"{log_size}|{log_root}|{listed}".encode()).hexdigest()
    ranked = sorted(
        numbers, key=lambda number: (hashlib.sha256(f"{seed}|{number}".encode()).digest(), number)
    )
    return Draw(listed, seed, tuple(sorted(ranked[: how_many(len(numbers), percent)])))
