"""The seam to the room `publicity`: one kind of public notice an item, and what this room does when one moves.

A notice ends in one of three ways. Its days are over: the posting task is done. An objection is upheld: a new round
begins; where the item must be posted again (`republish`) the old posting is superseded, where it need not (低保) the
days it was to hang still have to pass before the decision (`end_postings`). It is withdrawn: the posting task goes
back to its owner. Whatever this room itself takes down it does not hear of again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, time
from typing import Any

from django.db import transaction

from linli.areas.queries import area_name
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.onestop import actions, notices
from linli.onestop.actions.publishing import shown
from linli.onestop.catalogue import Definition, parse
from linli.onestop.glossary import Glossary, glossary, shipped_items
from linli.onestop.models import Application, Task
from linli.onestop.orders import recheck_after
from linli.publicity import actions as publicity
from linli.publicity import registry
from linli.publicity.masks import Field
from linli.publicity.models import Notice

FIELDS = {
    "name": Field("name", "申请人", "name"),
    "household_size": Field("household_size", "家庭人口", "count"),
    "amount": Field("amount", "拟确认月金额", "money"),
    "area": Field("area", "所在村（社区）", "text"),
}
GENERAL = {"calendar_day": "onestop.case", "working_day": "onestop.case_wd"}  # items edited here, or added
UNITS = {"calendar_day": "d", "working_day": "wd"}
_closing: ContextVar[bool] = ContextVar("onestop_closing", default=False)


# ---- the kinds, from the catalogue


def kind_code(item: str) -> str:
    return f"onestop.{item}"


def kind_of(definition: Definition, words: Glossary) -> registry.PublicityKind | None:
    """The kind of an item that is, or may be, posted; None for one that never is."""
    terms = definition.publicity
    if terms.mode == "forbidden" or "required" not in {terms.mode, *(mode for mode, _ in terms.modes_when)}:
        return None
    fields = tuple(FIELDS[name] for name in terms.fields if name in FIELDS)
    announced = any(step.kind == "announce" for step in definition.steps)
    basis, status = _source(definition, words)
    return registry.PublicityKind(
        kind_code(definition.code), f"{definition.name}公示"[:60], fields, days=terms.days, unit=UNITS[terms.unit],
        mode="required" if terms.mode == "required" else "none",
        announce=tuple(one.key for one in fields) if announced else (), basis=basis, status=status, **_calls(),
    )  # fmt: skip


def _source(definition: Definition, words: Glossary) -> tuple[str, str]:
    """Rule and article of the publicity, and how sure they are."""
    known = definition.raw.get("provenance", {})
    status = known.get("publicity.days", known.get("other", "to_confirm"))
    named = [
        words.rules[row["rule"]] for row in definition.raw.get("basis", ()) if row["rule"] in words.rules
    ]
    if not named:
        return "", "to_confirm"
    article = next((step.article for step in definition.steps if step.kind == "publicity"), "")
    first = named[0]
    said = f"{first['title_zh']}（{first['number']}）" if first.get("number") else first["title_zh"]
    return (f"{said}第 {article} 条" if article else said)[:200], status


def _calls() -> dict[str, Any]:
    return {"on_ended": on_ended, "on_objected": on_objected, "on_upheld": on_upheld}


def register_kinds() -> int:
    """One kind for every shipped item that may be posted, two for those that editors change. Returns how many."""
    found = [kind_of(parse(raw, glossary()), glossary()) for raw in shipped_items()]
    general = [
        registry.PublicityKind(code, "便民服务事项公示", tuple(FIELDS.values()), days=1, unit=UNITS[unit],
                               mode="none", **_calls())
        for unit, code in GENERAL.items()
    ]  # fmt: skip
    made = [*(one for one in found if one is not None), *general]
    for one in made:
        registry.register(one)
    return len(made)


def kind_for(posting: notices.Posting) -> str:
    """The item's own kind where its whitelist and unit are as shipped, else the general one: a kind is known to every
    process from its start, an edited item is not."""
    own = registry.kinds().get(kind_code(posting.item))
    fits = own and own.unit == UNITS[posting.day_unit] and own.days <= posting.days
    if own and fits and {one.key for one in own.fields} == set(posting.fields):
        return own.code
    return GENERAL[posting.day_unit]


# ---- the board


class PublicityBoard:
    """`notices.Board` over the room `publicity`."""

    def open(self, by: Actor, posting: notices.Posting) -> str:
        place = posting.place
        village = place["community"] or place["street"]
        given = publicity.Given(
            kind=kind_for(posting), subject=posting.subject, values=[dict(posting.fields)], place=place,
            places=[f"{area_name(village)}公示栏"], unit=posting.unit, parties=posting.parties,
            handlers=posting.handlers, mode=posting.mode, days=posting.days,
        )  # fmt: skip
        return publicity.open_publicity(by=by, given=given).ref

    def close(self, by: Actor, notice: str, reason: str) -> None:
        row = _notice(notice)
        if row is None or not row.open:
            return  # publicity ends its own notice when it upholds an objection
        with closing():
            publicity.withdraw_publicity(by=SYSTEM, notice=row.pk, reason=f"办件：{reason}")

    def over(self, notice: str) -> bool:
        row = _notice(notice)
        return row is None or not row.open


@contextmanager
def closing() -> Iterator[None]:
    """While this room takes a notice down it needs no telling."""
    token = _closing.set(True)
    try:
        yield
    finally:
        _closing.reset(token)


def _notice(subject: str) -> Notice | None:
    name, _, number = subject.partition(":")
    return Notice.objects.filter(pk=int(number)).first() if name == "publicity.notice" else None


# ---- what the board says


def _case(subject: str) -> Application | None:
    name, _, number = subject.partition(":")
    return Application.objects.filter(pk=int(number)).first() if name == "onestop.application" else None


def _task(notice: Notice) -> Task | None:
    """The open posting task of a notice; None when the case has gone on without it."""
    return Task.objects.filter(kind="publicity", state="open", publicity=notice.ref).first()


def hung(notice: Notice, task: Task) -> None:
    """The list hangs since its posting, until the end that the board counted (longer when days were lost)."""
    if notice.starts is None or notice.ends_at is None:
        return
    last = notice.postings.order_by("-posted_at").values_list("posted_at", flat=True).first()
    posted = last or datetime.combine(notice.starts, time(12), SHANGHAI).astimezone(UTC)
    if task.posted_at != posted or task.due_at != notice.ends_at:
        actions.begin_publicity(
            by=SYSTEM, application=task.application_id, posted_at=posted, ends_at=notice.ends_at
        )


@transaction.atomic
def on_started(number: int) -> None:
    """PublicityStarted: the clocks stand still. A second telling, or one that comes late, changes nothing."""
    notice = Notice.objects.get(pk=number)
    task = _task(notice)
    if task is not None and notice.open:
        hung(notice, task)


def on_ended(by: Actor, told: registry.Ended) -> None:
    """In the transaction of the end: days over, objection upheld, or withdrawn at the board."""
    if _closing.get():
        return
    notice = Notice.objects.get(pk=told.notice)
    task = _task(notice)
    if task is None:
        return
    hung(notice, task)
    if told.outcome == "none":
        actions.end_publicity(by=SYSTEM, application=task.application_id)
    elif told.outcome == "upheld":
        actions.rule_objection(by=SYSTEM, application=task.application_id, upheld=True, reason=_ruled(notice))
    else:
        actions.reopen_publicity(by=SYSTEM, application=task.application_id, reason=notice.reason)


def _ruled(notice: Notice) -> str:
    return f"公示 {notice.number} 期间的异议成立，须重新调查"


def on_objected(by: Actor, told: registry.Objected) -> None:
    """A late objection is a report (被举报): the decision then asks for a home visit."""
    row = _case(told.subject)
    if told.late and row is not None:
        actions.note_report(by=SYSTEM, application=row.pk)


def on_upheld(by: Actor, told: registry.Ruled) -> None:
    """Upheld after the list came down: the matter is judged anew if it still can be, else looked at again on the spot.

    In time, `on_ended` follows in the same transaction and rules.
    """
    notice, row = Notice.objects.get(pk=told.notice), _case(told.subject)
    if row is None or (notice.open and not told.late):
        return
    if row.state == "accepted" and shown(row.tasks.all()):
        actions.rule_objection(by=SYSTEM, application=row.pk, upheld=True, reason=_ruled(notice))
    elif row.state in ("approved", "closed"):
        recheck_after(row, _ruled(notice))


def follow_ends() -> int:
    """Notices that hang longer than was told (days lost, holidays published since). Returns how many moved."""
    moved = 0
    for task in Task.objects.filter(kind="publicity", state="open").exclude(publicity=""):
        notice = _notice(task.publicity)
        if notice and notice.open and notice.starts and notice.ends_at != task.due_at:
            hung(notice, task)
            moved += 1
    return moved


def take_down_all(application: int) -> None:
    """A case that is over leaves nothing on the wall, however it ended."""
    board = notices.bound()
    tasks = Task.objects.filter(application=application, kind="publicity").exclude(publicity="")
    for notice in tasks.values_list("publicity", flat=True) if board else ():
        notices.take_down(SYSTEM, notice, "办件已结束")
