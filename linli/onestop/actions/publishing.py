"""公示 as this room sees it: asked for, hung, over; an objection ruled. The notices themselves stand elsewhere."""

from datetime import datetime

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.onestop import clocks, flow, notices, rules
from linli.onestop.actions import steps
from linli.onestop.actions.advance import Case, advance, begin_round, read_case, settle
from linli.onestop.models import Application, Task
from linli.people.rules import mask_name


def whitelisted(case: Case) -> dict[str, str]:
    """The fields the item allows, masked: never more, whatever a room above asks for."""
    row, found = case.row, {}
    known = {
        "name": lambda: mask_name(row.person.name),
        "household_size": lambda: str(row.members.count()),
        "amount": lambda: str(row.facts.get("proposed_amount", "")),
        "area": lambda: row.community or row.street or row.county,
    }
    for name in case.definition.publicity.fields:
        if name in known:
            found[name] = known[name]()
    return found


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
        unit=found.unit, fields=whitelisted(case), days=terms.days, day_unit=terms.unit,
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
    if now < found.due_at and not found.publicity:
        raise Refused("公示尚未期满。", code="not_yet", status=409)
    found.state, found.opinion, found.done_at, found.done_by_id = "done", "agree", now, by.account
    found.save()
    steps.keep(by, row, "end_publicity", row.state, now, task=found.pk)
    advance(SYSTEM, case, now)
    return row


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
    if not any(
        task.kind == "publicity" and task.posted_at and task.state in flow.LIVE for task in case.tasks
    ):
        raise Refused("这个办件没有公示，不能处理公示异议。", code="no_publicity", status=409)
    if upheld:
        begin_round(by, case, case.definition.publicity.on_objection, now, objection=True)
    steps.keep(by, row, "rule", before, now, text=said, upheld=int(upheld))
    advance(SYSTEM, case, now)
    return row


def end_postings(*, now: datetime | None = None) -> int:
    """Paper postings whose last day is over end by themselves. Returns how many."""
    moment = steps.moment(now)
    due = Task.objects.filter(
        kind="publicity", state="open", posted_at__isnull=False, publicity="", due_at__lt=moment
    )
    numbers = list(due.values_list("application", flat=True))
    for number in numbers:
        end_publicity(by=SYSTEM, application=number, at=moment)
    return len(numbers)
