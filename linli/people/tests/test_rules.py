from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.people import rules

TODAY = date(2026, 11, 22)
DIGITS17 = st.text("0123456789", min_size=17, max_size=17)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("11010519491231002X", ""),  # the standard's own example, GB 11643-1999, 4.2.4
        ("440524188001010014", ""),  # the standard's second example
        ("110105194912310021", "校验位"),
        ("11010519491331002X", "出生日期"),
        ("110105204912310029", "出生日期"),
        ("11010519491231002", "18 位"),
        ("11010519491231002A", "18 位"),
    ],
)
def test_an_identity_number_is_checked_as_the_standard_says(number, said):
    fault = rules.number_fault(number, TODAY)
    assert said in fault and bool(fault) == bool(said)


@given(DIGITS17, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_caught(first, place, by):
    wrong = first[:place] + str((int(first[place]) + by) % 10) + first[place + 1 :]
    assert rules.check_digit(first) != rules.check_digit(wrong)


@given(DIGITS17, st.integers(0, 15))
def test_two_swapped_neighbours_are_always_caught(first, place):
    if first[place] != first[place + 1]:
        swapped = first[:place] + first[place + 1] + first[place] + first[place + 2 :]
        assert rules.check_digit(first) != rules.check_digit(swapped)


@pytest.mark.parametrize(
    ("number", "sex", "born"),
    [("11010519491231002X", "f", date(1949, 12, 31)), ("440524188001010014", "m", date(1880, 1, 1))],
)
def test_sex_and_birthday_stand_in_the_number(number, sex, born):
    assert rules.sex_of(number) == sex and rules.birth_of(number) == born


def test_numbers_are_read_as_people_type_them():
    assert rules.plain_number(" １１0105 19491231 002x") == "11010519491231002X"
    assert rules.plain_phone("+86 138 0000 1234") == "13800001234"


@pytest.mark.parametrize(
    ("phone", "sound"),
    [
        ("13800001234", True),
        ("0731-83612345", True),
        ("073183612345", True),
        ("12345", False),
        ("138000012345", False),
    ],
)
def test_a_phone_is_a_mobile_or_a_line_with_its_area(phone, sound):
    assert (rules.phone_fault(phone) == "") is sound


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1946, 11, 22), TODAY, 80),
        (date(1946, 11, 23), TODAY, 79),
        (date(2024, 2, 29), date(2025, 2, 28), 0),
        (date(2024, 2, 29), date(2025, 3, 1), 1),
        (date(2027, 1, 1), TODAY, 0),
    ],
)
def test_ages_are_completed_years(born, day, age):
    assert rules.age_on(born, day) == age


@given(
    st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.sampled_from([6, 18, 60, 80, 100]), st.integers(0, 40)
)
def test_a_birthday_is_told_within_its_days_and_found_by_its_span(born, age, later):
    on = rules.birthday_in(born.year + age, born)
    today = on + timedelta(days=later)
    found = rules.turned(born, age, today, 31)
    assert (found == on) is (later < 31)
    if found:
        first, last = rules.born_between(age, today, 31)
        assert first <= born <= last


@pytest.mark.parametrize(
    ("name", "masked"), [("张三", "张*"), ("王向阳", "王**"), ("欧阳修远", "欧阳**"), ("", ""), ("李", "李*")]
)
def test_names_are_masked_to_the_surname(name, masked):
    assert rules.mask_name(name) == masked


@pytest.mark.parametrize(
    ("written", "masked"),
    [("430181198005120018", "4301****0018"), ("13800008000", "138****8000"), ("12", "**"), ("", "")],
)
def test_numbers_show_only_their_ends(written, masked):
    assert rules.mask_number(written) == masked


@pytest.mark.parametrize(
    ("address", "masked"),
    [("人民路 12 号 3 栋", "人民路 ****"), ("村委会旁第二家", "村委会旁****"), ("12 号", "****"), ("", "")],
)
def test_addresses_lose_their_house_number(address, masked):
    assert rules.masked_address(address) == masked


def test_a_person_names_every_wrong_field_at_once():
    wrong = rules.person_faults(
        name=" ", number="123", phone="1", birth=date(2030, 1, 1), sex="x", today=TODAY
    )
    assert set(wrong) == {"name", "number", "phone", "birth", "sex"}


def test_birth_and_sex_must_agree_with_the_number():
    given_ = {"name": "王", "number": "11010519491231002X", "phone": "", "today": TODAY}
    assert set(rules.person_faults(birth=date(1950, 1, 1), sex="", **given_)) == {"birth"}
    assert set(rules.person_faults(birth=None, sex="m", **given_)) == {"sex"}
    assert rules.person_faults(birth=date(1949, 12, 31), sex="f", **given_) == {}


@pytest.mark.parametrize(
    ("values", "same"),
    [
        (("A", "A", None, None), True),
        (("A", "", None, None), True),
        (("A", "B", None, None), False),
        (("", "", date(1990, 1, 1), date(1991, 1, 1)), False),
    ],
)
def test_two_records_are_one_person_only_when_nothing_contradicts(values, same):
    assert (rules.same_person_fault(*values) == "") is same


def test_days_without_a_visit_count_from_registration_at_first():
    assert rules.days_without_visit(None, date(2026, 11, 12), TODAY) == 10
    assert rules.days_without_visit(date(2026, 11, 20), date(2026, 1, 1), TODAY) == 2


@pytest.mark.parametrize(
    ("written", "flag"), [("是", True), ("党员", True), ("", False), ("群众", False), ("也许", None)]
)
def test_yes_and_no_are_read_as_people_write_them(written, flag):
    assert rules.read_flag(written) is flag
    assert rules.read_degrees(" 113.05 ") == 113.05 and rules.read_degrees("东经") is None
