"""POST /api/event/report: the call other systems have been promised, answered byte for byte."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from linli.incidents import rules
from linli.incidents.actions import report_incident
from linli.incidents.door import TooMany, cleaned, json_body, limit, one_line, who
from linli.incidents.readings import read_spot, read_uuid, spot_fields
from linli.kernel import Refused
from linli.kernel.access.queries import anonymous
from linli.kernel.actor import Actor, can

INVALID = "事件数据无效"
DONE = "事件上报成功,ID: {id}"


def _plain(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")


@csrf_exempt
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """JSON {type, location, description} -> 200 `事件上报成功,ID: 17`, or 400 `事件数据无效`.

    The tracking code travels in the header X-Tracking-Code. 401, 404, 413 and 429 answer in plain words.
    """
    if settings.LINLI_EVENT_API == "off":
        return _plain("接口未开放", 404)
    try:
        # No cookie counts here: the call has no CSRF mark, so that nobody's browser can be made to speak for them.
        by = who(request) if request.headers.get("Authorization") else anonymous()
        if settings.LINLI_EVENT_API == "token" and by.token is None:
            raise Refused("请携带有效的接口令牌", code="no_token", status=401)
        limit(request, by, "report")
        receipt = report_incident(by=by, telling=_telling(by, _body(request)))
    except Refused as refused:
        return _refusal(refused)
    answer = _plain(DONE.format(id=receipt.report), 200)
    answer["X-Tracking-Code"] = receipt.tracking
    return answer


def _refusal(refused: Refused) -> HttpResponse:
    if refused.status in (400, 422):
        return _plain(INVALID, 400)
    answer = _plain(refused.message, refused.status)
    if isinstance(refused, TooMany):
        answer["Retry-After"] = str(refused.after)
    if refused.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def _body(request: HttpRequest) -> dict[str, Any]:
    """The three fields, each there and not blank. Raises Refused 400 or 413."""
    body = json_body(request)
    for name in ("type", "description"):
        body[name] = _words(body.get(name))
    if not body["type"] or not body["description"] or _blank(body.get("location")):
        raise Refused(INVALID, code="invalid", status=400)
    return body


def _words(given: object) -> str:
    """Text, or a number written as one; "" for everything else."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = str(given)
    return cleaned(given)[0] if isinstance(given, str) else ""


def _blank(given: object) -> bool:
    if isinstance(given, str):
        return not one_line(given)
    if isinstance(given, Mapping):
        return all(
            value is None or value == "" or (isinstance(value, str) and not value.strip())
            for value in given.values()
        )
    return not isinstance(given, list | tuple) or not given


def _telling(by: Actor, body: dict[str, Any]) -> rules.Telling:
    """What cannot be read as a point is kept as words: a place badly written is no reason to lose what was told."""
    location = body["location"]
    spot = read_spot(location, strict=False)
    fields: dict[str, Any] = spot_fields(spot) if spot else {"place_words": _as_words(location)}
    fields["place_words"] = fields["place_words"][:200]
    try:
        ident = read_uuid(body.get("client_uuid"))
    except ValueError:
        ident = None
    own = can(by, "incidents.report_own") and "grid_worker" in by.roles
    return rules.Telling(
        text=body["description"],
        sender=by.ref,
        client_uuid=ident,
        channel="grid" if own else "api",
        class_said=one_line(body["type"])[:64],
        flags=tuple(spot.flags) if spot else ("place_unreadable",),
        **fields,
    )


def _as_words(given: object) -> str:
    return one_line(json.dumps(given, ensure_ascii=False))
