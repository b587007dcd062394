from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.areas import rules
from linli.areas.rules import GridState

NAMES = {
    "430181001": "淮川街道",
    "430181102": "大瑶镇",
    "430181103": "永和镇",
    "430181001001": "城西社区",
    "430181001002": "新建村",
    "430181102001": "新建村",
    "430181103001": "升平村",
}


@pytest.mark.parametrize(
    ("code", "columns"),
    [
        ("", {"grid": "", "community": "", "street": "", "county": ""}),
        ("430181", {"grid": "", "community": "", "street": "", "county": "430181"}),
        ("430181001", {"grid": "", "community": "", "street": "430181001", "county": "430181"}),
        (
            "430181001001002",
            {
                "grid": "430181001001002",
                "community": "430181001001",
                "street": "430181001",
                "county": "430181",
            },
        ),
    ],
)
def test_a_code_fills_the_columns_of_its_level_and_above(code, columns):
    assert rules.codes_of(code) == columns


@pytest.mark.parametrize(
    ("codes", "common"),
    [
        ([], ""),
        (["430181001001"], "430181001001"),
        (["430181001001", "430181001002"], "430181001"),
        (["430181001001", "430181102001"], "430181"),
        (["430181001", "430181001002"], "430181001"),
        (["430181001", "430182001"], ""),
    ],
)
def test_areas_share_their_nearest_common_parent(codes, common):
    assert rules.common_area(codes) == common


@given(st.lists(st.text("0123456789", min_size=15, max_size=15), min_size=1, max_size=5))
def test_the_common_area_is_above_every_code(codes):
    common = rules.common_area(codes)
    assert len(common) in (0, *rules.LENGTHS)
    assert all(code.startswith(common) for code in codes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("今天下雨了", ""),
        ("城西社区路灯不亮", "430181001001"),
        ("大瑶这边有人烧秸秆", "430181102"),
        ("大瑶镇新建村的桥塌了一角", "430181102001"),
        ("新建村的桥塌了一角", "430181"),
        ("淮川街道和大瑶镇都停水", "430181"),
        ("淮川街道城西社区、新建村都停水", "430181001"),
        ("升平村和永和镇", "430181103001"),
        ("城西社区的人去了大瑶镇", "430181"),
        ("城西真热闹", ""),
    ],
)
def test_place_names_in_free_text_lead_to_the_finest_area_they_agree_on(text, code):
    finder = rules.NameFinder(NAMES)
    assert rules.settle_names(finder.codes_in(text)) == code


def test_a_longer_name_wins_over_a_name_inside_it():
    finder = rules.NameFinder({"430181001": "新建街道", "430181001002": "新建街道北社区"})
    assert finder.codes_in("新建街道北社区门口") == [{"430181001002"}]


@given(st.text("城西社区新建村大瑶镇永和的一", max_size=40))
def test_any_text_gives_a_known_area_or_none(text):
    code = rules.settle_names(rules.NameFinder(NAMES).codes_in(text))
    assert code == "" or any(known.startswith(code) for known in NAMES)


@pytest.mark.parametrize(
    ("state", "wants"),
    [
        (GridState("1", "一支部", 7, True), ()),
        (GridState("1", "", 7, True), ("no_branch",)),
        (GridState("1", "一支部", None, False), ("no_worker",)),
        (GridState("1", "一支部", 7, False), ("not_member",)),
        (GridState("1", "", None, False), ("no_branch", "no_worker")),
    ],
)
def test_the_three_wants_of_a_grid_are_told_apart(state, wants):
    assert rules.wants_of(state) == wants


def test_coverage_counts_by_town_and_never_twice_the_same_want():
    states = [
        GridState("430181001001001", "一支部", 1, True),
        GridState("430181001001002", "", None, False),
        GridState("430181002001001", "", 2, False),
    ]
    assert rules.coverage(states) == {
        "430181001": {"grids": 2, "covered": 1, "no_branch": 1, "no_worker": 1, "not_member": 0},
        "430181002": {"grids": 1, "covered": 0, "no_branch": 1, "no_worker": 0, "not_member": 1},
    }


@pytest.mark.parametrize(
    ("reason", "ends", "sound"),
    [
        ("leave", date(2026, 3, 9), True),
        ("leave", None, False),
        ("substitute", None, False),
        ("ill", None, True),
        ("resign", None, True),
        ("resign", date(2026, 3, 9), False),
        ("leave", date(2026, 2, 1), False),
    ],
)
def test_a_handover_ends_when_its_reason_says_so(reason, ends, sound):
    assert (not rules.wrong_dates(reason, date(2026, 3, 1), ends)) is sound


@pytest.mark.parametrize(
    ("giver", "receiver", "administrator", "full"),
    [
        (True, True, False, True),
        (False, True, True, True),
        (True, False, True, False),
        (False, True, False, False),
        (False, False, True, False),
    ],
)
def test_the_receiver_always_signs_and_somebody_signs_for_the_giver(giver, receiver, administrator, full):
    assert rules.fully_signed(giver, receiver, administrator) is full
