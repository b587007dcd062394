"""Photos of a report: uploads named by their key, or files of a plain form kept as they come."""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.files.actions import attach, store_file
from linli.kernel.files.models import Attachment

MOST = 9


def named(by: Actor, given: object, name: str = "photos") -> tuple[int, ...]:
    """Ids of the caller's ready uploads, given by upload key (or, signed in, by file id), in the order given.

    Raises Refused 422 naming every photo that cannot be used.
    """
    if given in (None, []):
        return ()
    if not isinstance(given, list) or not all(
        isinstance(one, str | int) and not isinstance(one, bool) for one in given
    ):
        raise _wrong(name, ["应为上传编号的列表"])
    if len(given) > MOST:
        raise _wrong(name, [f"选了 {len(given)} 张，一次最多 {MOST} 张，请分次上报"])
    keys, ids = (
        {one: _key(one) for one in given if isinstance(one, str)},
        [one for one in given if isinstance(one, int)],
    )
    if by.account is None and ids:
        raise _wrong(name, ["请用上传编号（upload），不用数字编号"])
    mine = Attachment.objects.filter(owner=by.account)
    rows = {str(row.key): row for row in mine.filter(key__in=[key for key in keys.values() if key])}
    rows |= {str(row.pk): row for row in mine.filter(pk__in=ids)} if ids else {}
    found, faults = [], []
    for place, one in enumerate(given, start=1):
        row = rows.get(str(keys.get(one, one)))
        if row is None:
            faults.append(f"第 {place} 张照片找不到，请重新上传")
        elif row.state != "ready":
            faults.append(f"第 {place} 张照片还没有传完或未被接受，请重新上传")
        else:
            found.append(row.pk)
    if faults:
        raise _wrong(name, faults)
    return tuple(dict.fromkeys(found))


def keep(by: Actor, files: Sequence[UploadedFile], form: uuid.UUID) -> tuple[list[Attachment], list[str]]:
    """Keeps a form's files at once, so that a mistake elsewhere costs no second upload. Returns files and faults.

    The same file of the same form again is the same upload.
    """
    kept, faults = [], []
    for file in files:
        data = file.read()
        ident = uuid.uuid5(form, f"{file.name}:{len(data)}:{hashlib.sha256(data).hexdigest()}")
        try:
            kept.append(store_file(by=by, name=file.name or "照片", data=data, client_uuid=ident))
        except Refused as refused:
            faults.append(f"“{file.name}”：{refused.message}")
    return kept, faults


def kept_before(by: Actor, keys: Sequence[str]) -> list[Attachment]:
    """Uploads a form already holds, by key; unknown ones are left out, the person sees which are there."""
    wanted = [key for key in (_key(one) for one in keys[:MOST]) if key]
    rows = {
        row.key: row for row in Attachment.objects.filter(key__in=wanted, owner=by.account, state="ready")
    }
    return [rows[key] for key in dict.fromkeys(wanted) if key in rows]


def _key(given: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(given)
    except ValueError:
        return None


def _wrong(name: str, said: list[str]) -> Refused:
    return Refused("照片有问题", code="bad_photos", fields={name: said})


@contextmanager
def evidence(by: Actor, files: tuple[int, ...], subject: str) -> Iterator[None]:
    """An act and the tying of its photos to the subject, in one transaction."""
    with transaction.atomic():
        yield
        if files:
            keys = Attachment.objects.filter(pk__in=files).values_list("key", flat=True)
            attach(by=by, keys=list(keys), subject=subject, phase="after")
