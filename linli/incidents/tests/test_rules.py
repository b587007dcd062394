"""Which routing rule speaks: the most specific that fits, whatever their order, and never nobody."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.incidents.rules import Route, condition_words, fold, in_hours, pick_route, rank_routes

SIZE, KIND = "大概有多大一堆？", "是生活垃圾还是装修垃圾？"
TOLD: tuple[Mapping[str, str], ...] = ({SIZE: "三轮车一车"}, {KIND: "装 修垃圾，Ｋ t V 拆的"})
ANY = Route(0, "", "", "", "CG", "", "county")
LITTER = replace(ANY, topic="sr.litter")
ASKING = replace(LITTER, question=KIND, answered="装修")


def picked(
    *routes: Route, answers: tuple[Mapping[str, str], ...] = TOLD, working: bool = True
) -> Route | None:
    ranked = rank_routes(routes, class_code="sr.litter", large="sr", area="430181001001001", urgency="urgent")
    return pick_route(ranked, answers=answers, working=working)


@pytest.mark.parametrize(
    ("wins", "loses"),
    [
        (replace(ANY, topic="sr"), replace(ANY, area="430181001", urgency="urgent", hours="work")),
        (LITTER, replace(ANY, topic="sr", area="430181001001001", urgency="urgent", hours="work")),
        (replace(LITTER, area="430181001"), replace(ASKING, area="430181", urgency="urgent", hours="work")),
        (replace(LITTER, urgency="urgent"), replace(ASKING, hours="work")),
        (ASKING, replace(LITTER, hours="work")),
        (replace(ASKING, answered="装修垃圾"), replace(ASKING, hours="work")),
        (replace(ASKING, hours="work"), ASKING),
        (replace(LITTER, hours="work"), LITTER),
        (replace(ASKING, id=9), ASKING),
    ],
)
def test_topic_then_area_then_urgency_then_answer_then_hours_then_the_newer(
    wins: Route, loses: Route
) -> None:
    assert picked(wins, loses) == picked(loses, wins) == wins


@pytest.mark.parametrize(
    ("change", "answers", "working"),
    [
        ({"answered": "家具"}, TOLD, True),
        ({"question": SIZE}, TOLD, True),
        ({}, (), True),
        ({}, ({KIND: ""},), True),
        ({"hours": "off"}, TOLD, True),
        ({"hours": "work"}, TOLD, False),
        ({"urgency": "critical"}, TOLD, True),
        ({"area": "430181002"}, TOLD, True),
    ],
)
def test_a_rule_whose_condition_is_not_met_leaves_the_word_to_the_wider_one(
    change: dict[str, str], answers: tuple[Mapping[str, str], ...], working: bool
) -> None:
    asking = replace(ASKING, **change)  # type: ignore[arg-type]
    assert picked(asking, ANY, answers=answers, working=working) == ANY
    assert picked(asking, answers=answers, working=working) is None


def test_width_case_and_spaces_do_not_count_in_an_answer() -> None:
    assert picked(replace(ASKING, answered=fold("ktv"))) and fold("Ｋ t V\n") == "ktv"
    assert picked(ASKING, answers=({f" {KIND} ": "装修"},))


def test_a_condition_in_words() -> None:
    assert condition_words(KIND, "装修", "off") == f"“{KIND}”的回答含“装修”，工作时间以外"
    assert condition_words("", "", "work") == "工作时间" and condition_words("", "", "") == ""


ROUTES = st.lists(
    st.builds(
        Route,
        id=st.integers(1, 10**6),
        topic=st.sampled_from(["", "sr", "sr.litter", "fac"]),
        area=st.sampled_from(["", "430181", "430181001", "430181002", "430181001001"]),
        urgency=st.sampled_from(["", "urgent", "critical"]),
        function=st.just("CG"),
        unit=st.just(""),
        level=st.just("county"),
        hours=st.sampled_from(["", "work", "off"]),
    ).flatmap(
        lambda route: st.sampled_from(
            [("", ""), (KIND, "装修"), (KIND, "装修垃圾"), (KIND, "家具"), (SIZE, "一车")]
        ).map(lambda asked: replace(route, question=asked[0], answered=asked[1]))
    ),
    max_size=12,
    unique_by=lambda route: route.id,
)


def fits(route: Route, answers: tuple[Mapping[str, str], ...], working: bool) -> bool:
    said = [one.get(route.question, "").replace(" ", "") for one in answers]
    return (
        route.topic in ("", "sr", "sr.litter")
        and "430181001001001".startswith(route.area)
        and route.urgency in ("", "urgent")
        and (not route.question or any(route.answered in one for one in said))
        and {"": True, "work": working, "off": not working}[route.hours]
    )


def narrower(one: Route, other: Route) -> bool:
    """Whether `one` speaks for fewer cases than `other` whichever way one looks at it."""
    depth = {"": 0, "sr": 1, "sr.litter": 2}
    asks_more = not other.question or (one.question == other.question and other.answered in one.answered)
    sides = [
        depth[one.topic] >= depth[other.topic],
        one.area.startswith(other.area),
        other.urgency in ("", one.urgency),
        asks_more,
        other.hours in ("", one.hours),
    ]
    return all(sides) and replace(one, id=0) != replace(other, id=0)


@given(
    routes=ROUTES,
    told=st.sampled_from([(), TOLD, TOLD[:1], TOLD[1:]]),
    working=st.booleans(),
    mix=st.randoms(),
)
def test_the_rule_that_speaks_fits_none_is_narrower_and_order_does_not_matter(
    routes: list[Route], told: tuple[Mapping[str, str], ...], working: bool, mix: object
) -> None:
    rows = [*routes, ANY]
    found = picked(*rows, answers=told, working=working)
    assert found is not None and fits(found, told, working)
    assert not [one for one in routes if fits(one, told, working) and narrower(one, found)]
    mix.shuffle(rows)  # type: ignore[attr-defined]
    assert picked(*rows, answers=told, working=working) == found


@given(routes=ROUTES, working=st.booleans())
def test_without_a_rule_that_fits_nobody_is_named_here(routes: list[Route], working: bool) -> None:
    assert (picked(*routes, working=working) is None) == (not any(fits(one, TOLD, working) for one in routes))
    assert all(in_hours(one, True) or in_hours(one, False) for one in routes)
