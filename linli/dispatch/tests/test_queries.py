"""Each list shows its viewer what is theirs; the neighbouring town gets nothing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch import actions, queries
from linli.dispatch.actions import Said
from linli.dispatch.models import Ask, Duty, Move
from linli.dispatch.tests.conftest import CG, COUNTY, LAT, LON, SL, TOWN, Posts, Raise
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM


def test_work_is_what_one_has_in_person_or_free_in_ones_unit(posts: Posts, order: Raise) -> None:
    mine, free = order("worker"), order("unit")
    order("")
    assert list(queries.work_list(posts.worker)) == [mine]
    assert list(queries.work_list(posts.officer)) == [free]
    assert not queries.work_list(posts.far)
    assert queries.order_for(posts.worker, mine.pk) == mine
    with pytest.raises(Refused) as refused:
        queries.order_for(posts.far, mine.pk)
    assert refused.value.status == 404


def test_orders_are_seen_in_ones_own_area_and_unit(posts: Posts, order: Raise) -> None:
    row = order("unit")
    secret = order("unit", private=True)
    assert set(queries.seen(posts.clerk)) == {row, secret}
    assert set(queries.seen(posts.leader)) == {row}
    assert set(queries.seen(posts.officer)) == {row, secret}
    assert not queries.seen(posts.far) and queries.seen(SYSTEM).count() == 2


def test_near_me_knows_metres(posts: Posts, order: Raise) -> None:
    order(lon=LON + 0.01)
    near = order(lon=LON + 0.001)
    spot = areas.located(LON, LAT)
    rows = list(queries.near_me(posts.worker, spot["east"], spot["north"]))
    assert rows[0] == near and 90 < rows[0].metres < 110
    assert not queries.near_me(posts.far, spot["east"], spot["north"])


def test_what_waits_for_a_dispatcher_or_a_ruling(posts: Posts, order: Raise) -> None:
    raised, twice = order(""), order("unit")
    said = Said(reason="not_ours", text="不归我们")
    actions.return_order(by=posts.officer, order=twice.pk, said=said)
    assert set(queries.to_dispatch(posts.clerk)) == {raised, twice} and not queries.to_rule(posts.chief)
    actions.dispatch_order(
        by=posts.clerk, order=twice.pk, to=actions.Assignee(CG), said=Said(text="仍归城管")
    )
    actions.return_order(by=posts.officer, order=twice.pk, said=said)
    assert list(queries.to_rule(posts.chief)) == [twice]
    assert not queries.to_rule(posts.clerk) and not queries.to_dispatch(posts.far)


def test_requests_for_more_time_wait_with_others_never_with_the_asker(posts: Posts, order: Raise) -> None:
    row = order("unit")
    actions.accept_order(by=posts.officer, order=row.pk)
    asked = actions.ask_for_time(by=posts.officer, order=row.pk, what="extend", reason="等吊车", limit="2 dh")
    assert list(queries.asks_to_decide(posts.chief)) == [asked] == list(queries.asks_of_units(posts.head))
    Ask.objects.update(asked_by=posts.chief.account)
    assert not queries.asks_to_decide(posts.chief) and list(queries.asks_to_decide(posts.leader)) == [asked]
    assert not queries.asks_to_decide(posts.officer) and not queries.asks_of_units(posts.far)


def test_the_people_of_a_unit_may_be_given_its_work(posts: Posts) -> None:
    assert [one.name for one in queries.people_of_unit(CG)] == ["刘局长", "陈经办"]
    assert queries.people_of_unit(SL) == []


def test_an_orders_steps_come_oldest_first(posts: Posts, order: Raise) -> None:
    row = order()
    actions.accept_order(by=posts.worker, order=row.pk)
    assert [move.action for move in queries.order_moves(row)] == ["dispatch", "accept"]
    assert Move.objects.count() == 2 and queries.photos_about(row) == []


def test_the_duty_list_ends_with_its_turns_and_stays_in_its_town(posts: Posts) -> None:
    now = timezone.now()
    mine = Duty.objects.create(
        person=posts.accounts["clerk"],
        post="duty_officer",
        area=TOWN,
        start=now,
        end=now + timedelta(hours=8),
    )
    past = {"start": now - timedelta(days=2), "end": now - timedelta(days=1)}
    Duty.objects.create(person=posts.accounts["clerk"], post="duty_officer", area=TOWN, **past)
    assert list(queries.duties(posts.clerk)) == [mine] == list(queries.duties(posts.chief))
    assert not queries.duties(posts.far)
    with pytest.raises(Refused):
        actions.set_duty(
            by=posts.worker, person=posts.clerk.account, post="duty_officer", area=COUNTY, start=now, end=now
        )
    with pytest.raises(Refused):
        actions.end_duty(by=posts.worker, duty=mine.pk)


def test_a_second_open_lead_order_of_a_kind_is_impossible(posts: Posts, order: Raise) -> None:
    first = order(subject="tests.thing:1")
    wanted = actions.Wanted(
        kind=first.kind, subject=first.subject, title="再派一张", place=actions.located(first)
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.raise_order(by=SYSTEM, wanted=wanted)
    assert list(queries.work_list(posts.worker)) == [first]
