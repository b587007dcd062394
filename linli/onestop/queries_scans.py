"""What photos of papers say, for the pages of whoever may see the case. Callers have looked that up."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.ocr.gate import FAULTS, SAID
from linli.onestop.models import Application, Scan
from linli.onestop.scans.compare import Difference, Known, differences, shown
from linli.onestop.scans.fields import Found, Reading
from linli.onestop.scans.papers import Field, expected_of, papers

DOUBTED = "照片上读作“{}”，{}，请照原件填写"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One photo for a page. `lines`: what was read, masked; `differs`: for a person to look at."""

    scan: Scan
    place: int  # which photo of its line, from 1
    kind: str
    advice: list[str]
    faults: list[str]
    lines: list[tuple[str, str]]
    differs: list[Difference]
    offers: bool


def reading_of(scan: Scan) -> Reading:
    told: Mapping[str, Any] = json.loads(scan.found) if scan.found else {}
    return Reading(scan.kind, {key: Found(*said) for key, said in told.items()})


def offered(scan: Scan) -> dict[str, Field]:
    """Fields of the paper that have a place in the form."""
    kind = papers().kinds.get(scan.kind)
    return {key: one for key, one in kind.fields.items() if one.offer} if kind else {}


def scan_of(row: Application, number: int) -> Scan:
    """A photo of this very case. Raises Refused 404."""
    found = Scan.objects.select_related("slot").filter(pk=number, slot__application=row).first()
    if found is None:
        raise Refused("这个办件里没有这张照片。", code="no_scan", status=404)
    return found


def prefill(scan: Scan, form: Mapping[str, str]) -> list[tuple[str, Field, str, str]]:
    """Field by field: key, field, what to show in the input, a hint. What was typed stays; what is doubted is not
    filled in but told."""
    read, told = reading_of(scan).fields, []
    for key, field in offered(scan).items():
        found, typed = read.get(key), form.get(field.offer, "")
        if found is None:
            told.append((key, field, typed, "照片上没有读出，请照原件填写"))
            continue
        value = shown(field.type, found.value)
        hint = DOUBTED.format(value, found.doubt) if found.doubt else "从照片读出，请核对"
        if typed:
            hint = f"您已填写；照片上读作“{value}”"
        told.append((key, field, typed or ("" if found.doubt else value), hint))
    return told


def advice_of(scan: Scan) -> list[str]:
    """Why the photo should be taken again; nothing once its owner kept it."""
    return [SAID[one] for one in scan.faults] if scan.kept_at is None else []


def sheets_of(row: Application) -> list[Sheet]:
    """All photos of a case in the order of its checklist, each with what differs now."""
    scans = list(
        Scan.objects.filter(slot__application=row).select_related("slot", "checked_by").order_by("slot", "id")
    )
    if not scans:
        return []
    people, form = _people(row), written_in(row)
    return [_sheet(one, people, form) for one in scans]


def written_in(row: Application) -> dict[str, str]:
    written = json.loads(row.form) if row.form else {}
    return {name: said for name, said in written.items() if isinstance(said, str)}


def _people(row: Application) -> list[Known]:
    members = [one.person for one in row.members.select_related("person")]
    return [Known(one.name, one.number, one.birth, one.sex) for one in members]


def _sheet(scan: Scan, people: Iterable[Known], form: Mapping[str, str]) -> Sheet:
    known, read = papers(), reading_of(scan)
    kind = known.kinds.get(scan.kind)
    expected, today = expected_of(scan.slot.material, known), timezone.localdate()
    lines = (
        [(kind.fields[key].zh, shown(kind.fields[key].type, one.value)) for key, one in read.fields.items()]
        if kind
        else []
    )
    place = scan.slot.files.index(scan.file) + 1 if scan.file in scan.slot.files else 0
    differs = differences(read, expected, list(people), form, today, known) if scan.state == "read" else []
    return Sheet(
        scan,
        place,
        kind.zh if kind else "",
        advice_of(scan),
        [FAULTS[one] for one in scan.faults],
        lines,
        differs,
        any(offered(scan)),
    )
