"""Open311 GeoReport v2 under /open311/v2/, JSON and XML, with updates, paging, media and bulk as extensions."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt

from linli.dispatch.models import Move
from linli.incidents import open311_words as words
from linli.incidents import rules
from linli.incidents.actions import report_incident
from linli.incidents.door import json_body, limit, limits, who
from linli.incidents.models import OPEN, Incident
from linli.incidents.open311_reading import Params, answers_of, place, text_of, told
from linli.incidents.queries import own_incidents, public_requests, seen
from linli.incidents.readings import HERE, read_uuid
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity.queries import actor_for_token

SPAN, MOST, BULK = timedelta(days=90), 1000, 100
View = Callable[..., HttpResponse]


def spoken(*methods: str) -> Callable[[View], View]:
    """A call of the standard: format by suffix (else by Accept), errors in that format, no CSRF (keys, not cookies)."""

    def wrap(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def call(request: HttpRequest, form: str | None = None, **given: str) -> HttpResponse:
            form = form or ("xml" if "xml" in request.headers.get("Accept", "") else "json")
            try:
                if request.method not in methods:
                    raise Refused("这个地址不接受此方法", code="method", status=405)
                _jurisdiction(request)
                return view(request, form, **given)
            except Refused as refused:
                return words.errors(form, refused)

        return call

    return wrap


def _jurisdiction(request: HttpRequest) -> None:
    asked = request.GET.get("jurisdiction_id", "")
    if asked and asked not in (settings.LINLI_COUNTY, request.get_host().partition(":")[0]):
        raise Refused(
            f"没有这个辖区，请用 {settings.LINLI_COUNTY} 或不填 jurisdiction_id",
            code="jurisdiction",
            status=404,
        )


def _caller(request: HttpRequest, given: Params | None = None) -> Actor:
    """By `api_key` (query or form) or bearer token; a visitor otherwise. Refused 403 for a wrong key, as the standard has it."""
    key = (given or {}).get("api_key") or request.GET.get("api_key") or ""
    if key:
        actor = actor_for_token(str(key))
        if actor is None:
            raise Refused("api_key 无效、已撤销或已过期", code="bad_key", status=403)
        return actor
    if request.headers.get("Authorization"):
        return who(request)
    from linli.kernel.access.queries import anonymous

    return anonymous()  # a browser's cookie is no key: this door has no CSRF check


@spoken("GET", "HEAD")
def discovery(request: HttpRequest, form: str) -> HttpResponse:
    base = request.build_absolute_uri("/open311/v2")
    formats = ["application/json", "text/xml"]
    body = {
        "changeset": "2026-01-01T00:00:00+08:00",
        "contact": "请联系本县（市、区）社会治理中心",
        "key_service": "由系统管理员在“接口令牌”中发放",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": base,
                "changeset": "2026-01-01T00:00:00+08:00",
                "type": "production" if settings.PRODUCTION else "test",
                "formats": formats,
            }
        ],
    }
    return words.write(form, "discovery", "endpoint", body)


@spoken("GET", "HEAD")
def services(request: HttpRequest, form: str) -> HttpResponse:
    return words.write(form, "services", "service", [words.service_out(row) for row in words.services()])


@spoken("GET", "HEAD")
def definition(request: HttpRequest, form: str, code: str) -> HttpResponse:
    return words.write(form, "service_definition", "attribute", words.definition_out(_service(code)))


def _service(code: str) -> Any:
    found = next((row for row in words.services() if row.code == code), None)
    if found is None:
        raise Refused(f"没有服务代码“{code[:48]}”，见 services", code="no_service", status=404)
    return found


@spoken("GET", "HEAD", "POST")
def requests(request: HttpRequest, form: str) -> HttpResponse:
    return _post(request, form) if request.method == "POST" else _list(request, form)


def _post(request: HttpRequest, form: str) -> HttpResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > limits()["body_bytes"] * 4:
        raise Refused("请求内容过大", code="too_large", status=413)
    if request.content_type == "application/json":
        given = (
            json.loads(request.body)
            if request.body[:1] == b"[" and _is_json(request.body)
            else json_body(request)
        )
        if isinstance(given, list):
            return _bulk(request, form, given)
    else:
        given = {name: values[-1] for name, values in request.POST.lists()}
    made = _make(request, given)
    return words.write(form, "service_requests", "request", [made], 201)


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


def _bulk(request: HttpRequest, form: str, many: list[Any]) -> HttpResponse:
    """Each item is taken or refused for itself, in the order given; 201 when at least one was taken."""
    if not 1 <= len(many) <= BULK:
        raise Refused(f"一次 1 至 {BULK} 件", code="too_many", status=413 if many else 400)
    answers: list[dict[str, Any]] = []
    for one in many:
        try:
            if not isinstance(one, dict):
                raise Refused("每一件应为一个对象", code="not_json", status=400)
            answers.append(_make(request, one))
        except Refused as refused:
            said = [f"{name}：{reason}" for name, reasons in refused.fields.items() for reason in reasons]
            answers.append({"code": refused.status, "description": "；".join(said) or refused.message})
    taken = any("service_request_id" in one for one in answers)
    return words.write(form, "service_requests", "request", answers, 201 if taken else 400)


def _make(request: HttpRequest, given: Params) -> dict[str, Any]:
    """One service request. Raises Refused 400, 403, 404, 409, 413 as the standard numbers them."""
    by = _caller(request, given)
    if by.account is None:
        raise Refused("缺少 api_key，请向系统管理员申请", code="no_key", status=403)
    asked = text_of(given, "jurisdiction_id", 48)
    if asked and asked not in (settings.LINLI_COUNTY, request.get_host().partition(":")[0]):
        raise Refused("没有这个辖区", code="jurisdiction", status=404)
    code = text_of(given, "service_code", 48)
    if not code:
        raise Refused("没有提供 service_code", code="no_service_code", status=400)
    service = _service(code)
    spot = place(given)
    try:
        ident = read_uuid(given.get("client_uuid"))
    except ValueError:
        raise Refused("client_uuid 应为 UUID", code="bad_uuid", status=400) from None
    try:
        receipt = report_incident(
            by=by,
            telling=rules.Telling(
                text=told(given, service),
                answers=answers_of(given, service),
                sender=by.ref,
                client_uuid=ident,
                channel="open311",
                class_said=service.code,
                name=" ".join(
                    one for one in (text_of(given, "last_name", 32), text_of(given, "first_name", 32)) if one
                ),
                phone=text_of(given, "phone", 32),
                **spot,
            ),
        )
    except Refused as refused:
        if refused.status == 422:
            refused.status = 400
        raise
    notice = f"编号 {receipt.number}，查询码 {receipt.tracking}"
    return {"service_request_id": str(receipt.incident), "service_notice": notice, "account_id": ""}


def _updated() -> Subquery:
    subject = Concat(
        Value("incidents.incident:"), Cast(OuterRef("pk"), CharField()), output_field=CharField()
    )
    return Subquery(Move.objects.filter(subject=subject).order_by("-id").values("at")[:1])


def _visible(by: Actor) -> QuerySet[Incident]:
    """What the caller may list: what is public, and its own requests; never a private class."""
    if by.account is None:
        return public_requests()
    return Incident.objects.filter(
        Q(pk__in=public_requests().values("pk")) | Q(pk__in=own_incidents(by)), private=False
    ).defer("words")


def _list(request: HttpRequest, form: str) -> HttpResponse:
    by = _caller(request)
    limit(request, by, "report")
    get = request.GET
    rows = _visible(by)
    if ids := [one.strip() for one in get.get("service_request_id", "").split(",") if one.strip()]:
        if not all(re.fullmatch(r"\d{1,18}", one) for one in ids):
            raise Refused("service_request_id 应为数字，多个用逗号隔开", code="bad_id", status=400)
        rows = rows.filter(pk__in=[int(one) for one in ids[:MOST]])
    else:
        start, end = _window(get)
        rows = rows.filter(received_at__gte=start, received_at__lte=end)
        if code := get.get("service_code", ""):
            rows = rows.filter(class_code__in=[_service(one.strip()).code for one in code.split(",")])
        rows = _by_status(rows, get.get("status", ""))
    rows = rows.annotate(updated=_updated())
    if after := _moment(get, "updated_after"):
        rows = rows.filter(updated__gt=after)
    if before := _moment(get, "updated_before"):
        rows = rows.filter(updated__lt=before)
    size, page = _number(get, "page_size", MOST, MOST), _number(get, "page", 1, 10_000)
    found = list(rows.order_by("-id")[(page - 1) * size : page * size])
    return words.write(form, "service_requests", "request", _written(by, found))


def _written(by: Actor, found: list[Incident]) -> list[Any]:
    """Rows as told to this caller: the words of its own requests and of its own areas, of others the class only."""
    open_to: set[int] = set()
    if by.account is not None:
        ids = [row.pk for row in found]
        open_to = set(own_incidents(by).filter(incident__in=ids)) | set(
            seen(by).filter(pk__in=ids).values_list("pk", flat=True)
        )
    return [words.request_out(row, row.pk in open_to) for row in found]


def _by_status(rows: QuerySet[Incident], asked: str) -> QuerySet[Incident]:
    wanted = {one.strip() for one in asked.split(",") if one.strip()}
    if not wanted <= {"open", "closed"}:
        raise Refused("status 只能是 open 或 closed", code="bad_status", status=400)
    if wanted == {"open"}:
        return rows.filter(state__in=OPEN)
    return rows.exclude(state__in=OPEN) if wanted == {"closed"} else rows


def _window(get: Mapping[str, str]) -> tuple[datetime, datetime]:
    """At most 90 days: back from now, or from or up to the given end."""
    start, end = _moment(get, "start_date"), _moment(get, "end_date")
    if start and end and end < start:
        raise Refused("end_date 早于 start_date", code="bad_window", status=400)
    if start:
        return start, min(end or start + SPAN, start + SPAN)
    end = end or timezone.now()
    return end - SPAN, end


def _moment(get: Mapping[str, str], name: str) -> datetime | None:
    given = get.get(name, "").strip().replace(" ", "+")[:40]
    if not given:
        return None
    try:
        found = parse_datetime(given)
    except ValueError:
        found = None
    if found is None or not 1970 <= found.year <= 2199:
        raise Refused(f"{name} 应为 W3C 时间，例如 2026-11-22T00:00:00+08:00", code="bad_moment", status=400)
    return found if found.tzinfo else found.replace(tzinfo=HERE)


def _number(get: Mapping[str, str], name: str, default: int, most: int) -> int:
    given = get.get(name, "") or str(default)
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= most):
        raise Refused(f"{name} 应为 1 至 {most} 的整数", code="bad_number", status=400)
    return int(given)


def _one(by: Actor, ident: str) -> Incident:
    row = (
        _visible(by).filter(pk=int(ident)).annotate(updated=_updated()).first() if len(ident) <= 18 else None
    )
    if row is None:
        raise Refused("没有这个 service_request_id", code="no_request", status=404)
    return row


@spoken("GET", "HEAD")
def request_one(request: HttpRequest, form: str, ident: str) -> HttpResponse:
    by = _caller(request)
    return words.write(form, "service_requests", "request", _written(by, [_one(by, ident)]))


@spoken("GET", "HEAD")
def token(request: HttpRequest, form: str, ident: str) -> HttpResponse:
    """Ids are given at once here, so a token is the id itself."""
    row = _one(_caller(request), ident)
    body = [{"service_request_id": str(row.pk), "token": str(row.pk)}]
    return words.write(form, "service_requests", "request", body)


@spoken("GET", "HEAD")
def updates_of(request: HttpRequest, form: str, ident: str) -> HttpResponse:
    row = _one(_caller(request), ident)
    moves = Move.objects.filter(subject=row.subject, order=None, public=True).order_by("id")
    return words.write(
        form, "service_request_updates", "request_update", [_update(row.pk, move) for move in moves]
    )


def _update(incident: int, move: Move) -> Any:
    return words.update_out(incident, move, ("decline",))


@spoken("GET", "HEAD")
def updates(request: HttpRequest, form: str) -> HttpResponse:
    """Steps of all visible requests in a window of at most 90 days (by default the last day), or of named ones."""
    by, get = _caller(request), request.GET
    limit(request, by, "report")
    ids = [one.strip() for one in get.get("service_request_id", "").split(",") if one.strip()]
    if not all(re.fullmatch(r"\d{1,18}", one) for one in ids):
        raise Refused("service_request_id 应为数字，多个用逗号隔开", code="bad_id", status=400)
    moves = Move.objects.filter(order=None, public=True, subject__startswith="incidents.incident:")
    if ids:
        moves = moves.filter(subject__in=[f"incidents.incident:{int(one)}" for one in ids[:MOST]])
    else:
        start = _moment(get, "start_date") or timezone.now() - timedelta(days=1)
        moves = moves.filter(
            at__gte=start, at__lte=min(_moment(get, "end_date") or start + SPAN, start + SPAN)
        )
    found = {move.pk: (int(move.subject.partition(":")[2]), move) for move in moves.order_by("id")[:MOST]}
    shown = set(
        _visible(by).filter(pk__in={incident for incident, _ in found.values()}).values_list("pk", flat=True)
    )
    body = [_update(incident, move) for incident, move in found.values() if incident in shown]
    return words.write(form, "service_request_updates", "request_update", body)
