"""How often a code may be tried: counted by account for who is signed in, by network address for who is not."""

from django.http import HttpRequest

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity.client import client_ip
from linli.kernel.web.limits import over

# what -> ((seconds, most), …)
LIMITS = {
    "resume": ((60, 10), (86_400, 100)),  # a draft's code with a phone number, by who is signed in
    "link": ((60, 60), (3600, 600)),  # a one-time link opened; many share one address of a mobile network
    "tail": ((86_400, 5),),  # the last digits of an identity number, for one member
}


def count(what: str, who: str) -> None:
    """Counts one try of `who`. Raises Refused 429."""
    if over(f"onestop.{what}", who, LIMITS[what]):
        said = "试得太多了，请过一会儿再试，也可以到社区或街道窗口当面办理。"
        raise Refused(said, code="too_many", status=429)


def limit(request: HttpRequest, actor: Actor, what: str) -> None:
    """One try of this caller, signed in or not. Raises Refused 429."""
    count(what, actor.ref if actor.account is not None else client_ip(request))
