"""/api/v1: one OpenAPI document, problem+json errors that name every field, bearer tokens."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from linli import __version__
from linli.kernel import Refused
from linli.kernel.web.calls import cleaned, read_json

# What pydantic finds wrong, in words that say the remedy.
FAULTS = {
    "missing": "必填",
    "extra_forbidden": "没有这个字段",
    "string_type": "应为文字",
    "string_too_short": "至少 {min_length} 字",
    "string_too_long": "最多 {max_length} 字",
    "string_pattern_mismatch": "格式不对",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing_size": "数值过大",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "uuid_type": "应为 UUID，例如 8-4-4-4-12 位十六进制",
    "uuid_parsing": "应为 UUID，例如 8-4-4-4-12 位十六进制",
    "list_type": "应为列表",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "greater_than_equal": "应不小于 {ge}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "可选：{expected}",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
}


class Reading(Parser):
    """JSON bodies and query strings without what no database keeps."""

    def parse_body(self, request: HttpRequest) -> Any:
        return read_json(request.body)

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> Any:
        return cleaned(super().parse_querydict(data, list_fields, request))


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


def fault(error: Mapping[str, Any]) -> str:
    """One finding of pydantic in Chinese."""
    said = FAULTS.get(str(error.get("type", "")), "内容有误，请对照接口文档")
    return said.format_map(error.get("ctx") or {})


def build() -> NinjaAPI:
    """The API with its error answers; the site mounts every room's routers on it."""
    api = NinjaAPI(
        title="邻里 linli",
        version=__version__,
        urls_namespace="api",
        openapi_url="openapi.json",
        docs_url=None,
        parser=Reading(),
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
            said = fields.setdefault(name or "body", [])
            if (words := fault(error)) not in said:
                said.append(words)
        return problem(422, "请求内容有误", "invalid", fields)

    @api.exception_handler(HttpError)
    def unreadable(request: HttpRequest, why: HttpError) -> HttpResponse:
        return problem(why.status_code, "请求内容应为一个 JSON 对象。", "not_json")

    @api.exception_handler(AuthenticationError)
    def unknown(request: HttpRequest, why: AuthenticationError) -> HttpResponse:
        answer = problem(401, "请先登录，或携带有效的接口令牌", "unauthenticated")
        answer["WWW-Authenticate"] = "Bearer"
        return answer

    return api
