import uuid
from datetime import timedelta

from django.utils import timezone

from linli.kernel.web import sync
from linli.people import actions, jobs, offline
from linli.people.models import VisitNote
from linli.people.tests.conftest import COUNTY, GRID, holding


def batch(household: int, **data) -> dict:
    now = timezone.now()
    item = {
        "uuid": str(uuid.uuid4()), "kind": "people.note", "captured_at": (now - timedelta(hours=5)).isoformat(),
        "data": {"household": household, **data},
    }  # fmt: skip
    return {"sent_at": now.isoformat(), "items": [item]}


def test_a_note_written_offline_is_dated_when_it_was_written(worker, home):
    sent = batch(home.pk, heard="都好")
    answer = sync.receive(worker, sent)["answers"][0]
    note = VisitNote.objects.get()
    assert answer["status"] == "done" and answer["note"] == note.pk
    assert timedelta(hours=4) < timezone.now() - note.at < timedelta(hours=6)
    assert sync.receive(worker, sent)["answers"][0]["status"] == "already"


def test_a_note_with_a_wrong_day_or_photo_stays_on_the_phone(worker, home):
    assert (
        sync.receive(worker, batch(home.pk, promised="再来", promise_due="改天"))["answers"][0]["status"]
        == "refused"
    )
    wrong = batch(home.pk, heard="都好")
    wrong["items"][0]["files"] = ["not-a-key"]
    assert sync.receive(worker, wrong)["answers"][0]["status"] == "refused"
    assert not VisitNote.objects.exists()


def test_a_stranger_writes_no_note_from_a_phone(stranger, home):
    answer = sync.receive(stranger, batch(home.pk, heard="路过"))["answers"][0]
    assert answer["status"] == "refused" and answer["code"] == "not_allowed"


def test_a_phone_keeps_masked_households_of_its_own_grid_only(worker, stranger, home, wang):
    kept = offline.households(worker)
    assert [(one["id"], one["label"]) for one in kept] == [(home.pk, "王**户")]
    assert "12 号" not in str(kept)
    assert offline.households(stranger) == []
    assert offline.households(holding("administrator", COUNTY)) == []


def test_birthdays_are_told_by_the_daily_job(worker, home):
    today = timezone.localdate()
    born = today.replace(year=today.year - 80) if (today.month, today.day) != (2, 29) else today
    actions.register_person(by=worker, household=home.pk, name="赵老", birth=born)
    assert jobs.tell_birthdays() == 1 and jobs.tell_birthdays() == 0
    assert home.grid == GRID
