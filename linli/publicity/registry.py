"""The kinds of publicity rooms register in their apps.py: rules and callbacks; the rows stay here (joints.md section 6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from linli.kernel.actor import Actor
from linli.kernel.deadlines.rules import Limit
from linli.publicity.masks import Field, check_fields

MODES = ("required", "none", "forbidden")
LEVELS = {"county": 6, "street": 9, "community": 12}


@dataclass(frozen=True, slots=True)
class Ended:
    """A notice is over. `outcome`: none (no objection upheld), upheld, or withdrawn; `objections` in time."""

    notice: int
    subject: str
    area: str
    outcome: str
    objections: int
    ends: date | None


@dataclass(frozen=True, slots=True)
class Objected:
    """An objection came. Nothing tells who: the objector stays sealed from every other room."""

    notice: int
    objection: int
    subject: str
    area: str
    late: bool
    real_name: bool


@dataclass(frozen=True, slots=True)
class Ruled:
    """An objection was ruled upheld. `late`: it came after the end, so the notice is as it was."""

    notice: int
    objection: int
    subject: str
    area: str
    late: bool


@dataclass(frozen=True, slots=True)
class PublicityKind:
    """One kind of publicity.

    `code` is `room.what`, `fields` the whole whitelist. `days` full days after posting, in `unit` `d` (calendar, ending
    on a working day while `roll`) or `wd` (working). `mode`: required · none (allowed, nobody must) · forbidden (can
    never be opened). `posting`: a paper list is photographed at start and end; without it the days count from opening.
    `listed`: there is a public page. `announce`: keys that may stand publicly after the end (公布). `ruler` is the verb
    of those who rule objections, held for an area of level `ruled_from` or wider, so that no village rules its own.
    `answer`: limit for the written answer. `basis`: law and article; `status` cited | known | to_confirm.

    Callbacks run in the transaction of what they tell of; raising undoes it:
    `on_ended(by, Ended)` once for each notice, also after an upheld objection and a withdrawal;
    `on_objected(SYSTEM, Objected)` for each objection, late ones too; `on_upheld(by, Ruled)` before `on_ended`.
    """

    code: str
    title: str
    fields: tuple[Field, ...]
    days: int = 7
    unit: str = "d"
    roll: bool = True
    mode: str = "required"
    posting: bool = True
    listed: bool = True
    announce: tuple[str, ...] = ()
    ruler: str = "publicity.rule"
    ruled_from: str = "street"
    answer: str = "10 wd"
    basis: str = ""
    status: str = "to_confirm"
    on_ended: Callable[[Actor, Ended], None] | None = None
    on_objected: Callable[[Actor, Objected], None] | None = None
    on_upheld: Callable[[Actor, Ruled], None] | None = None


_kinds: dict[str, PublicityKind] = {}


def register(kind: PublicityKind) -> None:
    """Called in a room's apps.py; the same code again replaces. Raises ValueError for a kind that cannot be."""
    check_fields(kind.fields)
    Limit.parse(kind.answer)
    known = {one.key for one in kind.fields}
    if kind.mode not in MODES or kind.ruled_from not in LEVELS or not set(kind.announce) <= known:
        raise ValueError(f"{kind.code}: unknown mode, level, or announced field")
    if kind.days < 1 or kind.unit not in ("d", "wd"):
        raise ValueError(f"{kind.code}: a notice hangs at least one day, in d or wd")
    if not (kind.posting or kind.listed):
        raise ValueError(f"{kind.code}: neither paper nor page is no publicity")
    _kinds[kind.code] = kind


def unregister(code: str) -> None:
    """For tests that register one of their own."""
    _kinds.pop(code, None)


def kind(code: str) -> PublicityKind:
    """Raises KeyError for a kind no room registered."""
    return _kinds[code]


def kinds() -> dict[str, PublicityKind]:
    return dict(_kinds)


def title(code: str) -> str:
    found = _kinds.get(code)
    return found.title if found else code
