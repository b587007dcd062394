"""All shipped items to their end, random step tables in random order: nobody paid unlawfully, nobody left stuck."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.onestop import checks, executor, flow
from linli.onestop.catalogue import parse
from linli.onestop.executor import SCENARIOS, made_up, simulate
from linli.onestop.glossary import glossary, shipped_items
from linli.onestop.tests.test_rules import item

WORDS = glossary()


@pytest.mark.parametrize("raw", shipped_items(), ids=lambda raw: raw["code"])
def test_every_item_runs_lawfully_through_every_scenario(raw):
    definition = parse(raw, WORDS)
    for scenario in SCENARIOS:
        for number in range(2):
            chance = Random(f"{raw['code']}{scenario}{number}")
            run = simulate(definition, made_up(chance, WORDS.facts), scenario, WORDS, chance)
            assert run.breaches == [], run.events
            assert run.ending in ("closed", "refused", "ended")


def test_the_scenarios_end_as_they_are_called():
    endings = {}
    for scenario in ("ok", "objection", "refusal"):
        chance = Random(scenario)
        run = simulate(item("MZ-001"), made_up(chance, {}), scenario, WORDS, chance)
        endings[scenario] = (run.ending, run.rounds, run.paid)
    assert endings == {
        "ok": ("closed", 1, True),
        "objection": ("closed", 2, True),
        "refusal": ("refused", 1, False),
    }


conditions = st.sampled_from(
    [
        None,
        {"fact": "low_income"},
        {"any_member": {"fact": "disability_cert"}},
        {"not": {"fact": "small_sum"}},
    ]
)
roles = st.sampled_from(sorted(WORDS.posts))


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """A sound item with stages, groups, joins, assists and publicity out of chance."""
    steps: list[dict[str, Any]] = [_step("accept", draw(roles))]
    stages: list[str] = []
    for number in range(draw(st.integers(0, 4))):
        size, group = draw(st.integers(1, 3)), f"group{number}"
        join = draw(st.sampled_from(["all", "any", size]))
        keys = [f"s{number}{place}" for place in range(size)]
        for place, key in enumerate(keys):
            more: dict[str, Any] = {"parallel": group, "join": join} if size > 1 else {}
            if (when := draw(conditions)) and (number or place):
                more["when"] = when
            steps.append(_step(key, draw(roles), **more))
        stages.append(group if size > 1 else keys[0])
    mode = draw(st.sampled_from(["required", "none", "forbidden"])) if stages else "none"
    publicity: dict[str, Any] = {"mode": mode}
    if mode == "required":
        steps.append(_step("publicity", draw(roles), kind="publicity"))
        publicity |= {
            "days": 7,
            "on_objection": draw(st.sampled_from(stages)),
            "republish": draw(st.booleans()),
        }
        if draw(st.booleans()):
            publicity["modes_when"] = [{"mode": "forbidden", "when": {"fact": "applicant_is_minor"}}]
    steps.append(_step("decide", "lead"))
    pays = draw(st.booleans())
    steps += [_step("pay", "finance.payer", kind="pay")] if pays else [_step("deliver", "centre.window")]
    assists = [
        {"dept": dept, "purpose_zh": "核", "stage": draw(st.sampled_from(stages)), "binding": "fact"}
        | ({"when": when} if (when := draw(conditions)) else {})
        for dept in (
            draw(st.lists(st.sampled_from(sorted(WORDS.departments)), max_size=3, unique=True))
            if stages
            else []
        )
    ]
    return {
        "code": "ZH-900", "name_zh": "随机", "category": "ZH", "kind": "承诺件", "lead_department": "县民政局",
        "materials": [], "statutory_limit": {"days": 90}, "promised_limit": {"days": 60}, "steps": steps,
        "assists": assists, "publicity": publicity, "payout": {"kind": "monthly" if pays else "none"},
        "provenance": {"other": "to_confirm"},
    }  # fmt: skip


def _step(key: str, role: str, kind: str = "desk", **more: Any) -> dict[str, Any]:
    return {"key": key, "name_zh": key, "kind": kind, "role": role, **more}


@settings(max_examples=120, deadline=None)
@given(tables(), st.sampled_from(SCENARIOS), st.integers(0, 10**6))
def test_any_sound_table_in_any_order_of_events_breaks_no_rule(raw, scenario, seed):
    assert checks.check(raw, WORDS) == []
    chance = Random(seed)
    run = simulate(parse(raw, WORDS), made_up(chance, WORDS.facts), scenario, WORDS, chance)
    assert run.breaches == [], (run.events, raw["steps"], raw["publicity"])
    assert run.ending


# ---- the watcher itself: it must see what a broken flow would do


def _watched(monkeypatch: pytest.MonkeyPatch, name: str, broken: Any, code: str, scenario: str) -> list[str]:
    monkeypatch.setattr(flow, name, broken)
    found: list[str] = []
    for number in range(12):
        chance = Random(number)
        found += simulate(item(code), made_up(chance, WORDS.facts), scenario, WORDS, chance).breaches
    return found


def test_the_watcher_sees_a_join_that_counts_nobody(monkeypatch):
    def nobody(stage, wanted, tasks):
        return stage.key == "investigate" or real(stage, wanted, tasks)

    real = flow.complete
    assert any("investigate" in said for said in _watched(monkeypatch, "complete", nobody, "MZ-001", "ok"))


def test_the_watcher_sees_a_join_that_counts_an_earlier_round(monkeypatch):
    def any_round(course):
        return {m.key: replace(m, state="done") if m.state == "superseded" else m for m in course.marks}

    assert any(
        "本轮" in said for said in _watched(monkeypatch, "_this_round", any_round, "MZ-003", "objection")
    )


def test_the_watcher_sees_money_paid_without_publicity(monkeypatch):
    monkeypatch.setattr(executor, "approval_faults", lambda *_: [])
    found = _watched(monkeypatch, "_publish", lambda *_: None, "MZ-005", "ok")
    assert any("公示没有期满就发放" in said for said in found)


def test_the_watcher_sees_a_case_in_nobodys_hands(monkeypatch):
    monkeypatch.setattr(
        executor, "next_steps", lambda item, household, course: flow.Next() if course.marks else first
    )
    first = flow.next_steps(item("MZ-001"), made_up(Random(1), {}), flow.Course())
    chance = Random(3)
    run = simulate(item("MZ-001"), made_up(chance, WORDS.facts), "ok", WORDS, chance)
    assert any("没有任何人手里" in said for said in run.breaches)


def test_the_watcher_sees_a_post_nobody_holds():
    empty = replace(WORDS, posts={})
    chance = Random(1)
    run = simulate(item("MZ-011"), made_up(chance, WORDS.facts), "ok", empty, chance)
    assert any("没有办理单位" in said for said in run.breaches)
