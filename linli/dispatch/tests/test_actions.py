"""Orders move by the table, on the clock, under four eyes; a stranger moves nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from linli.dispatch import actions
from linli.dispatch.actions import Assignee, Said
from linli.dispatch.actions.handovers import hand_over_orders, held_by_unit, open_orders
from linli.dispatch.models import Ask, Move, Rating, Ruling, Rung, WorkOrder
from linli.dispatch.tests.conftest import CG, SL, TOWN, Posts, Raise
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.models import Fact
from linli.kernel.ledger.models import Entry


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def told(name: str) -> int:
    return Fact.objects.filter(name=f"dispatch.{name}").count()


def accepted(posts: Posts, order: Raise) -> WorkOrder:
    return actions.accept_order(by=posts.worker, order=order().pk)


def handled(posts: Posts, order: Raise) -> WorkOrder:
    return actions.handle_order(by=posts.worker, order=accepted(posts, order).pk, outcome="换了灯泡")


def test_an_order_raised_for_somebody_is_dispatched_with_its_clock(posts: Posts, order: Raise) -> None:
    row = order()
    assert row.state == "dispatched" and row.stage == "accept" and row.due_at > row.created
    assert row.next_rung_at and row.created < row.next_rung_at < row.due_at
    assert Move.objects.get(order=row).action == "dispatch"
    assert told("OrderRaised") == told("OrderDispatched") == 1
    assert Entry.objects.filter(subject=row.subject, verb="order.raise").exists()


def test_an_order_for_nobody_waits_for_a_dispatcher(posts: Posts, order: Raise) -> None:
    row = order(to="")
    assert row.state == "raised" and row.stage == "dispatch"
    actions.dispatch_order(by=posts.clerk, order=row.pk, to=Assignee(CG))
    row.refresh_from_db()
    assert row.state == "dispatched" and row.unit == CG and row.first_dispatched_at


def test_a_subject_has_one_open_lead_order_of_a_kind(posts: Posts, order: Raise) -> None:
    row = order()
    with pytest.raises(IntegrityError), transaction.atomic():
        order(subject=row.subject)
    order(subject=row.subject, role="assist")


def test_only_the_person_named_accepts(posts: Posts, order: Raise) -> None:
    row = order()
    for actor in (posts.officer, posts.far, posts.clerk):
        assert refused(lambda actor=actor: actions.accept_order(by=actor, order=row.pk)).status == 403
    assert actions.accept_order(by=posts.worker, order=row.pk).state == "accepted"


def test_an_order_of_a_unit_becomes_the_persons_who_accepts(posts: Posts, order: Raise) -> None:
    row = order(to="unit")
    assert actions.accept_order(by=posts.officer, order=row.pk).person_id == posts.officer.account


def test_two_at_once_one_gets_a_409_that_says_who(posts: Posts, order: Raise) -> None:
    row = order(to="")
    actions.dispatch_order(by=posts.clerk, order=row.pk, to=Assignee(CG), said=Said(base_version=1))
    late = refused(
        lambda: actions.dispatch_order(
            by=posts.chief, order=row.pk, to=Assignee(SL), said=Said(base_version=1)
        )
    )
    assert late.status == 409 and "王派遣" in late.message
    row.refresh_from_db()
    assert row.unit == CG


def test_arriving_noting_and_handling_leave_their_marks(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    actions.arrive(by=posts.worker, order=row.pk, said=Said(data={"lon": 113.6, "lat": 28.1}))
    actions.add_note(by=posts.worker, order=row.pk, said=Said(text="灯杆带电，先围起来"))
    row = actions.handle_order(by=posts.worker, order=row.pk, outcome="换了灯泡")
    assert (
        row.state == "handled"
        and row.arrived_at
        and row.handled_by == posts.worker.ref
        and row.stage == "check"
    )
    assert [m.action for m in row.moves.order_by("id")] == ["dispatch", "accept", "arrive", "note", "handle"]


def test_handling_without_a_result_names_the_field(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    assert refused(lambda: actions.handle_order(by=posts.worker, order=row.pk, outcome="  ")).fields[
        "outcome"
    ]


def test_nobody_checks_his_own_work_and_the_database_knows_it(posts: Posts, order: Raise) -> None:
    row = handled(posts, order)
    assert refused(lambda: actions.verify_order(by=posts.worker, order=row.pk, passed=True)).status == 403
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkOrder.objects.filter(pk=row.pk).update(verified_by=posts.worker.ref)
    assert actions.verify_order(by=posts.checker, order=row.pk, passed=True).state == "done"
    assert told("OrderVerified") == 1


def test_a_failed_check_is_a_rework_with_half_the_limit(posts: Posts, order: Raise) -> None:
    row = handled(posts, order)
    whole = row.plan["handle"]
    row = actions.verify_order(by=posts.checker, order=row.pk, passed=False, said=Said(text="还是不亮"))
    assert row.state == "accepted" and row.reworks == 1 and row.limit != "" and told("OrderReworked") == 1
    assert row.stage == "handle" and (row.limit != whole or whole == "1 wd")


def test_without_verification_handling_is_the_end(posts: Posts, order: Raise) -> None:
    row = order(verify="none")
    actions.accept_order(by=posts.worker, order=row.pk)
    row = actions.handle_order(by=posts.worker, order=row.pk, outcome="好了")
    assert row.state == "done" and told("OrderHandled") == told("OrderVerified") == 1


def test_the_first_return_goes_to_the_dispatcher_the_second_to_a_ruling_that_is_final(
    posts: Posts, order: Raise
) -> None:
    row = order(to="unit")
    row = actions.return_order(
        by=posts.officer, order=row.pk, said=Said(reason="not_ours", text="归水利"), propose=SL
    )
    assert row.state == "disputed" and row.returns == 1 and row.explanation["ask"] == "dispatcher"
    actions.dispatch_order(by=posts.clerk, order=row.pk, to=Assignee(CG))
    row = actions.return_order(
        by=posts.officer, order=row.pk, said=Said(reason="not_ours", text="真的归水利")
    )
    assert row.explanation["ask"] == "duty_chief" and row.returns == 2
    assert (
        refused(
            lambda: actions.rule_order(by=posts.clerk, order=row.pk, to=Assignee(CG), said=Said(text="x"))
        ).status
        == 403
    )
    row = actions.rule_order(
        by=posts.chief,
        order=row.pk,
        to=Assignee(CG),
        said=Said(text="灯杆在城管名录"),
        topic="sr.litter",
        area=TOWN,
    )
    assert row.final and row.state == "dispatched"
    assert (
        refused(
            lambda: actions.return_order(
                by=posts.officer, order=row.pk, said=Said(reason="not_ours", text="还是退")
            )
        ).code
        == "ruled_final"
    )
    ruling = Ruling.objects.get(topic="sr.litter", valid_to=None)
    assert refused(lambda: actions.end_ruling(by=posts.officer, ruling=ruling.pk, why="不服")).status == 403
    actions.end_ruling(by=posts.chief, ruling=ruling.pk, why="名录已改")
    ruling.refresh_from_db()
    assert ruling.valid_to


def test_a_return_after_the_limit_is_refused(posts: Posts, order: Raise) -> None:
    row = order(to="unit")
    WorkOrder.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(minutes=1))
    late = refused(
        lambda: actions.return_order(
            by=posts.officer, order=row.pk, said=Said(reason="not_ours", text="晚了")
        )
    )
    assert late.code == "return_too_late"


def test_the_unit_head_reassigns_and_the_clock_runs_on(posts: Posts, order: Raise) -> None:
    row = order(to="unit")
    actions.accept_order(by=posts.officer, order=row.pk)
    row.refresh_from_db()
    due = row.due_at
    assert (
        refused(
            lambda: actions.reassign_order(by=posts.officer, order=row.pk, person=posts.worker.account)
        ).status
        == 403
    )
    row = actions.reassign_order(by=posts.head, order=row.pk, person=posts.head.account)
    assert row.person_id == posts.head.account and row.due_at == due and row.state == "dispatched"


def test_a_dispatcher_takes_an_order_back_and_the_room_cancels_it(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    assert (
        refused(lambda: actions.recall_order(by=posts.far, order=row.pk, said=Said(text="x"))).status == 403
    )
    row = actions.recall_order(by=posts.clerk, order=row.pk, said=Said(text="派错了"))
    assert row.state == "raised" and row.person_id is None and row.unit == ""
    assert refused(lambda: actions.cancel_order(by=posts.clerk, order=row.pk, said=Said())).fields["text"]
    row = actions.cancel_order(by=posts.clerk, order=row.pk, said=Said(text="重复"))
    assert row.state == "cancelled" and row.done_at and told("OrderCancelled") == 1


def test_milestones_follow_each_other_with_limits_of_their_own(posts: Posts, order: Raise) -> None:
    steps = [{"name": "围挡", "limit": "3 ch"}, {"name": "抢修", "limit": "8 ch"}]
    row = order(handle=steps)
    row = actions.accept_order(by=posts.worker, order=row.pk)
    assert row.limit == "3 ch"
    row = actions.finish_milestone(by=posts.worker, order=row.pk)
    assert row.milestone == 1 and row.limit == "8 ch"
    assert refused(lambda: actions.finish_milestone(by=posts.worker, order=row.pk)).code == "last_milestone"


def test_an_extension_is_asked_in_time_and_granted_by_another(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    due = row.due_at
    too_long = refused(
        lambda: actions.ask_for_time(
            by=posts.worker, order=row.pk, what="extend", reason="等料", limit="30 wd"
        )
    )
    assert "limit" in too_long.fields
    ask = actions.ask_for_time(by=posts.worker, order=row.pk, what="extend", reason="等料", limit=row.limit)
    assert (
        refused(lambda: actions.decide_ask(by=posts.worker, ask=ask.pk, granted=True, decision="准")).status
        == 403
    )
    assert (
        refused(lambda: actions.decide_ask(by=posts.far, ask=ask.pk, granted=True, decision="准")).status
        == 403
    )
    actions.decide_ask(by=posts.chief, ask=ask.pk, granted=True, decision="准")
    row.refresh_from_db()
    assert row.extensions == 1 and row.due_at > due
    assert Fact.objects.get(name="dispatch.OrderExtended").body["due_at"] == row.due_at.isoformat()
    assert (
        refused(lambda: actions.decide_ask(by=posts.chief, ask=ask.pk, granted=True, decision="准")).status
        == 409
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Ask.objects.filter(pk=ask.pk).update(decided_by=posts.worker.account)


def test_a_refused_ask_changes_no_clock(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    ask = actions.ask_for_time(by=posts.worker, order=row.pk, what="extend", reason="等料", limit=row.limit)
    actions.decide_ask(by=posts.chief, ask=ask.pk, granted=False, decision="料已到")
    after = WorkOrder.objects.get(pk=row.pk)
    assert after.due_at == row.due_at and after.extensions == 0


def test_a_suspended_order_stands_still_and_comes_back_on_its_day(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    review = timezone.now() + timedelta(days=10)
    assert (
        "until"
        in refused(
            lambda: actions.ask_for_time(
                by=posts.worker,
                order=row.pk,
                what="suspend",
                reason="汛期",
                ground="season",
                until=review + timedelta(days=90),
            )
        ).fields
    )
    ask = actions.ask_for_time(
        by=posts.worker, order=row.pk, what="suspend", reason="汛期", ground="season", until=review
    )
    actions.decide_ask(by=posts.leader, ask=ask.pk, granted=True, decision="同意，汛后再修")
    row.refresh_from_db()
    assert row.state == "suspended" and row.next_rung_at is None
    assert actions.resume_due(timezone.now()) == 0
    assert actions.resume_due(review + timedelta(minutes=1)) == 1
    row.refresh_from_db()
    assert row.state == "accepted" and row.pauses[-1]["until"]
    asleep, awake = (
        Fact.objects.get(name="dispatch.OrderSuspended"),
        Fact.objects.get(name="dispatch.OrderResumed"),
    )
    assert asleep.body["review"] == review.isoformat() and asleep.body["ground"] == "season"
    assert (awake.body["since"], awake.body["until"]) == (asleep.body["since"], row.pauses[-1]["until"])


def test_an_order_overdue_before_it_stood_still_stays_overdue(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    late = timezone.now() - timedelta(hours=1)
    WorkOrder.objects.filter(pk=row.pk).update(due_at=late)
    ask = actions.ask_for_time(
        by=posts.worker, order=row.pk, what="suspend", reason="诉讼", ground="court",
        until=timezone.now() + timedelta(days=3),
    )  # fmt: skip
    actions.decide_ask(by=posts.leader, ask=ask.pk, granted=True, decision="同意")
    actions.resume_order(by=posts.leader, order=row.pk)
    assert WorkOrder.objects.get(pk=row.pk).due_at == late


def test_a_manual_resume_needs_the_approver(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    ask = actions.ask_for_time(
        by=posts.worker,
        order=row.pk,
        what="suspend",
        reason="诉讼",
        ground="court",
        until=timezone.now() + timedelta(days=3),
    )
    actions.decide_ask(by=posts.leader, ask=ask.pk, granted=True, decision="同意")
    assert refused(lambda: actions.resume_order(by=posts.worker, order=row.pk)).status == 403
    assert actions.resume_order(by=posts.leader, order=row.pk).state == "accepted"


def test_every_rung_fires_once_and_stands_on_the_timeline(posts: Posts, order: Raise) -> None:
    row = order()
    far_future = row.due_at + timedelta(days=30)
    assert actions.fire_rungs(far_future) == 1
    assert actions.fire_rungs(far_future) == 0
    fired = list(Rung.objects.filter(order=row).order_by("rung").values_list("rung", flat=True))
    assert fired == list(range(len(fired))) and len(fired) >= 4
    assert told("OrderOverdue") == 1 and told("OrderEscalated") == len(fired)
    assert Move.objects.filter(order=row, action="supervise").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Rung.objects.create(order=row, stage="accept", round=row.round, rung=0, fired_at=timezone.now())


def test_no_rung_fires_before_its_time_and_none_after_accepting_the_stage(posts: Posts, order: Raise) -> None:
    row = order()
    assert actions.fire_rungs(row.created) == 0
    moment = row.next_rung_at
    actions.accept_order(by=posts.worker, order=row.pk)
    actions.fire_rungs(moment)
    assert not Rung.objects.filter(order=row, stage="accept").exists()


def test_a_rating_is_given_once(posts: Posts, order: Raise) -> None:
    row = handled(posts, order)
    rate = {"by": SYSTEM, "rater": "r:1", "subject": row.subject, "round": 1, "resolved": True}
    assert refused(lambda: actions.rate_subject(**rate, stars=9)).fields["stars"]
    actions.rate_subject(**rate, stars=5)
    assert refused(lambda: actions.rate_subject(**rate, stars=1)).status == 409
    assert Rating.objects.get(subject=row.subject).stars == 5 and told("OrderRated") == 1


def test_a_timeline_is_never_rewritten(posts: Posts, order: Raise) -> None:
    row = order()
    with pytest.raises(Exception, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE dispatch_move SET text = 'x' WHERE order_id = %s", [row.pk])


def test_a_hand_over_moves_open_orders_as_they_stand(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    assert open_orders(posts.worker.account or 0) == [(row.pk, row.title)]
    hand_over_orders(posts.worker.account or 0, posts.officer.account or 0, [row.pk])
    after = WorkOrder.objects.get(pk=row.pk)
    assert (
        after.person_id == posts.officer.account and after.state == "accepted" and after.due_at == row.due_at
    )
    assert held_by_unit(CG) == 1 and open_orders(posts.worker.account or 0) == []


def test_a_stranger_moves_nothing(posts: Posts, order: Raise) -> None:
    row = accepted(posts, order)
    for act in (
        lambda: actions.arrive(by=posts.far, order=row.pk),
        lambda: actions.add_note(by=posts.far, order=row.pk, said=Said(text="x")),
        lambda: actions.handle_order(by=posts.far, order=row.pk, outcome="x"),
        lambda: actions.cancel_order(by=posts.far, order=row.pk, said=Said(text="x")),
        lambda: actions.verify_order(by=posts.far, order=row.pk, passed=True),
        lambda: actions.ask_for_time(by=posts.far, order=row.pk, what="extend", reason="x", limit="1 dh"),
    ):
        assert refused(act).status in (403, 409)
    assert WorkOrder.objects.get(pk=row.pk).version == row.version
