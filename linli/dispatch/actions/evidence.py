"""Acts that come with pictures: tied to the matter, judged, and flagged where they miss."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from linli.dispatch import evidence
from linli.dispatch.actions.orders import handle_order
from linli.dispatch.actions.steps import Said, is_assignee, locked, move_row, require_on
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.files import actions as files
from linli.kernel.files.models import Attachment
from linli.kernel.files.queries import similar
from linli.kernel.ledger.actions import record
from linli.kernel.web.models import SyncItem

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
    awaited: int = 0,
    flags: Sequence[str] = (),
) -> WorkOrder:
    """办结 with after-pictures: attached, judged, then `handle_order` with the flags.

    `awaited` pictures are still on the phone; they are judged when they arrive (`claim_photos`).
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
        wanted=not awaited,
    )
    return handle_order(
        by=by,
        order=order,
        outcome=outcome,
        said=replace(said, files=tuple(photo.pk for photo in photos)),
        flags=[*flags, *found],
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


def claim_photos(limit: int = 100) -> int:
    """Ties pictures that came after their act (text first, photos after) to its matter; returns how many.

    The answer kept with the synced act says which pictures it awaits and what for.
    """
    loose = Attachment.objects.filter(subject="", state="ready", owner__isnull=False).order_by("-id")[:limit]
    return sum(_claim(photo) for photo in loose)


@transaction.atomic
def _claim(photo: Attachment) -> int:
    sender = f"account:{photo.owner_id}"
    wanted = Q(answer__awaits__sha256__contains=[photo.sha256])
    item = (
        SyncItem.objects.filter(wanted, sender=sender, status__in=["done", "superseded"])
        .order_by("-id")
        .first()
    )
    if item is None or photo.owner_id is None:
        return 0
    by, awaits = actor_for(photo.owner_id), item.answer["awaits"]
    attach_photos(by=by, keys=[photo.key], subject=awaits["subject"], phase=awaits["phase"])
    photo.refresh_from_db()
    if awaits.get("order"):
        _note_arrival(by, photo, item, int(awaits["order"]))
    return 1


def _note_arrival(by: Actor, photo: Attachment, item: SyncItem, number: int) -> None:
    row, now = locked(number), timezone.now()
    if photo.phase == "after":
        position = (item.lon, item.lat) if item.lon is not None else None
        found = evidence.misses(
            shots([photo], at=item.captured_at, position=position),
            accepted_at=row.accepted_at,
            lon=row.lon,
            lat=row.lat,
        )
        row.flags = sorted({*row.flags, *found})
        row.save(update_fields=["flags"])
    owner = photo.owner
    named = replace(by, name=str(owner)) if owner else by
    said = Said(text="补传现场照片", files=(photo.pk,), device_at=item.captured_at)
    move_row(row, "note", row.state, named, now, said).save(force_insert=True)
    record(subject=row.subject, verb="order.photo", by=by, fields={"order": row.pk, "file": photo.pk})
