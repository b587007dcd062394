"""The evidence pack: list, photos, ledger entries and hashes of one notice in one file, checkable without linli."""

import hashlib
import io
import json
import zipfile
from typing import Any

from django.db import transaction
from django.utils import timezone

from linli.areas import queries as areas
from linli.kernel.actor import Actor
from linli.kernel.files.models import Attachment
from linli.kernel.files.queries import content_path
from linli.kernel.files.rules import EXTENSIONS
from linli.kernel.ledger.models import Entry
from linli.kernel.ledger.rules import leaf_of
from linli.publicity import queries, rules
from linli.publicity.actions.notices import sheet
from linli.publicity.actions.steps import kept, note, require_on
from linli.publicity.models import Notice

PHASES = {"before": "start", "after": "end"}


@transaction.atomic
def export_evidence(*, by: Actor, notice: int) -> bytes:
    """A zip: list.txt (its SHA-256 stands on the printed sheet), photos of start and end, ledger.json, manifest.json.

    Holds nothing of objectors. Raises Refused 403, 404.
    """
    row = queries.notice_for(by, notice)
    require_on(by, "publicity.view", row)
    files: dict[str, bytes] = {"list.txt": sheet(row).encode()}
    photos = [_photo(files, one, at) for at, one in enumerate(queries.photos_of(row), 1)]
    ledger = [_entry(one) for one in Entry.objects.filter(subject=row.ref).order_by("id")]
    files["ledger.json"] = _json(ledger)
    files["manifest.json"] = _json(_manifest(row, photos, files))
    note(row, "evidence", by)
    kept(row, "evidence", by, manifest=hashlib.sha256(files["manifest.json"]).hexdigest())
    return _zip(files)


def _photo(files: dict[str, bytes], one: Attachment, at: int) -> dict[str, Any]:
    name = f"photos/{at:02d}-{PHASES.get(one.phase, 'other')}{EXTENSIONS.get(one.content_type, '')}"
    data = content_path(one).read_bytes()
    files[name] = data
    return {
        "file": name,
        "phase": PHASES.get(one.phase, "other"),
        "posting": one.subject,
        "sha256": hashlib.sha256(data).hexdigest(),
        "sha256_received": one.sha256,
        "taken_at": one.taken_at.isoformat() if one.taken_at else "",
        "lon": one.lon,
        "lat": one.lat,
    }


def _entry(one: Entry) -> dict[str, Any]:
    """An entry as the tree holds it; `leaf` is the canonical text whose RFC 6962 leaf hash is `hash` once sequenced."""
    return {
        "id": one.pk,
        "log": one.log,
        "seq": one.seq,
        "leaf": leaf_of(one).decode(),
        "hash": bytes(one.leaf).hex() if one.leaf else "",
    }


def _manifest(row: Notice, photos: list[dict[str, Any]], files: dict[str, bytes]) -> dict[str, Any]:
    outages = row.outages.select_related("posting").order_by("since")
    objections = row.objections.order_by("id")
    return {
        "number": row.number,
        "title": row.title,
        "basis": row.basis,
        "area": row.area,
        "place": areas.area_path(row.area),
        "state": row.state,
        "outcome": row.outcome,
        "days": rules.days_words(row.days, row.day_unit),
        "posted": str(row.starts or ""),
        "ends": str(row.ends or ""),
        "lost_days": row.lost,
        "sheet_sha256": row.sheet,
        "postings": [
            {"place": one.place, "posted_at": _iso(one.posted_at), "end_photo_at": _iso(one.closed_at)}
            for one in row.postings.order_by("id")
        ],
        "outages": [
            {"what": one.what, "since": _iso(one.since), "until": _iso(one.until), "reason": one.reason}
            for one in outages
        ],
        "objections": [
            {"received": str(rules.local_day(one.received_at)), "late": one.late, "state": one.state}
            for one in objections
        ],
        "photos": photos,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "made_at": timezone.now().isoformat(),
    }


def _iso(at: Any) -> str:
    return at.isoformat() if at else ""


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in files.items():
            pack.writestr(name, data)
    return out.getvalue()
