from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.ledger.models import Entry
from linli.people import actions, ports, queries
from linli.people.models import VisitNote

TODAY = timezone.localdate()


def test_a_note_marks_the_visit_and_is_not_readable_in_the_ledger(worker, home):
    note = actions.write_note(
        by=worker,
        household=home.pk,
        heard="老人腿疼",
        promised="联系医生上门",
        promise_due=TODAY + timedelta(days=3),
    )
    home.refresh_from_db()
    assert home.visited_at == note.at and home.visits == 1
    entry = Entry.objects.get(verb="write_note")
    assert "老人" not in str(entry.fields) and entry.fields["heard"].startswith("sha256:")


def test_an_older_note_sent_late_does_not_turn_the_last_visit_back(worker, home):
    now = timezone.now()
    actions.write_note(by=worker, household=home.pk, heard="一切都好", at=now)
    actions.write_note(by=worker, household=home.pk, heard="昨天也好", at=now - timedelta(days=1))
    home.refresh_from_db()
    assert home.visited_at == now and home.visits == 2


def test_an_empty_note_and_a_due_day_without_a_promise_are_refused(worker, home):
    with pytest.raises(Refused) as refused:
        actions.write_note(
            by=worker,
            household=home.pk,
            promise_due=TODAY - timedelta(days=1),
            at=timezone.now() + timedelta(hours=1),
        )
    assert set(refused.value.fields) == {"heard", "promised", "promise_due", "at"}
    with pytest.raises(IntegrityError), transaction.atomic():
        VisitNote.objects.create(household=home, at=timezone.now())


def test_a_promise_is_kept_once(worker, clerk, home):
    note = actions.write_note(by=worker, household=home.pk, promised="带政策单", promise_due=TODAY)
    assert [one.pk for one in queries.promises_open(clerk)] == [note.pk]
    kept = actions.keep_promise(by=worker, note=note.pk).promise_kept
    assert actions.keep_promise(by=worker, note=note.pk).promise_kept == kept
    assert not queries.promises_open(clerk)


@pytest.fixture
def incidents():
    """A room above that makes something of notes."""
    taken: list[str] = []

    def take(by, note, text: str) -> str:
        taken.append(text)
        return f"incidents.incident:{len(taken)}"

    ports.register_note_target("incident", "转为网格事件", take)
    yield taken
    ports.unregister_note_target("incident")


def test_what_was_asked_goes_to_its_room_once(worker, home, incidents):
    note = actions.write_note(by=worker, household=home.pk, asked="楼道灯坏了")
    assert actions.route_note(by=worker, note=note.pk, to="incident").routed_to == "incidents.incident:1"
    assert incidents == ["楼道灯坏了"]
    with pytest.raises(Refused, match="已经转办"):
        actions.route_note(by=worker, note=note.pk, to="incident")
    other = actions.write_note(by=worker, household=home.pk, promised="再来")
    with pytest.raises(Refused) as refused:
        actions.route_note(by=worker, note=other.pk, to="nowhere")
    assert set(refused.value.fields) == {"to", "text"}
