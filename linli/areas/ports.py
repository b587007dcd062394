"""What areas asks of rooms above without importing them: who still holds work in a unit."""

from __future__ import annotations

from collections.abc import Callable

Holding = Callable[[str], int]
_holding: dict[str, Holding] = {}


def register_holding(name: str, count: Holding) -> None:
    """`count(unit_code)` says how many open things of room `name` the unit still has in hand."""
    _holding[name] = count


def unregister_holding(name: str) -> None:
    """For tests that register one of their own."""
    _holding.pop(name, None)


def held_by(unit: str) -> dict[str, int]:
    """Room -> open things in this unit's hands, only where there are any."""
    counts = {name: count(unit) for name, count in _holding.items()}
    return {name: count for name, count in counts.items() if count}
