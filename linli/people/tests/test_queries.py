from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.actions import give_pass
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM
from linli.people import actions, queries
from linli.people.models import Household
from linli.people.tests.conftest import COUNTY, GRID, RIVER, holding, number


def test_lists_ask_once_whatever_they_hold(worker, home, wang):
    for count in range(5):
        actions.add_household(by=worker, address=f"甲路 {count} 号", lon=113.05, lat=28.05)
    with CaptureQueriesContext(connection) as asked:
        rows = [(row.head and row.head.masked_name, row.dwelling.masked_address, row.people) for row in
                queries.households_seen(worker)]  # fmt: skip
    assert len(asked) == 1 and len(rows) == 6 and ("王**", "人民路 ****", 1) in rows
    with CaptureQueriesContext(connection) as asked:
        assert [person.homes[0].household for person in queries.persons_seen(worker)] == [home]
    assert len(asked) == 2


def test_a_stranger_sees_nobody_here(stranger, home, wang):
    assert not queries.households_seen(stranger) and not queries.persons_seen(stranger)
    assert queries.by_number(stranger, number()) is None and not queries.by_phone(stranger, "13800001234")
    assert not queries.households_not_visited(stranger, 0)
    for ask in (
        lambda: queries.household_of(stranger, home.pk),
        lambda: queries.person_of(stranger, wang.pk),
        lambda: queries.household_of(stranger, 999_999),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.status == 404


def test_a_role_without_the_verb_sees_nobody(home, wang):
    mediator = holding("mediator", RIVER)
    assert not queries.households_seen(mediator) and not queries.persons_seen(mediator)


def test_a_worker_sees_their_grid_and_a_clerk_the_community(worker, clerk, home, wang):
    other = actions.add_household(by=clerk, address="滨河路 3 号", lon=113.15, lat=28.05)
    assert list(queries.households_seen(worker)) == [home]
    assert set(queries.households_seen(clerk)) == {home, other}


def test_people_are_found_by_number_and_phone(clerk, wang):
    assert queries.by_number(clerk, f" {number().lower()} ") == wang
    assert list(queries.by_phone(clerk, "138 0000 1234")) == [wang]
    assert queries.number_known(number()) and not queries.number_known(number(order=3))


def test_a_pass_opens_one_person_to_somebody_else(wang, stranger):
    until = timezone.now() + timedelta(hours=24)
    give_pass(
        by=SYSTEM, account=stranger.account, subject=f"people.person:{wang.pk}", verbs=["people.view", "people.reveal"],
        reason="处置告警", until=until,
    )  # fmt: skip
    now = actor_for(stranger.account)
    assert queries.person_of(now, wang.pk) == wang
    seen = actions.reveal(by=now, kind="person", number=wang.pk, fields=("phone",), reason="处置告警联系本人")
    assert seen["phone"] == "13800001234"


def test_people_see_their_own_record(clerk, wang):
    someone = holding("family", COUNTY)
    with pytest.raises(Refused):
        queries.person_of(someone, wang.pk)
    actions.link_account(by=clerk, person=wang.pk, account=someone.account)
    assert queries.person_of(someone, wang.pk) == wang


def test_households_are_missed_after_the_days_since_visit_or_registration(worker, home):
    old = actions.add_household(by=worker, address="甲路 1 号", lon=113.05, lat=28.05)
    Household.objects.filter(pk=old.pk).update(created=timezone.now() - timedelta(days=40))
    visited = actions.add_household(by=worker, address="甲路 2 号", lon=113.05, lat=28.05)
    Household.objects.filter(pk=visited.pk).update(created=timezone.now() - timedelta(days=90))
    actions.write_note(by=worker, household=visited.pk, heard="一切都好")
    assert list(queries.households_not_visited(worker, 30)) == [old]
    later = timezone.now() + timedelta(days=31)
    assert set(queries.households_not_visited(worker, 30, later)) == {home, old, visited}


def test_the_household_page_reads_members_notes_and_events(worker, home, wang):
    wife = actions.register_person(by=worker, household=home.pk, name="李梅", relation="配偶")
    actions.set_head(by=worker, household=home.pk, person=wife.pk)
    note = actions.write_note(by=worker, household=home.pk, heard="一切都好")
    event = actions.move_out(by=worker, person=wang.pk, evidence="迁移证")
    home.refresh_from_db()
    assert [member.person for member in queries.members_of(home)] == [wife]
    assert [member.person for member in queries.former_members_of(home)] == [wang]
    assert queries.notes_of(home) == [note] and queries.events_of(home) == [event]
    assert queries.note_of(worker, note.pk) == note


def test_a_neighbour_reads_no_note(worker, stranger, home):
    note = actions.write_note(by=worker, household=home.pk, promised="再来", promise_due=timezone.localdate())
    assert [one.pk for one in queries.promises_open(worker)] == [note.pk]
    assert not queries.promises_open(stranger)
    with pytest.raises(Refused):
        queries.note_of(stranger, note.pk)
    assert note.household.grid == GRID


def test_a_grant_within_one_unit_reaches_no_person(home, wang):
    officer = holding("window_clerk", COUNTY, unit="430181-MZ")
    assert queries.by_number(officer, number()) is None and not queries.by_phone(officer, "13800001234")
