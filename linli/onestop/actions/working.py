"""Departments at work: tasks taken, done, handed on, urged; rounds begun anew; limits extended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor, can, require
from linli.onestop import clocks, orders, placing, rules
from linli.onestop.actions import steps, surveys
from linli.onestop.actions.advance import advance, begin_round, read_case, set_dues
from linli.onestop.glossary import glossary
from linli.onestop.models import Application, Entitlement, Task
from linli.onestop.reading import definition_of

OWN_WAY = {
    "accept": "受理",
    "decide": "审核确认或不予确认",
    "notice": "送达",
    "recheck": "复核",
}  # steps with an action of their own


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A field step by two, as the first writes it down: the other surveyor, what was found, who signed."""

    second: int
    answers: Mapping[str, Any]
    place: str = ""
    photos: Sequence[int] = ()
    signed: bool = False  # the household
    remote: str = ""  # why by phone or video instead
    crew_signed: bool = True  # whoever sends the record; the second signs it by `sign_survey`
    lon: float | None = None
    lat: float | None = None


def held_task(by: Actor, task: int, verb: str = "onestop.work") -> tuple[Application, Task]:
    """The locked case and an open task of the current round that `by` holds. Raises Refused 403, 404, 409."""
    row, found = steps.locked_task(task)
    verb = placing.deciding_verb(found) if verb == "onestop.decide" else verb
    steps.require_on(by, verb, row, "" if found.holder_id == by.account else found.unit)
    if found.state != "open":
        raise Refused("这项任务已经办结或已作废，请刷新后再看。", code="moved_on", status=409)
    if found.holder_id != by.account and by.kind != "system":
        raise Refused("这项任务由他人承办，请先接办或由其办理。", code="not_yours", status=403)
    return row, found


@transaction.atomic
def take_task(*, by: Actor, task: int) -> Task:
    """接办: somebody of the same unit takes it over from the list; the one who had it is told by the timeline."""
    row, found = steps.locked_task(task)
    steps.require_on(by, "onestop.work", row, found.unit)
    if found.state != "open":
        raise Refused("这项任务已经办结或已作废，请刷新后再看。", code="moved_on", status=409)
    if not placing.may_hold(by.account, found):
        raise Refused("这项任务由其他岗位承办，不能接办。", code="cannot_hold", status=403)
    if found.holder_id != by.account:
        found.holder_id, found.placed = by.account, "holder"
        found.save(update_fields=["holder", "placed"])
        orders.hand_on(found)
        steps.keep(by, row, "transfer", row.state, steps.moment(None), public=False, task=found.pk)
    return found


@transaction.atomic
def do_task(
    *, by: Actor, task: int, opinion: str = "agree", finding: str = "", reason: str = "",
    files: Sequence[int] = (), survey: Surveyed | None = None, at: datetime | None = None,
) -> Task:  # fmt: skip
    """办理: the holder's opinion, what was found, evidence; then whatever the joins now open.

    `reason` unless agreed; a department asked for a fact or opinion states its finding. A two-person step needs its
    survey, and stays open until the second surveyor has signed that record (`sign_survey`). Twice the same by the
    same: the first answer. Raises Refused 403 (kin, not the holder), 404, 409, 422.
    """
    if done := _done_before(by, task, opinion):
        return done
    row, found = held_task(by, task)
    if word := _own_way(by, found):
        raise Refused(f"这一步请用“{word}”办理。", code="own_action", status=409)
    now = steps.moment(at)
    wrong = _wrong(found, opinion, finding, reason, survey)
    if wrong:
        raise Refused("办理意见不完整，请按提示补充。", code="wrong_opinion", fields=wrong)
    rules.next_state(row.state, "do_task")
    steps.keep_files(by, row, [*files, *(survey.photos if survey else ())], "files")
    said = {"opinion": opinion, "finding": finding.strip(), "reason": reason.strip(), "files": list(files)}
    if survey is not None:
        surveys.write_record(by, row, found, survey, said, now)
        return found
    return finish_task(by, row, found, said, now)


def finish_task(by: Actor, row: Application, found: Task, said: Mapping[str, Any], now: datetime) -> Task:
    """The task of a locked case is done by `by`: its order closes, the case goes on."""
    before = steps.move(row, "do_task")
    found.state, found.opinion, found.finding = "done", said["opinion"], said["finding"]
    found.reason, found.files = said["reason"], list(said["files"])
    found.done_at, found.done_by_id = now, by.account
    found.save()
    orders.done_here(by, found)
    steps.keep(by, row, "do_task", before, now, reason=found.name, text=found.finding, files=found.files,
               public=not found.branch, task=found.pk, opinion=found.opinion)  # fmt: skip
    _resume_waiting(row, found)
    advance(SYSTEM, read_case(row), now)
    return found


def _own_way(by: Actor, task: Task) -> str:
    """The action a step has of its own, in words; "" for one that is done by an opinion.

    Money granted here is paid by a batch and in no other way (the system then closes the step); what another payer
    pays is noted with its proof.
    """
    granted = task.kind == "pay" and by.kind != "system"
    if granted and Entitlement.objects.filter(decision__application=task.application_id).exists():
        return "发放批次"
    return OWN_WAY.get(task.step, "发起公示" if task.kind == "publicity" else "")


def _resume_waiting(row: Application, done: Task) -> None:
    """A supplement that came, or will not come: whoever asked for it is at work again, and the clock runs."""
    if done.step != "supplement":
        return
    asker = row.tasks.filter(pk=int(done.branch or 0), state="open").first()
    if asker is not None:
        known = {step.key: step.cause for step in definition_of(row.version).steps}
        asker.cause = "" if asker.branch else known.get(asker.step, "")
        asker.save(update_fields=["cause"])


def _done_before(by: Actor, task: int, opinion: str) -> Task | None:
    if by.account is None:
        return None
    return Task.objects.filter(pk=task, state="done", done_by=by.account, opinion=opinion).first()


def _wrong(
    task: Task, opinion: str, finding: str, reason: str, survey: Surveyed | None
) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if opinion not in ("agree", "disagree"):
        wrong["opinion"] = ["请选择同意或不同意"]
    if opinion == "disagree" and len(reason.strip()) < 2:
        wrong["reason"] = ["不同意的，请写明理由"]
    if task.kind == "pay" and not finding.strip():
        wrong["finding"] = ["请写明由谁发放、哪一天、凭什么凭证"]
    if task.binding and not finding.strip():
        wrong["finding"] = ["请写明核实到的情况"]
    if task.min_people > 1 and survey is None:
        wrong["survey"] = [f"须有 {task.min_people} 名调查人员，请填写调查记录"]
    if survey is not None and not survey.signed and not survey.remote.strip():
        wrong["signed"] = ["请被调查人签字；以电话、视频调查的，写明原因"]
    if survey is not None and not survey.crew_signed:
        wrong["crew_signed"] = ["请您本人签字；另一名调查人员用自己的账号签"]
    return wrong


@transaction.atomic
def return_application(
    *, by: Actor, task: int, to: str, reason: str, at: datetime | None = None
) -> Application:  # fmt: skip
    """退回: the holder of an open task sends the case back to an earlier step; a new round begins there."""
    row, found = held_task(by, task)
    now, before = steps.moment(at), steps.move(row, "return")
    said = steps.must_say(reason, "reason", "请写明退回的理由")
    case = read_case(row)
    _restart(by, case, to, now)
    steps.keep(by, row, "return", before, now, text=said, task=found.pk, to=to)
    advance(SYSTEM, case, now)
    return row


def _restart(by: Actor, case: Any, to: str, now: datetime) -> None:
    try:
        begin_round(by, case, to, now)
    except (KeyError, ValueError):
        raise Refused(
            "只能退回到受理之后、决定之前的步骤。", code="wrong_step", fields={"to": ["请选择步骤"]}
        ) from None


@transaction.atomic
def note_facts(
    *, by: Actor, application: int, facts: Mapping[str, Any], reason: str, at: datetime | None = None
) -> Application:  # fmt: skip
    """登记新情况: facts of the case that change what is asked; a new round begins at `on_objection`, else after intake.

    Needs `onestop.work` for the lead unit or the town. Raises Refused 422 for unknown facts.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.work", row)
    unknown = [name for name in facts if name not in glossary().facts]
    if unknown or not facts:
        said = f"没有登记过的事实：{'、'.join(unknown)}" if unknown else "请选择新情况"
        raise Refused("新情况有误，请按提示改正。", code="unknown_facts", fields={"facts": [said]})
    before = steps.move(row, "note_facts")
    said = steps.must_say(reason, "reason", "请写明新情况及其来源")
    row.facts = {**row.facts, **facts}
    case = read_case(row)
    stages = case.definition.stages
    first = case.definition.publicity.on_objection or stages[min(1, len(stages) - 1)].key
    if case.definition.places[first] < (case.definition.decide or 0):
        begin_round(by, case, first, now)
    steps.keep(by, row, "note_facts", before, now, text=said, named="、".join(sorted(facts)))
    advance(SYSTEM, read_case(row), now)
    return row


@transaction.atomic
def transfer_task(*, by: Actor, task: int, to: int, reason: str) -> Task:
    """转办: to somebody who may work there and is no kin; by the holder, the unit's head or a supervisor."""
    row, found = steps.locked_task(task)
    if found.holder_id != by.account or by.account is None:
        unit = "" if can(by, "onestop.supervise", area=row.area) else found.unit
        require(by, "onestop.assign", area=row.area, unit=unit, subject=row.subject)
    if found.state != "open":
        raise Refused("这项任务已经办结或已作废，请刷新后再看。", code="moved_on", status=409)
    other = actor_for(to)
    fit = can(other, "onestop.work", area=row.area, subject=row.subject) and placing.may_hold(to, found)
    if not fit or to in placing.kept_out_of(row):
        raise Refused(
            "此人不能承办：没有权限、不在这个岗位，或应当回避。",
            code="cannot_hold",
            fields={"to": ["请选择其他人员"]},
        )
    said = steps.must_say(reason, "reason", "请写明转办的理由")
    before = steps.move(row, "transfer")
    found.holder_id, found.placed = to, "holder"
    found.save(update_fields=["holder", "placed"])
    orders.hand_on(found)
    steps.keep(by, row, "transfer", before, steps.moment(None), text=said, public=False, task=found.pk)
    return found


@transaction.atomic
def urge_task(*, by: Actor, task: int) -> Task:
    """催办: by a supervisor or the unit's head; counted, and seen at the top of the holder's list."""
    row, found = steps.locked_task(task)
    require(by, "onestop.assign", area=row.area, subject=row.subject)
    if found.state == "open":
        steps.urge(found)
        steps.keep(by, row, "urge", row.state, steps.moment(None), public=False, task=found.pk)
        found.refresh_from_db(fields=["urged"])
    return found


@transaction.atomic
def extend_limit(*, by: Actor, application: int, ground: str, at: datetime | None = None) -> Application:
    """延长: once, on a ground the item lists, by the head of a unit. Only the statutory clock gets longer."""
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.extend", row)
    before = steps.move(row, "extend")
    case = read_case(row)
    term = case.definition.term("extended")
    if term is None or ground not in term.reasons:
        grounds = "、".join(term.reasons) if term else "本事项没有可以延长的情形"
        raise Refused("延长须有规定的事由。", code="no_ground", fields={"ground": [f"可选：{grounds}"]})
    if row.extended:
        raise Refused("本办件已经延长过一次。", code="extended", status=409)
    row.extended = ground[:64]
    clock = clocks.lengthen(clocks.Clock.from_json(row.clocks[clocks.STATUTORY]), term.days)
    row.clocks[clocks.STATUTORY] = clock.to_json()
    set_dues(row, case.calendar)
    return steps.keep(by, row, "extend", before, now, text=ground, days=term.days)


@transaction.atomic
def parallel_approval(*, by: Actor, application: int, at: datetime | None = None) -> list[Task]:
    """并联审批: opens side by side whatever the table wants now and is not open yet; asked again, it opens nothing.

    Every other action does so by itself; this mends a case after holders, units or data changed. Returns open tasks.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_in_case(by, "onestop.work", row)
    rules.next_state(row.state, "do_task")
    case = read_case(row)
    advance(SYSTEM, case, now)
    _find_owners(case.open(), row)
    for one in case.open():
        orders.send(row, one)
    return case.open()


def _find_owners(tasks: Sequence[Task], row: Application) -> None:
    """Tasks on the supervisor's list go to their post as soon as somebody holds it."""
    out = placing.kept_out_of(row)
    for task in tasks:
        if task.placed == "supervisor" or task.holder_id in out:
            where = placing.place(task.role, row.area, out)
            task.unit, task.holder_id, task.placed = where.unit, where.holder, where.placed
            task.save(update_fields=["unit", "holder", "placed"])
            orders.hand_on(task)


@transaction.atomic
def record_kin(*, by: Actor, application: int, account: int, reason: str) -> Application:
    """近亲属回避: an official is kin of somebody in the case: barred from it, their tasks given to others; recorded."""
    from linli.kernel.access.actions import bar

    row, now = steps.locked(application), steps.moment(None)
    if by.account != account:
        require(by, "onestop.assign", area=row.area, subject=row.subject)
    if not row.open:
        raise Refused("办件已经结束，无需回避。", code="moved_on", status=409)
    said = steps.must_say(reason, "reason", "请写明是什么关系")
    bar(by=SYSTEM, account=account, subject=row.subject, why="kin", reason=said)
    row.kin, row.facts = True, {**row.facts, "kin_of_official": True}
    steps.keep(by, row, "record_kin", row.state, now, public=False, account=account)
    case = read_case(row)
    _find_owners(case.open(), row)
    if row.state == "accepted":
        advance(SYSTEM, case, now)
    return row
