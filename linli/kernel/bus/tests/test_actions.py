from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.bus import actions, jobs, registry
from linli.kernel.bus.models import Delivery, Fact, TimerRun
from linli.kernel.bus.tests.probe import Told
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db


def heard() -> list[str]:
    return list(Entry.objects.filter(verb="heard").order_by("id").values_list("subject", flat=True))


def test_telling_writes_one_row_and_nothing_else(django_assert_num_queries: Callable) -> None:
    with django_assert_num_queries(1):
        actions.tell(Told(1), Told(2))
    assert Fact.objects.count() == 2
    assert not Delivery.objects.exists() and not ProcrastinateJob.objects.exists()


def test_an_imports_thousands_of_facts_are_told_whole() -> None:
    actions.tell(*(Told(number) for number in range(4001)))
    assert Fact.objects.count() == 4001


def test_a_fact_of_a_transaction_that_fails_was_never_told() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        actions.tell(Told(1))
        raise RuntimeError
    assert jobs.drain() == 0 and heard() == []


def test_a_fact_reaches_its_reaction_once() -> None:
    actions.tell(Told(1))
    jobs.drain()
    jobs.drain()
    assert heard() == ["probe.told:1"]
    assert Delivery.objects.get().state == "done"


def test_relaying_queues_many_reactions_in_few_jobs() -> None:
    actions.tell(*(Told(number) for number in range(60)))
    assert actions.relay() == 60
    assert ProcrastinateJob.objects.filter(task_name="bus.react_to").count() == 3
    assert actions.relay() == 0


def test_a_crash_inside_a_reaction_rolls_its_effects_back_and_it_is_tried_again() -> None:
    actions.tell(Told(1, fail=True))
    actions.relay()
    delivery = Delivery.objects.get()
    assert actions.react(delivery.pk) == "again"
    assert heard() == []
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("queued", 1)
    Fact.objects.update(body={"number": 1})
    assert actions.react(delivery.pk) == "done"
    assert heard() == ["probe.told:1"]


def test_a_job_with_an_unfinished_reaction_asks_for_another_try_and_skips_what_is_done() -> None:
    actions.tell(Told(1), Told(2, fail=True))
    actions.relay()
    both = list(Delivery.objects.values_list("id", flat=True))
    for _ in range(2):
        with pytest.raises(jobs.Unfinished):
            jobs.react_to(both)
    assert heard() == ["probe.told:1"]


def test_a_reaction_that_keeps_failing_is_parked_with_its_reason_and_left_alone() -> None:
    actions.tell(Told(1, fail=True))
    actions.relay()
    delivery = Delivery.objects.get()
    outcomes = [actions.react(delivery.pk) for _ in range(actions.TRIES)]
    assert outcomes == ["again"] * (actions.TRIES - 1) + ["parked"]
    delivery.refresh_from_db()
    assert "管线爆裂" in delivery.reason
    assert actions.react(delivery.pk) == "gone"


def test_an_administrator_runs_a_parked_reaction_again(administrator: Actor) -> None:
    actions.tell(Told(1, fail=True))
    jobs.drain()
    delivery = Delivery.objects.get(state="parked")
    Fact.objects.update(body={"number": 1})
    actions.run_again(by=administrator, delivery=delivery.pk)
    jobs.drain()
    assert heard() == ["probe.told:1"]
    assert Entry.objects.filter(verb="run_again", by=administrator.ref).exists()


def test_a_stranger_may_not_run_a_reaction_again(stranger: Actor) -> None:
    with pytest.raises(Refused) as refused:
        actions.run_again(by=stranger, delivery=1)
    assert refused.value.status == 403


def test_a_reaction_that_is_gone_from_the_program_is_parked_not_lost() -> None:
    actions.tell(Told(1))
    actions.relay()
    Delivery.objects.update(reaction="tests.on_nothing")
    jobs.drain()
    assert Delivery.objects.get().state == "parked"


def test_a_fact_keeps_working_when_a_field_was_added_or_dropped() -> None:
    Fact.objects.create(name=registry.name_of(Told), body={"number": 7, "colour": "red"}, at=timezone.now())
    jobs.drain()
    assert heard() == ["probe.told:7"]


def test_a_queued_reaction_whose_job_was_lost_is_queued_again_and_parked_at_last() -> None:
    actions.tell(Told(1))
    actions.relay()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert jobs.rescue() == 0  # still young
    Fact.objects.update(delivered=timezone.now() - timedelta(hours=1))
    assert [jobs.rescue(), ProcrastinateJob.objects.count()] == [1, 1]
    assert jobs.rescue() == 0  # a job holds it
    Delivery.objects.update(attempts=actions.TRIES - 1)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert jobs.rescue() == 1
    assert Delivery.objects.get().state == "parked"


def test_old_delivered_facts_are_pruned_and_parked_ones_stay() -> None:
    actions.tell(Told(1), Told(2, fail=True))
    jobs.drain()
    assert jobs.prune() == 0
    Fact.objects.update(delivered=timezone.now() - timedelta(days=31))
    assert jobs.prune() == 1
    assert Fact.objects.get().body["number"] == 2


def test_a_daily_timer_starts_once_whatever_the_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    timer = registry.Timer("tests.sweep_the_street", lambda: ran.append(1), at="06:00")
    monkeypatch.setitem(registry._timers, timer.name, timer)
    monkeypatch.setattr(registry, "timers", lambda: [timer])
    now = timezone.now()
    assert jobs.start_daily(now) == 0  # first seen: due from the next six o'clock on
    tomorrow = now + timedelta(days=1, minutes=1)
    assert [jobs.start_daily(tomorrow), jobs.start_daily(tomorrow)] == [1, 0]
    job = ProcrastinateJob.objects.get(task_name="bus.run_daily")
    jobs.run_daily(**job.args)
    assert ran == [1]


def test_a_timer_that_fails_says_why_and_recovers() -> None:
    def fail() -> None:
        raise OSError("磁盘已满")

    with pytest.raises(OSError, match="磁盘已满"):
        actions.run_timer(registry.Timer("tests.clean", fail, seconds=5))
    row = TimerRun.objects.get(pk="tests.clean")
    assert row.failed and "磁盘已满" in row.reason
    actions.run_timer(registry.Timer("tests.clean", lambda: 3, seconds=5))
    row.refresh_from_db()
    assert row.failed is None and row.reason == ""


def test_a_deferred_function_must_be_a_rooms_job() -> None:
    with pytest.raises(ValueError, match="not a room's job"):
        jobs.defer("os.system", command="true")
    jobs.defer("linli.kernel.bus.jobs.prune")
    job = ProcrastinateJob.objects.get(task_name="bus.run")
    jobs.run(**job.args)
    assert job.args["function"] == "linli.kernel.bus.jobs.prune"


def test_the_sequencer_is_one_of_the_workers_timers() -> None:
    actions.tell(Told(1))
    jobs.drain()
    assert jobs.sequence_ledger() == 1
    assert Entry.objects.get(verb="heard").seq == 0
