"""Earlier cases offered for a new report."""

import math
import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linli.incidents.duplicates import (
    VALUES,
    Limit,
    Telling,
    Thresholds,
    detect_default_points,
    narrower,
    ngram_cosine,
    rank,
    shipped_thresholds,
    suggest,
    thresholds_from,
)

NOW = datetime(2026, 5, 20, 9, 0)
LOOSE = Thresholds(shown=1_000)
NEW = Telling("new", 0.0, 0.0, "ld.out", "ld", NOW, text="路口的路灯不亮了")


def told(key="old", *, metres=30.0, days=2.0, closed_days=None, **other) -> Telling:
    """A case `metres` east of the new report, received `days` before it."""
    closed = None if closed_days is None else NOW - timedelta(days=closed_days)
    base = Telling(key, metres, 0.0, "ld.out", "ld", NOW - timedelta(days=days), closed)
    return replace(base, **other)


# ---- place and matter -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "offered"),
    [
        (told(metres=50), True),
        (told(metres=50.1), False),
        (told(metres=200, place_source="address"), True),
        (told(metres=250.1, place_source="address"), False),
        (told(days=400), True),
        (told(days=30, closed_days=7), True),
        (told(days=30, closed_days=7.1), False),
        (told(days=2, closed_days=-3), True),
        (told(days=-0.1), False),
        (told(small="ld.pole"), True),
        (told(small="sr.litter", large="sr"), False),
        (told(small="", large="ld"), True),
        (told(small="", large=""), False),
        (told(small="", large="", text="路口路灯不亮"), True),
        (told(small="", large="", text="楼下有人深夜唱歌"), False),
        (told(small="sr.litter", large="sr", text="路口的路灯不亮了"), False),
        (told(key="new"), False),
        (told(private=True), False),
        (told(place_source="default"), False),
        (told(place_source="unknown"), False),
        (told(east=None), False),
    ],
)
def test_an_earlier_case_is_offered_when_place_and_matter_fit(old, offered):
    assert (suggest(NEW, old, Thresholds()) is not None) is offered


def test_a_suggestion_says_why():
    (only,) = rank(NEW, [told(metres=32, text="路口路灯不亮")])
    likeness = ngram_cosine("路口的路灯不亮了", "路口路灯不亮")
    assert only.line == f"距 32 米 · 同类 · 2 天前 · 文字相似 {likeness:.2f}"


@pytest.mark.parametrize(
    ("old", "words"),
    [
        (told(small="ld.pole"), "距 30 米 · 同大类 · 2 天前"),
        (told(days=9, closed_days=3), "距 30 米 · 同类 · 9 天前 · 结案已 3 天"),
        (told(days=0.25), "距 30 米 · 同类 · 6 小时前"),
        (told(days=0.01), "距 30 米 · 同类 · 14 分钟前"),
        (told(place_source="address"), "距 30 米 · 同类 · 2 天前 · 按地址定位"),
    ],
)
def test_reasons_are_worded_for_the_clerk(old, words):
    assert rank(NEW, [old])[0].line == words


def test_nearer_newer_and_more_alike_cases_come_first():
    far, near = told("far", metres=45), told("near", metres=5)
    aged, fresh = told("aged", days=60), told("fresh", days=1)
    alike, other = told("alike", text="路口的路灯不亮"), told("other", text="井盖松动，车过有响声")
    for better, worse in ((near, far), (fresh, aged), (alike, other)):
        assert [each.key for each in rank(NEW, [worse, better])] == [better.key, worse.key]


def test_equal_cases_come_in_the_order_of_their_keys():
    twins = [told("a"), told("b")]
    for asked in (twins, twins[::-1]):
        assert [each.key for each in rank(NEW, asked)] == ["a", "b"]


def test_three_are_shown():
    assert len(rank(NEW, [told(key, metres=key) for key in range(10)])) == 3


# ---- one device's own repeats -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "joined"),
    [
        (told(metres=5, sender="dev-1", text=NEW.text), True),
        (told(metres=5, sender="dev-2", text=NEW.text), False),
        (told(metres=5, sender="", text=NEW.text), False),
        (told(metres=25, sender="dev-1", text=NEW.text), False),
        (told(metres=5, sender="dev-1", text="井盖松动"), False),
        (told(metres=5, sender="dev-1", text=""), False),
        (told(metres=5, sender="dev-1", text=NEW.text, small="ld.pole"), False),
        (told(metres=5, sender="dev-1", text=NEW.text, place_source="address"), False),
        (told(metres=5, sender="dev-1", text=NEW.text, closed_days=1), False),
    ],
)
def test_only_one_devices_own_open_repeat_is_joined_by_itself(old, joined):
    assert suggest(replace(NEW, sender="dev-1"), old, Thresholds()).automatic is joined


def test_a_sensor_without_words_repeats_itself():
    sensor = replace(NEW, sender="gauge-7", text="")
    found = rank(sensor, [told(metres=0, sender="gauge-7"), *(told(n, metres=1, days=0) for n in range(5))])
    assert found[0].automatic and found[0].key == "old"
    assert found[0].reasons[-1] == "同一设备重复上报"


# ---- properties ---------------------------------------------------------------------------------------------

words = st.text(alphabet="路灯不亮了井盖松动垃圾，。 abc12", max_size=20)
places = st.floats(-300, 300)


@st.composite
def some_telling(draw, key="old"):
    received = NOW - timedelta(hours=draw(st.integers(0, 2_000)))
    gone = draw(st.none() | st.integers(0, 2_000))
    return Telling(
        key=key,
        east=draw(places),
        north=draw(places),
        small=draw(st.sampled_from(["ld.out", "ld.pole", "sr.litter", ""])),
        large=draw(st.sampled_from(["ld", "sr"])),
        received_at=received,
        closed_at=None if gone is None else received + timedelta(hours=gone),
        place_source=draw(st.sampled_from(["gps", "pin", "address", "default", "unknown"])),
        text=draw(words),
        sender=draw(st.sampled_from(["", "dev-1", "dev-2"])),
        private=draw(st.booleans()),
    )


many = st.lists(some_telling(), max_size=8).map(
    lambda found: [replace(each, key=number) for number, each in enumerate(found)]
)


@given(words, words)
def test_likeness_is_symmetric_and_between_nought_and_one(a, b):
    assert ngram_cosine(a, b) == ngram_cosine(b, a)
    assert 0 <= ngram_cosine(a, b) <= 1 + 1e-12


@given(st.text(alphabet="路灯不亮了井盖", min_size=2, max_size=20))
def test_a_text_is_like_itself_whatever_the_punctuation(text):
    assert ngram_cosine(text, f"，{text} 。") == pytest.approx(1)


def test_repeating_a_heading_does_not_make_two_letters_alike():
    once, often = "尊敬的领导：路灯坏了", "尊敬的领导：" * 9 + "噪音扰民"
    assert ngram_cosine(once, often) < 0.6


@given(some_telling("a"), some_telling("b"))
def test_two_tellings_of_one_moment_suggest_each_other(a, b):
    a, b = (replace(each, received_at=NOW, closed_at=None) for each in (a, b))
    there, back = suggest(a, b, LOOSE), suggest(b, a, LOOSE)
    assert (there is None) == (back is None)
    if there and back:
        assert there.score == pytest.approx(back.score) and there.matter == back.matter


@given(some_telling("new"), many, st.floats(0, 250), st.floats(0, 250))
def test_a_wider_radius_loses_no_suggestion(new, earlier, a, b):
    small, wide = (replace(LOOSE, default=Limit(radius, 7)) for radius in sorted((a, b)))
    assert {each.key for each in rank(new, earlier, small)} <= {each.key for each in rank(new, earlier, wide)}


@given(some_telling("new"), many)
def test_nothing_is_offered_for_private_matters_or_unknown_places(new, earlier):
    barred = {each.key for each in earlier if each.private or each.place_source in ("default", "unknown")}
    found = {each.key for each in rank(new, earlier, LOOSE)}
    assert not found & barred
    if new.private or new.place_source in ("default", "unknown"):
        assert not found


@given(some_telling("new"), many, st.randoms(use_true_random=False))
def test_the_order_of_asking_changes_nothing(new, earlier, chance: random.Random):
    mixed = list(earlier)
    chance.shuffle(mixed)
    assert rank(new, earlier, LOOSE) == rank(new, mixed, LOOSE)


@given(some_telling("new"), many)
def test_nothing_lies_beyond_the_radius_a_caller_asks_the_database_for(new, earlier):
    assert all(each.distance_m <= LOOSE.farthest_m() for each in rank(new, earlier, LOOSE))


# ---- default points -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heavy", "others", "found"),
    [(40, 3_000, True), (40, 4_000, False), (29, 100, False), (30, 2_000, True), (0, 0, False)],
)
def test_a_point_with_more_than_one_row_in_a_hundred_is_a_default(heavy, others, found):
    points = [(1.0, 2.0)] * heavy + [(3.0, float(n)) for n in range(others - heavy)]
    assert detect_default_points(points) == ({(1.0, 2.0)} if found else set())


@given(st.lists(st.sampled_from([(0, 0), (0, 1), None]), max_size=29))
def test_a_small_set_has_no_default_point(points):
    assert detect_default_points(points) == set()


def test_rows_without_a_point_count_as_rows():
    assert detect_default_points([(1, 1)] * 50 + [None] * 6_000) == set()
    assert detect_default_points([None] * 6_000) == set()


# ---- parameters are data ------------------------------------------------------------------------------------


def test_every_number_says_where_it_comes_from():
    data = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    for entry in data["values"].values():
        assert entry["status"] in {"cited", "known", "to_confirm"} and entry["source"]


def test_the_shipped_rule_is_fifty_metres_and_seven_days():
    assert shipped_thresholds().default == Limit(50, 7, math.inf, "large")
    assert shipped_thresholds().address_radius_m == 250
    assert shipped_thresholds().limits == {}


def test_a_class_may_have_limits_of_its_own():
    data = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    data["limits"] = {"ld": {"radius_m": 150, "closed_days": 0, "age_days": 14, "by": "small"}}
    thresholds = thresholds_from(data)
    assert suggest(NEW, told(metres=140), thresholds)
    assert not suggest(NEW, told(metres=140, small="ld.pole"), thresholds)
    assert not suggest(NEW, told(days=15), thresholds)
    assert not suggest(NEW, told(closed_days=1), thresholds)


def test_two_classes_with_different_limits_must_satisfy_both():
    wide, tight = Limit(100, 7, 30, "large"), Limit(60, 14, 60, "small")
    assert narrower(wide, tight) == narrower(tight, wide) == Limit(60, 7, 30, "small")
    thresholds = Thresholds(limits={"ld.out": Limit(100, 7), "ld.pole": Limit(20, 7)})
    assert suggest(NEW, told(small="ld.pole", metres=19), thresholds)
    assert not suggest(NEW, told(small="ld.pole", metres=21), thresholds)


@pytest.mark.parametrize("wrong", [{"by": "colour"}, {"radius_m": -1}, {"closed_days": -1}, {"age_days": -1}])
def test_an_impossible_limit_is_refused(wrong):
    with pytest.raises(ValueError, match="by|不得为负"):
        Limit(**{"radius_m": 50, "closed_days": 7, **wrong})


def test_an_unknown_parameter_is_refused():
    data = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    data["values"]["radius_km"] = {"value": 1, "status": "to_confirm", "source": "笔误"}
    with pytest.raises(TypeError, match="radius_km"):
        thresholds_from(data)
