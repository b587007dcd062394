"""Papers somebody handed in before: their own list, and what of it a new case could take up again."""

from datetime import date, timedelta
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from linli.kernel.actor import Actor
from linli.kernel.files.models import Attachment
from linli.onestop import reading, rules
from linli.onestop.glossary import read
from linli.onestop.models import Application, Paper


@cache
def _days() -> dict[str, int]:
    return read("shelf.yaml")["days"]


def kept_days(material: str) -> int:
    """Days a paper may be used again; 0 for papers of one occasion."""
    return _days().get(material, _days()["default"])


def until_when(material: str, issued: date) -> date:
    return issued + timedelta(days=kept_days(material))


def own_papers(viewer: Actor) -> QuerySet[Paper]:
    """Everything the viewer handed in and did not withdraw, the newest first. Nobody else has such a list."""
    if viewer.account is None:
        return Paper.objects.none()
    rows = Paper.objects.filter(person__account=viewer.account, withdrawn_at=None)
    return (
        rows.select_related("application__item").prefetch_related("uses__application__item").order_by("-id")
    )


def usable(rows: QuerySet[Paper], day: date | None = None) -> list[Paper]:
    """Not over, not withdrawn, their files still there."""
    on = day or timezone.localdate()
    found = list(rows.filter(Q(until=None) | Q(until__gte=on), withdrawn_at=None))
    wanted = {number for paper in found for number in paper.files}
    there = (
        set(Attachment.objects.filter(pk__in=wanted, state="ready").values_list("pk", flat=True))
        if wanted
        else set()
    )
    return [paper for paper in found if set(paper.files) <= there]


def offers(row: Application) -> list[Paper]:
    """The newest paper of the applicant's for every line still wanting; for the case's own pages, after `own_case`."""
    if row.state != "draft" and "fill" not in rules.MOVES[row.state]:
        return []
    there = {
        slot.material for slot in row.slots.all() if slot.state in ("met", "shared", "committed", "waived")
    }
    needed = rules.materials_needed(reading.definition_of(row.version), reading.household_of(row))
    names = {one.code: one.name for one in needed if one.obtain == "submit" and one.code not in there}
    if not names:
        return []
    rows = Paper.objects.filter(person=row.person_id, material__in=names).select_related("application__item")
    newest: dict[str, Paper] = {}
    for paper in usable(rows.exclude(application=row).order_by("id")):
        if names[paper.material] == paper.name and kept_days(paper.material):
            newest[paper.material] = paper
    return list(newest.values())


def copied(file: Attachment, row: Application, account: int | None, ident: Any) -> Attachment:
    """The same bytes as a file of another case, so that each case stands whole by itself; unsaved."""
    return Attachment(
        client_uuid=ident, owner_id=account, state="ready", name=file.name, size=file.size, received=file.received,
        sha256=file.sha256, stored=file.stored, stored_size=file.stored_size, content_type=file.content_type,
        width=file.width, height=file.height, subject=row.subject, taken_at=file.taken_at,
        retention_until=file.retention_until,
    )  # fmt: skip
