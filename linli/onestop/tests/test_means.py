"""The means test on paper: who counts, what counts, and what may not be refused upon."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.onestop.glossary import read, shipped_items
from linli.onestop.means import (
    Income,
    Relative,
    count,
    difference,
    household,
    parse_book,
    reckon,
    tiered,
)

BOOK = parse_book(read("means.yaml"))
DAY = date(2026, 3, 1)
PAIR = (Relative(1, "applicant"), Relative(2, "spouse"))


def test_the_difference_is_what_the_standard_leaves_after_counted_income():
    sheet = reckon(
        BOOK, "dibao.difference", DAY, PAIR, [Income(1, "transfer", 30000), Income(2, "wage", 20000)]
    )
    assert (sheet.income, sheet.limit, sheet.amount) == (50000, 144000, 94000)
    assert sheet.eligible and sheet.to_json()["amount"] == 94000


@given(st.integers(1, 500_000), st.integers(1, 9), st.integers(0, 5_000_000))
def test_the_difference_is_never_negative_and_fills_exactly_up_to_the_standard(standard, heads, income):
    amount = difference(standard, heads, income)
    assert amount >= 0
    assert amount + income == max(standard * heads, income)


@given(st.integers(0, 400_000), st.integers(0, 400_000), st.integers(1, 6))
def test_more_income_never_raises_a_tier(less, more, heads):
    tiers, low, high = BOOK.methods["dibao.tiers"].tiers, min(less, more), max(less, more)
    assert tiered(tiers, 72000, heads, high) <= tiered(tiers, 72000, heads, low)


def test_a_tier_ends_just_below_its_share():
    tiers = ((Fraction(1, 2), 300), (Fraction(1), 100))
    assert [tiered(tiers, 1000, 1, income) for income in (499, 500, 999, 1000)] == [300, 100, 100, 0]


def test_a_prisoner_does_not_count_and_neither_does_their_income():
    family = (*PAIR, Relative(3, "imprisoned"))
    sheet = reckon(BOOK, "dibao.difference", DAY, family, [Income(3, "wage", 500_000)])
    assert sheet.members == (1, 2) and sheet.income == 0
    assert sheet.outside == ((3, "在监狱内服刑、在戒毒所强制隔离戒毒的人"),)


def test_an_unexplained_member_raises_a_question_and_a_reason_answers_it():
    assert household(BOOK, [Relative(1, "applicant"), Relative(4, "nephew")])[2]
    assert not household(BOOK, [Relative(1, "applicant"), Relative(4, "nephew", "长期共同生活，村里证明")])[2]


def test_the_basic_pension_is_left_out_to_the_last_day_of_2025_and_asked_about_after():
    pension = Income(1, "transfer", 18000, "basic_pension")
    line, _, question = count(BOOK, pension, date(2025, 12, 31))
    assert (line.counted, line.left_out, question) == (0, 18000, "")
    line, _, question = count(BOOK, pension, date(2026, 1, 1))
    assert line.counted == 18000 and "到期" in question


def test_income_of_a_kind_or_disregard_nobody_knows_is_not_reckoned():
    with pytest.raises(LookupError, match="winnings"):
        count(BOOK, Income(1, "wage", 1, "winnings"), DAY)
    for bad in (Income(1, "gift", 1), Income(1, "wage", -1)):
        with pytest.raises(ValueError, match="收入"):
            reckon(BOOK, "dibao.difference", DAY, PAIR, [bad])
    with pytest.raises(ValueError, match="成员"):
        reckon(BOOK, "dibao.difference", DAY, [Relative(1, "missing")], [])


def test_a_disregard_with_a_ceiling_leaves_the_rest_counted():
    capped = replace(BOOK, disregards=tuple(replace(one, at_most=5000) for one in BOOK.disregards))
    line, rule, _ = count(capped, Income(1, "transfer", 8000, "veteran"), DAY)
    assert (line.left_out, line.counted, rule.at_most) == (5000, 3000, 5000)


def test_a_figure_to_be_confirmed_is_never_the_ground_of_a_refusal():
    rich = [Income(1, "wage", 900_000)]
    sheet = reckon(BOOK, "dibao.difference", DAY, PAIR, rich)
    assert not sheet.eligible and sheet.amount == 0
    assert "低保标准（每人每月）" in sheet.unconfirmed and not sheet.may_refuse
    known = replace(BOOK, figures=tuple(replace(one, status="cited") for one in BOOK.figures))
    assert reckon(known, "dibao.difference", DAY, PAIR, rich).may_refuse
    asked = [*rich, Income(1, "transfer", 100, "basic_pension")]
    assert not reckon(known, "dibao.difference", DAY, PAIR, asked).may_refuse


def test_the_edge_is_one_and_a_half_standards_and_pays_nothing():
    below = reckon(BOOK, "edge.test", DAY, PAIR, [Income(1, "wage", 215_999)])
    above = reckon(BOOK, "edge.test", DAY, PAIR, [Income(1, "wage", 216_000)])
    assert (below.limit, below.eligible, above.eligible, below.amount) == (216_000, True, False, 0)


def test_extreme_poverty_gets_its_standard_and_care_and_relief_has_a_ceiling():
    alone = (Relative(1, "applicant"),)
    assert reckon(BOOK, "tekun.flat", DAY, alone, [], care="tekun.care.full").amount == 93600 + 70000
    assert reckon(BOOK, "temporary.cap", DAY, alone, []).amount == 6 * 72000
    with pytest.raises(LookupError):
        reckon(BOOK, "tekun.flat", DAY, alone, [], care="tekun.care.royal")


def test_a_standard_changes_on_its_day():
    old = replace(
        BOOK.figure("dibao.standard", DAY),
        fen=70000,
        valid_from=date(2025, 1, 1),
        valid_to=date(2025, 12, 31),
    )
    both = replace(BOOK, figures=(*BOOK.figures, old))
    assert both.figure("dibao.standard", date(2025, 12, 31)).fen == 70000
    assert both.figure("dibao.standard", date(2026, 1, 1)).fen == 72000
    with pytest.raises(LookupError):
        BOOK.figure("dibao.standard", date(2020, 1, 1))


def test_every_rule_names_its_source_and_items_of_the_catalogue():
    items = {one["code"] for one in shipped_items()}
    for method in BOOK.methods.values():
        assert method.source and set(method.items) <= items
    assert all(one.source for one in (*BOOK.figures, *BOOK.disregards))
    assert [one.code for one in BOOK.methods_for("MZ-001")] == ["dibao.difference", "dibao.tiers"]
    assert reckon(BOOK, "dibao.difference", DAY, PAIR, []).versions()["method"] == "dibao.difference"


def test_a_status_nobody_knows_is_no_book():
    raw = read("means.yaml")
    raw["figures"][0]["status"] = "guess"
    with pytest.raises(ValueError, match="guess"):
        parse_book(raw)
