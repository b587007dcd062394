"""Uploads in pieces and downloads, under /api/v1/files."""

from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.http.response import HttpResponseBase
from ninja import Field, Router, Schema, Status

from linli.kernel import Refused
from linli.kernel.files import actions, queries
from linli.kernel.files.models import Attachment

router = Router(tags=["files"])
routers = {"/files": router}


PROBLEM = {
    "description": "见 title；errors 逐项写明",
    "content": {"application/problem+json": {"schema": {"type": "object"}}},
}


def refuses(*statuses: int) -> dict:
    """What an operation answers besides, for the OpenAPI document."""
    return {"responses": dict.fromkeys(statuses, PROBLEM)}


class UploadIn(Schema):
    name: str = Field(max_length=255)
    size: int
    sha256: str = Field(max_length=64)
    client_uuid: UUID


class UploadOut(Schema):
    """`upload` goes into the further addresses; `id` is the file's once it is ready."""

    upload: UUID
    id: int
    state: str
    offset: int
    size: int


def _out(row: Attachment) -> dict:
    return {"upload": row.key, "id": row.pk, "state": row.state, "offset": row.received, "size": row.size}


def _conflict(wrong: actions.WrongOffset) -> HttpResponse:
    """problem+json with the number a program needs beside the words."""
    body = {
        "type": f"about:blank#{wrong.code}",
        "title": wrong.message,
        "status": 409,
        "code": wrong.code,
        "errors": [{"field": name, "reasons": said} for name, said in wrong.fields.items()],
        "offset": wrong.offset,
    }
    answer = JsonResponse(
        body, status=409, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )
    answer["Upload-Offset"] = str(wrong.offset)
    return answer


@router.post("/uploads", response={201: UploadOut}, openapi_extra=refuses(400, 401, 403, 409, 413, 422, 429))
def begin(request: HttpRequest, given: UploadIn):  # type: ignore[no-untyped-def]
    """Opens an upload; the same client_uuid again answers with the offset reached."""
    row = actions.begin(by=request.actor, **given.dict())  # type: ignore[attr-defined]
    return Status(201, _out(row))


@router.get("/uploads/{upload_id}", response=UploadOut, openapi_extra=refuses(401, 403, 404, 422))
def look(request: HttpRequest, upload_id: UUID):  # type: ignore[no-untyped-def]
    """Where an upload stands."""
    return _out(queries.upload(request.actor, upload_id))  # type: ignore[attr-defined]


@router.patch(
    "/uploads/{upload_id}", response=UploadOut, openapi_extra=refuses(400, 401, 403, 404, 409, 413, 422)
)
def append(request: HttpRequest, upload_id: UUID):  # type: ignore[no-untyped-def]
    """The body is the piece (≤ 512 KiB); headers `Upload-Offset` and `Upload-SHA256` (hex, of the piece)."""
    offset = request.headers.get("Upload-Offset", "")
    if not offset.isascii() or not offset.isdigit():
        said = "缺少 Upload-Offset 头，应为这一段的起始字节。"
        raise Refused(said, code="no_offset", fields={"offset": [said]})
    try:
        row = actions.append(
            by=request.actor,  # type: ignore[attr-defined]
            upload_id=upload_id,
            offset=int(offset),
            data=request.body,
            sha256=request.headers.get("Upload-SHA256", ""),
        )
    except actions.WrongOffset as wrong:
        return _conflict(wrong)
    return _out(row)


@router.post(
    "/uploads/{upload_id}/finish", response=UploadOut, openapi_extra=refuses(401, 403, 404, 409, 413, 422)
)
def finish(request: HttpRequest, upload_id: UUID):  # type: ignore[no-untyped-def]
    """Checks, cleans and keeps the file."""
    try:
        return _out(actions.finish(by=request.actor, upload_id=upload_id))  # type: ignore[attr-defined]
    except actions.WrongOffset as wrong:
        return _conflict(wrong)


@router.get("/{int:file_id}", openapi_extra=refuses(401, 403, 404, 422))
def download(request: HttpRequest, file_id: int):  # type: ignore[no-untyped-def]
    """The cleaned file."""
    row = queries.attachment(request.actor, file_id)  # type: ignore[attr-defined]
    return _serve(request, queries.content_path(row), row.stored, row.content_type, row.name)


@router.get("/{int:file_id}/thumb", openapi_extra=refuses(401, 403, 404, 422))
def thumb(request: HttpRequest, file_id: int, size: int = 320):  # type: ignore[no-untyped-def]
    """A WebP of at most `size` (320 or 1280) pixels."""
    row = queries.attachment(request.actor, file_id)  # type: ignore[attr-defined]
    try:
        path = queries.thumb_file(row, size)
    except ValueError:
        said = "缩略图只有 320 和 1280 两种。"
        raise Refused(said, code="bad_size", fields={"size": [said]}) from None
    except FileNotFoundError:
        raise _missing() from None
    return _serve(request, path, f"{row.stored}-{size}", "image/webp", f"{Path(row.name).stem}-{size}.webp")


def _missing() -> Refused:
    """The table knows the file, the disk does not."""
    return Refused("文件暂时无法读取，请联系管理员。", code="file_missing", status=404)


def _serve(request: HttpRequest, path: Path, tag: str, content_type: str, name: str) -> HttpResponseBase:
    """Private, never executed, never guessed at; kept by the browser for five minutes only, since a right may end."""
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": "private, max-age=300",
        "Vary": "Cookie, Authorization",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}",
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponseNotModified(headers=headers)
    try:
        answer = FileResponse(path.open("rb"), content_type=content_type)
    except FileNotFoundError:
        raise _missing() from None
    for header, value in headers.items():
        answer[header] = value
    return answer
