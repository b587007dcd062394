"""Definitions edited piece by piece: what is picked says what was meant, and nothing is lost on the way."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linli.onestop import checks, conditions, editing, shape
from linli.onestop.editing import Clause, clauses_of, compare, compose
from linli.onestop.glossary import glossary, shipped_items

CODES = [one["code"] for one in shipped_items()]
calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FACTS = sorted(glossary().facts)


def item(code: str = "MZ-001") -> dict[str, Any]:
    return copy.deepcopy(dict(next(one for one in shipped_items() if one["code"] == code)))


def keys(raw: dict[str, Any]) -> list[str]:
    return [one["key"] for one in raw["steps"]]


clauses = st.builds(
    Clause, st.sampled_from(["case", "member"]), st.sampled_from(FACTS), st.sampled_from(["yes", "no"])
) | st.builds(
    Clause, st.sampled_from(["case", "member"]), st.sampled_from(FACTS), st.sampled_from([">", ">=", "<", "<=", "=", "!="]),
    st.integers(0, 120).map(str),
)  # fmt: skip


@calm
@given(st.sampled_from(["all", "any"]), st.lists(clauses, max_size=4))
def test_a_picked_condition_reads_back_as_it_was_picked(join, lines):
    made = compose(join, lines)
    assert not made or not conditions.faults(made, glossary().facts)
    read = clauses_of(made)
    assert read is not None and read[1] == lines and (len(lines) < 2 or read[0] == join)


def test_a_condition_too_deep_for_the_page_is_told_and_never_guessed():
    deep = {"all": [{"any": [{"fact": "age"}, {"fact": "low_income"}]}, {"fact": "small_sum"}]}
    assert clauses_of(deep) is None
    assert (
        editing.condition_text(deep, glossary().facts)
        == "（（周岁或属低保、特困或低保边缘）且金额在乡镇审批额度内）"
    )


@pytest.mark.parametrize("code", CODES)
def test_every_shipped_condition_is_shown_whole(code):
    raw = item(code)
    for row in (*raw["steps"], *raw.get("assists", ()), *raw.get("materials", ())):
        when = row.get("when") or row.get("need", {}).get("when")
        if when:
            assert clauses_of(when) is not None, (code, when)


@calm
@given(
    st.sampled_from(CODES),
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["up", "down"])), max_size=12),
)
def test_moving_rows_loses_none_and_breaks_no_group(code, moves):
    raw = made = item(code)
    for at, way in moves:
        made = editing.move_row(made, "steps", at % len(made["steps"]) + 1, way)
    assert sorted(keys(made)) == sorted(keys(raw))
    assert {one["key"]: one for one in made["steps"]} == {one["key"]: one for one in raw["steps"]}
    assert not shape.faults(made, glossary())


def test_a_step_goes_beside_its_neighbour_and_back():
    raw = item()
    assert editing.needed_by(raw, {"key": "reinvestigate"}) == ["“异议成立后从哪一步重来”"]
    with pytest.raises(ValueError, match="异议成立后"):
        editing.drop_row(raw, "steps", keys(raw).index("reinvestigate") + 1)
    first = keys(raw).index("first") + 1
    beside = editing.side_by_side(raw, first, "prev", 2)
    group = [one["key"] for one in beside["steps"] if one.get("parallel") == "investigate"]
    assert group == ["survey", "check", "first"] and {
        one["join"] for one in beside["steps"] if one.get("parallel")
    } == {2}
    back = editing.side_by_side(beside, first, "alone", "all")
    assert [one.get("parallel") for one in back["steps"]] == [one.get("parallel") for one in raw["steps"]]
    alone = editing.drop_row(raw, "steps", keys(raw).index("check") + 1)
    assert not any(one.get("parallel") for one in alone["steps"])
    assert {one["stage"] for one in alone["assists"]} == {
        "survey"
    }  # who assisted the group assists what is left
    assert not shape.faults(alone, glossary())


def test_a_new_row_stands_where_it_was_asked_for_and_behind_a_whole_group():
    raw = item()
    row = {"key": "s", "name_zh": "核对", "kind": "desk", "role": "town.officer"}
    after = keys(raw).index("survey") + 1
    assert keys(editing.insert_row(raw, "steps", after, row)).index("s") == keys(raw).index("check") + 1
    paper = {"code": "M1", "name_zh": "新材料", "obtain": "submit", "sample": "", "need": {}}
    made = editing.insert_row(raw, "materials", 0, paper)
    assert made["materials"][0] == {"code": "M1", "name_zh": "新材料", "obtain": "submit"}
    assert made["materials"][1:] == raw["materials"]


def test_the_comparison_says_what_changed_in_words():
    old = item()
    new = editing.insert_row(old, "materials", 3, {"code": "M1", "name_zh": "租房合同", "obtain": "submit"})
    new["promised_limit"] = {**new["promised_limit"], "days": 6}
    new["steps"][0] = {**new["steps"][0], "role": "centre.window"}
    new = editing.move_row(new, "assists", 1, "down")
    said = {(one.part, one.what, one.before, one.after) for one in compare(old, new, glossary())}
    assert ("事项", "承诺时限·天数", "7", "6") in said
    assert ("材料", "新增", "", "租房合同") in said
    assert ("步骤", f"{old['steps'][0]['name_zh']}：岗位", "乡镇（街道）窗口", "综合窗口") in said
    assert any(part == "协办" and what == "顺序" for part, what, _, _ in said)
    assert len(said) == 4 and not compare(old, old, glossary())


def test_a_finding_stands_beside_its_row():
    raw = item()
    raw["promised_limit"]["days"] = 5
    raw["publicity"]["on_objection"] = ""
    raw["steps"][0]["when"] = {"fact": "low_income"}
    places = {editing.place_of(path, raw) for path, _ in checks.check(raw, glossary())}
    assert {("terms", 0), ("publicity", 0), ("steps", 1)} <= places
    at = keys(raw).index("publicity") + 1
    assert editing.place_of("steps.publicity", raw) == ("steps", at)
    assert editing.place_of("assists.investigate", raw)[0] == "assists"
    assert editing.place_of("refusal_notice.days", raw) == ("notices", 0)
