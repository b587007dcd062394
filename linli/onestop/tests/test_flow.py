"""What opens next, on small tables written out."""

import copy
from dataclasses import replace

import pytest

from linli.onestop.catalogue import Definition, parse
from linli.onestop.conditions import Household
from linli.onestop.flow import (
    Course,
    Mark,
    approval_faults,
    decision_faults,
    favourable,
    next_steps,
    restart,
    route,
)
from linli.onestop.glossary import glossary, shipped_items
from linli.onestop.tests.test_rules import DIBAO, HEALTHY, item

DISABLED = Household({}, [{"age": 68, "disability_cert": True}])
UPHELD = Household({"objection_upheld_for_review": True}, DISABLED.members)


def opened(definition: Definition, household: Household, course: Course) -> set[str]:
    return {one.branch or one.step for one in next_steps(definition, household, course).open}


def done(*keys: str, round: int = 1, opinion: str = "agree") -> tuple[Mark, ...]:
    """`survey`, `investigate/县残联` … as done marks."""
    made = []
    for key in keys:
        step, _, branch = key.partition("/")
        kind = "publicity" if step == "publicity" else "desk"
        made.append(Mark(step, branch, round, "done", opinion, kind))
    return tuple(made)


def joined(join: object) -> Definition:
    """公租房 with its joint review counted by `join`."""
    raw = copy.deepcopy(dict(next(one for one in shipped_items() if one["code"] == "ZJ-001")))
    for step in raw["steps"]:
        if step.get("parallel"):
            step["join"] = join
    return parse(raw, glossary())


def test_the_parallel_stage_opens_side_by_side():
    assert opened(DIBAO, DISABLED, Course()) == {"accept"}
    assert opened(DIBAO, DISABLED, Course(done("accept"))) == {"survey", "check", "县残联", "县民政局养老股"}
    assert opened(DIBAO, HEALTHY, Course(done("accept"))) == {"survey", "check"}


def test_asked_again_it_opens_nothing():
    marks = done("accept") + tuple(Mark(key) for key in ("survey", "check"))
    assert next_steps(DIBAO, HEALTHY, Course(marks)).open == ()


def test_silence_is_never_consent():
    marks = done("accept", "survey", "check", "investigate/县残联")
    assert opened(DIBAO, DISABLED, Course(marks)) == {"县民政局养老股"}
    marks += (Mark("investigate", "县民政局养老股"),)
    assert opened(DIBAO, DISABLED, Course(marks)) == set()


def test_a_join_counts_this_round_only():
    marks = done("accept", "survey", "check", "first")
    begun = restart(DIBAO, HEALTHY, Course(marks + (Mark("publicity", kind="publicity"),)), "investigate")
    assert begun.course.round == 2
    assert opened(DIBAO, HEALTHY, begun.course) == {"survey", "check"}
    half = replace(begun.course, marks=begun.course.marks + done("survey", round=2))
    assert opened(DIBAO, HEALTHY, half) == {"check"}


@pytest.mark.parametrize(
    ("join", "first", "moves_on"),
    [("all", "agree", False), ("any", "agree", True), ("any", "disagree", False), (2, "agree", False)],
)
def test_joins_of_all_any_and_n(join, first, moves_on):
    housing = joined(join)
    marks = done("accept") + done("income", opinion=first) + (Mark("housing"),)
    answer = next_steps(housing, HEALTHY, Course(marks))
    assert bool(answer.open) is moves_on
    if moves_on:
        assert [one.step for one in answer.open] == ["publicity"]


def test_an_open_voice_no_longer_needed_is_dropped():
    marks = done("accept", "income") + (Mark("housing"),)
    assert next_steps(joined("any"), HEALTHY, Course(marks)).drop == (Mark("housing"),)


def test_any_is_over_when_all_have_spoken_against():
    marks = done("accept") + done("income", "housing", opinion="disagree")
    assert opened(joined("any"), HEALTHY, Course(marks)) == {"decide"}  # no publicity: it was unfavourable


def test_an_unfavourable_opinion_is_not_posted():
    marks = done("accept", "survey", "check") + done("first", opinion="disagree")
    assert not favourable(DIBAO, HEALTHY, Course(marks))
    assert opened(DIBAO, HEALTHY, Course(marks)) == {"decide"}
    assert approval_faults(DIBAO, HEALTHY, Course(marks + (Mark("decide"),))) == ["公示尚未期满"]


def test_the_decision_waits_for_the_publicity_to_end():
    marks = done("accept", "survey", "check", "first")
    running = Course(marks + (Mark("publicity", kind="publicity"),))
    assert opened(DIBAO, HEALTHY, Course(marks)) == {"publicity"}
    assert next_steps(DIBAO, HEALTHY, running).open == ()
    assert opened(DIBAO, HEALTHY, Course(marks + done("publicity"))) == {"decide"}


def test_dibao_is_not_posted_again_and_tekun_is():
    tekun = item("MZ-003")
    first = Course(done("accept", "survey") + (Mark("publicity", kind="publicity"),))
    again = restart(tekun, HEALTHY, first, "survey")
    assert {mark.step for mark in again.superseded} == {"survey", "publicity"}
    marks = again.course.marks + done("survey", round=2)
    assert opened(tekun, HEALTHY, replace(again.course, marks=marks)) == {"publicity"}
    dibao = Course(done("accept", "survey", "check", "first") + (Mark("publicity", kind="publicity"),))
    kept = restart(DIBAO, UPHELD, dibao, "reinvestigate")
    assert kept.superseded == () and kept.course.publish_from == 1
    assert opened(DIBAO, UPHELD, kept.course) == {"reinvestigate"}
    spoken = replace(kept.course, marks=kept.course.marks + done("reinvestigate", round=2))
    assert next_steps(DIBAO, UPHELD, spoken).open == ()  # its days still run
    over = tuple(replace(m, state="done") if m.kind == "publicity" else m for m in spoken.marks)
    assert opened(DIBAO, UPHELD, replace(spoken, marks=over)) == {"decide"}


def test_a_posting_comes_down_when_it_turns_out_to_be_forbidden():
    card = item("CL-001")
    minor = Household({"applicant_is_minor": True})
    posted = Mark("publicity", kind="publicity")
    course = Course(done("accept", "assess", "review") + (posted,))
    answer = next_steps(card, minor, course)
    assert answer.drop == (posted,) and [one.step for one in answer.open] == ["decide"]


def test_a_fact_that_falls_away_takes_its_department_along():
    marks = done("accept", "survey", "check") + (Mark("investigate", "县残联"),)
    answer = next_steps(DIBAO, HEALTHY, Course(marks))
    assert [mark.branch for mark in answer.drop] == ["县残联"]
    assert [one.step for one in answer.open] == ["first"]


def test_relief_households_skip_what_the_rule_says():
    aid = item("YB-005")
    relief = Household({"in_relief_register": True})
    assert opened(aid, relief, Course(done("accept"))) == {"decide"}
    assert opened(aid, Household(), Course(done("accept"))) == {"first"}


def test_an_extra_task_holds_the_decision_and_moves_to_the_next_round():
    extra = Mark("mismatch", "ID", kind="extra")
    marks = done("accept", "survey", "check", "first", "publicity") + (extra,)
    assert next_steps(DIBAO, HEALTHY, Course(marks)).open == ()
    begun = restart(DIBAO, HEALTHY, Course(marks), "first")
    assert [m.round for m in begun.course.marks if m.kind == "extra"] == [2]
    assert decision_faults(Course((*marks, Mark("decide")))) == ["本轮还有 1 项没有办完"]


def test_a_return_before_any_posting_goes_back_to_the_opinion():
    marks = done("accept", "survey", "check") + done("first", opinion="disagree") + (Mark("decide"),)
    begun = restart(DIBAO, HEALTHY, Course(marks), "reinvestigate")
    assert DIBAO.stages[begun.course.start].key == "first"


@pytest.mark.parametrize("to", ["accept", "decide", "pay"])
def test_nothing_returns_to_intake_or_beyond_the_decision(to):
    with pytest.raises(ValueError, match="只能退回"):
        restart(DIBAO, HEALTHY, Course(done("accept")), to)


def test_after_a_yes_the_rest_follows_in_order_and_after_a_no_nothing():
    marks = done("accept", "survey", "check", "first", "publicity", "decide")
    yes = Course(marks, outcome="approve")
    assert opened(DIBAO, HEALTHY, yes) == {"announce"}
    paid = replace(yes, marks=marks + done("announce", "pay"))
    assert next_steps(DIBAO, HEALTHY, paid).finished
    assert next_steps(DIBAO, HEALTHY, Course(marks, outcome="refuse")).finished


def test_mediation_is_handed_over_without_a_decision():
    talks = item("SF-002")
    assert talks.decide is None and talks.handover == "mediation"
    assert next_steps(talks, HEALTHY, Course(done("accept", "handover", "deliver"))).finished


def test_the_route_is_told_before_it_starts():
    assert [one.step for one in route(DIBAO, HEALTHY)] == [
        "accept", "survey", "check", "first", "publicity", "decide", "announce", "pay",
    ]  # fmt: skip
    assert "publicity" not in [one.step for one in route(item("MZ-007"), HEALTHY)]
