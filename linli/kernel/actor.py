"""Whoever acts, and what an actor may do where, decided from values (joints.md section 3).

It lies below every kernel package, so that ledger and bus can take an actor without importing access.
An area is a prefix string: 6 digits county, 9 town, 12 village or community, 15 grid; "" is everywhere.
"""

from dataclasses import dataclass, field

from linli.kernel import Refused


@dataclass(frozen=True, slots=True)
class Scope:
    """One grant: a role's verbs, valid below `area` and, if `unit` is set, only for that unit's work."""

    role: str
    area: str
    unit: str
    verbs: frozenset[str]

    def has(self, verb: str) -> bool:
        room = verb.partition(".")[0]
        return verb in self.verbs or f"{room}.*" in self.verbs or "*" in self.verbs

    def covers(self, area: str, unit: str) -> bool:
        """True where the asked area lies in this scope; an argument left empty is not asked."""
        return (not area or area.startswith(self.area)) and (not unit or not self.unit or unit == self.unit)


@dataclass(frozen=True, slots=True)
class Opening:
    """A pass held now: the verbs it opens on one subject."""

    subject: str
    verbs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts. `account` is an identity.Account id, or None for anonymous, device, link and system."""

    account: int | None
    kind: str  # account | anonymous | device | link | system
    name: str
    grants: tuple[Scope, ...] = ()
    passes: tuple[Opening, ...] = ()
    bars: frozenset[str] = field(default_factory=frozenset)
    token: int | None = None  # the API token it came with, if any

    @property
    def ref(self) -> str:
        """A stable, nameless reference for ledgers and idempotency keys, e.g. `account:17`."""
        return f"{self.kind}:{self.account}" if self.account is not None else f"{self.kind}:{self.name}"

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(scope.role for scope in self.grants)

    def scopes(self, verb: str) -> tuple[Scope, ...]:
        return tuple(scope for scope in self.grants if scope.has(verb))


def can(actor: Actor, verb: str, *, area: str = "", unit: str = "", subject: str = "") -> bool:
    """True if `actor` may do `verb` there. A bar beats everything, a pass beats a missing grant."""
    if actor.kind == "system":
        return True
    if subject and subject in actor.bars:
        return False
    if subject and any(opening.subject == subject and verb in opening.verbs for opening in actor.passes):
        return True
    return any(scope.has(verb) and scope.covers(area, unit) for scope in actor.grants)


def require(actor: Actor, verb: str, *, area: str = "", unit: str = "", subject: str = "") -> None:
    """Raises Refused(403) unless `can`. The one gate every action passes first."""
    if not can(actor, verb, area=area, unit=unit, subject=subject):
        raise Refused(
            "您没有办理此事的权限。如需办理，请联系本单位管理员授权。", code="not_allowed", status=403
        )


SYSTEM = Actor(account=None, kind="system", name="linli")
