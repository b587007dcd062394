"""公布: what may stand publicly after a notice ended without an upheld objection."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.publicity import masks
from linli.publicity.actions.notices import kind_of
from linli.publicity.actions.steps import kept, locked, must_say, note, require_on
from linli.publicity.models import Announcement


@transaction.atomic
def announce_result(*, by: Actor, notice: int, values: Sequence[Mapping[str, Any]]) -> Announcement:
    """Puts the kind's `announce` fields of `values` on the public page; nothing else of them is kept.

    Raises Refused 403, 409 unless the notice ended with outcome none, 422 for kinds that announce nothing.
    """
    row = locked(notice)
    require_on(by, "publicity.open", row)
    kind = kind_of(row.kind)
    if not kind.announce or kind.mode == "forbidden":
        raise Refused("这类公示结束后不公布结果。", code="not_announced")
    if row.outcome != "none" or Announcement.objects.filter(notice=row).exists():
        raise Refused("公示期满且无异议成立的，才能公布一次结果。", code="moved_on", status=409)
    fields = [one for one in kind.fields if one.key in kind.announce]
    made = Announcement.objects.create(
        notice=row,
        columns=[{"key": one.key, "label": one.label} for one in fields],
        rows=masks.masked_rows(fields, values),
        since=timezone.now(),
    )
    note(row, "announce", by)
    kept(row, "announce", by, rows=len(made.rows))
    return made


@transaction.atomic
def end_announcement(*, by: Actor, notice: int, reason: str) -> None:
    """撤下公布, e.g. when an entitlement stopped or the person died."""
    row = locked(notice)
    require_on(by, "publicity.open", row)
    said = must_say(reason, "reason", "撤下的原因")
    changed = Announcement.objects.filter(notice=row, until=None).update(until=timezone.now())
    if not changed:
        raise Refused("没有正在公布的结果。", code="moved_on", status=409)
    note(row, "unannounce", by, text=said)
    kept(row, "unannounce", by)
