"""Whose files may be seen, and which pictures are alike."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from linli.kernel import Refused
from linli.kernel.access.rules import Actor
from linli.kernel.files import pictures, registry, store
from linli.kernel.files.models import Attachment
from linli.kernel.files.rules import bands, distance


@dataclass(frozen=True, slots=True)
class Alike:
    """A picture that resembles the asked one; `bits` of 64 differ."""

    attachment: int
    subject: str
    bits: int


def readable(viewer: Actor, row: Attachment) -> bool:
    """The sender, or whoever may see the matter it belongs to."""
    if viewer.kind == "system":
        return True
    if row.subject and row.subject in viewer.bars:
        return False
    if viewer.account is not None and row.owner_id == viewer.account:
        return True
    return bool(row.subject) and registry.may_see(row.subject, viewer)


def attachment(viewer: Actor, pk: int) -> Attachment:
    """A ready file the viewer may see. Refused 404 otherwise, whether it exists or not; 410 is not told apart."""
    row = Attachment.objects.filter(pk=pk, state="ready").first()
    if row is None or not readable(viewer, row):
        raise Refused("没有这个文件，或您无权查看。", code="no_file", status=404)
    return row


def upload(viewer: Actor, upload_id: UUID) -> Attachment:
    """The viewer's own upload, to learn where to go on."""
    row = Attachment.objects.filter(key=upload_id, owner=viewer.account).first()
    if row is None:
        raise Refused("没有这个上传，请重新选择照片。", code="no_upload", status=404)
    return row


def of_subject(viewer: Actor, subject: str) -> list[Attachment]:
    """Ready files of a matter in the order they came; [] when the viewer may not see it."""
    rows = list(Attachment.objects.filter(subject=subject, state="ready").order_by("id"))
    return [row for row in rows if readable(viewer, row)] if rows else []


def content_path(row: Attachment) -> Path:
    """Where a ready file's bytes lie."""
    return store.blob_path(row.stored)


def thumb_file(row: Attachment, size: int) -> Path:
    """The thumbnail's file, made now if the job has not made it yet. ValueError for a size that is not kept."""
    if size not in registry.limits().thumbnails:
        raise ValueError(f"no thumbnails of {size} pixels")
    path = store.thumb_path(row.stored, size)
    if not path.exists():
        store.write_whole(path, pictures.thumbnail(store.blob_path(row.stored).read_bytes(), size))
    return path


def similar(phash: int, *, within: int = 6, besides: int = 0, limit: int = 20) -> list[Alike]:
    """Ready pictures whose hash differs in at most `within` of 64 bits, nearest first, without `besides` itself.

    Finds all within 3 bits and most beyond (a shared band of 16 bits is needed). For checks of evidence by rooms:
    it shows nobody anything.
    """
    rows = (
        Attachment.objects.filter(state="ready", bands__overlap=bands(phash))
        .exclude(pk=besides)
        .order_by("-id")
        .values_list("id", "subject", "phash")[:2000]
    )
    near = [Alike(pk, subject, distance(phash, other or 0)) for pk, subject, other in rows]
    return sorted((a for a in near if a.bits <= within), key=lambda a: (a.bits, a.attachment))[:limit]
