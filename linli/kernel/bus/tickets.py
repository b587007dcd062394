"""Tickets of the live stream: what a page's viewer may hear, signed, so that the stream asks no database."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from linli.kernel.actor import Actor

SALT = "linli.live"
VALID = 12 * 3600  # seconds


@dataclass(frozen=True, slots=True)
class Opened:
    """A valid ticket: its scopes `[[area, unit, [rooms]], …]` and the seconds it still holds."""

    scopes: list[list[Any]]
    left: float


def ticket_for(actor: Actor) -> str:
    """A ticket for VALID seconds with the rooms whose `view` this actor holds, by area and unit.

    A grant that ends meanwhile is heard on until the ticket is over; it carries ids only, and every
    page asks again before it shows anything.
    """
    scopes = []
    for scope in actor.grants:
        rooms = sorted(
            verb.split(".")[0] for verb in scope.verbs if verb.endswith((".view", ".*")) or verb == "*"
        )
        if rooms and scope.area:  # what anybody may do is no reason to hear everybody's work
            scopes.append([scope.area, scope.unit, rooms])
    return signing.dumps(scopes, salt=SALT, compress=True)


def open_ticket(ticket: str) -> Opened | None:
    """None when the ticket is forged or over."""
    try:
        scopes = signing.loads(ticket, salt=SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    signed_at = signing.b62_decode(ticket.rsplit(":", 2)[-2])  # a TimestampSigner's value:time:signature
    return Opened(scopes, max(1.0, VALID - (time.time() - signed_at)))


def live_address(request: HttpRequest) -> str:
    """Where the stream answers: another port of the same host, or `/live/stream` behind a front server."""
    if not settings.LINLI_LIVE_PORT:
        return "/live/stream"
    host = urlsplit(f"//{request.get_host()}").hostname or "localhost"
    return f"{request.scheme}://{f'[{host}]' if ':' in host else host}:{settings.LINLI_LIVE_PORT}/live/stream"
