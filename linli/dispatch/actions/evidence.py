"""Acts that come with pictures: tied to the matter, judged, and flagged where they miss."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from linli.dispatch import evidence
from linli.dispatch.actions.orders import handle_order
from linli.dispatch.actions.steps import Said, is_assignee, locked, move_row, require_on
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.files import actions as files
from linli.kernel.files.models import Attachment
from linli.kernel.files.queries import similar
from linli.kernel.ledger.actions import record

LATEST = 2000  # files looked through for late pictures
SAME_BITS = 4  # of 64: another matter's picture so alike is the same picture


def attach_photos(*, by: Actor, keys: Iterable[uuid.UUID], subject: str, phase: str) -> list[Attachment]:
    """Ties ready uploads of the actor to the matter; [] for none."""
    wanted = list(keys)
    return files.attach(by=by, keys=wanted, subject=subject, phase=phase) if wanted else []


def shots(
    photos: Sequence[Attachment], *, at: datetime | None = None, position: Any = None
) -> list[evidence.Shot]:
    """Pictures as the rule sees them; `at` and `position` (lon, lat) of the act stand in for missing camera data."""
    lon, lat = position or (None, None)
    return [
        evidence.Shot(
            taken_at=photo.taken_at or at,
            lon=photo.lon if photo.lon is not None else lon,
            lat=photo.lat if photo.lat is not None else lat,
            reused=_reused(photo),
        )
        for photo in photos
    ]


def _reused(photo: Attachment) -> bool:
    """Seen before: in another matter, or handed in as the state before the work."""
    if photo.phash is None:
        return False
    near = similar(photo.phash, within=SAME_BITS, besides=photo.pk)
    if any(one.subject and one.subject != photo.subject for one in near):
        return True
    same = [one.attachment for one in near if one.bits == 0]
    return (
        Attachment.objects.filter(pk__in=same, phase="before", subject=photo.subject).exists()
        if same
        else False
    )


@transaction.atomic
def handle_with_photos(
    *,
    by: Actor,
    order: int,
    outcome: str,
    keys: Iterable[uuid.UUID] = (),
    said: Said | None = None,
    position: tuple[float, float] | None = None,
    awaited: Sequence[str] = (),
    wanted: bool = True,
    flags: Sequence[str] = (),
) -> WorkOrder:
    """办结 with after-pictures: attached, judged, then `handle_order` with the flags.

    `awaited` are client UUIDs of pictures still on the phone: they are judged when they arrive (`judge_late_photos`).
    `wanted` is False where the pictures are elsewhere, e.g. with the report of what was mended on the spot.
    """
    said, row = said or Said(), WorkOrder.objects.get(pk=order)
    if not is_assignee(by, row):
        raise Refused("这张工单不是派给您的，不能办理。", code="not_assignee", status=403)
    photos = attach_photos(by=by, keys=keys, subject=row.subject, phase="after")
    found = evidence.misses(
        shots(photos, at=said.device_at, position=position),
        accepted_at=row.accepted_at,
        lon=row.lon,
        lat=row.lat,
        wanted=wanted and not awaited,
    )
    data = {**said.data, "awaits": list(awaited)} if awaited else said.data
    return handle_order(
        by=by,
        order=order,
        outcome=outcome,
        said=replace(said, files=tuple(photo.pk for photo in photos), data=data),
        flags=[*flags, *found, *(["photo_awaited"] if awaited else [])],
    )


@transaction.atomic
def keep_as_note(*, by: Actor, order: int, text: str, said: Said) -> None:
    """What an overtaken act brought along stays on the timeline; nothing moves.

    Allowed to whoever works on the order now or did before, and to those who may see it.
    """
    row = locked(order)
    if not is_assignee(by, row) and not row.moves.filter(by=by.ref).exists():
        require_on(by, "dispatch.view", row)
    now = timezone.now()
    move_row(row, "note", row.state, by, now, replace(said, reason="superseded", text=text)).save(
        force_insert=True
    )
    record(
        subject=row.subject, verb="order.superseded", by=by, fields={"order": row.pk, "version": row.version}
    )


def judge_late_photos() -> int:
    """Judges pictures that came after their act (text first, photos after); returns how many orders were.

    The frame ties them to the matter; here the flag `photo_awaited` gives way to what they show.
    """
    last = Attachment.objects.aggregate(last=Max("pk"))["last"] or 0
    late = Attachment.objects.filter(pk__gt=last - LATEST, state="ready", phase="after").exclude(subject="")
    waiting = WorkOrder.objects.filter(
        subject__in=set(late.values_list("subject", flat=True)), flags__contains=["photo_awaited"]
    )
    return sum(_judge(number) for number in waiting.values_list("pk", flat=True))


@transaction.atomic
def _judge(number: int) -> int:
    """Once all awaited pictures of the last 办结 are there."""
    row, now = locked(number), timezone.now()
    act = row.moves.filter(action="handle", data__has_key="awaits").order_by("-id").first()
    if act is None or "photo_awaited" not in row.flags:
        return 0
    awaits = act.data["awaits"]
    photos = list(
        Attachment.objects.filter(subject=row.subject, state="ready", client_uuid__in=awaits).order_by("id")
    )
    if len(photos) < len(awaits):
        return 0
    position = (act.data["lon"], act.data["lat"]) if "lon" in act.data else None
    seen = shots(photos, at=act.device_at, position=position)
    found = evidence.misses(seen, accepted_at=row.accepted_at, lon=row.lon, lat=row.lat)
    row.flags = sorted({*row.flags, *found} - {"photo_awaited"})
    row.save(update_fields=["flags"])
    said = Said(text="处置后照片已传到", files=tuple(photo.pk for photo in photos), device_at=act.device_at)
    move_row(row, "note", row.state, SYSTEM, now, said).save(force_insert=True)
    record(
        subject=row.subject, verb="order.photos", by=SYSTEM, fields={"order": row.pk, "photos": len(photos)}
    )
    return 1
