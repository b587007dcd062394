"""Photos of papers: judged at once, read in the background, offered to the form, checked by a person where they differ."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.bus.jobs import defer_to
from linli.kernel.files.models import Attachment
from linli.kernel.files.queries import content_path
from linli.kernel.ledger.actions import record
from linli.kernel.ocr import gate
from linli.onestop import queries_scans
from linli.onestop.actions import steps
from linli.onestop.models import Application, Scan, Slot
from linli.onestop.scans.fields import Reading

READ = "linli.onestop.jobs.read_paper"
MOST_TRIES = 3  # a picture that ends the reading process as often is left to people
LONGEST = 100  # characters of one entry
KEPT = timedelta(days=30)  # after the case is over


def note_papers(slot: Slot) -> int:
    """Inside the action that put files into a line: photos are judged now, the new ones queued to be read.
    Returns how many are new. What is no longer in the line is forgotten."""
    slot.scans.exclude(file__in=slot.files).delete()
    known = set(slot.scans.values_list("file", flat=True))
    fresh = [number for number in slot.files if number not in known]
    files = {one.pk: one for one in Attachment.objects.filter(pk__in=fresh, state="ready")} if fresh else {}
    made = [
        Scan(slot=slot, file=number, faults=_faults(files[number]), asked_at=timezone.now())
        for number in fresh
        if number in files
    ]
    for one in Scan.objects.bulk_create(made):
        defer_to("ocr", READ, scan=one.pk)
    return len(made)


def _faults(file: Attachment) -> list[str]:
    """Nothing when the picture cannot be opened: the reader says so later, handing in goes on."""
    try:
        return list(gate.judge(content_path(file).read_bytes()).faults)
    except OSError:
        return []


def _locked(scan: int) -> tuple[Application, Scan]:
    """The case first, then the scan. Raises Refused 404."""
    number = Scan.objects.filter(pk=scan).values_list("slot__application", flat=True).first()
    if number is None:
        raise Refused("没有这张照片的识别记录。", code="no_scan", status=404)
    row = steps.locked(number)
    found = Scan.objects.select_for_update(of=("self",)).select_related("slot").filter(pk=scan).first()
    if found is None:
        raise Refused("没有这张照片的识别记录。", code="no_scan", status=404)
    return row, found


def _record(by: Actor, row: Application, scan: Scan, verb: str, **fields: str | int) -> None:
    about = {"scan": scan.pk, "material": scan.slot.material, "file": scan.file, **fields}
    record(subject=row.subject, verb=f"onestop.{verb}", by=by, fields=about)


@transaction.atomic
def begin_reading(*, by: Actor, scan: int) -> bytes | None:
    """The picture, and one try counted; None when there is nothing (more) to read: gone, read, or tried too often."""
    require(by, "onestop.exchange")
    found = Scan.objects.select_for_update().filter(pk=scan, state="waiting").first()
    if found is None:
        return None
    file = Attachment.objects.filter(pk=found.file, state="ready").first()
    path = content_path(file) if file is not None else None
    if path is None or not path.is_file() or found.tries >= MOST_TRIES:
        found.state = "failed"
    found.tries += 1
    found.save(update_fields=["state", "tries"])
    return path.read_bytes() if path is not None and found.state == "waiting" else None


@transaction.atomic
def record_reading(
    *, by: Actor, scan: int, reading: Reading | None, turned: int = 0, at: datetime | None = None
) -> Scan:  # fmt: skip
    """What the machine read; None when the file is no picture. A second time: no change. Raises Refused 403, 404."""
    require(by, "onestop.exchange")
    row, found = _locked(scan)
    if found.state != "waiting":
        return found
    found.state, found.read_at = ("failed", None) if reading is None else ("read", steps.moment(at))
    if reading is not None:
        values = {key: [one.value, one.score, one.doubt] for key, one in reading.fields.items()}
        found.kind, found.turned = reading.kind, turned
        found.found = json.dumps(values, ensure_ascii=False) if values else ""
    found.save()
    doubts = sum(not one.sound for one in reading.fields.values()) if reading else 0
    _record(
        by,
        row,
        found,
        "read_paper",
        kind=found.kind,
        fields=len(reading.fields) if reading else 0,
        doubts=doubts,
    )
    return found


@transaction.atomic
def keep_photo(*, by: Actor, scan: int, at: datetime | None = None) -> Scan:
    """仍用这张: its owner was advised to take it again and keeps it. Raises Refused 403, 404."""
    row, found = _locked(scan)
    steps.require_applicant(by, row)
    if found.kept_at is None:
        found.kept_at = steps.moment(at)
        found.save(update_fields=["kept_at"])
        _record(by, row, found, "keep_photo", faults=",".join(found.faults))
    return found


@transaction.atomic
def confirm_reading(
    *, by: Actor, scan: int, values: Mapping[str, str], at: datetime | None = None
) -> Application:  # fmt: skip
    """What was read, as the applicant looked it over, goes into the form of a draft. Empty values change nothing.

    `values`: field -> what is to stand in the form. Raises Refused 403, 404, 409 once handed in, 422 for other fields.
    """
    row, found = _locked(scan)
    steps.require_applicant(by, row)
    steps.move(row, "save")
    if found.state != "read" or not found.kind:
        raise Refused("这张照片还没有识别结果，请直接填写。", code="not_read", status=409)
    offered = queries_scans.offered(found)
    foreign = [key for key in values if key not in offered]
    long = [offered[key].zh for key, said in values.items() if key in offered and len(said) > LONGEST]
    if foreign or long:
        said = f"{'、'.join(long or foreign)}填写有误，每项不超过 {LONGEST} 个字"
        raise Refused(said, code="wrong_reading", fields={key: [said] for key in values})
    written = json.loads(row.form) if row.form else {}
    told = {offered[key].offer: said.strip() for key, said in values.items() if said.strip()}
    row.form = json.dumps(written | told, ensure_ascii=False, sort_keys=True)
    row.row_version += 1
    row.save(update_fields=["form", "row_version"])
    found.confirmed_at = steps.moment(at)
    found.save(update_fields=["confirmed_at"])
    _record(by, row, found, "confirm_reading", fields=len(told))
    return row


@transaction.atomic
def check_reading(*, by: Actor, scan: int, note: str, at: datetime | None = None) -> Scan:
    """A person looked at the original: what they found. Decides nothing. Raises Refused 403, 404, 422."""
    row, found = _locked(scan)
    if row.state == "draft":  # nobody's but the applicant's
        raise Refused("没有这张照片的识别记录。", code="no_scan", status=404)
    steps.require_in_case(by, "onestop.work", row)
    found.note = steps.must_say(note, "note", "请写明核对情况，例如“已对照原件，一致”")[:200]
    found.checked_at, found.checked_by_id = steps.moment(at), by.account
    found.save(update_fields=["note", "checked_at", "checked_by"])
    _record(by, row, found, "check_reading")
    return found


def forget_readings(*, now: datetime | None = None) -> int:
    """Readings of cases that are over, and of photos that are gone, are personal data nobody needs: deleted."""
    before = (now or timezone.now()) - KEPT
    over = Scan.objects.filter(slot__application__closed_at__lt=before)
    gone = Scan.objects.filter(file__in=Attachment.objects.filter(state="gone").values("pk"))
    return over.delete()[0] + gone.delete()[0]
