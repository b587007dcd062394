"""Boundaries in: a dry run that is kept, then all of it or nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence

import shapely
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pypinyin import lazy_pinyin
from shapely.geometry import mapping

from linli.areas import atlas
from linli.areas.boundaries import LEVELS, Boundary, Finding, Review, review
from linli.areas.boundary_files import read_boundaries
from linli.areas.coordinates import to_metres
from linli.areas.facts import BoundaryChanged
from linli.areas.models import Area, BoundaryRun
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record

SHOWN = 500  # findings kept with a run
FIELDS = ["name", "level", "kind", "parent", "pinyin", "outline", "lon", "lat", "square_metres",
          "illustrative", "demo", "active", "changed"]  # fmt: skip


def check_boundaries(
    *, by: Actor, raw: bytes, file_name: str, system: str = "", illustrative: bool = False
) -> BoundaryRun:
    """Dry run of an upload; nothing below `areas` changes. Raises Refused naming every defect of the file."""
    require(by, "areas.import")
    given = read_boundaries(raw, system=system or None)
    _require_everywhere(by, given)
    reviewed = _reviewed(given)
    return BoundaryRun.objects.create(
        by_id=by.account,
        file_name=file_name[:200],
        content=raw,
        system=system,
        illustrative=illustrative,
        found=dict(Counter(boundary.level for boundary in given)),
        findings=[_plain(finding) for finding in reviewed.findings[:SHOWN]],
    )


def import_boundaries(*, by: Actor, run: uuid.UUID) -> int:
    """Saves a checked run whole, or refuses it whole. Returns how many areas were drawn."""
    with transaction.atomic():
        row = BoundaryRun.objects.select_for_update().filter(pk=run, by_id=by.account).first()
        if row is None:
            raise Refused("没有找到这次导入，或者它不是您发起的。", code="no_run", status=404)
        if row.state != "checked":
            raise Refused("这次导入已经办理过，请重新上传。", code="run_ended", status=409)
        given = read_boundaries(bytes(row.content), system=row.system or None)
        count = save_boundaries(by=by, boundaries=given, illustrative=row.illustrative, run=str(row.pk))
        row.state, row.content = "done", b""
        row.save(update_fields=["state", "content"])
    return count


def drop_boundaries(*, by: Actor, run: uuid.UUID) -> None:
    """Gives a dry run up; its content goes."""
    rows = BoundaryRun.objects.filter(pk=run, by_id=by.account, state="checked")
    if not rows.update(state="dropped", content=b""):
        raise Refused("没有找到这次导入，或者它已经办理过。", code="no_run", status=404)


@transaction.atomic
def save_boundaries(
    *,
    by: Actor,
    boundaries: Iterable[Boundary],
    illustrative: bool = False,
    demo: bool = False,
    run: str = "",
) -> int:
    """Reviews and writes boundaries, parents first; tells BoundaryChanged per common parent."""
    given = list(boundaries)
    require(by, "areas.import")
    _require_everywhere(by, given)
    accepted = sorted(_reviewed(given).accepted(), key=lambda b: len(b.code))
    for length in LEVELS:
        _write([b for b in accepted if len(b.code) == length], illustrative, demo)
    top = min((b.code for b in accepted), key=len)
    parents = sorted({b.parent or b.code for b in accepted if len(b.parent or b.code) <= len(top)})
    fields = {"run": run, "areas": len(accepted), "illustrative": illustrative}
    record(subject=f"areas.area:{top}", verb="import_boundaries", by=by, fields=fields)
    tell(*(BoundaryChanged(area=parent, run=run) for parent in parents))
    atlas.look_again()
    transaction.on_commit(atlas.look_again)
    return len(accepted)


def _require_everywhere(by: Actor, given: Sequence[Boundary]) -> None:
    for code in {boundary.code[:9] for boundary in given}:
        require(by, "areas.import", area=code)


def _reviewed(given: Sequence[Boundary]) -> Review:
    inside = {boundary.code for boundary in given}
    missing = {boundary.parent for boundary in given if boundary.parent} - inside
    kept = [b for b in atlas.boundaries() if b.code in missing] if missing else []
    reviewed = review(given, kept)
    return Review(reviewed.boundaries, (*reviewed.findings, *_against_kept(reviewed.boundaries)))


def _against_kept(given: Sequence[Boundary]) -> list[Finding]:
    """Overlaps with areas already kept that this file does not redraw: a partial import must not cover them."""
    parents = {b.parent for b in given if b.parent}
    inside = {b.code for b in given}
    siblings = [b for b in atlas.boundaries() if b.parent in parents and b.code not in inside]
    if not siblings:
        return []
    both = review(
        [*siblings, *(b for b in given if not b.geometry.is_empty)], list(atlas.boundaries("county"))
    )
    return [
        finding
        for finding in both.findings
        if finding.kind == "overlap" and len(inside.intersection(finding.codes)) == 1
    ]


def _plain(finding: Finding) -> dict:
    where = None if finding.where is None or finding.where.is_empty else mapping(_coarse(finding.where))
    return {
        "kind": finding.kind, "serious": finding.serious, "codes": list(finding.codes),
        "message": finding.message, "area": round(finding.area), "where": where,
    }  # fmt: skip


def _coarse(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.set_precision(shapely.simplify(shape, 1e-5), 1e-5)


def _write(level: Sequence[Boundary], illustrative: bool, demo: bool) -> None:
    """One level, its parents being there already; names and shapes of known codes are replaced."""
    parents = dict(Area.objects.filter(code__in={b.parent for b in level}).values_list("code", "pk"))
    now = timezone.now()
    rows = [_row(b, parents.get(b.parent), illustrative, demo) for b in level]
    for row in rows:
        row.changed = now
    Area.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["code"], update_fields=FIELDS
    )


def _row(boundary: Boundary, parent: int | None, illustrative: bool, demo: bool) -> Area:
    inside = boundary.geometry.representative_point()
    meridian = float(settings.LINLI_MERIDIAN)
    metric = shapely.transform(boundary.geometry, lambda x, y: to_metres(x, y, meridian), interleaved=False)
    return Area(
        code=boundary.code,
        name=boundary.name[:64],
        level=boundary.level,
        kind=kind_of(boundary.name, boundary.level),
        parent_id=parent,
        pinyin="".join(lazy_pinyin(boundary.name))[:128],
        outline=mapping(boundary.geometry),
        lon=inside.x,
        lat=inside.y,
        square_metres=round(metric.area, 1),
        illustrative=illustrative,
        demo=demo,
    )


def kind_of(name: str, level: str) -> str:
    """街道 镇 乡 社区 村, read from the name's end; empty for counties and grids."""
    endings = {"street": ("街道", "镇", "乡"), "community": ("社区", "村")}.get(level, ())
    return next((end for end in endings if name.endswith(end)), "")
