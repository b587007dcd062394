"""Where requests from outside come in: who calls, how often, how much, and what may stand in a text."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.http import HttpRequest

from linli.incidents import rules
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity.client import client_ip
from linli.kernel.identity.queries import actor_for_token
from linli.kernel.web.caller import caller
from linli.kernel.web.limits import over


class TooMany(Refused):
    """429 with the seconds after which it is worth trying again."""

    def __init__(self, after: int) -> None:
        super().__init__(
            "操作太频繁，请稍等一会儿再试。紧急情况请拨打 110、119 或 120。", code="too_many", status=429
        )
        self.after = after


@cache
def limits() -> dict[str, Any]:
    """data/limits.yaml."""
    return yaml.safe_load((Path(__file__).parent / "data" / "limits.yaml").read_text("utf-8"))


def who(request: HttpRequest) -> Actor:
    """The bearer token's actor, else the session's, else a visitor.

    Refused 401 for a token that does not hold, 403 for a write by session without its CSRF mark (access sees to it).
    """
    header = request.headers.get("Authorization", "")
    if header:
        kind, _, bearer = header.partition(" ")
        actor = actor_for_token(bearer.strip()) if kind.lower() == "bearer" else None
        if actor is None:
            raise Refused("令牌无效、已撤销或已过期，请重新申请。", code="bad_token", status=401)
        request.actor = actor  # type: ignore[attr-defined]
        return actor
    return caller(request)


def limit(request: HttpRequest, actor: Actor, what: str) -> None:
    """Counts a visitor's call by network address; raises TooMany. Whoever says who they are is not counted."""
    if actor.account is not None:
        return
    if full := over(f"incidents.{what}", client_ip(request), limits()["limits"][what]):
        raise TooMany(min(full, 600))


def json_body(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object. Refused 413 when too large, 400 when it is none."""
    most = limits()["body_bytes"]
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise Refused("请求内容过大，文字请控制在 64 KB 以内，照片请先上传。", code="too_large", status=413)
    try:
        body = json.loads(request.body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused("请求内容应为一个 JSON 对象。", code="not_json", status=400)
    return body


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def cleaned(text: str) -> tuple[str, bool]:
    """Text without control characters and broken code points, and whether any were taken out."""
    return rules.clean_text(text)


def one_line(text: str) -> str:
    """A name, address or word: cleaned, on one line."""
    return " ".join(rules.clean_text(text)[0].split())
