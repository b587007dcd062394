"""Reads of the frame; each returns only what belongs to the viewer."""

from typing import Any
from uuid import UUID

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.models import BackgroundRun, ImportRun, SavedFilter


def saved_filters(viewer: Actor, table: str) -> list[SavedFilter]:
    return list(SavedFilter.objects.filter(account=viewer.account, table=table).order_by("name"))


def run_for(viewer: Actor, ident: UUID) -> BackgroundRun:
    """One's own run. Raises Refused(404), also for somebody else's."""
    row: BackgroundRun = _own(BackgroundRun.objects.filter(pk=ident), viewer)
    return row


def import_for(viewer: Actor, ident: UUID, *, lock: bool = False) -> ImportRun:
    """One's own import. Raises Refused(404), also for somebody else's."""
    rows = ImportRun.objects.defer("content").select_related("run")
    row: ImportRun = _own((rows.select_for_update(of=("self",)) if lock else rows).filter(pk=ident), viewer)
    return row


def recent_imports(viewer: Actor, kind: str) -> list[ImportRun]:
    rows = ImportRun.objects.defer("content", "errors").filter(by=viewer.account, kind=kind)
    return list(rows.order_by("-at")[:10])


def _own(rows: Any, viewer: Actor) -> Any:
    found = rows.filter(by=viewer.account).first() if viewer.account is not None else None
    if found is None:
        raise Refused("没有找到这项任务，或者它不是您发起的。", code="not_found", status=404)
    return found
