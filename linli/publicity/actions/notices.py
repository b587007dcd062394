"""A notice from its opening to its end."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch.actions import Assignee, Wanted, located, raise_order
from linli.dispatch.actions.orders import LOCATED
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.inserts import next_ids
from linli.publicity import masks, registry, rules
from linli.publicity.actions.steps import (
    end_if_due,
    finish,
    kept,
    locked,
    must_move,
    must_say,
    note,
    require_on,
    save,
    set_period,
    start,
)
from linli.publicity.models import Notice, Objection, Outage, Posting
from linli.publicity.registry import PublicityKind

MOST_PLACES = 20
INSTRUCTIONS = (
    "打印公示名单，张贴在“{place}”，拍下名单全文和周围环境各一张后办结；张贴当日不计入公示期。名单见公示页。"
)
END_INSTRUCTIONS = "公示今日期满。请到“{place}”拍下仍在张贴的名单后办结，拍照后可以取下。"


@dataclass(frozen=True, slots=True)
class Given:
    """What a room gives for one notice: whom it concerns is in `values`, of which only whitelisted keys are kept.

    `values`: one mapping a row. `place`: the LOCATED columns. `places`: where paper lists go, in words. `to`: who
    posts them; by default the keeper of the grid, else the committee of the village. `parties`, `handlers`: accounts
    that must not rule on objections. `mode` may only be stricter than the kind's (a minor: `forbidden`);
    `days` only longer.
    """

    kind: str
    subject: str
    values: Sequence[Mapping[str, Any]]
    place: Mapping[str, Any]
    places: Sequence[str] = ()
    unit: str = ""
    to: Assignee | None = None
    parties: Iterable[int] = ()
    handlers: Iterable[int] = ()
    mode: str = ""
    days: int = 0


def kind_of(code: str) -> PublicityKind:
    found = registry.kinds().get(code)
    if found is None:
        raise Refused("没有这种公示。", code="no_kind", fields={"kind": ["请选择已登记的公示种类"]})
    return found


def may_open(kind: PublicityKind, mode: str = "") -> bool:
    """False where law keeps the matter from being shown: by the kind, or by what the room knows of the case."""
    return "forbidden" not in (kind.mode, mode)


@transaction.atomic
def open_publicity(*, by: Actor, given: Given) -> Notice:
    """发起公示: freezes the masked list, orders its posting; kinds without paper begin to count at once.

    Raises Refused 403 where the kind or the case forbids publicity, 422 for wrong values, 409 when the subject
    already has an open notice of this kind.
    """
    kind = kind_of(given.kind)
    place = {name: given.place[name] for name in LOCATED}
    area = next((place[name] for name in ("grid", "community", "street", "county") if place[name]), "")
    require(by, "publicity.open", area=area, unit=given.unit)
    if not may_open(kind, given.mode):
        raise Refused("此事项依法不得公示。", code="forbidden", status=403)
    places = _places(kind, given.places)
    row = _draft(kind, given, place, masks.masked_rows(kind.fields, given.values))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as clash:
        if "one_open_notice" not in str(clash):
            raise
        raise Refused("此事项已有一份公示尚未结束。", code="already_open", status=409) from None
    note(row, "open", by, before="draft")
    kept(row, "open", by, kind=row.kind, rows=len(row.rows), sheet=row.sheet, mode=row.mode)
    if kind.posting:
        for words in places:
            _order_posting(by, row, words, given.to)
    else:
        now = timezone.now()
        start(by, row, rules.local_day(now), now)
    return row


def _places(kind: PublicityKind, given: Sequence[str]) -> list[str]:
    places = list(dict.fromkeys(words for one in given if (words := " ".join(one.split()))))
    if not kind.posting:
        return []
    if not places or len(places) > MOST_PLACES or any(len(one) > 120 for one in places):
        said = f"请写明纸质名单张贴的地点，1 至 {MOST_PLACES} 处，每处不超过 120 字"
        raise Refused(f"{said}。", code="no_places", fields={"places": [said]})
    return places


def _draft(kind: PublicityKind, given: Given, place: Mapping[str, Any], rows: list[dict[str, str]]) -> Notice:
    stricter = given.mode if given.mode == "required" else kind.mode
    (number,) = next_ids(Notice)
    row = Notice(
        pk=number,
        kind=kind.code,
        subject=given.subject,
        title=kind.title,
        unit=given.unit,
        mode=stricter,
        columns=[{"key": one.key, "label": one.label} for one in kind.fields],
        rows=rows,
        days=max(kind.days, given.days),
        day_unit=kind.unit,
        roll=kind.roll,
        posting=kind.posting,
        listed=kind.listed,
        basis=kind.basis,
        status=kind.status,
        opened_at=timezone.now(),
        barred=sorted({*given.parties, *given.handlers}),
        **place,
    )
    row.sheet = sheet_digest(row)
    return row


def sheet(row: Notice) -> str:
    """The list in plain text as printed; its SHA-256 is `row.sheet`."""
    return rules.sheet_text(
        number=row.number,
        title=row.title,
        place=f"区域代码 {row.area}",
        days=rules.days_words(row.days, row.day_unit),
        columns=row.columns,
        rows=row.rows,
    )


def sheet_digest(row: Notice) -> str:
    return hashlib.sha256(sheet(row).encode()).hexdigest()


def _order_posting(by: Actor, row: Notice, words: str, to: Assignee | None) -> None:
    posting = Posting.objects.create(notice=row, place=words, days=row.days)
    posting.order = raise_order(
        by=by,
        wanted=_wanted(row, posting, f"张贴公示：{row.title}", INSTRUCTIONS),
        to=to or poster_of(row),
    )
    posting.save(update_fields=["order"])


def _wanted(row: Notice, posting: Posting, title: str, instructions: str) -> Wanted:
    return Wanted(
        kind="publicity.post",
        subject=posting.ref,
        title=f"{title}（{posting.place}）",
        place=located(row),
        instructions=instructions.format(place=posting.place),
    )


def poster_of(row: Notice) -> Assignee | None:
    """Who posts where nobody is named: the keeper of the grid, else the village committee; None for a dispatcher."""
    unit = areas.unit_for("CUN", row.area) or row.unit
    keeper = areas.keepers(row.grid).get("worker") if row.grid else None
    return Assignee(unit, keeper) if keeper or unit else None


@transaction.atomic
def withdraw_publicity(*, by: Actor, notice: int, reason: str) -> Notice:
    """撤回, with a reason: gone from the public page, posting orders called back, the room told."""
    row = locked(notice)
    require_on(by, "publicity.withdraw", row)
    state = must_move(row, "withdraw")
    row.reason = must_say(reason, "reason", "撤回原因")[:500]
    finish(by, row, state=state, outcome="withdrawn", step="withdraw", text=row.reason)
    return row


def each(numbers: Iterable[int], act: Callable[[int], int]) -> int:
    """Does `act` for each, every one in its own transaction: a room whose callback fails holds up nobody else.

    Raises the last failure when all are through, so that the timer notes it.
    """
    done, failed = 0, None
    for number in numbers:
        try:
            done += act(number)
        except Exception as why:
            failed = why
    if failed is not None:
        raise failed
    return done


def begin_due(now: datetime | None = None) -> int:
    """Midnight after posting: the first full day begins. Returns how many notices."""
    now = now or timezone.now()
    due = Notice.objects.filter(state="posted", starts__lt=rules.local_day(now)).values_list("pk", flat=True)
    return each(due[:500], _begin)


@transaction.atomic
def _begin(number: int) -> int:
    row = Notice.objects.select_for_update(skip_locked=True).filter(pk=number, state="posted").first()
    if row is None:
        return 0
    row.state = must_move(row, "begin")
    save(row)
    note(row, "begin", SYSTEM, before="posted")
    return 1


def end_due(now: datetime | None = None) -> int:
    """Ends notices whose days are over, to the second; those held by an outage or objection wait. Returns how many."""
    now = now or timezone.now()
    down = Outage.objects.filter(notice=OuterRef("pk"), until=None)
    unruled = Objection.objects.filter(notice=OuterRef("pk"), late=False, state="open")
    due = Notice.objects.filter(~Exists(down), ~Exists(unruled), state__in=["posted", "running"])
    due = due.filter(ends_at__lte=now).order_by("ends_at")
    return each(due.values_list("pk", flat=True)[:500], lambda number: _end(number, now))


@transaction.atomic
def _end(number: int, now: datetime) -> int:
    row = Notice.objects.select_for_update(skip_locked=True).filter(pk=number).first()
    if row is None or not row.open or row.starts is None:
        return 0
    if row.provisional:
        recount(row, now)  # holidays published since: the end may have moved
    return int(end_if_due(row, now))


def recount(row: Notice, now: datetime) -> bool:
    """Counts a locked notice's days again; True when its end moved. End photos taken too early no longer count."""
    assert row.starts is not None
    before = row.ends
    set_period(row, row.starts, now)
    if row.ends == before:
        return False
    save(row)
    row.postings.filter(ends__lt=row.ends).update(ends=None, closed_at=None, end_order=None)
    note(row, "extend", SYSTEM, text=f"期满日由 {before} 改为 {row.ends}，顺延 {row.lost} 天")
    kept(row, "extend", SYSTEM, before=str(before), ends=str(row.ends), lost=row.lost)
    return True


def recount_provisional(now: datetime | None = None) -> int:
    """Nightly: ends that rest on a year without published holidays. Returns how many moved."""
    now = now or timezone.now()
    waiting = Notice.objects.filter(provisional=True, state__in=["posted", "running"])
    return each(waiting.values_list("pk", flat=True), lambda number: _count_again(number, now))


@transaction.atomic
def _count_again(number: int, now: datetime) -> int:
    row = locked(number)
    if not row.open or row.starts is None:
        return 0
    moved = recount(row, now)
    Notice.objects.filter(pk=row.pk).update(provisional=row.provisional)
    return int(moved)


def call_for_end_photos(now: datetime | None = None) -> int:
    """On the last day: an order for each place, to photograph the list as it still hangs. Returns how many."""
    now = now or timezone.now()
    due = Posting.objects.filter(
        notice__state__in=["posted", "running"],
        notice__ends__lte=rules.local_day(now),
        starts__isnull=False,
        ends=None,
        end_order=None,
    )
    return each(due.values_list("pk", flat=True)[:500], _call)


@transaction.atomic
def _call(number: int) -> int:
    posting = Posting.objects.select_for_update(skip_locked=True).filter(pk=number, end_order=None).first()
    if posting is None or not posting.notice.open:
        return 0
    row = posting.notice
    first = posting.order
    to = Assignee(first.unit, first.person_id) if first and (first.unit or first.person_id) else None
    wanted = _wanted(row, posting, f"公示期满拍照：{row.title}", END_INSTRUCTIONS)
    posting.end_order = raise_order(by=SYSTEM, wanted=wanted, to=to or poster_of(row))
    posting.save(update_fields=["end_order"])
    return 1
