from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel import Refused
from linli.kernel.access import rules
from linli.kernel.access.rules import SYSTEM, Actor, Opening, Scope, can, require

TOWN, NEXT = "430181101", "430181102"
VIEW = frozenset({"incidents.view"})


def actor(*scopes: Scope, passes: tuple[Opening, ...] = (), bars: frozenset[str] = frozenset()) -> Actor:
    return Actor(1, "account", "测试员", scopes, passes, bars)


@pytest.mark.parametrize(
    ("scope", "asked", "may"),
    [
        (Scope("r", TOWN, "", VIEW), {"area": TOWN}, True),
        (Scope("r", TOWN, "", VIEW), {"area": TOWN + "003"}, True),
        (Scope("r", TOWN, "", VIEW), {"area": TOWN + "003004"}, True),
        (Scope("r", TOWN, "", VIEW), {"area": NEXT}, False),
        (Scope("r", TOWN, "", VIEW), {"area": "430181"}, False),
        (Scope("r", TOWN, "", VIEW), {}, True),
        (Scope("r", "430181", "", VIEW), {"area": NEXT + "001"}, True),
        (Scope("r", TOWN, "u1", VIEW), {"area": TOWN, "unit": "u1"}, True),
        (Scope("r", TOWN, "u1", VIEW), {"area": TOWN, "unit": "u2"}, False),
        (Scope("r", TOWN, "", VIEW), {"area": TOWN, "unit": "u2"}, True),
        (Scope("r", TOWN, "", frozenset({"incidents.*"})), {"area": TOWN}, True),
        (Scope("r", TOWN, "", frozenset({"*"})), {"area": TOWN}, True),
        (Scope("r", TOWN, "", frozenset({"incidents.viewer", "incident.view"})), {"area": TOWN}, False),
        (Scope("r", TOWN, "", frozenset()), {"area": TOWN}, False),
    ],
)
def test_a_grant_holds_below_its_area_for_its_unit_and_its_verbs(
    scope: Scope, asked: dict, may: bool
) -> None:
    assert can(actor(scope), "incidents.view", **asked) is may


digits = st.text("0123456789", min_size=1, max_size=3)
areas = st.sampled_from([6, 9, 12, 15]).flatmap(lambda n: st.text("01", min_size=n, max_size=n))


@given(held=areas, asked=areas)
def test_an_area_is_covered_exactly_when_the_grant_is_its_prefix(held: str, asked: str) -> None:
    assert can(actor(Scope("r", held, "", VIEW)), "incidents.view", area=asked) is asked.startswith(held)


@given(held=areas, below=st.lists(digits, max_size=3))
def test_who_may_above_may_below_and_a_narrower_grant_never_gives_more(held: str, below: list[str]) -> None:
    asked = held + "".join(below)
    wide, narrow = actor(Scope("r", held[:6], "", VIEW)), actor(Scope("r", held, "", VIEW))
    assert can(wide, "incidents.view", area=asked)
    assert not can(narrow, "incidents.view", area=asked) or can(wide, "incidents.view", area=asked)


def test_a_pass_opens_its_verbs_on_its_subject_only() -> None:
    holder = actor(passes=(Opening("care.file:7", frozenset({"care.open"})),))
    assert can(holder, "care.open", area=NEXT, subject="care.file:7")
    assert not can(holder, "care.open", area=NEXT, subject="care.file:8")
    assert not can(holder, "care.edit", area=NEXT, subject="care.file:7")
    assert not can(holder, "care.open", area=NEXT)


def test_a_bar_beats_every_grant_and_every_pass() -> None:
    scope, opening = (
        Scope("r", "430181", "", frozenset({"*"})),
        Opening("care.file:7", frozenset({"care.open"})),
    )
    kin = actor(scope, passes=(opening,), bars=frozenset({"care.file:7"}))
    assert not can(kin, "care.open", subject="care.file:7")
    assert can(kin, "care.open", subject="care.file:8")


def test_the_system_may_do_what_its_rooms_ask() -> None:
    assert can(SYSTEM, "anything.at_all", area=NEXT, subject="care.file:7")


def test_a_stranger_is_refused_in_plain_words() -> None:
    with pytest.raises(Refused) as refused:
        require(Actor(None, "anonymous", ""), "incidents.view")
    assert refused.value.status == 403 and "权限" in refused.value.message


verbs = st.frozensets(st.sampled_from(["a.x", "a.y", "b.x", "a.*", "b.*", "*"]), max_size=4)


@given(held=verbs, asked=verbs, verb=st.sampled_from(["a.x", "a.y", "b.x", "b.z", "c.x"]))
def test_a_token_may_what_its_account_and_its_scopes_both_may(
    held: frozenset, asked: frozenset, verb: str
) -> None:
    both = Scope("r", "", "", held).has(verb) and Scope("r", "", "", asked).has(verb)
    assert Scope("r", "", "", rules.shared_verbs(held, asked)).has(verb) is both


NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_every_fault_of_a_grant_is_named_at_once() -> None:
    assert set(rules.grant_faults("nobody", "4301", ["nurse"], NOW, NOW)) == {"role", "area", "valid_to"}
    assert rules.grant_faults("nurse", TOWN, ["nurse"], None, NOW) == {}


def test_a_pass_needs_a_reason_single_verbs_and_an_end() -> None:
    assert set(rules.pass_faults("", ["*"], " ", NOW, NOW)) == {"subject", "verbs", "reason", "until"}
    assert set(rules.pass_faults("a.b:1", ["a.x"], "查", NOW + timedelta(days=999), NOW)) == {"until"}
    assert rules.pass_faults("a.b:1", ["a.x"], "入户", NOW + timedelta(hours=24), NOW) == {}


def test_a_second_administrator_is_needed_when_there_is_one() -> None:
    one = Actor(1, "account", "a")
    assert not rules.needs_second("administrator", {1}, one)
    assert rules.needs_second("administrator", {1, 2}, one)
    assert not rules.needs_second("nurse", {1, 2}, one)
    assert not rules.needs_second("administrator", {1, 2}, SYSTEM)
