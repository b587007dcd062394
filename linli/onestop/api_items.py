"""What anybody may ask: items and guides, and the progress of a case by its number and a code sent to the phone."""

import hmac
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router

from linli.kernel import Refused
from linli.kernel.identity.actions import check_phone_code, send_phone_code
from linli.kernel.identity.client import client_ip
from linli.kernel.identity.rules import masked_phone
from linli.onestop import api_given as given
from linli.onestop import api_words as docs
from linli.onestop import queries, showing
from linli.onestop.actions import drafts
from linli.onestop.api_door import anyone, who
from linli.onestop.api_out import guide_out, item_out, tracked_out
from linli.onestop.models import Application
from linli.people.rules import plain_phone
from linli.publicity.door import limit

items, progress = Router(tags=["onestop"]), Router(tags=["onestop"])
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,16}$")]


@items.get("", auth=anyone, response=docs.ItemsOut, openapi_extra=docs.refuses(401, 413, 422))
def list_items(request: HttpRequest, q: Annotated[str, Query(max_length=60)] = "") -> Any:
    """现行事项，q 为名称、适用对象或类别中的字词。"""
    found = showing.by_life(queries.items_in_force(), q)
    return {"items": [item_out(row) for _, rows in found for row in rows]}


@items.get("/{item}", auth=anyone, response=docs.GuideOut, openapi_extra=docs.refuses(401, 404, 413, 422))
def guide(request: HttpRequest, item: Code) -> Any:
    """办事指南：版本、材料及取得方式、两个时限、步骤、依据；待核实的数值一并标明。"""
    return guide_out(drafts.version_for(item))


@progress.post(
    "/code", auth=anyone, response=docs.SentOut, openapi_extra=docs.refuses(400, 401, 403, 413, 422, 429)
)
def send_code(request: HttpRequest, payload: given.PhoneIn) -> Any:
    """向手机发送验证码；每分钟 1 次、每小时 5 次。"""
    return {"phone": masked_phone(send_phone_code(payload.phone, client_ip(request)))}


@progress.post(
    "", auth=anyone, response=docs.ProgressOut, openapi_extra=docs.refuses(400, 401, 403, 404, 413, 422, 429)
)
def track(request: HttpRequest, payload: given.TrackIn) -> Any:
    """凭办件编号和短信验证码查进度：手机号须是申请人或代办人登记的。"""
    limit(request, who(request), "answer")
    check_phone_code(payload.phone, payload.code)
    return tracked_out(_case_of(payload.number, payload.phone))


def _case_of(number: str, phone: str) -> Application:
    """The case of that number, when the phone is its applicant's or agent's. Raises Refused 404, always the same."""
    rows = Application.objects.select_related("item", "version", "person__account", "agent")
    row = rows.filter(number=number.strip()).first() if number.strip() else None
    if row is not None:
        accounts = [row.person.account, row.agent]
        known = {row.person.phone, *(one.phone for one in accounts if one is not None)} - {"", None}
        given = plain_phone(phone).encode()
        if any(hmac.compare_digest(plain_phone(one).encode(), given) for one in known):
            return row
    raise Refused("没有找到这个办件：请核对编号和手机号。", code="no_application", status=404)
