"""民情日记: written at the door, its promises kept, its requests sent on to the room that answers them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger.actions import record
from linli.people import ports
from linli.people.actions.persons import locked_household
from linli.people.models import Household, VisitNote


@transaction.atomic
def write_note(
    *, by: Actor, household: int, heard: str = "", asked: str = "", promised: str = "",
    promise_due: date | None = None, at: datetime | None = None, files: Sequence[int] = (), flagged: bool = False,
) -> VisitNote:  # fmt: skip
    """A visit and what was said. At least one of heard, asked, promised; a promise may carry the day it is due."""
    home = locked_household(household)
    require(by, "people.note", area=home.area)
    now = timezone.now()
    when = at or now
    texts = {"heard": heard.strip(), "asked": asked.strip(), "promised": promised.strip()}
    if wrong := _note_faults(texts, promise_due, when, now):
        raise Refused("民情日记有误，请按提示改正。", code="wrong_note", fields=wrong)
    note = VisitNote.objects.create(
        household=home,
        by_id=by.account,
        at=when,
        promise_due=promise_due,
        files=list(files),
        flagged=flagged,
        **texts,
    )
    last = Greatest(Coalesce("visited_at", when), when)
    Household.objects.filter(pk=home.pk).update(visited_at=last, visits=F("visits") + 1)
    due = promise_due.isoformat() if promise_due else ""
    record(
        subject=f"people.household:{home.pk}", verb="write_note", by=by,
        fields={"note": note.pk, "due": due}, personal={k: v for k, v in texts.items() if v},
    )  # fmt: skip
    return note


def _note_faults(
    texts: dict[str, str], promise_due: date | None, at: datetime, now: datetime
) -> dict[str, list[str]]:
    wrong = {}
    if not any(texts.values()):
        wrong["heard"] = ["听到、诉求、答应至少写一项"]
    for name, text in texts.items():
        if len(text) > 2000:
            wrong[name] = [f"写了 {len(text)} 字，请压缩到 2000 字以内"]
    if promise_due and not texts["promised"]:
        wrong["promised"] = ["填了答应的日期，请写明答应了什么"]
    if promise_due and promise_due < timezone.localdate(at):
        wrong["promise_due"] = ["答应的日期早于走访日期，请改正"]
    if at > now + timedelta(minutes=5):
        wrong["at"] = ["走访时间在现在之后，请改正"]
    return wrong


@transaction.atomic
def keep_promise(*, by: Actor, note: int) -> VisitNote:
    """Says that what was promised is done; twice is once."""
    row = _locked(note)
    require(by, "people.note", area=row.household.area)
    if not row.promised:
        raise Refused("这篇日记没有写明答应了什么。", code="no_promise")
    if row.promise_kept is None:
        row.promise_kept = timezone.now()
        row.save(update_fields=["promise_kept"])
        record(
            subject=f"people.household:{row.household_id}",
            verb="keep_promise",
            by=by,
            fields={"note": row.pk},
        )
    return row


@transaction.atomic
def route_note(*, by: Actor, note: int, to: str, text: str = "") -> VisitNote:
    """Sends what was asked on to a room (`ports.note_targets`), once; `text` replaces the note's own words."""
    row = _locked(note)
    require(by, "people.note", area=row.household.area)
    target = ports.note_target(to)
    words = (text or row.asked or row.heard).strip()
    wrong = {}
    if target is None:
        wrong["to"] = ["请选择转办去向"]
    if not words:
        wrong["text"] = ["请写明要转办的内容"]
    if wrong or target is None:
        raise Refused("转办信息有误，请按提示改正。", code="wrong_route", fields=wrong)
    if row.routed_to:
        raise Refused("这篇日记已经转办，不用再转。", code="routed", status=409)
    row.routed_to, row.routed_at = target.take(by, row, words), timezone.now()
    row.save(update_fields=["routed_to", "routed_at"])
    fields = {"note": row.pk, "to": row.routed_to}
    record(subject=f"people.household:{row.household_id}", verb="route_note", by=by, fields=fields)
    return row


def _locked(note: int) -> VisitNote:
    row = (
        VisitNote.objects.select_for_update(of=("self",)).select_related("household").filter(pk=note).first()
    )
    if row is None:
        raise Refused("没有这篇民情日记。", code="no_note", status=404)
    return row
