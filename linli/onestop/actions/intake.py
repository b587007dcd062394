"""The window: accepted, sent back once with all defects, or not accepted with the reason and the right place."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.deadlines.queries import calendar_for
from linli.onestop import clocks, facts, flow, rules
from linli.onestop.actions import scans, steps
from linli.onestop.actions.advance import Case, advance, open_tasks, read_case, set_dues
from linli.onestop.actions.drafts import lines_of
from linli.onestop.glossary import unconfirmed_rules
from linli.onestop.models import Application, Notice, Task

SUPPLEMENT_KEPT = timedelta(days=1)  # a lapse is noted the day after, never on the last day itself


def intake_of(row: Application) -> Task | None:
    return row.tasks.filter(step="accept", state="open").first()


@transaction.atomic
def accept(
    *, by: Actor, application: int, tolerate: Sequence[str] = (), base_version: int | None = None,
    at: datetime | None = None,
) -> Application:  # fmt: skip
    """受理: both clocks start and the first stage opens.

    Every line must be there, shared (or still asked), committed, or named in `tolerate` (容缺: only materials the item
    lets follow, until their day). Raises Refused 403, 404, 409, 422 `incomplete` naming everything that is wanting.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.accept", row, "accept")
    before = steps.move(row, "accept")
    steps.check_version(row, base_version)
    case = read_case(row)
    _tolerate(case, tolerate, now)
    missing = rules.missing_materials(case.definition, case.household, _standing(row))
    if missing:
        raise Refused(
            f"材料不完整：缺少{'、'.join(missing)}。请一次性告知补正，或对可容缺的材料选择容缺受理。",
            code="incomplete", fields={"papers": [f"缺少{name}" for name in missing]},
        )  # fmt: skip
    row.accepted_at = now
    begun = clocks.begin(case.definition, case.household, now)
    row.clocks = {which: clock.to_json() for which, clock in begun.items()}
    set_dues(row, case.calendar)
    _end_intake(by, case, now, "agree")
    told = [steps.case_fact(facts.ApplicationAccepted, row, unit=row.unit, **_limits(row))]
    steps.keep(by, row, "accept", before, now, told=told, tolerated=len(tolerate))
    advance(SYSTEM, case, now)
    return row


def _limits(row: Application) -> dict[str, str]:
    return {
        which: due.date().isoformat() if due else ""
        for which, due in (
            ("promised", row.promised_due and timezone.localtime(row.promised_due)),
            ("statutory", row.statutory_due and timezone.localtime(row.statutory_due)),
        )
    }


def _standing(row: Application) -> dict[str, rules.Line]:
    """The checklist as the window sees it: asked is not yet missing, tolerated has its day."""
    lines = lines_of(list(row.slots.all()), pending=True)
    return {
        code: rules.Line(code, line.way, "met" if line.state == "tolerated" else line.state)
        for code, line in lines.items()
    }


def _tolerate(case: Case, codes: Sequence[str], now: datetime) -> None:
    allowed = {one.code: one for one in case.definition.materials if one.tolerable_days}
    wrong = [code for code in codes if code not in allowed]
    if wrong:
        raise Refused(
            "所选材料不能容缺。", code="not_tolerable", fields={"tolerate": [f"{'、'.join(wrong)}不能容缺"]}
        )
    for slot in case.row.slots.filter(material__in=codes, state__in=("waiting", "failed")):
        days = allowed[slot.material].tolerable_days
        slot.state, slot.due_at = (
            "tolerated",
            clocks.term_due(now, days, "working_day", case.calendar).at,
        )
        slot.save(update_fields=["state", "due_at", "changed"])


def _end_intake(by: Actor, case: Case, now: datetime, opinion: str, reason: str = "") -> None:
    for task in case.tasks:
        if task.step == "accept" and task.state == "open":
            task.state, task.opinion, task.reason = "done", opinion, reason
            task.done_at, task.done_by_id = now, by.account
            task.save(update_fields=["state", "opinion", "reason", "done_at", "done_by"])


@transaction.atomic
def ask_supplement(
    *, by: Actor, application: int, defects: Sequence[str] = (), at: datetime | None = None
) -> Notice:  # fmt: skip
    """一次性告知: once a case, and everything at once: what the list lacks is added to the clerk's own `defects`.

    Raises Refused 409 `told_once` for a second time, 422 when nothing is wanting.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.accept", row, "accept")
    before = steps.move(row, "ask_supplement")
    if row.notices.filter(kind="supplement", new_facts=False).exists():
        raise Refused(
            "补正已经一次性告知过，不能再次要求补正；请依现有材料受理或作出不予受理的决定。",
            code="told_once", status=409,
        )  # fmt: skip
    case = read_case(row)
    lacking = [f"缺少{n}" for n in rules.missing_materials(case.definition, case.household, _standing(row))]
    every = list(dict.fromkeys([*lacking, *(one.strip() for one in defects if one.strip())]))
    if not every:
        raise Refused("材料已经齐全，没有需要补正的内容，请受理。", code="nothing_missing")
    term = case.definition.supplement
    due = clocks.term_due(now, term.days, term.unit, case.calendar).at
    notice = Notice.objects.create(application=row, kind="supplement", defects=every, due_at=due, made_at=now)
    steps.keep(by, row, "ask_supplement", before, now, text="；".join(every), defects=len(every))
    return notice


@transaction.atomic
def answer_supplement(
    *, by: Actor, application: int, papers: Mapping[str, Sequence[int]] | None = None, at: datetime | None = None
) -> Application:  # fmt: skip
    """补正: what was wanting is handed in, and the case lies at the window again."""
    row, now = steps.locked(application), steps.moment(at)
    steps.require_applicant(by, row)
    before = steps.move(row, "answer_supplement")
    fill_papers(by, row, papers or {})
    steps.keep(by, row, "answer_supplement", before, now, papers=len(papers or {}))
    Task.objects.filter(application=row, step="accept", state="open").update(
        due_at=clocks.term_due(
            now, clocks.usual_term("intake").days, "working_day", calendar_for(row.county)
        ).at
    )
    return row


@transaction.atomic
def fill_slot(
    *, by: Actor, application: int, papers: Mapping[str, Sequence[int]], at: datetime | None = None
) -> Application:  # fmt: skip
    """Papers that follow: tolerated ones, or in place of a source that did not answer."""
    row, now = steps.locked(application), steps.moment(at)
    steps.require_applicant(by, row)
    before = steps.move(row, "fill")
    if not papers:
        raise Refused("请选择要补交的材料。", code="no_papers", fields={"papers": ["请上传材料"]})
    fill_papers(by, row, papers)
    return steps.keep(by, row, "fill", before, now, papers=len(papers))


def fill_papers(by: Actor, row: Application, papers: Mapping[str, Sequence[int]]) -> None:
    """Raises Refused 422 for materials not on the list, empty ones, and those the source has answered already."""
    slots = {slot.material: slot for slot in row.slots.all()}
    wrong = [code for code, files in papers.items() if code not in slots or not files]
    known = [slots[c].name for c in papers if c in slots and slots[c].state == "shared"]
    if wrong or known:
        said = [f"没有这项材料或没有文件：{'、'.join(wrong)}"] if wrong else []
        said += [f"已由系统取得，无需提交：{'、'.join(known)}"] if known else []
        raise Refused("补交的材料有误，请按提示改正。", code="wrong_papers", fields={"papers": said})
    steps.keep_files(by, row, [number for files in papers.values() for number in files])
    for code, files in papers.items():
        slot = slots[code]
        slot.files, slot.way, slot.state, slot.due_at = [*slot.files, *files], "submit", "met", None
        slot.save()
        scans.note_papers(slot)


@transaction.atomic
def decline(
    *, by: Actor, application: int, reason: str, basis: str, right_place: str, at: datetime | None = None
) -> Notice:  # fmt: skip
    """不予受理, in writing: why, by what rule, where to go instead, and what remedy there is. All three are asked for.

    A rule still to be confirmed may not be the ground.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.accept", row, "accept")
    before = steps.move(row, "decline")
    wrong = rules.refusal_faults(reason, basis, unconfirmed_rules())
    if not right_place.strip():
        wrong["right_place"] = ["请写明应向何处申请；本县均不办理的，写“无”"]
    if wrong:
        raise Refused("不予受理须写明理由、依据和去处。", code="say_why", fields=wrong)
    case = read_case(row)
    _end_intake(by, case, now, "disagree", reason.strip())
    steps.close_tasks(row, now)
    notice = write_notice(case, "decline", reason, basis, now, right_place=right_place)
    told = [steps.case_fact(facts.ApplicationClosed, row, cause="declined")]
    steps.keep(by, row, "decline", before, now, text=reason.strip(), told=told)
    return notice


def write_notice(
    case: Case, kind: str, reason: str, basis: str, now: datetime, *, right_place: str = ""
) -> Notice:  # fmt: skip
    """The written notice with its remedies, and a task for whoever has to deliver it in time."""
    term = case.definition.notice
    due = clocks.term_due(now, term.days, term.unit, case.calendar).at
    notice = Notice.objects.create(
        application=case.row, kind=kind, reason=reason.strip(), basis=basis.strip()[:200], remedy=rules.REMEDY,
        right_place=right_place.strip()[:200], due_at=due, made_at=now,
    )  # fmt: skip
    one = flow.Wanted("notice", kind, "书面告知送达", "notice", case.definition.notice_via, case.row.start)
    for task in open_tasks(case, [one], now):
        task.due_at = due
        task.save(update_fields=["due_at"])
    return notice


@transaction.atomic
def deliver_notice(*, by: Actor, notice: int, how: str, at: datetime | None = None) -> Notice:
    """送达: how and when it reached the applicant; closes its task. A second time: the same answer."""
    number = Notice.objects.filter(pk=notice).values_list("application", flat=True).first()
    if number is None:
        raise Refused("没有这份告知书。", code="no_notice", status=404)
    row, now = steps.locked(number), steps.moment(at)
    found = Notice.objects.select_for_update().get(pk=notice)
    steps.require_in_case(by, "onestop.work", row)
    if found.delivered_at is not None:
        return found
    found.how = steps.must_say(how, "how", "请写明送达方式，例如“当面签收”")[:64]
    found.delivered_at = now
    found.save(update_fields=["how", "delivered_at"])
    row.tasks.filter(step="notice", branch=found.kind, state="open").update(
        state="done", opinion="agree", done_at=now, done_by=by.account
    )
    steps.keep(by, row, "deliver", row.state, now, text=found.how, late=int(now > found.due_at))
    return found


def lapse_due(*, now: datetime | None = None) -> int:
    """Cases whose supplement never came are noted as lapsed, the day after. Returns how many."""
    moment = now or timezone.now()
    late = Notice.objects.filter(
        kind="supplement", application__state="supplement", due_at__lt=moment - SUPPLEMENT_KEPT
    )
    return sum(_lapse(number, moment) for number in late.values_list("application", flat=True))


@transaction.atomic
def _lapse(number: int, now: datetime) -> int:
    row: Application = steps.locked(number)
    if row.state != "supplement":
        return 0
    before = steps.move(row, "lapse")
    steps.close_tasks(row, now)
    told = [steps.case_fact(facts.ApplicationClosed, row, cause="lapsed")]
    steps.keep(SYSTEM, row, "lapse", before, now, told=told)
    return 1
