"""What /api/v1 says of itself: schemas and answers for the OpenAPI document, written out so that none is missing."""

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
YES: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": ["string", "null"], "description": "ISO 8601"}
NUMBER: Schema = {"type": ["number", "null"]}
WORDS = {
    400: "内容不是 JSON",
    401: "令牌缺失或无效",
    403: "无权办理",
    404: "没有，或无权查看",
    409: "已有变化，或同一编号内容不同",
    413: "内容过大",
    422: "内容有误，逐项写明",
    429: "太频繁，见 Retry-After",
}


def thing(required: str = "", **properties: Schema) -> Schema:
    """An object; `required` names fields by space, "*" all of them."""
    names = list(properties) if required == "*" else required.split()
    return {"type": "object", "properties": properties, **({"required": names} if names else {})}


def many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


PROBLEM = thing(
    "type title status code",
    type=TEXT,
    title=TEXT,
    status=WHOLE,
    code=TEXT,
    errors=many(thing("field reasons", field=TEXT, reasons=many(TEXT))),
)
PLACE = thing("*", lon=NUMBER, lat=NUMBER, words=TEXT, area=TEXT, area_name=TEXT)
STEP = thing("*", at=MOMENT, action=TEXT, what=TEXT, who=TEXT, unit=TEXT, reason=TEXT, text=TEXT)
_LINE: dict[str, Schema] = {
    "id": WHOLE, "number": TEXT, "title": TEXT, "class": TEXT, "class_name": TEXT, "urgency": TEXT, "state": TEXT,
    "state_name": TEXT, "channel": TEXT, "unit": TEXT, "unit_name": TEXT, "location": PLACE, "private": YES, "suspended": YES, "reports": WHOLE,
    "version": WHOLE, "received_at": MOMENT, "due_at": MOMENT, "promised_at": MOMENT, "closed_at": MOMENT,
    "merged_into": {"type": ["integer", "null"]},
}  # fmt: skip
INCIDENT = thing("*", **_LINE)
INCIDENT_WHOLE = thing(
    "*", **_LINE, text=TEXT, cause=TEXT, outcome=TEXT, filed_at=MOMENT, own=YES, timeline=many(STEP)
)
RECEIPT = thing(
    "*", report=WHOLE, incident=WHOLE, number=TEXT, tracking_code=TEXT, state=TEXT, warnings=many(TEXT)
)
REPORT = thing(
    "*",
    **{"class": TEXT},
    report=WHOLE, incident=WHOLE, number=TEXT, state=TEXT, state_name=TEXT, class_name=TEXT, description=TEXT, location=PLACE,
    photos=WHOLE, received_at=MOMENT, promised_at=MOMENT, promised=TEXT, unit_name=TEXT, outcome=TEXT, merged=YES,
    timeline=many(STEP),
)  # fmt: skip
_ORDER: dict[str, Schema] = {
    "id": WHOLE, "kind": TEXT, "subject": TEXT, "title": TEXT, "role": TEXT, "urgency": TEXT, "state": TEXT, "state_name": TEXT,
    "stage": TEXT, "unit": TEXT, "unit_name": TEXT, "person": {"type": ["integer", "null"]}, "location": PLACE, "due_at": MOMENT,
    "version": WHOLE, "returns": WHOLE, "reworks": WHOLE,
}  # fmt: skip
ORDER = thing("*", **_ORDER)
ORDER_WHOLE = thing("*", **_ORDER, instructions=TEXT, outcome=TEXT, explanation=TEXT, timeline=many(STEP))
CLASS = thing(
    "*",
    code=TEXT, version=WHOLE, name=TEXT, large=TEXT, large_name=TEXT, kind=TEXT, urgency=TEXT, filing=TEXT, closing=TEXT,
    questions=many(TEXT), milestones=many(thing("name limit", name=TEXT, limit=TEXT)), private=YES, status=TEXT,
)  # fmt: skip
RATED = thing("*", incident=WHOLE, round=WHOLE, resolved=YES, stars=WHOLE, state=TEXT)

_SPOT = thing(
    lon={"type": "number", "minimum": -180, "maximum": 180},
    lat={"type": "number", "minimum": -90, "maximum": 90},
    system={"type": "string", "enum": ["wgs84", "cgcs2000", "gcj02", "bd09"]},
    words={"type": "string", "maxLength": 200},
    area={"type": "string", "description": "区域代码，6、9、12 或 15 位"},
    source={"type": "string", "enum": ["gps", "pin"]},
)
REPORT_IN = thing(
    **{"class": {"type": "string", "maxLength": 64, "description": "小类代码或名称；不认识的作为提示保存"}},
    client_uuid={"type": "string", "format": "uuid", "description": "同一编号重发，得到第一次的答复"},
    description={"type": "string", "description": "发生了什么；与照片至少有一样"},
    location={
        "oneOf": [{"type": "string", "maxLength": 200}, _SPOT],
        "description": "地址文字、“经度,纬度”，或对象",
    },
    photos={"type": "array", "items": TEXT, "maxItems": 9, "description": "上传编号，见 /files/uploads"},
    answers={"type": "object", "additionalProperties": TEXT, "description": "小类提问与回答"},
    name={"type": "string", "maxLength": 64},
    phone={"type": "string", "maxLength": 32},
    anonymous=YES,
    captured_at={"type": "string", "format": "date-time"},
    join={"type": "integer", "minimum": 1, "description": "“也遇到了”：已有事件的 id"},
)
RATING_IN = thing(
    "resolved stars",
    resolved=YES,
    stars={"type": "integer", "minimum": 1, "maximum": 5},
    reasons={"type": "array", "items": TEXT, "maxItems": 8},
    text={"type": "string", "maxLength": 500},
)
_ACT: dict[str, Schema] = {
    "base_version": {"type": "integer", "minimum": 1, "description": "看到的版本；已有变化时得到 409"},
    "text": {"type": "string", "maxLength": 2000},
    "device_at": {"type": "string", "format": "date-time"},
    "lon": {"type": "number"},
    "lat": {"type": "number"},
}
ACT_IN = thing(**_ACT)
HANDLE_IN = thing(
    "outcome", **_ACT, outcome={"type": "string", "minLength": 1, "maxLength": 2000}, photos=many(TEXT)
)
RETURN_IN = thing(
    "reason text",
    **_ACT,
    reason={"type": "string", "minLength": 1, "maxLength": 64},
    propose={"type": "string", "maxLength": 32},
)

CODE_HEADER: Schema = {
    "in": "header", "name": "X-Tracking-Code", "required": False, "schema": TEXT, "description": "查询码，代替登录"
}  # fmt: skip


def ask(name: str, schema: Schema, said: str = "") -> Schema:
    """One query parameter."""
    return {"in": "query", "name": name, "required": False, "schema": schema, "description": said}


def page_of(items: Schema) -> Schema:
    return thing("*", items=many(items), next={"type": ["string", "null"], "description": "下一页的 cursor"})


def says(
    body: Schema, *refused: int, ok: int = 200, sent: Schema | None = None, asks: list[Schema] | None = None
) -> dict[str, Any]:
    """Keyword arguments for a route: what it answers, refuses, takes."""
    answers: dict[int, Schema] = {
        ok: {"description": "好", "content": {"application/json": {"schema": body}}}
    }
    problem = {"application/problem+json": {"schema": PROBLEM}}
    for status in refused:
        answers[status] = {"description": WORDS[status], "content": problem}
        if status == 429:
            answers[status] |= {"headers": {"Retry-After": {"schema": WHOLE}}}
    extra: dict[str, Any] = {"responses": answers}
    if sent is not None:
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": sent}}}
    if asks:
        extra["parameters"] = asks
    return {"response": {ok: None}, "openapi_extra": extra}
