"""The table of moves, ladders and limits, as values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.dispatch import rules
from linli.kernel import Refused

STATES = sorted(rules.MOVES)
ACTIONS = sorted({action for moves in rules.MOVES.values() for action in moves})
EVERYTHING = {"reason": "x", "text": "x", "outcome": "x", "until": "x", "unit": "x"}


@given(st.sampled_from(STATES), st.sampled_from(ACTIONS))
def test_a_move_is_in_the_table_or_refused_with_409(state: str, action: str) -> None:
    if action in rules.MOVES[state]:
        assert rules.next_state(state, action, EVERYTHING) in rules.MOVES
    else:
        with pytest.raises(Refused) as refused:
            rules.next_state(state, action, EVERYTHING)
        assert refused.value.status == 409 and rules.STATE_WORDS[state] in refused.value.message


@pytest.mark.parametrize("action", sorted(rules.NEEDS))
def test_everything_missing_is_named_at_once(action: str) -> None:
    state = next(state for state, moves in rules.MOVES.items() if action in moves)
    with pytest.raises(Refused) as refused:
        rules.next_state(state, action, {})
    assert set(refused.value.fields) == set(rules.NEEDS[action])


@given(st.lists(st.sampled_from(ACTIONS), max_size=30))
def test_no_walk_leaves_the_table_and_the_end_is_the_end(walk: list[str]) -> None:
    state = "raised"
    for action in walk:
        if action in rules.MOVES[state]:
            state = rules.next_state(state, action, EVERYTHING)
    assert state in rules.MOVES
    assert not rules.MOVES["done"] and not rules.MOVES["cancelled"]


def test_every_state_and_action_has_its_chinese_word() -> None:
    assert set(STATES) == set(rules.STATE_WORDS) and set(ACTIONS) <= set(rules.WORDS)


@pytest.mark.parametrize(
    ("returns", "final", "late", "code"),
    [
        (0, False, False, None),
        (1, False, False, None),
        (0, True, False, "ruled_final"),
        (0, False, True, "return_too_late"),
    ],
)
def test_a_return_is_in_time_and_never_after_a_ruling(
    returns: int, final: bool, late: bool, code: str | None
) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    due = now - timedelta(minutes=1) if late else now + timedelta(minutes=1)
    if code is None:
        rules.check_return(returns=returns, final=final, now=now, due_at=due)
    else:
        with pytest.raises(Refused) as refused:
            rules.check_return(returns=returns, final=final, now=now, due_at=due)
        assert refused.value.code == code


LADDERS = [
    {"code": "*", "urgency": "", "mode": "actual", "version": 1},
    {"code": "*", "urgency": "critical", "mode": "actual", "version": 1},
    {"code": "incident.*", "urgency": "", "mode": "actual", "version": 1},
    {"code": "incident.handle", "urgency": "", "mode": "actual", "version": 1},
    {"code": "incident.handle", "urgency": "", "mode": "actual", "version": 2},
]


@pytest.mark.parametrize(
    ("kind", "urgency", "mode", "index"),
    [
        ("incident.handle", "routine", "actual", 4),
        ("incident.check", "routine", "actual", 2),
        ("care.visit", "critical", "actual", 1),
        ("care.visit", "routine", "actual", 0),
        ("care.visit", "routine", "drill", None),
    ],
)
def test_the_most_specific_ladder_wins(kind: str, urgency: str, mode: str, index: int | None) -> None:
    found = rules.pick_ladder(LADDERS, kind, urgency, mode)
    assert found == (LADDERS[index] if index is not None else None)


def test_rungs_of_a_stage_keep_their_order_and_leave_out_other_stages() -> None:
    data = [
        {"share": 0.5, "who": ["assignee"], "act": "nudge"},
        {"seconds": 600, "who": ["post:leader@county"], "act": "red_list", "stage": "accept"},
    ]
    assert [rung.act for rung in rules.rungs_of(data, "accept")] == ["nudge", "red_list"]
    assert [rung.act for rung in rules.rungs_of(data, "handle")] == ["nudge"]


@pytest.mark.parametrize(
    ("plan", "milestone", "limit", "last"),
    [
        ({"handle": "4 dh"}, 0, "4 dh", True),
        (
            {"handle": [{"name": "围挡", "limit": "3 ch"}, {"name": "抢修", "limit": "8 ch"}]},
            0,
            "3 ch",
            False,
        ),
        ({"handle": [{"name": "围挡", "limit": "3 ch"}, {"name": "抢修", "limit": "8 ch"}]}, 1, "8 ch", True),
        ({"handle": []}, 0, "", True),
        ({}, 0, "", True),
    ],
)
def test_the_limit_of_a_milestone(plan: dict, milestone: int, limit: str, last: bool) -> None:
    assert rules.limit_for(plan, "handle", milestone) == limit
    assert rules.last_milestone(plan, milestone) is last
