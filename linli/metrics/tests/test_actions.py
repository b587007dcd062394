"""The roll-up follows every act exactly: what was worked out step by step equals what is worked out from nothing."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from linli.dispatch import actions as dispatch
from linli.dispatch.models import WorkOrder
from linli.incidents import actions as incidents
from linli.incidents.models import Incident
from linli.incidents.tests.conftest import Town
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.deadlines.queries import calendar_for
from linli.metrics import actions
from linli.metrics.models import Case, Daily, GridLoad, Mark
from linli.metrics.tests.conftest import moved_back, settled, told
from linli.metrics.tests.walking import walk


def everything() -> dict[str, list[tuple]]:
    """All rows of the room as plain values, the roll-up without its ids."""
    found = {}
    for model in (Case, Daily, GridLoad):
        fields = [field.attname for field in model._meta.concrete_fields if field.attname != "id"]
        found[model.__name__] = sorted(model.objects.values_list(*fields), key=repr)
    return found


@pytest.fixture
def walked(town: Town) -> list[int]:
    """Thirty cases with all that may befall them, spread over the last eighteen days."""
    ids = walk(town, steps=30, seed=7)
    draw = random.Random(3)
    for incident in ids:
        moved_back(incident, draw.uniform(0, 18))
    settled()
    return ids


def test_the_roll_up_equals_the_rebuild_after_a_random_history(town: Town, walked: list[int]) -> None:
    assert Incident.objects.filter(pk__in=walked).values("state").distinct().count() >= 5
    assert Case.objects.filter(raters__gt=0).exists() and Case.objects.filter(returned=True).exists()
    stepwise = everything()
    took = actions.rebuild()
    assert took["all"] >= took["cases"]
    assert everything() == stepwise
    assert stepwise["Daily"] and stepwise["GridLoad"]


def test_it_stays_equal_while_a_long_history_goes_on(town: Town, history: int) -> None:
    walk(town, steps=6, seed=11)
    settled()
    assert Case.objects.count() > history
    stepwise = everything()
    actions.rebuild()
    assert everything() == stepwise


def test_nothing_changes_when_it_is_worked_out_twice(town: Town, history: int) -> None:
    once = everything()
    actions.mark(*Incident.objects.values_list("pk", flat=True))
    assert actions.recompute() == history
    assert everything() == once
    assert actions.recompute() == 0 and not Mark.objects.exists()


def test_merged_and_void_incidents_count_nowhere(town: Town) -> None:
    first, second = told(1, by=town.worker, own=True), told(2, by=town.worker, own=True)
    settled()
    assert Case.objects.count() == 2
    incidents.void_incident(by=SYSTEM, incident=first, text="测试")
    settled()
    assert [row.pk for row in Case.objects.all()] == [second]
    assert sum(Daily.objects.filter(area="430181001", large="").values_list("reported", flat=True)) == 1


def _suspended(town: Town, number: int) -> tuple[int, WorkOrder]:
    case = told(number, by=town.worker, own=True)
    order = WorkOrder.objects.get(subject=f"incidents.incident:{case}", kind="incident.handle")
    dispatch.accept_order(by=SYSTEM, order=order.pk)
    ask = dispatch.ask_for_time(
        by=town.officer if order.person_id is None else _actor(town, order.person_id),
        order=order.pk,
        what="suspend",
        reason="等审批",
        ground="budget",
        until=timezone.now() + timedelta(days=9),
    )
    dispatch.decide_ask(by=SYSTEM, ask=ask.pk, granted=True, decision="同意")
    return case, order


def test_a_suspended_case_is_not_due_and_a_resumed_one_is_due_later(town: Town) -> None:
    case, order = _suspended(town, 3)
    settled()
    row = Case.objects.get(pk=case)
    assert row.suspended and row.open
    paused = WorkOrder.objects.get(pk=order.pk).pauses
    long_ago = (timezone.now() - timedelta(days=6)).isoformat()
    WorkOrder.objects.filter(pk=order.pk).update(pauses=[{**paused[0], "at": long_ago}])
    Incident.objects.filter(pk=case).update(due_at=timezone.now() - timedelta(days=2))
    dispatch.resume_order(by=SYSTEM, order=order.pk)
    settled()
    row, now = Case.objects.get(pk=case), timezone.now()
    assert not row.suspended and row.due_at == Incident.objects.get(pk=case).due_at > now
    stepwise = everything()
    actions.rebuild()
    assert everything() == stepwise


def test_a_logged_contact_and_a_recalled_order_reach_the_numbers(town: Town) -> None:
    case = told(4, by=town.worker, own=True)
    Incident.objects.filter(pk=case).update(responded_at=None)
    settled()
    assert Case.objects.get(pk=case).response_seconds is None
    incidents.note_contact(by=SYSTEM, incident=case, text="电话已通")
    settled()
    assert Case.objects.get(pk=case).response_seconds is not None
    order = WorkOrder.objects.get(subject=f"incidents.incident:{case}", kind="incident.handle")
    dispatch.accept_order(by=SYSTEM, order=order.pk)
    dispatch.recall_order(by=SYSTEM, order=order.pk, said=dispatch.Said(text="派错了"))
    settled()
    stepwise = everything()
    actions.rebuild()
    assert everything() == stepwise


def _actor(town: Town, account: int):
    return next(actor for actor in (town.worker, town.officer, town.far) if actor.account == account)


def test_the_duty_clock_of_a_response_is_the_calendars_own(town: Town) -> None:
    calendar = calendar_for("430181")
    here = timezone.get_default_timezone()
    for number, (start, minutes) in enumerate(
        [("2026-03-02T07:50", 95), ("2026-03-02T17:10", 900), ("2026-03-06T20:00", 4000)]
    ):
        case = told(20 + number, by=town.resident, own=False)
        received = timezone.datetime.fromisoformat(start).replace(tzinfo=here)
        met = received + timedelta(minutes=minutes)
        Incident.objects.filter(pk=case).update(received_at=received, responded_at=met)
        actions.mark(case)
        actions.recompute()
        row = Case.objects.get(pk=case)
        assert row.response_seconds == minutes * 60
        assert row.response_duty == int(deadlines.elapsed(received, met, "dh", calendar) * 3600)


def test_the_same_matter_again_shows_a_closed_case_was_not_solved(town: Town) -> None:
    first = told(30, by=town.worker, own=True)
    place = Incident.objects.get(pk=first)
    Incident.objects.filter(pk=first).update(
        state="closed", cause="fixed", outcome="已清理", closed_at=timezone.now() - timedelta(days=5)
    )
    second = told(31, by=town.worker, own=True)
    Incident.objects.filter(pk=second).update(east=place.east + 30, north=place.north)
    actions.mark(second)
    actions.recompute()
    drain()
    actions.recompute()
    assert Case.objects.get(pk=first).false_by == second
    stepwise = everything()
    actions.rebuild()
    assert everything() == stepwise and Case.objects.get(pk=first).false_by == second
    incidents.reclass_incident(by=SYSTEM, incident=second, class_code="trf.road")
    settled()
    assert Case.objects.get(pk=first).false_by is None


def test_the_map_learns_that_a_case_became_overdue_by_the_clock_alone(town: Town) -> None:
    case = told(40, by=town.worker, own=True)
    settled()
    load = GridLoad.objects.get()
    assert (load.open, load.overdue) == (1, 0)
    Case.objects.filter(pk=case).update(due_at=timezone.now() - timedelta(hours=1))
    actions.refresh_loads()
    assert GridLoad.objects.get().overdue == 1


@pytest.mark.parametrize("days", [0.5, 40])
def test_a_case_moves_between_days_without_a_trace(town: Town, days: float) -> None:
    case = told(50, by=town.worker, own=True)
    settled()
    moved_back(case, days)
    actions.recompute()
    stepwise = everything()
    actions.rebuild()
    assert everything() == stepwise
