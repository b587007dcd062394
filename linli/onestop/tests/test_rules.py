"""Pure decisions: checklists, routing, conditions, moves."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.kernel import Refused
from linli.onestop import conditions, rules
from linli.onestop.catalogue import Definition, parse, publicity_mode
from linli.onestop.conditions import Household
from linli.onestop.glossary import glossary, shipped_items
from linli.onestop.rules import Line


def item(code: str) -> Definition:
    return parse(next(one for one in shipped_items() if one["code"] == code), glossary())


DIBAO = item("MZ-001")
SHARED = [one.code for one in DIBAO.materials if one.obtain in ("share", "form")]
HEALTHY = Household({"age": 40, "working_age": False}, [{"age": 40}])
member = st.fixed_dictionaries(
    {
        "age": st.integers(0, 110),
        "disability_cert": st.booleans(),
        "serious_illness": st.booleans(),
        "working_age": st.booleans(),
    }
)


def test_the_seeds_three_papers_are_the_core_of_dibao():
    assert [one.name for one in DIBAO.materials if one.core] == [
        "居民身份证",
        "居民户口簿",
        "收入证明或收入声明",
    ]


def test_dibao_asks_for_one_paper_and_two_when_gravely_ill():
    well, ill = HEALTHY, Household({}, [{"serious_illness": True}])
    carried = [
        [m.code for m in rules.materials_needed(DIBAO, h) if m.obtain == "submit"] for h in (well, ill)
    ]
    assert carried == [["INC"], ["INC", "MED"]]


def test_everything_missing_is_told_at_once():
    found = rules.validate_documents(DIBAO, Household({}, [{"serious_illness": True}]), [], SHARED)
    assert not found.complete
    assert found.message == "材料不完整：缺少收入证明或收入声明、疾病诊断证明/病历"


@pytest.mark.parametrize("given_in", [["INC"], ["收入证明或收入声明"], {"INC": "file"}])
def test_documents_are_known_by_code_or_name(given_in):
    assert rules.validate_documents(DIBAO, HEALTHY, given_in, SHARED).complete
    assert not rules.validate_documents(DIBAO, HEALTHY, {"INC": ""}, SHARED).complete


def test_one_of_a_group_is_enough():
    rigid = item("MZ-004")
    lines = {m.code: Line(m.code, m.obtain, "met") for m in rigid.materials if not m.one_of}
    assert rules.missing_materials(rigid, HEALTHY, lines) == ["医疗费用票据及清单、学籍证明（任选一项）"]
    lines["SCH"] = Line("SCH", "share", "shared")
    assert rules.missing_materials(rigid, HEALTHY, lines) == []


def test_what_may_follow_is_left_out_only_when_tolerated():
    card = item("CL-001")
    lines = {m.code: Line(m.code, m.obtain, "shared") for m in card.materials if m.obtain == "share"}
    assert rules.missing_materials(card, HEALTHY, lines) == ["近期免冠照片"]
    assert rules.missing_materials(card, HEALTHY, lines, tolerate=True) == []


@pytest.mark.parametrize("state", ["waiting", "failed", "tolerated", "missing"])
def test_a_line_not_there_is_missing(state):
    lines = {c: Line(c, "share", "shared") for c in SHARED} | {"INC": Line("INC", "submit", state)}
    assert rules.missing_materials(DIBAO, HEALTHY, lines) == ["收入证明或收入声明"]


def test_a_healthy_man_of_40_is_never_routed_to_nobody():
    assert rules.distribute_to_departments(DIBAO, HEALTHY) == ("县民政局",)


def test_a_disabled_man_of_68_meets_the_federation_and_elderly_care():
    found = rules.distribute_to_departments(DIBAO, Household({}, [{"age": 68, "disability_cert": True}]))
    assert found == ("县民政局", "县残联", "县民政局养老股")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([one["code"] for one in shipped_items()]), st.lists(member, max_size=5))
def test_every_household_of_every_item_has_a_lead(code, members):
    found = rules.distribute_to_departments(item(code), Household({}, members))
    assert found and found[0] == item(code).lead and len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        ({"fact": "low_income"}, True),
        ({"fact": "age", "op": ">", "value": 60}, False),
        ({"fact": "age", "op": ">=", "value": 60}, True),
        ({"fact": "age", "op": "!=", "value": 60}, False),
        ({"fact": "nobody_said", "op": "<", "value": 5}, False),
        ({"fact": "age", "op": "=", "value": "60"}, False),
        ({"any_member": {"fact": "disability_cert"}}, True),
        ({"not": {"any_member": {"fact": "disability_cert"}}}, False),
        ({"all": [{"fact": "low_income"}, {"fact": "nobody_said"}]}, False),
        ({"any": [{"fact": "nobody_said"}, {"fact": "low_income"}]}, True),
    ],
)
def test_conditions_hold_on_what_was_told(condition, expected):
    household = Household({"low_income": True, "age": 60}, [{}, {"disability_cert": True}])
    assert conditions.holds(condition, household) is expected


@pytest.mark.parametrize(
    "condition",
    [
        {},
        "age > 60",
        {"fact": "unheard_of"},
        {"fact": "age", "op": ">"},
        {"fact": "age", "op": "~", "value": 3},
        {"fact": "age", "op": ">", "value": [3]},
        {"fact": "age", "code": "import os"},
        {"all": []},
        {"any": "age"},
        {"not": {"xor": []}},
    ],
)
def test_a_condition_that_is_none_is_told(condition):
    assert conditions.faults(condition, glossary().facts)


def test_conditions_are_not_nested_without_end():
    deep: dict = {"fact": "age"}
    for _ in range(9):
        deep = {"not": deep}
    assert "嵌套" in conditions.faults(deep, glossary().facts)[0]
    assert conditions.facts_named({"all": [{"fact": "age"}, {"any_member": {"fact": "low_income"}}]}) == {
        "age",
        "low_income",
    }


def test_a_minors_card_is_never_made_public():
    card = item("CL-001")
    assert publicity_mode(card, Household({"applicant_is_minor": True})) == "forbidden"
    assert publicity_mode(card, Household({"applicant_is_minor": False})) == "required"


def test_a_case_moves_only_as_the_table_says():
    assert rules.next_state("submitted", "accept") == "accepted"
    with pytest.raises(Refused, match="已办结") as refused:
        rules.next_state("closed", "accept")
    assert refused.value.status == 409
    assert {state for moves in rules.MOVES.values() for state in moves.values()} <= set(rules.STATE_WORDS)
    assert {name for moves in rules.MOVES.values() for name in moves} <= set(rules.WORDS)


def test_age_tells_who_is_of_working_age_and_who_is_a_minor():
    assert rules.facts_of_person(None, date(2026, 1, 1), None) == {}
    child = rules.facts_of_person(date(2015, 1, 1), date(2026, 1, 1), 11)
    assert rules.case_facts(child)["applicant_is_minor"] is True
    assert rules.facts_of_person(date(1990, 1, 1), date(2026, 1, 1), 36)["working_age"] is True


def test_an_unconfirmed_rule_is_no_ground_for_a_refusal():
    wrong = rules.refusal_faults("收入高于标准", "地方实施办法", {"地方实施办法", "LOCAL"})
    assert set(wrong) == {"basis"}
    assert not rules.refusal_faults("收入高于标准", "民发〔2021〕57号 第21条", {"LOCAL"})
