"""Conditions as JSON, never as code: read, checked and decided here. Pure.

`{fact, op, value}` · `{any_member: C}` · `{not: C}` · `{all: [C…]}` · `{any: [C…]}`; without `op` the fact must hold.
A fact nobody has told is false, so that a department is never asked about what nobody said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Condition = Mapping[str, Any]
OPS = ("=", "!=", ">", ">=", "<", "<=")
DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Household:
    """What is known of a case: facts of the case and its applicant, and of each member (the applicant first)."""

    case: Mapping[str, Any] = field(default_factory=dict)
    members: Sequence[Mapping[str, Any]] = ()


def holds(condition: Condition | None, household: Household) -> bool:
    """Whether a condition holds; no condition always does. Raises ValueError for a malformed one."""
    return True if not condition else _holds(condition, household.case, household)


def _holds(condition: Condition, facts: Mapping[str, Any], household: Household) -> bool:
    match condition:
        case {"fact": name}:
            return _compare(facts.get(name), condition.get("op"), condition.get("value"))
        case {"any_member": inner}:
            return any(_holds(inner, member, household) for member in household.members)
        case {"not": inner}:
            return not _holds(inner, facts, household)
        case {"all": parts}:
            return all(_holds(part, facts, household) for part in parts)
        case {"any": parts}:
            return any(_holds(part, facts, household) for part in parts)
    raise ValueError(f"看不懂的条件：{condition}")


def _compare(known: Any, op: str | None, value: Any) -> bool:
    if op is None:
        return bool(known)
    if known is None or isinstance(known, str) != isinstance(value, str):
        return False
    if op == "=":
        return bool(known == value)
    if op == "!=":
        return bool(known != value)
    if op in (">", ">="):
        return bool(known > value or (op == ">=" and known == value))
    return bool(known < value or (op == "<=" and known == value))


def faults(condition: object, known: Mapping[str, str] | set[str], depth: int = 0) -> list[str]:
    """Everything wrong with a condition's shape or names, as sentences."""
    if not isinstance(condition, Mapping) or not condition:
        return ["条件应写成 {fact: …}、{any_member: …}、{not: …}、{all: […]} 或 {any: […]}"]
    if depth > DEEPEST:
        return [f"条件嵌套超过 {DEEPEST} 层，请简化"]
    keys = set(condition)
    if "fact" in keys:
        return _fact_faults(condition, known)
    if keys <= {"any_member", "not"} and len(keys) == 1:
        return faults(next(iter(condition.values())), known, depth + 1)
    if keys in ({"all"}, {"any"}):
        parts = next(iter(condition.values()))
        if not isinstance(parts, Sequence) or isinstance(parts, str) or not parts:
            return ["all、any 后面应是至少一个条件的列表"]
        return [said for part in parts for said in faults(part, known, depth + 1)]
    return [f"看不懂的条件：{'、'.join(sorted(map(str, keys)))}"]


def _fact_faults(condition: Condition, known: Mapping[str, str] | set[str]) -> list[str]:
    found = []
    if condition["fact"] not in known:
        found.append(f"没有登记过的事实“{condition['fact']}”")
    if extra := set(condition) - {"fact", "op", "value"}:
        found.append(f"条件中多出了 {'、'.join(sorted(extra))}")
    if ("op" in condition) != ("value" in condition):
        found.append("比较须同时写明 op 和 value")
    elif "op" in condition and condition["op"] not in OPS:
        found.append(f"不认识的比较符“{condition['op']}”，可用 {' '.join(OPS)}")
    elif "op" in condition and not isinstance(condition["value"], int | str | bool):
        found.append("比较的 value 应是整数、文字或是否")
    return found


def facts_named(condition: Condition | None) -> set[str]:
    """Every fact a condition asks."""
    if not condition:
        return set()
    if "fact" in condition:
        return {condition["fact"]}
    inner = next(iter(condition.values()))
    parts = [inner] if isinstance(inner, Mapping) else inner
    return {name for part in parts for name in facts_named(part)}
