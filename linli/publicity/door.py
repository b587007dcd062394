"""How often a visitor may knock: counted by network address; whoever has signed in is not counted."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.http import HttpRequest

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity.client import client_ip
from linli.kernel.web.limits import over


@cache
def limits() -> dict[str, Any]:
    """data/limits.yaml."""
    return yaml.safe_load((Path(__file__).parent / "data" / "limits.yaml").read_text("utf-8"))


def limit(request: HttpRequest, actor: Actor, what: str) -> None:
    """Counts one call. Raises Refused 429."""
    if actor.account is not None:
        return
    if over(f"publicity.{what}", client_ip(request), limits()["limits"][what]):
        said = "操作太频繁，请稍等一会儿再试。也可以到乡镇（街道）窗口当面提出。"
        raise Refused(said, code="too_many", status=429)
