"""How often a visitor may knock: counted by network address; whoever has signed in is not counted."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.core.cache import cache as counters
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity.client import client_ip


@cache
def limits() -> dict[str, Any]:
    """data/limits.yaml."""
    return yaml.safe_load((Path(__file__).parent / "data" / "limits.yaml").read_text("utf-8"))


def limit(request: HttpRequest, actor: Actor, what: str) -> None:
    """Counts one call. Raises Refused 429."""
    if actor.account is not None:
        return
    mark = salted_hmac("publicity.limit", client_ip(request)).hexdigest()[:16]
    for seconds, most in limits()["limits"][what]:
        key = f"publicity:{what}:{seconds}:{mark}"
        if counters.add(key, 1, seconds):
            continue
        try:
            count = counters.incr(key)
        except ValueError:  # it ran out in between
            counters.set(key, 1, seconds)
            continue
        if count > most:
            said = "操作太频繁，请稍等一会儿再试。也可以到乡镇（街道）窗口当面提出。"
            raise Refused(said, code="too_many", status=429)
