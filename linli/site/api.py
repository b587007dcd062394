"""/api/v1: one OpenAPI document, problem+json errors that name every field, bearer tokens."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError

from linli import __version__
from linli.kernel import Refused


def problem(status: int, title: str, code: str, fields: dict[str, list[str]] | None = None) -> HttpResponse:
    """RFC 9457 problem+json: `errors` lists every field with all its reasons at once."""
    body: dict[str, Any] = {"type": f"about:blank#{code}", "title": title, "status": status, "code": code}
    if fields:
        body["errors"] = [{"field": name, "reasons": said} for name, said in fields.items()]
    return HttpResponse(
        json.dumps(body, ensure_ascii=False),
        status=status,
        content_type="application/problem+json; charset=utf-8",
    )


def build() -> NinjaAPI:
    """The API with its error answers; the site mounts every room's routers on it."""
    api = NinjaAPI(
        title="邻里 linli",
        version=__version__,
        urls_namespace="api",
        openapi_url="openapi.json",
        docs_url=None,
    )

    @api.exception_handler(Refused)
    def refused(request: HttpRequest, why: Refused) -> HttpResponse:
        answer = problem(why.status, why.message, why.code, why.fields)
        if why.status == 429:
            answer["Retry-After"] = "60"
        return answer

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, why: ValidationError) -> HttpResponse:
        fields: dict[str, list[str]] = {}
        for error in why.errors:
            name = ".".join(
                str(part) for part in error["loc"] if part not in ("body", "payload", "query", "path", "form")
            )
            fields.setdefault(name or "body", []).append(str(error.get("msg", "")))
        return problem(422, "请求内容有误", "invalid", fields)

    @api.exception_handler(AuthenticationError)
    def unknown(request: HttpRequest, why: AuthenticationError) -> HttpResponse:
        answer = problem(401, "请先登录，或携带有效的接口令牌", "unauthenticated")
        answer["WWW-Authenticate"] = "Bearer"
        return answer

    return api
