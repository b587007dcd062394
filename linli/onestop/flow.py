"""What opens next: a pure interpreter of an item's step table. (definition, facts, tasks so far) -> what opens, what drops.

A stage is done when its join is satisfied by tasks of the current round alone; stages before the round's start were
done before. Assists are always waited for (silence is never consent). Publicity is held where it is required and the
opinion before it is favourable; the decision opens after it. See onestop.md sections 4.4 and 4.6.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from linli.onestop.catalogue import Definition, Stage, publicity_mode
from linli.onestop.conditions import Household, holds

LIVE = ("open", "done")
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A task as the flow sees it. `kind` extra: raised beside the table (a mismatch), waited for before the decision."""

    step: str
    branch: str = ""
    round: int = 1
    state: str = "open"  # open | done | superseded
    opinion: str = ""  # agree | disagree
    kind: str = "desk"

    @property
    def key(self) -> Key:
        return self.step, self.branch


@dataclass(frozen=True, slots=True)
class Course:
    """How far a case has come. `start`: the stage this round began at; publicity counts from round `publish_from`."""

    marks: tuple[Mark, ...] = ()
    round: int = 1
    start: int = 0
    publish_from: int = 1
    outcome: str = ""  # approve | refuse, once decided


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task the table asks for now. `role` is a post of offices.yaml, or `dept:<name>` for a department."""

    step: str
    branch: str
    name: str
    kind: str
    role: str
    stage: int
    cause: str = ""
    min_people: int = 1
    binding: str = ""

    @property
    def key(self) -> Key:
        return self.step, self.branch


@dataclass(frozen=True, slots=True)
class Next:
    """Tasks to open, open tasks no longer asked for, and whether the table is at its end."""

    open: tuple[Wanted, ...] = ()
    drop: tuple[Mark, ...] = ()
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    course: Course
    superseded: tuple[Mark, ...]


def wanted_of(definition: Definition, index: int, household: Household) -> tuple[Wanted, ...]:
    """Every task of one stage for this household: its steps, then the departments that assist it."""
    stage = definition.stages[index]
    steps = [
        Wanted(
            step=step.key,
            branch="",
            name=step.name,
            kind=step.kind,
            role=f"dept:{definition.lead}" if step.role == "lead" else step.role,
            stage=index,
            cause=step.cause,
            min_people=step.min_people,
        )
        for step in stage.steps
        if holds(step.when, household) and not _skipped(definition, step.key, household)
    ]
    assists = [
        Wanted(stage.key, one.dept, one.purpose, "desk", f"dept:{one.dept}", index, binding=one.binding)
        for one in stage.assists
        if holds(one.when, household)
    ]
    return (*steps, *assists)


def _skipped(definition: Definition, key: str, household: Household) -> bool:
    return any(key in keys and holds(when, household) for keys, when in definition.skip)


def _enough(stage: Stage, steps: Sequence[Wanted]) -> int:
    """How many of the stage's own steps must be done."""
    if stage.join == "all":
        return len(steps)
    return min(1 if stage.join == "any" else int(stage.join), len(steps))


def complete(stage: Stage, wanted: Sequence[Wanted], tasks: Mapping[Key, Mark]) -> bool:
    """Whether a stage's join holds, counting only `tasks` (those of one round).

    `any` and n count favourable opinions; when everybody has spoken the stage is over, whatever they said.
    """
    steps = [one for one in wanted if not one.binding]
    done = {one.key for one in wanted if one.key in tasks and tasks[one.key].state == "done"}
    if any(one.binding and one.key not in done for one in wanted):
        return False
    if all(one.key in done for one in steps):
        return True
    agreed = sum(one.key in done and tasks[one.key].opinion != "disagree" for one in steps)
    return stage.join != "all" and agreed >= _enough(stage, steps)


def favourable(definition: Definition, household: Household, course: Course) -> bool:
    """Whether the opinion before the publicity is for the applicant: that of the last stage with tasks before it."""
    before = definition.publicity_at if definition.publicity_at is not None else definition.decide or 0
    tasks = _this_round(course)
    for index in range(before - 1, course.start - 1, -1):
        stage = definition.stages[index]
        steps = [one for one in wanted_of(definition, index, household) if not one.binding]
        if steps:
            agreed = sum(one.key in tasks and tasks[one.key].opinion != "disagree" for one in steps)
            return agreed >= _enough(stage, steps)
    return True


def _this_round(course: Course) -> dict[Key, Mark]:
    return {mark.key: mark for mark in course.marks if mark.round == course.round and mark.state in LIVE}


def publicity_marks(course: Course) -> list[Mark]:
    """The publicity that counts: of the rounds since the matter last had to be posted anew."""
    return [
        m
        for m in course.marks
        if m.kind == "publicity" and m.round >= course.publish_from and m.state in LIVE
    ]


def published(course: Course) -> bool:
    return any(mark.state == "done" for mark in publicity_marks(course))


def next_steps(definition: Definition, household: Household, course: Course) -> Next:
    """The one decision of the flow. Idempotent: asked again after its answer was carried out, it opens nothing."""
    if course.outcome == "refuse":
        return Next(finished=True)
    tasks, drop = _this_round(course), _unlawful(definition, household, course)
    for index in range(course.start, len(definition.stages)):
        stage = definition.stages[index]
        if stage.kind == "publicity":
            answer = _publish(definition, household, course, index)
            if answer is not None:
                return replace(answer, drop=(*drop, *answer.drop))
            continue
        wanted = wanted_of(definition, index, household)
        drop += _dropped(definition, index, wanted, tasks)
        if index == definition.decide and (answer := _gate(definition, household, course)) is not None:
            return replace(answer, drop=tuple(drop))
        if not complete(stage, wanted, tasks):
            missing = tuple(one for one in wanted if one.key not in tasks)
            return Next(open=missing, drop=tuple(drop))
        drop += [tasks[one.key] for one in wanted if one.key in tasks and tasks[one.key].state == "open"]
        if index == definition.decide and not course.outcome:
            return Next(drop=tuple(drop))
    return Next(drop=tuple(drop), finished=not _extras(course))


def _dropped(
    definition: Definition, index: int, wanted: Sequence[Wanted], tasks: Mapping[Key, Mark]
) -> list[Mark]:
    """Open tasks of a stage that the facts, as known now, no longer ask for."""
    asked, stage = {one.key for one in wanted}, definition.stages[index]
    ours = {(step.key, "") for step in stage.steps} | {(stage.key, one.dept) for one in stage.assists}
    return [m for k, m in tasks.items() if k in ours - asked and m.state == "open" and m.kind != "extra"]


def _unlawful(definition: Definition, household: Household, course: Course) -> list[Mark]:
    """A posting still up although, as is known now, none may or need be."""
    if publicity_mode(definition, household) == "required":
        return []
    return [mark for mark in course.marks if mark.kind == "publicity" and mark.state == "open"]


def _publish(definition: Definition, household: Household, course: Course, index: int) -> Next | None:
    """None when the case may go past the publicity."""
    if publicity_mode(definition, household) != "required" or published(course):
        return None
    running = publicity_marks(course)
    if not favourable(definition, household, course):
        return None
    return Next() if running else Next(open=wanted_of(definition, index, household))


def _gate(definition: Definition, household: Household, course: Course) -> Next | None:
    """What keeps the decision shut: a posting that still runs or is still owed, an open extra task."""
    at = definition.publicity_at
    if at is not None and at < course.start and (answer := _publish(definition, household, course, at)):
        return answer
    return Next() if _extras(course) else None


def _extras(course: Course) -> list[Mark]:
    return [m for m in course.marks if m.kind == "extra" and m.state == "open" and m.round == course.round]


def decision_faults(course: Course) -> list[str]:
    """Why nothing may be decided now, either way: somebody asked this round has not spoken, or it is not yet time."""
    said = []
    waiting = [
        m for m in course.marks if m.round == course.round and m.state == "open" and m.step != "decide"
    ]
    if waiting:
        said.append(f"本轮还有 {len(waiting)} 项没有办完")
    if not any(m.step == "decide" and m.round == course.round and m.state in LIVE for m in course.marks):
        said.append("还没有走到决定这一步")
    return said


def approval_faults(definition: Definition, household: Household, course: Course) -> list[str]:
    """Why the case may not be approved now; empty when it may. The database holds the same (Decision's trigger)."""
    said = decision_faults(course)
    if publicity_mode(definition, household) == "required" and not published(course):
        said.append("公示尚未期满")
    return said


def restart(definition: Definition, household: Household, course: Course, to: str) -> Restart:
    """The next round, begun at the step or group `to`. Tasks from there on are superseded, open extras move along.

    Raises KeyError for an unknown step, ValueError for one that is no step between acceptance and decision. Where a
    required publicity is not held yet, the round begins no later than the opinion that leads to it.
    """
    index, last = definition.places[to], definition.decide
    if index < 1 or last is None or index >= last:
        raise ValueError("只能退回到受理之后、决定之前的步骤")
    at = definition.publicity_at
    required = at is not None and publicity_mode(definition, household) == "required"
    if at is not None and required and index > at - 1 and not publicity_marks(course):
        index = max(1, at - 1)
    again = required and at is not None and index <= at and definition.publicity.republish
    following = course.round + 1
    publish_from = following if again else course.publish_from
    gone = tuple(mark for mark in course.marks if _superseded(definition, mark, index, publish_from))
    marks = tuple(_carried(mark, gone, following) for mark in course.marks)
    return Restart(Course(marks, following, index, publish_from), gone)


def _superseded(definition: Definition, mark: Mark, index: int, publish_from: int) -> bool:
    if mark.state not in LIVE or mark.kind == "extra":
        return False
    if mark.kind == "publicity" and mark.round >= publish_from:
        return False
    return definition.places.get(mark.step, -1) >= index


def _carried(mark: Mark, gone: Iterable[Mark], following: int) -> Mark:
    if mark in gone:
        return replace(mark, state="superseded")
    if mark.kind == "extra" and mark.state == "open":
        return replace(mark, round=following)
    return mark


def route(definition: Definition, household: Household) -> tuple[Wanted, ...]:
    """Everybody the table asks for this household if nothing is objected to, in order: the picture before it starts."""
    mode = publicity_mode(definition, household)
    return tuple(
        one
        for index, stage in enumerate(definition.stages)
        if stage.kind != "publicity" or mode == "required"
        for one in wanted_of(definition, index, household)
    )
