"""The server's half of the offline core: a batch of queued acts in, an answer per item out.

Answers: done · already (sent before; the first answer comes along) · superseded (the thing moved on
meanwhile; what was sent is kept as the room decides) · refused (stays in the phone's tray for
repair; the same UUID may come again with other content, for nothing was done).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.files import actions as files
from linli.kernel.web.models import SyncItem
from linli.kernel.web.rules import Taken, believe, digest

log = logging.getLogger("linli.web")
MOST_ITEMS = 200
TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "number": (int, float),
    "flag": bool,
    "list": list,
    "choice": str,
    "time": str,
    "record": dict,
}


@dataclass(frozen=True, slots=True)
class OfflineField:
    """One field of a queued act. kind: text | number | flag | list | choice | time | record."""

    label: str
    kind: str = "text"
    required: bool = False
    most: int = 4000  # characters, or entries of a list
    options: tuple[tuple[str, str], ...] = ()

    def fault(self, value: Any) -> str:
        """What is wrong with a value, or an empty string."""
        if value in (None, "", []):
            return f"请填写{self.label}" if self.required else ""
        if not isinstance(value, TYPES[self.kind]) or (self.kind == "number" and isinstance(value, bool)):
            return f"{self.label}的格式不对，请重新填写"
        if self.kind in ("text", "list") and len(value) > self.most:
            return f"{self.label}过长，最多 {self.most}"
        if self.kind == "choice" and value not in dict(self.options):
            return f"{self.label}不在可选范围内，请重新选择"
        if self.kind == "time" and _moment(value) is None:
            return f"{self.label}不是一个时间，请重新选择"
        return ""


@dataclass(frozen=True, slots=True)
class OfflineItem:
    """One act as the room gets it. `taken.at` is the time to use; `position` is (lon, lat) in WGS-84 or None."""

    uuid: UUID
    kind: str
    base_version: str
    data: dict[str, Any]
    files: list[str]
    taken: Taken
    received_at: datetime
    skew: timedelta
    position: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class OfflineKind:
    """`action(actor, item)` does it and returns JSON values; `{"status": "superseded", "message": …}` says so.

    A Refused of status 409 also counts as superseded, any other as refused.
    """

    code: str
    title: str
    schema: Mapping[str, OfflineField]
    action: Callable[[Actor, OfflineItem], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OfflineSource:
    """Something the phone keeps for reading without a network: `load(actor)` returns JSON values."""

    code: str
    load: Callable[[Actor], Any]


@dataclass(slots=True)
class _Offline:
    kinds: dict[str, OfflineKind] = field(default_factory=dict)
    sources: dict[str, OfflineSource] = field(default_factory=dict)


_known = _Offline()


def register_offline(*entries: OfflineKind | OfflineSource) -> None:
    """Called in a room's apps.py."""
    for entry in entries:
        (_known.kinds if isinstance(entry, OfflineKind) else _known.sources)[entry.code] = entry  # type: ignore[index]


def shell(actor: Actor) -> dict[str, Any]:
    """What the phone keeps: the forms it may fill and its own work."""
    kinds = {
        kind.code: {
            "title": kind.title,
            "fields": {
                name: {
                    "label": f.label,
                    "kind": f.kind,
                    "required": f.required,
                    "most": f.most,
                    "options": f.options,
                }
                for name, f in kind.schema.items()
            },
        }
        for kind in _known.kinds.values()
    }
    sources = {source.code: source.load(actor) for source in _known.sources.values()}
    return {
        "who": actor.ref,
        "name": actor.name,
        "kinds": kinds,
        "sources": sources,
        "now": timezone.now().isoformat(),
    }


def receive(actor: Actor, batch: Mapping[str, Any]) -> dict[str, Any]:
    """Takes `{"sent_at", "items": [...]}`; every item in a transaction of its own, none harms another.

    Raises Refused only for what is not a batch at all (422) or too large (413).
    """
    if actor.kind == "anonymous":
        raise Refused("请重新登录后再上传，待传内容仍保存在手机里。", code="sign_in", status=403)
    items = batch.get("items")
    if not isinstance(items, list):
        raise Refused("上传内容缺少 items 列表。", code="bad_batch")
    if len(items) > MOST_ITEMS:
        raise Refused(f"一次最多上传 {MOST_ITEMS} 条，请分批上传。", code="too_many", status=413)
    received = timezone.now()
    sent = _moment(batch.get("sent_at"))
    skew = received - sent if sent else timedelta(0)
    answers = [_answer(actor, raw, received, skew) for raw in items]
    return {
        "received_at": received.isoformat(),
        "skew_seconds": round(skew.total_seconds()),
        "answers": answers,
    }


def add_files(actor: Actor, ident: str, keys: list[str]) -> int:
    """Ties photos that arrived after their act to the act's subject. Returns how many.

    The room's answer names it: `{"subject": "dispatch.order:17", "phase": "after"}`.
    Raises Refused 404 for an act never done, 422 for files that are not the caller's or not ready.
    """
    try:
        uuids = [UUID(str(key)) for key in keys]
        row = (
            SyncItem.objects.filter(sender=actor.ref, uuid=UUID(str(ident))).exclude(status="refused").first()
        )
    except (ValueError, TypeError) as error:
        raise Refused("照片的编号有误。", code="bad_uuid") from error
    if row is None or not row.answer.get("subject"):
        raise Refused("没有找到这些照片所属的记录。", code="not_found", status=404)
    phase = row.answer.get("phase", "none")
    return len(files.attach(by=actor, keys=uuids, subject=row.answer["subject"], phase=phase))


def _answer(actor: Actor, raw: Any, received: datetime, skew: timedelta) -> dict[str, Any]:
    ident = raw.get("uuid") if isinstance(raw, dict) else None
    try:
        item, kind = _read(raw, received, skew)
        return {"uuid": str(ident), **_once(actor, item, kind, digest(_content(raw)))}
    except Refused as refused:
        return {"uuid": str(ident), **_refusal(refused)}
    except Exception:
        log.exception("sync item %s", ident)
        words = "系统出错，已记录，稍后会自动重传。"
        return {"uuid": str(ident), "status": "refused", "code": "fault", "message": words, "again": True}


def _content(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: raw.get(key) for key in ("kind", "data", "files", "base_version")}


def _read(raw: Any, received: datetime, skew: timedelta) -> tuple[OfflineItem, OfflineKind]:
    """Checks one item's shape. Raises Refused naming every wrong field at once."""
    if not isinstance(raw, dict):
        raise Refused("这一条不是完整的记录。", code="bad_item")
    try:
        ident = UUID(str(raw.get("uuid")))
    except ValueError as error:
        raise Refused("这一条没有编号，无法保证只办一次。", code="bad_uuid") from error
    kind = _known.kinds.get(str(raw.get("kind")))
    if kind is None:
        raise Refused("这类操作已停用或手机程序过旧，请联网刷新后重新填写。", code="unknown_kind")
    data = raw.get("data") if isinstance(raw.get("data"), dict) else {}
    faults = {name: [said] for name, f in kind.schema.items() if (said := f.fault(data.get(name)))}
    if faults:
        raise Refused("内容还不完整，请修改后重新提交。", code="invalid", fields=faults)
    files = (
        [str(one)[:200] for one in raw.get("files") or []][:20] if isinstance(raw.get("files"), list) else []
    )
    item = OfflineItem(
        uuid=ident,
        kind=kind.code,
        base_version=str(raw.get("base_version") or "")[:64],
        data={name: data[name] for name in kind.schema if name in data},
        files=files,
        taken=believe(_moment(raw.get("captured_at")), received, skew),
        received_at=received,
        skew=skew,
        position=_position(raw.get("position")),
    )
    return item, kind


def _once(actor: Actor, item: OfflineItem, kind: OfflineKind, content: str) -> dict[str, Any]:
    """Does an item the first time and remembers the answer; the row itself is the lock between two senders."""
    with transaction.atomic():
        row, fresh = SyncItem.objects.select_for_update().get_or_create(
            sender=actor.ref,
            uuid=item.uuid,
            defaults={"kind": item.kind, "digest": content, "status": "refused"} | _times(item),
        )
        if not fresh and row.status != "refused":
            if row.digest != content:
                raise Refused("同一编号已经提交过别的内容，请另填一条。", code="uuid_conflict", status=422)
            return {"status": "already", "first": row.answer}
        answer = _act(actor, item, kind)
        SyncItem.objects.filter(pk=row.pk).update(
            status=answer["status"], answer=answer, digest=content, kind=item.kind, **_times(item)
        )
        return answer


def _act(actor: Actor, item: OfflineItem, kind: OfflineKind) -> dict[str, Any]:
    try:
        with transaction.atomic():
            said = kind.action(actor, item) or {}
    except Refused as refused:
        return _refusal(refused, superseding=True)
    status = "superseded" if said.get("status") == "superseded" else "done"
    return {**said, "status": status, "flagged": item.taken.flagged}


def _refusal(refused: Refused, superseding: bool = False) -> dict[str, Any]:
    status = "superseded" if superseding and refused.status == 409 else "refused"
    return {"status": status, "code": refused.code, "message": refused.message, "fields": refused.fields}


def _times(item: OfflineItem) -> dict[str, Any]:
    lon, lat = item.position or (None, None)
    seconds = max(-(2**31), min(2**31 - 1, round(item.skew.total_seconds())))
    return {
        "captured_at": item.taken.said,
        "received_at": item.received_at,
        "skew_seconds": seconds,
        "flagged": item.taken.flagged,
        "lon": lon,
        "lat": lat,
    }


def _moment(written: Any) -> datetime | None:
    """An instant with its zone; anything else is no time at all."""
    try:
        found = parse_datetime(written) if isinstance(written, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None and found.year > 2000 else None


def _position(given: Any) -> tuple[float, float] | None:
    try:
        lon, lat = float(given["lon"]), float(given["lat"])
    except (TypeError, KeyError, ValueError):
        return None
    return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None
