"""Carrying out what the flow says: tasks opened with their owner and due date, tasks dropped, clocks settled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from linli.kernel.actor import Actor
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.deadlines.rules import Calendar
from linli.onestop import clocks, facts, flow, notices, orders
from linli.onestop.actions import steps
from linli.onestop.catalogue import Definition, Term, publicity_mode
from linli.onestop.conditions import Household
from linli.onestop.models import Application, Task
from linli.onestop.placing import kept_out_of, place
from linli.onestop.reading import course_of, definition_of, household_of


@dataclass(slots=True)
class Case:
    """A locked case with everything the flow reads; `tasks` are all its rounds'."""

    row: Application
    definition: Definition
    household: Household
    tasks: list[Task]
    calendar: Calendar

    @property
    def course(self) -> flow.Course:
        outcome = {"approved": "approve", "closed": "approve", "refused": "refuse"}.get(self.row.state, "")
        return course_of(self.row, self.tasks, outcome)

    def open(self) -> list[Task]:
        return [task for task in self.tasks if task.state == "open" and task.kind != "notice"]


def read_case(row: Application) -> Case:
    """Reads what the flow needs: two queries beside the locked row."""
    definition, household = definition_of(row.version), household_of(row)
    row.mode = publicity_mode(definition, household)
    return Case(row, definition, household, list(row.tasks.all()), calendar_for(row.county))


def advance(by: Actor, case: Case, now: datetime) -> list[Task]:
    """Opens what is wanted now and drops what is not, saves the case, may end it. Returns the tasks opened."""
    answer = flow.next_steps(case.definition, case.household, case.course)
    supersede(by, case, answer.drop, now, "情况有变，不再需要")
    opened = open_tasks(case, visit_first(case, answer.open), now)
    settle(case, now)
    if answer.finished and case.row.state in ("accepted", "approved"):
        finish(by, case, now)
    else:
        case.row.save(update_fields=steps.SAVED)
    return opened


VISIT = flow.Wanted(
    orders.VISIT, "", "决定前入户核查（近亲属备案或被举报）", "extra", "county.civil_affairs", 0, min_people=2
)


def visit_first(case: Case, wanted: Sequence[flow.Wanted]) -> Sequence[flow.Wanted]:
    """Kin recorded, or reported by somebody: a home visit before the decision, once a case (民发〔2021〕57号 art. 20)."""
    deciding = any(one.step == "decide" for one in wanted)
    decided = any(task.step == "decide" and task.state == "open" for task in case.tasks)
    if case.row.state != "accepted" or not (deciding or decided) or not visit_owed(case):
        return wanted
    if any(task.step == orders.VISIT and task.state == "open" for task in case.tasks):
        return [one for one in wanted if one.step != "decide"]
    return [
        *(one for one in wanted if one.step != "decide"),
        replace(VISIT, stage=case.definition.decide or 0),
    ]


def visit_owed(case: Case) -> bool:
    """Whether the home visit is asked for and was not made yet."""
    made = any(task.step == orders.VISIT and task.state == "done" for task in case.tasks)
    return orders.visit_wanted(case.row) and not made


def supersede(by: Actor, case: Case, marks: Sequence[flow.Mark], now: datetime, why: str) -> None:
    """Rows of the given marks become superseded; a posting among them is taken down."""
    gone = {(mark.step, mark.branch, mark.round) for mark in marks}
    for task in case.tasks:
        if (task.step, task.branch, task.round) in gone and task.state in flow.LIVE:
            hangs = task.kind == "publicity" and task.state == "open"
            task.state = "superseded"
            task.save(update_fields=["state"])
            if hangs:
                notices.take_down(by, task.publicity, why)
            if orders.kind_of(task):
                orders.call_back(task, why)


def open_tasks(case: Case, wanted: Sequence[flow.Wanted], now: datetime) -> list[Task]:
    """One row a task, each with a named owner or on the supervisor's list."""
    if not wanted:
        return []
    out, row = kept_out_of(case.row), case.row
    fresh = []
    for one in wanted:
        where = place(one.role, row.area, out)
        fresh.append(
            Task(
                application=row,
                step=one.step,
                branch=one.branch,
                round=row.round,
                stage=one.stage,
                name=one.name[:80],
                kind=one.kind,
                role=one.role,
                cause=one.cause,
                binding=one.binding,
                min_people=one.min_people,
                unit=where.unit,
                holder_id=where.holder,
                placed=where.placed,
                opened_at=now,
                due_at=task_due(case, one, now),
                grid=row.grid,
                community=row.community,
                street=row.street,
                county=row.county,
            )
        )
    made = Task.objects.bulk_create(fresh)
    case.tasks += made
    for task in made:
        orders.send(row, task)
    return made


def task_due(case: Case, one: flow.Wanted, now: datetime) -> datetime:
    """By the step's own term, else within the promise; after the decision and for extras by data/clocks.yaml."""
    term = _term(case, one)
    if term is not None:
        return clocks.term_due(now, term.days, term.unit, case.calendar).at
    limit = case.row.promised_due or case.row.statutory_due
    soon = clocks.usual_term("posting")
    return limit if limit and limit > now else clocks.term_due(now, soon.days, soon.unit, case.calendar).at


def _term(case: Case, one: flow.Wanted) -> Term | None:
    if one.kind == "extra":
        return clocks.usual_term("extra")
    if one.step == "accept":
        return clocks.usual_term("intake")
    own = _stage_term(case, one) if one.branch else clocks.step_term(case.definition, one.step)
    if own:
        return own
    if one.kind == "publicity":
        return clocks.usual_term("posting")
    decided = case.definition.decide
    return clocks.usual_term("after") if decided is not None and one.stage > decided else None


def _stage_term(case: Case, one: flow.Wanted) -> Term | None:
    """A department that assists has as long as the longest step it is asked beside."""
    keys = [step.key for step in case.definition.stages[one.stage].steps]
    terms = [term for key in keys if (term := clocks.step_term(case.definition, key)) is not None]
    return max(terms, key=lambda term: term.days, default=None)


def settle(case: Case, now: datetime) -> None:
    """Stops or starts both clocks by what is open now, and computes both due dates again."""
    row = case.row
    if not row.clocks or row.state != "accepted":
        return
    waiting, until = _waiting(case)
    for which in (clocks.PROMISED, clocks.STATUTORY):
        clock = clocks.settle(clocks.Clock.from_json(row.clocks[which]), waiting, now, until)
        row.clocks[which] = clock.to_json()
    set_dues(row, case.calendar)


def set_dues(row: Application, calendar: Calendar) -> None:
    """Due dates from the clocks as they stand."""
    promised, statutory = (
        clocks.clock_due(clocks.Clock.from_json(row.clocks[which]), calendar)
        for which in (clocks.PROMISED, clocks.STATUTORY)
    )
    row.promised_due, row.statutory_due = promised.at, statutory.at
    term = definition_of(row.version).promised
    row.warn_at = clocks.warns_at(promised.at, row.accepted_at or promised.at, term.days, term.unit, calendar)
    row.provisional = promised.provisional or statutory.provisional


def _waiting(case: Case) -> tuple[list[str], datetime | None]:
    """The cause each open task waits for, and when the wait is known to end (a posting's last day)."""
    causes, ends = [], []
    for task in case.open():
        posting = task.kind == "publicity"
        causes.append("" if posting and task.posted_at is None else task.cause)
        if posting and task.posted_at is not None:
            # its last moment: the midnight after it belongs to a day of the promise
            ends.append(task.due_at - timedelta(microseconds=1))
    return causes, max(ends, default=None)


def finish(by: Actor, case: Case, now: datetime) -> None:
    """The table is at its end: done, or handed to the room the item names."""
    row = case.row
    if case.definition.handover:
        before = steps.move(row, "refer")
        told = [
            facts.ApplicationReferred(
                row.pk, row.subject, row.area, row.item.code, row.person_id, case.definition.handover
            ),
            steps.case_fact(facts.ApplicationClosed, row, cause="referred"),
        ]
        steps.keep(by, row, "refer", before, now, told=told, room=case.definition.handover)
        return
    before = steps.move(row, "close")
    told = [steps.case_fact(facts.ApplicationClosed, row, cause="done")]
    steps.keep(by, row, "close", before, now, told=told)


def begin_round(by: Actor, case: Case, to: str, now: datetime, *, objection: bool = False) -> None:
    """Round + 1 from a step; older tasks from there on are superseded. Raises as `flow.restart` does."""
    row = case.row
    begun = flow.restart(case.definition, case.household, case.course, to)
    supersede(by, case, begun.superseded, now, "进入新一轮")
    for task in case.tasks:
        if task.kind == "extra" and task.state == "open":
            task.round = begun.course.round
            task.save(update_fields=["round"])
    row.round, row.start = begun.course.round, begun.course.start
    row.publish_from = begun.course.publish_from
    row.facts = {**row.facts, "objection_upheld_for_review": objection}
    case.household = household_of(row)
