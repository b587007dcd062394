"""The pictures a reporter may see, at addresses of their own: each look asks again for the account or the code."""

from typing import Any

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase, HttpResponseNotModified
from django.views.decorators.http import require_safe

from linli.incidents import pages, queries
from linli.incidents.models import Report
from linli.kernel import Refused
from linli.kernel.files.queries import thumb_file

SIZES = {"small": 320, "large": 1280}
# Private, never executed, never guessed at; kept for five minutes only, since the code in this browser runs out.
HEADERS = {
    "Cache-Control": "private, max-age=300",
    "Vary": "Cookie",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def shown(row: Report, number: int | None) -> list[dict[str, Any]]:
    """One's own pictures and those of the work done, as case.html wants them."""
    found = []
    for picture in queries.reporter_photos(row):
        done = picture.subject != f"incidents.report:{row.pk}"
        found.append(
            {
                "small": address(number, picture.pk, "small"),
                "large": address(number, picture.pk, "large"),
                "done": done,
                "words": "处置后" if done else "您拍的",
            }
        )
    return found


def address(number: int | None, file: int, size: str) -> str:
    """Below the case it belongs to, so that the cookie with the code is sent along."""
    start = f"/my/reports/{number}" if number is not None else "/track"
    return f"{start}/photos/{file}/{size}/"


@require_safe
def photo(request: HttpRequest, file: int, size: str, number: int | None = None) -> HttpResponseBase:
    """A WebP of at most 320 or 1280 pixels. Refused 403 without a code, 404 for what is not this reporter's to see."""
    row, _ = pages.reporters_own(request, number)
    picture = next((one for one in queries.reporter_photos(row) if one.pk == file), None)
    if picture is None or size not in SIZES:
        raise Refused("没有这张照片，或您无权查看。", code="no_file", status=404)
    tag = f'"{picture.stored}-{SIZES[size]}"'
    headers = {**HEADERS, "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers=headers)
    try:
        path = thumb_file(picture, SIZES[size])
    except FileNotFoundError:
        raise Refused("照片暂时无法读取，请稍后再试。", code="file_missing", status=404) from None
    return FileResponse(path.open("rb"), content_type="image/webp", headers=headers)
