"""销户: nobody lives there any more, the house is gone, or the household went into another."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from linli.kernel import Refused
from linli.kernel.bus.models import Fact
from linli.kernel.identity.models import Account
from linli.kernel.ledger.models import Entry
from linli.people import actions, queries
from linli.people.models import Household
from linli.people.tests.conftest import HERE


def refused(**given) -> Refused:
    with pytest.raises(Refused) as caught:
        actions.close_household(**given)
    return caught.value


def empty(worker, wang) -> None:
    actions.move_out(by=worker, person=wang.pk, on=date(2024, 1, 1), evidence="迁移证")


def test_an_empty_household_is_closed_with_its_reason_and_leaves_the_lists(worker, clerk, home, wang) -> None:
    said = refused(by=clerk, household=home.pk, why="moved_out", text="迁移证 12 号")
    assert said.status == 409 and "1 名成员" in said.message
    empty(worker, wang)
    row = actions.close_household(by=clerk, household=home.pk, why="moved_out", text="迁移证 12 号")
    assert row.closed and row.closed_why == "moved_out" and row.head_id is None
    assert home not in queries.households_seen(clerk)
    assert Entry.objects.get(verb="close_household").fields["text"] == "迁移证 12 号"
    again = refused(by=clerk, household=home.pk, why="moved_out", text="x")
    assert again.status == 404
    # the number is free again
    actions.add_household(by=worker, address="人民路 12 号", number="0001", **HERE)


def test_a_merger_takes_the_members_along(worker, clerk, home, wang) -> None:
    other = actions.add_household(by=worker, address="人民路 14 号", number="0002", **HERE)
    row = actions.close_household(by=clerk, household=home.pk, why="merged", text="户口簿", into=other.pk)
    assert row.merged_into_id == other.pk
    (member,) = queries.members_of(Household.objects.get(pk=other.pk))
    assert member.person_id == wang.pk
    assert Fact.objects.filter(name="people.PersonMoved", body__household=other.pk).exists()


def test_every_defect_is_named_at_once(worker, clerk, home, wang) -> None:
    said = refused(by=clerk, household=home.pk, why="bored", text=" ", into=None)
    assert set(said.fields) == {"why", "text"}
    assert set(refused(by=clerk, household=home.pk, why="merged", text="x").fields) == {"into"}
    assert set(refused(by=clerk, household=home.pk, why="merged", text="x", into=home.pk).fields) == {"into"}
    assert refused(by=clerk, household=home.pk, why="merged", text="x", into=999_999).status == 404


def test_a_grid_worker_and_a_stranger_close_nothing(worker, stranger, home) -> None:
    for by in (worker, stranger):
        assert refused(by=by, household=home.pk, why="demolished", text="拆迁协议").status == 403


def test_a_move_is_not_undone_into_a_closed_household(worker, clerk, home, wang) -> None:
    event = actions.move_out(by=worker, person=wang.pk, evidence="迁移证")
    actions.close_household(by=clerk, household=home.pk, why="demolished", text="拆迁协议")
    with pytest.raises(Refused) as caught:
        actions.undo_event(by=clerk, event=event.pk, reason="登记错了")
    assert caught.value.code == "home_closed"


def test_the_database_wants_the_reason(home) -> None:
    from django.utils import timezone

    with pytest.raises(IntegrityError), transaction.atomic():
        Household.objects.filter(pk=home.pk).update(closed=timezone.now())


def test_the_page_closes_and_then_shows_why(worker, clerk, home, wang) -> None:
    browser = Client()
    browser.force_login(
        Account.objects.get(pk=clerk.account), backend="django.contrib.auth.backends.ModelBackend"
    )
    path = f"/people/households/{home.pk}/close/"
    assert path in browser.get(f"/people/households/{home.pk}/").content.decode()
    body = {"why": "demolished", "text": "拆迁协议 7 号", "into": "", "client_uuid": "", "base_version": ""}
    answer = browser.post(path, body)
    assert answer.status_code in (409, 422) and "还有 1 名成员" in answer.content.decode()
    empty(worker, wang)
    assert browser.post(path, body)["Location"] == "/people/"
    page = browser.get(f"/people/households/{home.pk}/").content.decode()
    assert "已销户" in page and "房屋拆除" in page and path not in page and "写民情日记" not in page
    browser.force_login(
        Account.objects.get(pk=worker.account), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert browser.get(path).status_code == 403
