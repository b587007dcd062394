"""审核确认 or 不予确认: one authority decides, on what everybody asked has found."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.onestop import facts, flow, rules
from linli.onestop.actions import steps
from linli.onestop.actions.advance import Case, advance, read_case, visit_owed
from linli.onestop.actions.intake import write_notice
from linli.onestop.actions.money import open_entitlement
from linli.onestop.actions.reckoning import amount_for, latest, refusal_faults, without_persons
from linli.onestop.actions.working import held_task
from linli.onestop.glossary import unconfirmed_rules
from linli.onestop.incomes import sheet_of
from linli.onestop.models import Application, Decision, Notice, Task


@transaction.atomic
def approve(
    *, by: Actor, task: int, fen: int | None = None, answers: Mapping[str, str] | None = None, reason: str = "",
    at: datetime | None = None,
) -> Decision:  # fmt: skip
    """确认. `task`: the open decision; `answers`: what the decision says to every finding of fact and every dissent,
    by department. The amount (a month, or once) is that of the means sheet or the tariff; `fen` is typed only where
    neither says it, and below the most of a one-off (actions/reckoning.py).

    Raises Refused 403, 404, 409 `not_yet` (somebody has not spoken, publicity has not ended), 422 with all defects.
    """
    row, found, now = _at_decision(by, task, at)
    case = read_case(row)
    faults = flow.approval_faults(case.definition, case.household, case.course)
    faults += _papers_wanting(case) + _visit_wanting(case)
    if faults:
        raise Refused(f"现在还不能确认：{'；'.join(faults)}。", code="not_yet", status=409)
    amount, wrong = amount_for(case, fen, now)
    wrong |= _unanswered(case, answers or {})
    if wrong:
        raise Refused("决定还不完整，请按提示补充。", code="wrong_decision", fields=wrong)
    values = {"fen": amount.fen, "sheet": amount.sheet, "rule_versions": amount.versions}
    decision = _decide(by, case, found, "approve", answers or {}, reason, "", now, **values)
    open_entitlement(by=by, row=row, decision=decision, definition=case.definition)
    advance(SYSTEM, case, now)
    return decision


@transaction.atomic
def refuse(
    *, by: Actor, task: int, reason: str, basis: str, answers: Mapping[str, str] | None = None,
    ground: str = "other", at: datetime | None = None,
) -> tuple[Decision, Notice]:  # fmt: skip
    """不予确认: reason, rule and fact in writing; the notice with its remedies is made at once and has its own owner
    and term. What is still to be confirmed cannot be the ground (422). `ground`: means | other; incomes only by a
    means sheet that says no and has nothing open (`Sheet.may_refuse`)."""
    row, found, now = _at_decision(by, task, at)
    case = read_case(row)
    if faults := flow.decision_faults(case.course) + _visit_wanting(case):
        raise Refused(f"现在还不能决定：{'；'.join(faults)}。", code="not_yet", status=409)
    wrong = {
        **rules.refusal_faults(reason, basis, unconfirmed_rules()),
        **refusal_faults(row, ground, reason),
        **_unanswered(case, answers or {}),
    }
    if wrong:
        raise Refused("决定还不完整，请按提示补充。", code="wrong_decision", fields=wrong)
    held = latest(row) if ground == "means" else None
    values = {"sheet": without_persons(sheet_of(held), held)} if held else {}
    decision = _decide(by, case, found, "refuse", answers or {}, reason, basis, now, **values)
    steps.close_tasks(row, now)
    return decision, write_notice(case, "refusal", reason, basis, now)


def _at_decision(by: Actor, task: int, at: datetime | None) -> tuple[Application, Task, datetime]:
    row, found = held_task(by, task, "onestop.decide")
    if found.step != "decide":
        raise Refused("这项任务不是决定，请用“办理”。", code="not_a_decision", status=409)
    return row, found, steps.moment(at)


def _visit_wanting(case: Case) -> list[str]:
    return ["近亲属备案或被举报的，决定前须入户核查"] if visit_owed(case) else []


def _papers_wanting(case: Case) -> list[str]:
    lines = {s.material: rules.Line(s.material, s.way, s.state) for s in case.row.slots.all()}
    wanting = rules.missing_materials(case.definition, case.household, lines)
    checked = {t.branch for t in case.tasks if t.step == "mismatch" and t.state == "done"}
    names = {one.name for one in case.definition.materials if one.code in checked}
    left = [name for name in wanting if name not in names]
    return [f"还缺{'、'.join(left)}"] if left else []


def _unanswered(case: Case, answers: Mapping[str, str]) -> dict[str, list[str]]:
    """A finding of fact is answered whatever it says; an opinion only when it is overruled. What was found in an
    earlier round and was not superseded stands, and is answered too."""
    asked = [
        task.branch
        for task in case.tasks
        if task.binding and task.state == "done"
        and (task.binding == "fact" or task.opinion == "disagree")
    ]  # fmt: skip
    left = rules.findings_unanswered(asked, answers)
    return {"answers": [f"请回应{name}的意见" for name in left]} if left else {}


def _decide(
    by: Actor, case: Case, task: Task, outcome: str, answers: Mapping[str, str], reason: str, basis: str,
    now: datetime, **values: Any,
) -> Decision:  # fmt: skip
    row = case.row
    row.save(update_fields=["mode"])  # the trigger reads it
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                application=row, task=task, round=row.round, outcome=outcome, findings=dict(answers),
                reason=reason.strip(), basis=basis.strip()[:200], by_id=by.account, at=now, **values,
            )  # fmt: skip
    except DatabaseError as clash:
        raise Refused("办件刚刚有了变化，请刷新后再决定。", code="moved_on", status=409) from clash
    task.state, task.opinion = "done", "agree" if outcome == "approve" else "disagree"
    task.reason, task.done_at, task.done_by_id = reason.strip(), now, by.account
    task.save()
    for known in case.tasks:
        if known.pk == task.pk:
            known.state, known.opinion = task.state, task.opinion
    before = steps.move(row, outcome)
    row.decided_at = now
    told = [steps.case_fact(facts.ApplicationDecided, row, outcome=outcome, category=row.item.category)]
    if outcome == "refuse":
        told.append(steps.case_fact(facts.ApplicationClosed, row, cause="refused"))
    steps.keep(by, row, outcome, before, now, text=reason.strip(), told=told, decision=decision.pk)
    return decision
