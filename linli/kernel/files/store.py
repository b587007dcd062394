"""Bytes on disk, named by their SHA-256; written whole or not at all. Several web machines share this folder."""

import hashlib
import os
import uuid
from pathlib import Path

from django.conf import settings


def _root() -> Path:
    return Path(settings.LINLI_FILES)


def blob_path(digest: str) -> Path:
    return _root() / "blobs" / digest[:2] / digest[2:4] / digest


def thumb_path(digest: str, size: int) -> Path:
    return _root() / "thumbs" / digest[:2] / digest[2:4] / f"{digest}-{size}.webp"


def part_path(key: uuid.UUID) -> Path:
    return _root() / "parts" / f"{key.hex}.part"


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Either the whole file stands under its name after a power cut, or none."""
    _make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def keep(data: bytes) -> str:
    """Stores the bytes once; their SHA-256 in hex."""
    digest = hashlib.sha256(data).hexdigest()
    path = blob_path(digest)
    if not path.exists():
        write_whole(path, data)
    return digest


def remove(digest: str, sizes: tuple[int, ...]) -> None:
    for path in (blob_path(digest), *(thumb_path(digest, size) for size in sizes)):
        path.unlink(missing_ok=True)


def write_piece(key: uuid.UUID, offset: int, data: bytes) -> None:
    """Writes at `offset`, over whatever an act that was rolled back left there."""
    path = part_path(key)
    _make_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        written = 0
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], offset + written)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_part(key: uuid.UUID, offset: int, length: int) -> bytes:
    """b"" when the part is gone."""
    try:
        with part_path(key).open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except FileNotFoundError:
        return b""


def drop_part(key: uuid.UUID) -> None:
    part_path(key).unlink(missing_ok=True)
