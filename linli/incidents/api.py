"""/api/v1: reports, cases, work orders and classes for other systems and for phones."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from ninja.security.base import AuthBase

from linli.areas import queries as areas
from linli.dispatch import actions as dispatch
from linli.dispatch import queries as orders_seen
from linli.dispatch import rules as order_rules
from linli.dispatch.actions import Said
from linli.incidents import actions, catalogue, neighbours, outside, photos, queries, results, rules
from linli.incidents import api_words as docs
from linli.incidents.door import json_body, limit, one_line, who
from linli.incidents.paging import Asked
from linli.incidents.readings import Reader, read_moment, read_report, telling_from
from linli.kernel import Refused
from linli.kernel.actor import Actor, can

reports, incidents, orders = Router(tags=["reports"]), Router(tags=["incidents"]), Router(tags=["orders"])
classes, tracking = Router(tags=["classes"]), Router(tags=["reports"])
routers = {
    "/reports": reports,
    "/incidents": incidents,
    "/orders": orders,
    "/classes": classes,
    "/tracking": tracking,
}


def anyone(request: HttpRequest) -> Actor:
    """A visitor is somebody too."""
    return who(request)


class Signed(AuthBase):
    """A bearer token, or a browser's own session."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Actor | None:
        actor = who(request)
        return actor if actor.account is not None else None


signed = Signed()


def answer(body: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type="application/json")


def code_of(request: HttpRequest) -> str:
    """The tracking code a reporter without an account shows."""
    return request.headers.get("X-Tracking-Code", "")[:40]


@reports.post(
    "", auth=anyone, **docs.says(docs.RECEIPT, 400, 401, 403, 409, 413, 422, 429, ok=201, sent=docs.REPORT_IN)
)
def report(request: HttpRequest) -> HttpResponse:
    """上报。同一 client_uuid 再发，得到同一答复；内容不同则 409。"""
    by: Actor = request.auth  # type: ignore[attr-defined]
    limit(request, by, "report")
    reader, given, warnings = read_report(json_body(request))
    files: tuple[int, ...] = ()
    try:
        files = photos.named(by, reader.body.get("photos"))
    except Refused as refused:
        reader.wrong |= refused.fields
    telling = telling_from(given, sender=by.ref, channel=channel_of(by), files=files, flags=reader.flags)
    _check_all(reader, telling)
    return answer(outside.receipt_out(actions.report_incident(by=by, telling=telling), warnings), 201)


def channel_of(by: Actor, other: str = "api") -> str:
    """A grid worker's own find counts as one whatever program it came through."""
    return "grid" if can(by, "incidents.report_own") and "grid_worker" in by.roles else other


def _check_all(reader: Reader, telling: rules.Telling) -> None:
    """What the reader found and what the room's rules find, in one refusal."""
    try:
        rules.check_telling(telling)
    except Refused as refused:
        if refused.status != 422:
            raise
        reader.wrong = {**refused.fields, **reader.wrong}
    reader.check(code="wrong_report")


@reports.get(
    "/{report_id}", auth=anyone, **docs.says(docs.REPORT, 401, 404, 422, 429, asks=[docs.CODE_HEADER])
)
def own_report(request: HttpRequest, report_id: int) -> HttpResponse:
    """自己的上报：登录账号，或带 X-Tracking-Code。"""
    by: Actor = request.auth  # type: ignore[attr-defined]
    limit(request, by, "track")
    row = queries.own_report(by, report_id, code_of(request))
    return answer(outside.report_out(row, queries.reporter_steps(row.incident)))


@tracking.get("/{code}", auth=anyone, **docs.says(docs.REPORT, 401, 404, 422, 429))
def track(request: HttpRequest, code: str) -> HttpResponse:
    """凭查询码看进展。"""
    limit(request, request.auth, "track")  # type: ignore[attr-defined]
    row = queries.report_by_code(code[:40])
    return answer(outside.report_out(row, queries.reporter_steps(row.incident)))


STATE = {"type": "string", "enum": list(rules.STATE_WORDS)}
LIST_ASKS = [
    docs.ask("state", STATE, "状态，可用逗号并列"),
    docs.ask("class", docs.TEXT, "小类代码"),
    docs.ask("area", {"type": "string", "pattern": "^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$"}, "区域代码"),
    docs.ask("since", {"type": "string", "format": "date-time"}, "此时之后接报"),
    docs.ask("near", docs.TEXT, "经度,纬度,米（至多 5000）"),
]
PAGE_ASKS = [
    docs.ask("limit", {"type": "integer", "minimum": 1, "maximum": 100}, "每页条数，默认 50"),
    docs.ask("cursor", docs.TEXT, "上一页给的 next"),
]


@incidents.get(
    "", auth=signed, **docs.says(docs.page_of(docs.INCIDENT), 401, 403, 422, asks=LIST_ASKS + PAGE_ASKS)
)
def list_incidents(request: HttpRequest) -> HttpResponse:
    """管辖范围内的事件，新的在前。"""
    asked, rows = Asked(request.GET), queries.seen(request.auth)  # type: ignore[attr-defined]
    if states := asked.among("state", rules.STATE_WORDS):
        rows = rows.filter(state__in=states)
    if code := asked.name("class"):
        rows = rows.filter(class_code=code)
    if column := asked.area("area"):
        rows = rows.filter(**column)
    if since := asked.moment("since"):
        rows = rows.filter(received_at__gte=since)
    if circle := asked.circle("near", neighbours.FARTHEST):
        rows = neighbours.within(rows, *circle)
    return answer(asked.page(rows, outside.incident_out))


@incidents.get(
    "/{incident_id}",
    auth=anyone,
    **docs.says(docs.INCIDENT_WHOLE, 401, 404, 422, 429, asks=[docs.CODE_HEADER]),
)
def one_incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    """事件与办理过程；报事人看到的不含人名和内部往来。"""
    by: Actor = request.auth  # type: ignore[attr-defined]
    limit(request, by, "track")
    seen = queries.seen(by).filter(pk=incident_id).first() if by.account is not None else None
    if seen is not None:
        return answer(outside.incident_whole(seen, queries.timeline(seen)))
    mine = queries.own_report_on(by, incident_id, code_of(request))
    if mine is None:
        raise Refused("没有这件事，或您无权查看。", code="no_incident", status=404)
    return answer(outside.incident_for_reporter(mine.incident, mine, queries.reporter_steps(mine.incident)))


@incidents.post(
    "/{incident_id}/rating",
    auth=anyone,
    **docs.says(
        docs.RATED,
        400,
        401,
        403,
        404,
        409,
        413,
        422,
        429,
        ok=201,
        sent=docs.RATING_IN,
        asks=[docs.CODE_HEADER],
    ),
)
def rate(request: HttpRequest, incident_id: int) -> HttpResponse:
    """评价：报事人登录，或带 X-Tracking-Code。未解决的自动重办。"""
    by: Actor = request.auth  # type: ignore[attr-defined]
    limit(request, by, "rate")
    reader = Reader(json_body(request))
    mine = queries.own_report_on(by, incident_id, code_of(request))
    if mine is None:
        raise Refused("没有这件事，或您不是报事人。", code="no_incident", status=404)
    resolved, stars = reader.yes("resolved"), reader.whole("stars", 1, 5)
    if "resolved" not in reader.wrong and reader.body.get("resolved") is None:
        reader.fault("resolved", "请说明问题是否解决")
    if "stars" not in reader.wrong and stars is None:
        reader.fault("stars", "请选择 1 到 5 颗星")
    reasons, text = reader.words("reasons", 8), reader.text("text", most=500, what="说明")
    if any(len(one) > 32 for one in reasons):
        reader.fault("reasons", "每项最多 32 字")
    reader.check()
    rating = actions.rate_incident(
        by=by, report=mine.pk, resolved=resolved, stars=stars or 0, reasons=reasons, text=text
    )
    mine.incident.refresh_from_db(fields=["state"])
    body = {
        "incident": incident_id,
        "round": rating.round,
        "resolved": resolved,
        "stars": stars,
        "state": mine.incident.state,
    }
    return answer(body, 201)


ORDER_ASKS = [
    docs.ask("state", {"type": "string", "enum": list(order_rules.STATE_WORDS)}, "状态，可用逗号并列"),
    docs.ask("kind", docs.TEXT, "工单种类"),
    docs.ask("mine", docs.YES, "只看自己要办的"),
]


@orders.get(
    "", auth=signed, **docs.says(docs.page_of(docs.ORDER), 401, 403, 422, asks=ORDER_ASKS + PAGE_ASKS)
)
def list_orders(request: HttpRequest) -> HttpResponse:
    """看得到的工单，新的在前。"""
    by: Actor = request.auth  # type: ignore[attr-defined]
    asked = Asked(request.GET)
    rows = orders_seen.work_list(by) if asked.yes("mine") else orders_seen.seen(by)
    if states := asked.among("state", order_rules.STATE_WORDS):
        rows = rows.filter(state__in=states)
    if kind := asked.name("kind"):
        rows = rows.filter(kind=kind)
    return answer(asked.page(rows, outside.order_out))


@orders.get("/{order_id}", auth=signed, **docs.says(docs.ORDER_WHOLE, 401, 403, 404, 422))
def one_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """一张工单与它的经过。"""
    row = orders_seen.order_for(request.auth, order_id)  # type: ignore[attr-defined]
    return answer(outside.order_whole(row, row.moves.order_by("id")))


def _said(reader: Reader, *, files: tuple[int, ...] = ()) -> Said:
    """What comes along with an act on an order."""
    flags: list[str] = []
    device_at = None
    if reader.body.get("device_at") is not None:
        try:
            device_at = read_moment(reader.body["device_at"], flags)
        except ValueError:
            reader.fault("device_at", "应为 ISO 8601 时间，例如 2026-11-22T14:05:00+08:00")
    place = {}
    for name in ("lon", "lat"):
        value = reader.body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 180:
            reader.fault(name, "应为十进制度数")
        else:
            place[name] = float(value)
    if flags:
        place["flags"] = flags  # type: ignore[assignment]
    return Said(
        reason=one_line(reader.text("reason", most=64, what="原因")),
        text=reader.text("text", most=2000, what="说明"),
        files=files,
        base_version=reader.whole("base_version"),
        device_at=device_at,
        data=place,
    )


def _moved(request: HttpRequest, order: int) -> HttpResponse:
    row = orders_seen.seen(request.auth).filter(pk=order).first()  # type: ignore[attr-defined]
    if row is None:  # a return may take it out of the caller's sight
        from linli.dispatch.models import WorkOrder

        row = WorkOrder.objects.get(pk=order)
    return answer(outside.order_out(row))


ACT = (400, 401, 403, 404, 409, 413, 422)


@orders.post("/{order_id}/accept", auth=signed, **docs.says(docs.ORDER, *ACT, sent=docs.ACT_IN))
def accept(request: HttpRequest, order_id: int) -> HttpResponse:
    """接单。"""
    reader = Reader(json_body(request))
    said = _said(reader)
    reader.check()
    dispatch.accept_order(by=request.auth, order=_there(request, order_id), said=said)  # type: ignore[attr-defined]
    return _moved(request, order_id)


@orders.post("/{order_id}/arrive", auth=signed, **docs.says(docs.ORDER, *ACT, sent=docs.ACT_IN))
def arrive(request: HttpRequest, order_id: int) -> HttpResponse:
    """到场，可带位置。"""
    reader = Reader(json_body(request))
    said = _said(reader)
    reader.check()
    dispatch.arrive(by=request.auth, order=_there(request, order_id), said=said)  # type: ignore[attr-defined]
    return _moved(request, order_id)


@orders.post("/{order_id}/handle", auth=signed, **docs.says(docs.ORDER, *ACT, sent=docs.HANDLE_IN))
def handle(request: HttpRequest, order_id: int) -> HttpResponse:
    """办结，写明结果，可附照片。核实单另带 found 与 class，核查单另带 passed 与 cause。"""
    by: Actor = request.auth  # type: ignore[attr-defined]
    reader = Reader(json_body(request))
    files: tuple[int, ...] = ()
    try:
        files = photos.named(by, reader.body.get("photos"))
    except Refused as refused:
        reader.wrong |= refused.fields
    outcome, said = reader.text("outcome", most=2000, what="处置结果"), _said(reader, files=files)
    if not outcome and "outcome" not in reader.wrong:
        reader.fault("outcome", "请写明处置结果")
    row = orders_seen.order_for(by, order_id)
    result = results.read(row, reader)
    reader.check()
    with photos.evidence(by, files, f"dispatch.order:{row.pk}"):
        result(by, row, outcome, said)
    return _moved(request, order_id)


@orders.post("/{order_id}/return", auth=signed, **docs.says(docs.ORDER, *ACT, sent=docs.RETURN_IN))
def give_back(request: HttpRequest, order_id: int) -> HttpResponse:
    """退回，写明原因、说明，可提出应由哪个单位办。"""
    reader = Reader(json_body(request))
    said, propose = _said(reader), one_line(reader.text("propose", most=32, what="建议单位"))
    if propose and propose not in areas.unit_names():
        reader.fault("propose", "没有这个单位代码")
    reader.check()
    dispatch.return_order(by=request.auth, order=_there(request, order_id), said=said, propose=propose)  # type: ignore[attr-defined]
    return _moved(request, order_id)


def _there(request: HttpRequest, order: int) -> int:
    """The order's id when the caller may know of it; Refused 404 otherwise."""
    return orders_seen.order_for(request.auth, order).pk  # type: ignore[attr-defined]


@classes.get("", auth=anyone, **docs.says(docs.thing("*", items=docs.many(docs.CLASS), at=docs.MOMENT), 401))
def list_classes(request: HttpRequest) -> HttpResponse:
    """现行事件分类。"""
    rows = sorted(catalogue.classes.get().values(), key=lambda row: row.pk)
    return answer({"items": [outside.class_out(row) for row in rows], "at": outside.stamp(timezone.now())})
