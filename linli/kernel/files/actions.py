"""Receiving files piece by piece, tying them to a matter, and destroying them when their time is over."""

import hashlib
import re
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.rules import Actor
from linli.kernel.bus.jobs import defer
from linli.kernel.files import pictures, registry, rules, store
from linli.kernel.files.models import Attachment
from linli.kernel.ledger.actions import record


class WrongOffset(Refused):
    """A piece that does not join on; `offset` is where to go on."""

    def __init__(self, offset: int) -> None:
        said = f"请从第 {offset} 字节处继续上传。"
        super().__init__(said, code="wrong_offset", fields={"offset": [said]}, status=409)
        self.offset = offset


def _sender(by: Actor) -> int | None:
    """The account behind the actor, None for visitors; somebody without any right sends nothing."""
    if by.kind != "system" and not by.grants and not by.passes:
        raise Refused("您没有上传文件的权限。", code="not_allowed", status=403)
    return by.account


def begin(*, by: Actor, name: str, size: int, sha256: str, client_uuid: uuid.UUID) -> Attachment:
    """Opens an upload. The same UUID again: the same upload, at its present offset; with other content 409.

    `size` in bytes, `sha256` of the whole file in hex. Refused 413 when too large, 422 by field, 429 when too many.
    """
    owner = _sender(by)
    sha256 = sha256.lower()
    earlier = Attachment.objects.filter(owner=owner, client_uuid=client_uuid).first()
    if earlier is None:
        _check(size, sha256)
        _check_quota(owner)
        try:
            with transaction.atomic():
                return Attachment.objects.create(
                    owner_id=owner,
                    client_uuid=client_uuid,
                    name=rules.clean_name(name),
                    size=size,
                    sha256=sha256,
                    retention_until=timezone.now() + timedelta(days=registry.limits().unfinished_days),
                )
        except IntegrityError:  # sent twice at the same moment
            earlier = Attachment.objects.get(owner=owner, client_uuid=client_uuid)
    if (earlier.size, earlier.sha256) != (size, sha256):
        raise Refused("同一上传编号不能换成另一个文件，请重新选择照片。", code="uuid_reused", status=409)
    return earlier


def _check(size: int, sha256: str) -> None:
    most = registry.limits().most_bytes
    if size > most:
        said = f"文件超过 {most // 1048576} MB，请压缩或调低相机分辨率后再传。"
        raise Refused(said, code="too_large", fields={"size": [said]}, status=413)
    faults: dict[str, list[str]] = {}
    if size < 1:
        faults["size"] = ["文件是空的，请重新选择。"]
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        faults["sha256"] = ["应为文件的 SHA-256，64 位十六进制。"]
    if faults:
        raise Refused("无法开始上传，请检查文件。", code="bad_upload", fields=faults)


def _check_quota(owner: int | None) -> None:
    limits = registry.limits()
    open_ones = Attachment.objects.filter(
        state="uploading", owner=owner, created__gt=timezone.now() - timedelta(hours=1)
    )
    if open_ones.count() >= (limits.open_anonymous_uploads if owner is None else limits.open_uploads):
        raise Refused("未完成的上传过多，请先完成或稍后再试。", code="too_many_uploads", status=429)


def _mine(by: Actor, upload_id: uuid.UUID, *, lock: bool = False) -> Attachment:
    """The caller's upload; for anybody else it does not exist."""
    owner = _sender(by)
    rows = Attachment.objects.select_for_update() if lock else Attachment.objects
    row = rows.filter(key=upload_id, owner=owner).first()
    if row is None:
        raise Refused("没有这个上传，请重新选择照片。", code="no_upload", status=404)
    return row


def append(*, by: Actor, upload_id: uuid.UUID, offset: int, data: bytes, sha256: str) -> Attachment:
    """Adds a piece of at most 512 KiB whose SHA-256 is given. The same piece twice: the same answer.

    Raises WrongOffset (409, with the right one), Refused 413, 422 for a damaged piece, 409 for other bytes.
    """
    if len(data) > registry.limits().piece_bytes:
        raise Refused("每段最多 512 KiB，请分小段上传。", code="piece_too_large", status=413)
    if not data or hashlib.sha256(data).hexdigest() != sha256.lower():
        raise Refused(
            "这一段在传输中损坏，请重传。",
            code="piece_damaged",
            fields={"sha256": ["校验值不符，请重传这一段。"]},
        )
    with transaction.atomic():
        row = _mine(by, upload_id, lock=True)
        end = offset + len(data)
        if row.state != "uploading":
            if row.state == "ready" and offset >= 0 and end <= row.size:
                return row
            raise Refused("这个上传已经结束，请重新选择照片。", code="upload_over", status=409)
        if offset != row.received:
            if not (offset >= 0 and end <= row.received):
                raise WrongOffset(row.received)
            if store.read_part(row.key, offset, len(data)) != data:
                raise Refused("这一段与先前收到的不同，请重新选择照片。", code="piece_differs", status=409)
            return row
        if end > row.size:
            raise Refused("收到的内容比申报的长，请重新选择照片。", code="longer_than_said", status=409)
        store.write_piece(row.key, offset, data)
        row.received = end
        row.save(update_fields=["received"])
        return row


def finish(*, by: Actor, upload_id: uuid.UUID) -> Attachment:
    """Checks and cleans a complete upload and keeps it. Twice: the same answer.

    Raises WrongOffset while bytes are missing, Refused 422 when the file is not what may be sent.
    """
    row = _mine(by, upload_id)
    if row.state == "ready":
        return row
    if row.state != "uploading":
        raise Refused(row.refusal or "这个上传已经结束，请重新选择照片。", code="upload_over", status=409)
    if row.received != row.size:
        raise WrongOffset(row.received)
    data = store.read_part(row.key, 0, row.size)
    if not data:
        row.refresh_from_db()
        if row.state == "ready":  # another request finished it in between
            return row
    if hashlib.sha256(data).hexdigest() != row.sha256:
        _refuse(row, "文件与申报的校验值不符，请重新上传。", "file_damaged")
    return _accept(row, data)


def store_file(*, by: Actor, name: str, data: bytes, client_uuid: uuid.UUID) -> Attachment:
    """A whole file at once, for forms that work without JavaScript. The same checks and the same answers."""
    row = begin(
        by=by, name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest(), client_uuid=client_uuid
    )
    if row.state == "ready":
        return row
    if row.state != "uploading":
        raise Refused(row.refusal, code="upload_over", fields={"file": [row.refusal]})
    return _accept(row, data)


def _accept(row: Attachment, data: bytes) -> Attachment:
    limits = registry.limits()
    kind = rules.sniff(data[:1024])
    if said := rules.refusal(kind, limits.types):
        _refuse(row, said, "wrong_type")
    try:
        picture = pictures.clean(data, kind.content_type, limits.most_pixels)
    except Refused as refused:
        _refuse(row, refused.message, refused.code)
    with transaction.atomic():
        _hold(hashlib.sha256(picture.data).hexdigest())
        row = Attachment.objects.select_for_update().get(pk=row.pk)
        if row.state == "ready":
            return row
        row.stored = store.keep(picture.data)
        row.stored_size, row.content_type = len(picture.data), picture.content_type
        row.width, row.height = picture.width, picture.height
        row.taken_at, row.lat, row.lon = picture.taken_at, picture.lat, picture.lon
        row.phash, row.bands = picture.phash, rules.bands(picture.phash)
        row.name = rules.clean_name(row.name, picture.content_type)
        row.state, row.received = "ready", row.size
        row.retention_until = timezone.now() + timedelta(days=limits.unattached_days)
        row.save()
        defer("linli.kernel.files.jobs.make_thumbnails", attachment=row.pk)
        transaction.on_commit(lambda: store.drop_part(row.key))
    return row


def _refuse(row: Attachment, said: str, code: str) -> None:
    """Writes the refusal down, then raises it."""
    Attachment.objects.filter(pk=row.pk, state="uploading").update(state="refused", refusal=said[:200])
    store.drop_part(row.key)
    raise Refused(said, code=code, fields={"file": [said]})


def _hold(digest: str) -> None:
    """Until the transaction ends nobody else adds or destroys these bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(digest[:15], 16)])


def attach(
    *, by: Actor, keys: Iterable[uuid.UUID], subject: str, phase: str = "none", keep_days: int | None = None
) -> list[Attachment]:
    """Ties the caller's ready files to a subject, inside the room's own action. Again to the same subject: no change.

    Raises Refused naming every file that is missing, not ready, or already belongs elsewhere.
    """
    wanted = list(dict.fromkeys(keys))
    if phase not in rules.PHASES:
        raise Refused(
            "照片阶段有误。", code="bad_phase", fields={"phase": ["只能是 before、during、after 或 none。"]}
        )
    days = keep_days if keep_days is not None else registry.limits().keep_days
    with transaction.atomic():
        owner = _sender(by)
        rows = {
            r.key: r
            for r in Attachment.objects.select_for_update().filter(key__in=wanted, owner=owner).order_by("id")
        }
        faults = [said for key in wanted if (said := _unfit(rows.get(key), subject))]
        if faults:
            raise Refused("有照片不能使用。", code="bad_files", fields={"files": faults})
        until = timezone.now() + timedelta(days=days)
        for row in rows.values():
            if not row.subject:
                row.subject, row.phase, row.retention_until = subject, phase, until
                row.save(update_fields=["subject", "phase", "retention_until"])
    return [rows[key] for key in wanted]


def _unfit(row: Attachment | None, subject: str) -> str:
    if row is None:
        return "有一张照片找不到，请重新选择。"
    if row.state != "ready":
        return f"照片“{row.name}”还没有传完或未被接受，请重传。"
    return f"照片“{row.name}”已用于其他事项，请另选。" if row.subject not in ("", subject) else ""


def destroy_due(*, by: Actor, now: datetime | None = None, limit: int = 500) -> int:
    """Destroys files whose time is over, leaving tombstones without name, place or owner. Returns how many.

    Only the system may: retention is a rule, not somebody's choice.
    """
    if by.kind != "system":
        raise Refused("附件只按保存期限自动销毁。", code="not_allowed", status=403)
    now = now or timezone.now()
    due = (
        Attachment.objects.exclude(state="gone").filter(retention_until__lte=now).order_by("retention_until")
    )
    ids = list(due.values_list("pk", flat=True)[:limit])
    return sum(_destroy(pk, by, now) for pk in ids)


def _destroy(pk: int, by: Actor, now: datetime) -> int:
    with transaction.atomic():
        row = (
            Attachment.objects.select_for_update(skip_locked=True)
            .filter(pk=pk, retention_until__lte=now)
            .exclude(state="gone")
            .first()
        )
        if row is None:
            return 0
        digest, key = row.stored, row.key
        if digest:
            _hold(digest)
        was_ready = row.state == "ready"
        row.state, row.name, row.owner, row.refusal = "gone", "已销毁", None, ""
        row.client_uuid = uuid.uuid4()
        row.taken_at = row.lat = row.lon = row.phash = None
        row.bands, row.stored = [], ""
        row.save()
        if was_ready:
            record(subject=f"files.attachment:{pk}", verb="files.destroy", by=by, fields={"for": row.subject})
        store.drop_part(key)
        # inside the transaction, under the hold: nobody can keep the same bytes anew in between
        if digest and not Attachment.objects.filter(stored=digest, state="ready").exists():
            store.remove(digest, registry.limits().thumbnails)
        return 1
