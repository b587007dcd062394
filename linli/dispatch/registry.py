"""The kinds of orders rooms register in their apps.py (joints.md section 2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class OrderKind:
    """One kind of work order.

    `verify` is what an order gets when its raiser says nothing: none, raiser, other or sample.
    `result` is the room's own action behind "办结": it writes the room's rows and calls `handle_order` in the same
    transaction; None for dispatch's generic form. `schema` names the result fields an offline act may carry.
    `moved` is told the row, in the same transaction, when an order has come to another unit (or to none).
    """

    code: str
    title: str
    verify: str = "none"
    result: Callable[..., Any] | None = None
    form: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    moved: Callable[[Any], None] | None = None


_kinds: dict[str, OrderKind] = {}


def register(kind: OrderKind) -> None:
    _kinds[kind.code] = kind


def kind(code: str) -> OrderKind:
    """Raises KeyError for a kind no room registered."""
    return _kinds[code]


def kinds() -> dict[str, OrderKind]:
    return dict(_kinds)


def title(code: str) -> str:
    found = _kinds.get(code)
    return found.title if found else code
