"""Which facts exist and who reacts to them; filled while the rooms' apps get ready."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

Reaction = Callable[[Any], None]
_loaded = False
_facts: dict[str, type] = {}
_reactions: dict[str, list[tuple[str, Reaction]]] = {}


def load() -> None:
    """Imports every room's reactions.py and jobs.py once, for the processes that run them (web needs neither)."""
    global _loaded
    if not _loaded:
        from django.utils.module_loading import autodiscover_modules

        autodiscover_modules("reactions", "jobs")
        _loaded = True


def name_of(fact_type: type) -> str:
    """`incidents.IncidentFiled` for linli.incidents.facts.IncidentFiled."""
    parts = fact_type.__module__.split(".")
    return f"{parts[-2]}.{fact_type.__name__}"


def reacts(*fact_types: type) -> Callable[[Reaction], Reaction]:
    """Registers a function of a room's reactions.py; it runs once per fact, in a transaction of its own."""

    def register(reaction: Reaction) -> Reaction:
        room = reaction.__module__.split(".")[-2]
        for fact_type in fact_types:
            name = name_of(fact_type)
            _facts[name] = fact_type
            rows = _reactions.setdefault(name, [])
            label = f"{room}.{reaction.__name__}"
            if label not in [known for known, _ in rows]:
                rows.append((label, reaction))
        return reaction

    return register


def reactions_to(fact_name: str) -> list[str]:
    return [label for label, _ in _reactions.get(fact_name, [])]


def reaction(fact_name: str, label: str) -> Reaction:
    """Raises KeyError when the reaction is gone (renamed, or its room is not installed)."""
    return dict(_reactions.get(fact_name, []))[label]


def rebuild(fact_name: str, body: Mapping[str, Any]) -> Any:
    """The fact as its room's dataclass; fields added since are defaults, unknown ones are dropped."""
    fact_type = _facts[fact_name]
    known = {field.name for field in dataclasses.fields(fact_type)}
    return fact_type(**{name: value for name, value in body.items() if name in known})


@dataclasses.dataclass(frozen=True, slots=True)
class Timer:
    """Something a worker does again and again: every `seconds`, or daily at `at` (HH:MM, Asia/Shanghai)."""

    name: str
    run: Callable[[], object]
    seconds: float = 0.0
    at: str = ""


_timers: dict[str, Timer] = {}


def every(seconds: float) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Registers a function of a room's jobs.py to run every `seconds` in each worker; it must claim its own rows."""

    def register(run: Callable[[], object]) -> Callable[[], object]:
        name = f"{run.__module__}.{run.__name__}"
        _timers[name] = Timer(name, run, seconds=seconds)
        return run

    return register


def daily(at: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Registers a function to run once a day at `at` (HH:MM, Asia/Shanghai), in one worker only; see bus.jobs."""

    def register(run: Callable[[], object]) -> Callable[[], object]:
        name = f"{run.__module__}.{run.__name__}"
        _timers[name] = Timer(name, run, at=at)
        return run

    return register


def timers() -> list[Timer]:
    return list(_timers.values())
