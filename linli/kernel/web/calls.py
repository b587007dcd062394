"""What programs send: one JSON object, within a size, without what no database keeps."""

import json
import unicodedata
from typing import Any

from django.http import HttpRequest

from linli.kernel import Refused

MOST = 256 * 1024  # bytes of one call; photos go through /api/v1/files
UNKEPT = ("Cc", "Cs")  # control characters (NUL breaks a text column) and halves of surrogate pairs


def small_enough(request: HttpRequest, most: int = MOST) -> None:
    """Raises Refused 413 by what the call says of its own length."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        said = f"请求内容过大，文字请控制在 {most // 1024} KB 以内，照片请先上传。"
        raise Refused(said, code="too_large", status=413)


def read_json(raw: bytes) -> Any:
    """The value, cleaned. Raises ValueError for what is no JSON, NaN and Infinity included."""
    try:
        return cleaned(json.loads(raw, parse_constant=_no_constant))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def json_object(request: HttpRequest, most: int = MOST) -> dict[str, Any]:
    """The body as a JSON object. Raises Refused 413 when too large, 400 when it is none."""
    small_enough(request, most)
    try:
        body = read_json(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused("请求内容应为一个 JSON 对象。", code="not_json", status=400)
    return body


def cleaned(value: Any) -> Any:
    """Texts, keys too, without control characters (newline and tab stay) and broken code points."""
    if isinstance(value, str):
        return "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in UNKEPT)
    if isinstance(value, dict):
        return {cleaned(name): cleaned(one) for name, one in value.items()}
    return [cleaned(one) for one in value] if isinstance(value, list) else value


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")
