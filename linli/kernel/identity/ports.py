"""What identity needs from above without importing it: the site and access bind these when they start."""

from collections.abc import Callable

from django.conf import settings

from linli.kernel.actor import Actor, require

DeliverCode = Callable[[str, str], None]
ActorMaker = Callable[[int, str, int, frozenset[str]], Actor]


class NotBound(RuntimeError):
    """A port nobody has bound; a fault of the program's wiring, never of the person using it."""


_deliver: list[DeliverCode] = []
_make_actor: list[ActorMaker] = []


def bind_deliver_code(deliver: DeliverCode) -> None:
    """`deliver(address, text)` sends a short text to a phone; it must only queue (it runs inside a transaction)."""
    _deliver[:] = [deliver]


def deliver_code(address: str, text: str) -> None:
    if not _deliver:
        raise NotBound("identity.ports.deliver_code is not bound; site must bind it to notify")
    _deliver[0](address, text)


def bind_actor_maker(make: ActorMaker) -> None:
    """`make(account_id, name, token_id, scopes)` loads the actor of an API token; access binds it."""
    _make_actor[:] = [make]


def actor_with(account: int, name: str, token: int, scopes: frozenset[str]) -> Actor:
    if not _make_actor:
        raise NotBound("identity.ports.actor_with is not bound; is linli.kernel.access installed?")
    return _make_actor[0](account, name, token, scopes)


def require_manager(actor: Actor) -> None:
    """Accounts belong to no area, so only a grant for the whole county manages them: an administrator of one town
    could otherwise set a password for anybody and sign in as them. Raises Refused(403)."""
    require(actor, "identity.manage", area=settings.LINLI_COUNTY)
