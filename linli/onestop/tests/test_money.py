"""What an approval grants, how it changes, and what a death does to it."""

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.ledger.models import Entry
from linli.onestop import actions, paying, reading
from linli.onestop.actions.money import open_entitlement, stop_for_death, undo_death
from linli.onestop.books import plan_of
from linli.onestop.models import Adjustment, Entitlement
from linli.onestop.paying import Booked, Change, Plan, add_months, owed, wanted
from linli.onestop.tests.conftest import at, do
from linli.onestop.tests.grants import granted
from linli.onestop.tests.test_actions import approve, to_first
from linli.people.models import Person

pytestmark = pytest.mark.django_db
MARCH, MAY, JULY = date(2026, 3, 1), date(2026, 5, 1), date(2026, 7, 1)


def officer(county):
    return county.actor("MZ")


def test_an_approval_of_the_whole_story_entitles_from_the_month_after(county, accepted):
    row = accepted()
    to_first(row)
    do(row, "first", when="2026-02-13 16:00")
    actions.publish_results(by=county.actor("town"), application=row.pk, at=at("2026-02-13 16:30"))
    assert not Entitlement.objects.exists()
    actions.end_publicity(by=SYSTEM, application=row.pk, at=at("2026-02-25 00:05"))
    decision = approve(row)
    made = Entitlement.objects.get(decision=decision)
    assert (made.first, made.fen, made.whose) == (MARCH, 65000, county.home.pk)


def test_the_month_of_the_first_payment_follows_the_items_rule():
    applied, decided = date(2026, 1, 20), date(2026, 2, 26)
    assert paying.first_month("monthly", "month_after_decision", applied, decided) == MARCH
    assert paying.first_month("monthly", "month_of_application", applied, decided) == date(2026, 1, 1)
    assert paying.first_month("monthly", "month_after_eligibility", applied, decided) == date(2026, 2, 1)
    assert paying.first_month("one_off", "", applied, decided) == date(2026, 2, 1)
    assert add_months(date(2026, 12, 31), 1) == date(2027, 1, 1)


def test_a_household_is_granted_one_item_once_and_a_new_grant_ends_the_old(county):
    first = granted(county)
    assert (first.first, first.months.upper, first.household_id) == (MARCH, None, county.home.pk)
    assert (first.account, first.payee, first.recheck_on) == ("6217000000000001", "王向阳", date(2027, 3, 1))
    second = granted(county, fen=70000, when="2026-04-10 10:00")
    first.refresh_from_db()
    assert first.months.upper == second.first == MAY and first.stopped == "new_grant"


def test_the_database_grants_no_month_twice_and_nothing_unapproved(county):
    first, other = granted(county), granted(county, item="MZ-009", person=county.wife)
    with pytest.raises(IntegrityError), transaction.atomic():
        Entitlement.objects.create(
            decision=other.decision, item=first.item, person=county.old, whose=first.whose, kind="monthly", fen=1,
            first=MARCH, months=DateRange(MARCH, None), made_at=first.made_at,
        )  # fmt: skip
    with pytest.raises(DatabaseError, match="adjustments only"), transaction.atomic():
        Entitlement.objects.filter(pk=first.pk).update(fen=1)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        made = actions.adjust(by=officer(county), entitlement=first.pk, fen=1, month=MAY, reason="收入增加")
        Adjustment.objects.filter(pk=made.pk).update(fen=2)


def test_unsteady_income_is_looked_at_again_after_six_months(county):
    assert granted(county, facts={"income_unsteady": True}).recheck_on == date(2026, 9, 1)


def test_items_that_pay_nobody_grant_nothing_and_a_one_off_grants_one_month(county):
    assert granted(county, item="MZ-002", mode="none") is None
    assert granted(county, fen=0) is None
    once = granted(county, item="MZ-006", when="2026-02-26 10:00")
    assert (once.first, once.months.upper, once.recheck_on) == (date(2026, 2, 1), MARCH, None)


def test_an_amount_changes_from_its_month_for_a_reason_by_who_may(county):
    row = granted(county)
    more = actions.adjust(by=officer(county), entitlement=row.pk, fen=80000, month=MAY, reason="新增一名成员")
    less = actions.adjust(by=officer(county), entitlement=row.pk, fen=30000, month=JULY, reason="收入增加")
    assert (more.kind, less.kind) == ("increase", "decrease")
    plan = plan_of(Entitlement.objects.get(pk=row.pk))
    assert [owed(plan, month) for month in (MARCH, MAY, date(2026, 6, 1), JULY)] == [
        65000,
        80000,
        80000,
        30000,
    ]
    for who, status in (("stranger", 403), ("resident", 403), ("payer", 403)):
        with pytest.raises(Refused) as refused:
            actions.adjust(by=county.actor(who), entitlement=row.pk, fen=1, month=MAY, reason="试试看")
        assert refused.value.status == status
    for bad in ({"fen": 0}, {"fen": 80000}, {"reason": ""}, {"month": date(2026, 1, 1)}):
        with pytest.raises(Refused):
            actions.adjust(
                by=officer(county),
                entitlement=row.pk,
                **{"fen": 9, "month": MAY, "reason": "收入增加", **bad},
            )
    with pytest.raises(Refused, match="没有这项待遇"):
        actions.adjust(by=officer(county), entitlement=0, fen=9, month=MAY, reason="收入增加")


def test_the_ledger_holds_amounts_and_reasons_only_as_hashes(county):
    row = granted(county)
    actions.adjust(by=officer(county), entitlement=row.pk, fen=81234, month=MAY, reason="家里添了人")
    actions.set_account(
        by=officer(county),
        entitlement=row.pk,
        account="6228 4800 0000 1234",
        payee="王向阳",
        reason="本人申请",
    )
    said = str(list(Entry.objects.filter(subject=row.subject).values_list("fields", flat=True)))
    assert "81234" not in said and "添了人" not in said
    assert "6228480000001234" not in said and "王向阳" not in said and said.count("sha256:") >= 5


def test_an_account_must_look_like_one(county):
    row = granted(county, account="")
    with pytest.raises(Refused) as refused:
        actions.set_account(by=officer(county), entitlement=row.pk, account="abc", payee=" ", reason="登记")
    assert set(refused.value.fields) == {"account", "payee"}


def test_a_stop_may_be_phased_out_for_six_months_but_only_three_after_a_death(county):
    row = granted(county)
    for cause, months in (("no_longer", 7), ("death", 4)):
        with pytest.raises(Refused, match="渐退期"):
            actions.stop_entitlement(
                by=officer(county),
                entitlement=row.pk,
                month=MAY,
                cause=cause,
                reason="就业增收",
                phase_months=months,
            )
    made = actions.stop_entitlement(
        by=officer(county), entitlement=row.pk, month=MAY, cause="no_longer", reason="就业增收", phase_months=6,
        phase_fen=30000,
    )  # fmt: skip
    plan = plan_of(Entitlement.objects.get(pk=row.pk))
    assert made.month == date(2026, 11, 1)
    assert [owed(plan, add_months(MAY, n)) for n in (-1, 0, 5, 6)] == [65000, 30000, 30000, 0]
    with pytest.raises(Refused, match="停发"):
        actions.adjust(
            by=officer(county), entitlement=row.pk, fen=9, month=date(2026, 12, 1), reason="收入减少"
        )
    with pytest.raises(Refused, match="情形"):
        actions.stop_entitlement(
            by=officer(county), entitlement=row.pk, month=MAY, cause="x", reason="不知道"
        )


def test_a_stop_is_taken_back_with_its_months(county):
    row = granted(county)
    actions.stop_entitlement(
        by=officer(county), entitlement=row.pk, month=MARCH, cause="own_wish", reason="本人放弃"
    )
    row.refresh_from_db()
    assert row.months.isempty and owed(plan_of(row), MARCH) == 0
    actions.restore_entitlement(by=officer(county), entitlement=row.pk, reason="本人撤回放弃")
    row.refresh_from_db()
    assert row.months.lower == MARCH and owed(plan_of(row), JULY) == 65000
    with pytest.raises(Refused, match="没有停发"):
        actions.restore_entitlement(by=officer(county), entitlement=row.pk, reason="再来一次")


def test_a_stop_is_not_taken_back_over_a_new_grant(county):
    row = granted(county)
    granted(county, fen=70000, when="2026-04-10 10:00")
    with pytest.raises(Refused, match="新的待遇"):
        actions.restore_entitlement(by=officer(county), entitlement=row.pk, reason="恢复旧的")


def test_a_death_stops_what_nobody_else_lives_on(county):
    home, own = granted(county), granted(county, item="MZ-009", person=county.old, home=None)
    Person.objects.filter(pk=county.old.pk).update(died=date(2026, 4, 20))
    assert stop_for_death(person=county.old.pk, on=date(2026, 4, 20)) == 1
    home.refresh_from_db()
    own.refresh_from_db()
    assert (home.months.upper, own.months.upper, own.stopped) == (None, MAY, "death")
    Person.objects.filter(pk=county.wife.pk).update(died=date(2026, 5, 2))
    assert stop_for_death(person=county.wife.pk, on=date(2026, 5, 2)) == 1  # the last of the household
    home.refresh_from_db()
    assert home.months.upper == date(2026, 6, 1)
    assert undo_death(person=county.old.pk) == 2 and stop_for_death(person=0, on=MAY) == 0


MONTHS = st.integers(0, 14).map(lambda n: add_months(date(2026, 1, 1), n))
PLANS = st.builds(
    Plan,
    st.sampled_from(["monthly", "yearly", "one_off"]),
    st.integers(1, 90_000),
    MONTHS,
    st.none() | MONTHS,
    st.lists(st.builds(Change, MONTHS, st.integers(1, 90_000)), max_size=3).map(tuple),
)


@given(
    PLANS,
    st.dictionaries(MONTHS, st.builds(Booked, st.integers(0, 99_000), st.booleans()), max_size=6),
    MONTHS,
)
def test_whatever_was_booked_the_next_lines_leave_no_month_short_and_draw_nothing_back(plan, books, upto):
    lines = wanted(plan, books, upto)
    assert sum(line.fen for line in lines) >= 0
    after = dict(books)
    for line in lines:
        stands = after.get(line.month, Booked(0, False))
        assert not (line.kind == "regular" and stands.regular)
        after[line.month] = Booked(stands.fen + line.fen, stands.regular or line.kind == "regular")
    for month in paying.months_between(plan.first, upto):
        assert after.get(month, Booked(0, False)).fen >= owed(plan, month)
    over = sum(max(0, b.fen - owed(plan, m)) for m, b in after.items() if m <= upto)
    before = sum(max(0, b.fen - owed(plan, m)) for m, b in books.items() if m <= upto)
    short = sum(
        max(0, owed(plan, m) - books.get(m, Booked(0, False)).fen)
        for m in paying.months_between(plan.first, upto)
    )
    assert over == max(0, before - short)
    assert all(line.fen < 0 for line in wanted(plan, after, upto)) and not wanted(plan, after, upto)


def test_one_decision_entitles_once(county):
    made = granted(county)
    row = made.decision.application
    definition = reading.definition_of(row.version)
    with pytest.raises(Refused) as refused, transaction.atomic():
        open_entitlement(by=SYSTEM, row=row, decision=made.decision, definition=definition)
    assert refused.value.code == "moved_on"
    assert list(Entitlement.objects.values_list("pk", "months")) == [(made.pk, made.months)]
