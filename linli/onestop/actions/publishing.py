"""公示 as this room sees it: asked for, hung, over; an objection ruled. The notices themselves stand elsewhere."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from linli.areas.queries import area_path
from linli.dispatch.actions import located
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.onestop import clocks, flow, notices, rules
from linli.onestop.actions import steps
from linli.onestop.actions.advance import Case, advance, begin_round, read_case, settle
from linli.onestop.models import Application, Task
from linli.onestop.placing import kept_out_of, place


def whitelisted(case: Case) -> dict[str, Any]:
    """The fields the item allows, raw: never more, whatever a room above asks for. `amount` in fen, None when unknown."""
    row = case.row
    known: dict[str, Callable[[], Any]] = {
        "name": lambda: row.person.name,
        "household_size": lambda: row.members.count(),
        "amount": lambda: _fen(row.facts.get("proposed_amount")),
        "area": lambda: area_path(row.community or row.street or row.county),
    }
    return {name: known[name]() for name in case.definition.publicity.fields if name in known}


def _fen(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _people_of(row: Application) -> list[int]:
    """Accounts of those the case is about, and of whoever drew it up: none of them rules on objections."""
    own = {row.agent_id, row.person.account_id, *row.members.values_list("person__account", flat=True)}
    return sorted(account for account in own if account is not None)


def _workers_of(case: Case) -> list[int]:
    """Accounts that worked on the case or hold a task of it."""
    found = {account for task in case.tasks for account in (task.holder_id, task.done_by_id)}
    return sorted(account for account in found if account is not None)


def _posting_of(case: Case) -> Task:
    """The open publicity task. Raises Refused 409."""
    for task in case.tasks:
        if task.kind == "publicity" and task.state == "open":
            return task
    raise Refused("这个办件现在没有要发起或正在进行的公示。", code="no_publicity", status=409)


@transaction.atomic
def publish_results(*, by: Actor, application: int, at: datetime | None = None) -> Task:
    """公示: the initial opinion is put up, whitelisted fields only. On paper its days begin at once; a bound board says
    itself when the list hangs. A second time: the same answer. Raises Refused 403 also where law forbids it.
    """
    row, now = steps.locked(application), steps.moment(at)
    case = read_case(row)
    if row.mode == "forbidden":
        raise Refused("本办件依法不得公示。", code="forbidden", status=403)
    found = _posting_of(case)
    steps.require_on(by, "onestop.publish", row, found.unit)
    if found.posted_at is not None or found.publicity:
        return found
    before, terms = steps.move(row, "publish"), case.definition.publicity
    posting = notices.Posting(
        subject=row.subject, task=found.pk, round=row.round, title=f"{case.definition.name}公示", area=row.area,
        unit=found.unit, fields=whitelisted(case), days=terms.days, day_unit=terms.unit, item=case.definition.code,
        mode=row.mode, place=located(row), parties=_people_of(row), handlers=_workers_of(case),
    )  # fmt: skip
    found.publicity = notices.put_up(by, posting)
    if not found.publicity:
        _hang(case, found, now, None)
    found.save(update_fields=["publicity", "posted_at", "due_at"])
    settle(case, now)
    return _kept(by, case, found, "publish", before, now)


def _kept(by: Actor, case: Case, found: Task, action: str, before: str, now: datetime) -> Task:
    steps.keep(by, case.row, action, before, now, task=found.pk)
    return found


def _hang(case: Case, task: Task, posted: datetime, ends: datetime | None) -> None:
    terms = case.definition.publicity
    task.posted_at = posted
    task.due_at = ends or clocks.publicity_end(posted, terms.days, terms.unit, case.calendar)


@transaction.atomic
def begin_publicity(
    *, by: Actor, application: int, posted_at: datetime, ends_at: datetime, at: datetime | None = None
) -> Task:  # fmt: skip
    """The board says the list hangs (or hangs longer, for lost days): the clocks stand still until `ends_at`."""
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.publish", row)
    rules.next_state(row.state, "publish")
    case = read_case(row)
    found = _posting_of(case)
    _hang(case, found, posted_at, ends_at)
    found.save(update_fields=["posted_at", "due_at"])
    settle(case, now)
    return _kept(by, case, found, "begin_publicity", row.state, now)


@transaction.atomic
def end_publicity(*, by: Actor, application: int, at: datetime | None = None) -> Application:
    """期满: the days are over and no objection has sent the case back. An end that comes late changes nothing."""
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.publish", row)
    case = read_case(row)
    running = [
        t for t in case.tasks if t.kind == "publicity" and t.state == "open" and t.posted_at is not None
    ]
    if row.state != "accepted" or not running:
        return row
    found = running[0]
    if now < found.due_at:
        raise Refused("公示尚未期满。", code="not_yet", status=409)
    found.state, found.opinion, found.done_at, found.done_by_id = "done", "agree", now, by.account
    found.save()
    settle(case, _last_moment(found.due_at, now))
    steps.keep(by, row, "end_publicity", row.state, now, task=found.pk)
    advance(SYSTEM, case, now)
    return row


def _last_moment(due: datetime, now: datetime) -> datetime:
    """When the wait was over: the last day itself, although the timer comes some seconds into the next, which would
    cost the promise a working day."""
    return due - timedelta(microseconds=1) if now - due < timedelta(hours=1) else now


@transaction.atomic
def rule_objection(
    *, by: Actor, application: int, upheld: bool, reason: str, at: datetime | None = None
) -> Application:  # fmt: skip
    """异议处理: upheld, the next round begins where the item says; not upheld, it is answered in writing.

    By the town or a bound board, never by kin of the case. Raises Refused 409 when nothing is or was posted.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.publish", row)
    before = steps.move(row, "rule")
    said = steps.must_say(reason, "reason", "请写明处理意见和理由，以便书面答复", least=4)
    case = read_case(row)
    if not shown(case.tasks):
        raise Refused("这个办件没有公示，不能处理公示异议。", code="no_publicity", status=409)
    if upheld:
        begin_round(by, case, case.definition.publicity.on_objection, now, objection=True)
        for (
            task
        ) in case.open():  # never hung: nothing ran, so it is put up after all once the matter is judged anew
            if task.kind == "publicity" and task.publicity and task.posted_at is None:
                _put_back(case, task, now)
    steps.keep(by, row, "rule", before, now, text=said, upheld=int(upheld))
    advance(SYSTEM, case, now)
    return row


def shown(tasks: Iterable[Task]) -> bool:
    """Whether a posting that counts was ordered, hangs or hung: only then is there anything to object to."""
    return any(
        task.kind == "publicity" and (task.posted_at or task.publicity) and task.state in flow.LIVE
        for task in tasks
    )


def _put_back(case: Case, task: Task, now: datetime) -> None:
    """The posting is to be ordered anew by its holder, or whoever now has the post."""
    where = place(task.role, case.row.area, kept_out_of(case.row))
    soon = clocks.usual_term("posting")
    task.publicity, task.posted_at = "", None
    task.due_at = clocks.term_due(now, soon.days, soon.unit, case.calendar).at
    if task.holder_id is None or task.holder_id in kept_out_of(case.row):
        task.unit, task.holder_id, task.placed = where.unit, where.holder, where.placed
    task.save(update_fields=["publicity", "posted_at", "due_at", "unit", "holder", "placed"])


@transaction.atomic
def reopen_publicity(*, by: Actor, application: int, reason: str, at: datetime | None = None) -> Task:
    """The notice was withdrawn at the board (a fault in the list): whoever holds the posting orders it anew, and its
    days begin from nothing. Raises Refused 409 when none is open."""
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.publish", row)
    rules.next_state(row.state, "publish")
    said = steps.must_say(reason, "reason", "请写明撤回的原因")
    case = read_case(row)
    found = _posting_of(case)
    _put_back(case, found, now)
    settle(case, now)
    steps.keep(by, row, "reopen_publicity", row.state, now, text=said, public=False, task=found.pk)
    return found


@transaction.atomic
def note_report(*, by: Actor, application: int, at: datetime | None = None) -> Application:
    """被举报: an objection that came after its days counts as a report, so the decision needs a home visit (art. 20)."""
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.publish", row)
    if row.complaint or not row.open:
        return row
    row.complaint = True
    steps.keep(by, row, "report", row.state, now, public=False)
    if row.state == "accepted":
        advance(SYSTEM, read_case(row), now)
    return row


def end_postings(*, now: datetime | None = None) -> int:
    """Postings on paper, and those whose list came down early for an upheld objection but need not be put up again
    (`republish: false`), end when the days they were to hang are over. Returns how many."""
    moment = steps.moment(now)
    due = Task.objects.filter(kind="publicity", state="open", posted_at__isnull=False, due_at__lt=moment)
    ours = [task.application_id for task in due if notices.over(task.publicity)]
    for number in ours:
        end_publicity(by=SYSTEM, application=number, at=moment)
    return len(ours)
