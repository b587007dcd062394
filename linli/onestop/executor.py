"""Runs an item from acceptance to its end on the flow alone, and watches it. Pure: no database, no clock.

The watcher does not ask the flow what is right: it keeps its own log of what was done in which round and compares.
Used before an item is published, by `linli onestop simulate`, and by the tests on random step tables.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from linli.onestop.catalogue import Definition, publicity_mode
from linli.onestop.conditions import Household, holds
from linli.onestop.flow import Course, Mark, Wanted, approval_faults, next_steps, restart
from linli.onestop.glossary import Glossary

SCENARIOS = ("ok", "objection", "refusal", "return", "death", "late_source")
WORDS = {
    "ok": "顺利办结",
    "objection": "公示有异议",
    "refusal": "不予确认",
    "return": "退回重办",
    "death": "申请人死亡",
    "late_source": "数据来源迟到且不符",
}
MOST_EVENTS = 400


@dataclass
class Run:
    """One imagined case. `breaches` names every rule it broke; empty is what is hoped for."""

    item: str
    scenario: str
    ending: str = ""  # closed | refused | ended | "" while it runs
    events: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    rounds: int = 1
    paid: bool = False


class Executor:
    """Drives one case by a source of chance: which open task is done next, when the scenario's incident happens."""

    def __init__(
        self, definition: Definition, household: Household, scenario: str, glossary: Glossary, chance: Random
    ) -> None:
        self.item, self.household, self.glossary, self.chance = definition, household, glossary, chance
        self.run = Run(definition.code, scenario)
        self.course = Course()
        self.asked: dict[tuple[str, str, int], Wanted] = {}
        self.done: set[tuple[str, str, int]] = set()  # the watcher's own log
        self.posted: list[int] = []  # rounds in which a publicity ended
        self.owed_from = 1  # since which round it has to have ended
        self.decided = ""
        self.happened = scenario in ("ok", "refusal")
        self.strike = chance.randint(1, max(2, len(definition.steps) - 1))

    def to_the_end(self) -> Run:
        for event in range(MOST_EVENTS):
            self._advance()
            if self.run.ending:
                return self._close()
            if not self.happened and event >= self.strike and self._incident():
                continue
            self._do(self.chance.choice(self._ready()))
        self.run.breaches.append("办件走不到头")
        return self._close()

    # ---- carrying out what the flow says

    def _advance(self) -> None:
        answer = next_steps(self.item, self.household, self.course)
        self._set(answer.drop, "superseded")
        fresh = [Mark(one.step, one.branch, self.course.round, kind=one.kind) for one in answer.open]
        for one in answer.open:
            self._watch_opening(one)
            self.asked[(*one.key, self.course.round)] = one
        self.course = replace(self.course, marks=(*self.course.marks, *fresh))
        if answer.finished:
            self.run.ending = "refused" if self.decided == "refuse" else "closed"
        elif not self._open():
            self._breach("没有任何人手里有这件事")
            self.run.ending = "stuck"

    def _open(self) -> list[Mark]:
        return [mark for mark in self.course.marks if mark.state == "open"]

    def _ready(self) -> list[Mark]:
        """What somebody can do now: the decision only when everybody else has spoken."""
        others = [mark for mark in self._open() if mark.step != "decide"]
        return others or self._open()

    def _set(self, marks: Iterable[Mark], state: str, opinion: str = "") -> None:
        chosen = set(marks)
        self.course = replace(
            self.course,
            marks=tuple(
                replace(m, state=state, opinion=opinion) if m in chosen else m for m in self.course.marks
            ),
        )

    def _do(self, mark: Mark) -> None:
        self.run.events.append(f"{self.course.round}:{mark.step}{'/' + mark.branch if mark.branch else ''}")
        if mark.step == "decide":
            self._decide(mark)
        elif mark.kind == "publicity":
            self._post(mark)
        else:
            opinion = "disagree" if self._against(mark) else "agree"
            self._set([mark], "done", opinion)
            self.done.add((*mark.key, mark.round))
            if mark.kind == "pay":
                self._watch_payment()

    def _against(self, mark: Mark) -> bool:
        """In a refusal some run is turned down early; in any run an assisting department may be of another mind."""
        if mark.step == "accept" or self.decided:
            return False
        return self.chance.random() < (0.3 if self.run.scenario == "refusal" else 0.1 if mark.branch else 0.0)

    def _post(self, mark: Mark) -> None:
        if self.run.scenario == "objection" and not self.happened:
            self.happened = True
            self._again(self.item.publicity.on_objection, objection=True)
            return
        self._set([mark], "done", "agree")
        self.posted.append(mark.round)

    def _decide(self, mark: Mark) -> None:
        self._watch_decision()
        faults = approval_faults(self.item, self.household, self.course)
        self.decided = "refuse" if faults or self.run.scenario == "refusal" else "approve"
        self._set([mark], "done", "agree" if self.decided == "approve" else "disagree")
        self.done.add((*mark.key, mark.round))
        self.course = replace(self.course, outcome=self.decided)
        if self.decided == "refuse":
            self._watch_refusal(faults)

    # ---- incidents

    def _incident(self) -> bool:
        if self.decided and self.run.scenario != "death":
            return False
        match self.run.scenario:
            case "death":
                self._set(self._open(), "superseded")
                self.run.ending = "ended"
            case "return":
                return self._return()
            case "late_source" if self._accepted():
                extra = Mark("mismatch", "ID", self.course.round, kind="extra")
                self.course = replace(self.course, marks=(*self.course.marks, extra))
            case _:
                return False
        self.happened = True
        self.run.events.append(self.run.scenario)
        return True

    def _accepted(self) -> bool:
        return ("accept", "", 1) in self.done

    def _return(self) -> bool:
        last = self.item.decide or 0
        targets = [stage.key for stage in self.item.stages[1:last]]
        if not (targets and self._accepted()):
            return False
        self.happened = True
        self._again(self.chance.choice(targets))
        return True

    def _again(self, to: str, *, objection: bool = False) -> None:
        begun = restart(self.item, self.household, self.course, to)
        self.course = begun.course
        self.run.rounds = begun.course.round
        self.run.events.append(f"round {begun.course.round} from {to}")
        at = self.item.publicity_at
        if at is not None and begun.course.start <= at and self.item.publicity.republish:
            self.owed_from = begun.course.round
        case = {**self.household.case, "objection_upheld_for_review": objection}
        self.household = Household(case, self.household.members)

    # ---- the watcher

    def _breach(self, said: str) -> None:
        self.run.breaches.append(f"第 {self.course.round} 轮：{said}")

    def _watch_opening(self, one: Wanted) -> None:
        name = one.role.removeprefix("dept:")
        offices = self.glossary.departments if one.role.startswith("dept:") else self.glossary.posts
        if name not in offices or not offices[name].functions or not offices[name].posts:
            self._breach(f"{one.name}没有办理单位")
        if one.kind == "publicity" and publicity_mode(self.item, self.household) != "required":
            self._breach("不应公示而公示")
        if one.kind == "pay" and self.decided != "approve":
            self._breach("没有决定就发放")

    def _watch_decision(self) -> None:
        """Everything this round asks of everybody is in the log of this very round."""
        for stage in self.item.stages[self.course.start : self.item.decide]:
            if stage.kind == "publicity":
                continue
            asked = [s.key for s in stage.steps if holds(s.when, self.household)]
            asked = [k for k in asked if not self._skipped(k)]
            heard = sum((key, "", self.course.round) in self.done for key in asked)
            least = (
                len(asked)
                if stage.join == "all"
                else min(1 if stage.join == "any" else int(stage.join), len(asked))
            )
            if heard < least:
                self._breach(f"{stage.key} 只有 {heard} 家在本轮办完")
            for one in stage.assists:
                if (
                    holds(one.when, self.household)
                    and (stage.key, one.dept, self.course.round) not in self.done
                ):
                    self._breach(f"{one.dept}在本轮没有意见")

    def _skipped(self, key: str) -> bool:
        return any(key in keys and holds(when, self.household) for keys, when in self.item.skip)

    def _watch_payment(self) -> None:
        self.run.paid = True
        if self.decided != "approve":
            self._breach("没有决定就发放")
        required = publicity_mode(self.item, self.household) == "required"
        if required and not any(number >= self.owed_from for number in self.posted):
            self._breach("公示没有期满就发放")

    def _watch_refusal(self, faults: Sequence[str]) -> None:
        if self.item.notice.days < 1 or self.item.notice_via not in self.glossary.posts:
            self._breach("不予确认没有书面告知")
        if faults and self.run.scenario != "refusal":
            self._breach(f"本应确认却不能：{'；'.join(faults)}")

    def _close(self) -> Run:
        if self.run.ending in ("closed", "refused") and self._open():
            self._breach("办结后仍有未办任务")
        if self.run.ending == "closed" and self.item.pays and not self.run.paid and not self.item.handover:
            pay = [
                step for step in self.item.steps if step.kind == "pay" and holds(step.when, self.household)
            ]
            if pay:
                self._breach("确认后没有发放")
        return self.run


def simulate(
    definition: Definition, household: Household, scenario: str, glossary: Glossary, chance: Random
) -> Run:
    """One case of an item to its end."""
    return Executor(definition, household, scenario, glossary, chance).to_the_end()


def made_up(chance: Random, facts: Mapping[str, str]) -> Household:
    """A household out of chance: one to five members, any fact of the glossary true or not."""

    def member() -> dict[str, object]:
        age = chance.randint(0, 95)
        return {
            "age": age,
            "disability_cert": chance.random() < 0.25,
            "serious_illness": chance.random() < 0.2,
            "working_age": 16 <= age <= 59,
        }

    members = [member() for _ in range(chance.randint(1, 5))]
    told = {name: chance.random() < 0.3 for name in facts}
    told["objection_upheld_for_review"] = False
    age = members[0]["age"]
    return Household({**told, **members[0], "applicant_is_minor": age < 18, "age_reaches": age}, members)  # type: ignore[operator]
