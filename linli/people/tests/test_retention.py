"""Forgetting in time: anonymous first, deleted later; what stays names nobody."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel.bus.models import Fact
from linli.kernel.identity.models import Account
from linli.kernel.ledger.models import Entry, Salt
from linli.people import actions, jobs, rules
from linli.people.actions.retention import periods
from linli.people.models import Consent, Household, LifeEvent, Member, Person, Tie, Tombstone
from linli.people.tests.conftest import number

TODAY = date(2030, 6, 1)


def told(how: str) -> int:
    return Fact.objects.filter(name="people.PersonForgotten", body__how=how).count()


@pytest.fixture
def long_dead(worker, home, wang) -> Person:
    """Died five years before TODAY, with a tie, a consent and a salted value in the record."""
    Tie.objects.create(person=wang, kind="kin", name="王小妹", phone="13800009999")
    Consent.objects.create(person=wang, purpose="contact", given_by="self", evidence="书面")
    actions.register_death(by=worker, person=wang.pk, on=date(2025, 6, 1), evidence="王向阳死亡证明")
    entry = Entry.objects.create(subject=f"people.person:{wang.pk}", verb="test", by="x", at=timezone.now())
    Salt.objects.create(entry=entry, field="phone", salt=b"0" * 16)
    return Person.objects.get(pk=wang.pk)


def test_the_years_are_data() -> None:
    years, rest = periods()
    assert set(years) == {"died", "moved_out", "merged"} and all(
        number > 0 for number in (*years.values(), rest)
    )


def test_the_29th_of_february_has_a_day_before_it() -> None:
    assert rules.years_before(date(2028, 2, 29), 3) == date(2025, 2, 28)
    assert rules.years_before(TODAY, 5) == date(2025, 6, 1)


def test_three_years_after_a_death_nothing_names_the_person(long_dead: Person) -> None:
    assert actions.forget_persons(today=date(2028, 5, 31)) == (0, 0)
    assert actions.forget_persons(today=date(2028, 6, 1)) == (1, 0)
    row = Person.objects.get(pk=long_dead.pk)
    assert (row.name, row.number, row.phone, row.birth, row.number_index) == ("已匿名", "", "", None, None)
    assert row.anonymised_why == "died" and row.died == date(2025, 6, 1)
    assert not Tie.objects.exists() and not Consent.objects.exists()
    assert {event.evidence for event in LifeEvent.objects.filter(person=row)} == {"已匿名"}
    assert not Salt.objects.filter(entry__subject=f"people.person:{row.pk}").exists()
    assert Entry.objects.filter(subject=f"people.person:{row.pk}", verb="anonymise").exists()
    assert told("anonymised") == 1
    assert actions.forget_persons(today=date(2028, 6, 2)) == (0, 0)


def test_later_the_row_goes_and_a_tombstone_stays(long_dead: Person) -> None:
    actions.forget_persons(today=TODAY)
    Person.objects.filter(pk=long_dead.pk).update(anonymised=timezone.localdate() - timedelta(days=800))
    assert actions.forget_persons(today=timezone.localdate()) == (0, 1)
    assert not Person.objects.filter(pk=long_dead.pk).exists() and not Member.objects.exists()
    stone = Tombstone.objects.get(person=long_dead.pk)
    assert stone.why == "died" and stone.anonymised < stone.deleted
    assert told("deleted") == 1 and Household.objects.exists()


def test_who_left_the_county_is_forgotten_but_not_who_lives_here_or_has_an_account(
    worker, home, wang
) -> None:
    assert actions.forget_persons(today=TODAY) == (0, 0)
    actions.move_out(by=worker, person=wang.pk, on=date(2024, 1, 1), evidence="迁移证")
    assert actions.forget_persons(today=date(2028, 12, 31)) == (0, 0)
    account = Account.objects.create(username="wang", name="王")
    Person.objects.filter(pk=wang.pk).update(account=account)
    assert actions.forget_persons(today=TODAY) == (0, 0)
    Person.objects.filter(pk=wang.pk).update(account=None)
    assert actions.forget_persons(today=TODAY) == (1, 0)


def test_who_came_back_is_not_forgotten(worker, home, wang) -> None:
    actions.move_out(by=worker, person=wang.pk, on=date(2022, 1, 1), evidence="迁移证")
    actions.move_in(by=worker, household=home.pk, number=number(), on=date(2023, 1, 1), evidence="户口簿")
    assert actions.forget_persons(today=TODAY) == (0, 0)


def test_a_merged_duplicate_is_forgotten_before_the_one_it_went_into(clerk, worker, home, wang) -> None:
    twin = actions.register_person(by=worker, household=home.pk, name="王向阳", phone="13800001234")
    actions.merge_persons(by=clerk, keep=wang.pk, drop=twin.pk, reason="重复")
    assert Person.objects.get(pk=twin.pk).merged_on == timezone.localdate()
    Person.objects.filter(pk=twin.pk).update(merged_on=date(2029, 6, 1))
    assert actions.forget_persons(today=TODAY) == (1, 0)
    assert Person.objects.get(pk=wang.pk).name == "王向阳"
    Person.objects.update(
        anonymised=timezone.localdate() - timedelta(days=900), number_index=None, phone_index=None, birth=None
    )
    assert actions.forget_persons(today=timezone.localdate()) == (0, 1)
    assert jobs.forget_in_time()[1] == 1 and not Person.objects.exists()


def test_the_anonymous_hold_no_number(wang) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(pk=wang.pk).update(anonymised=TODAY)


def test_a_returning_resident_can_be_registered_anew(worker, home, long_dead: Person) -> None:
    actions.forget_persons(today=TODAY)
    row = actions.register_person(by=worker, household=home.pk, name="王向阳", number=number())
    assert row.pk != long_dead.pk
