"""What the database itself refuses, whatever the code above it does."""

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from linli.onestop.models import Application, Decision, Item, ItemVersion, Lookup, Notice, Survey, Task
from linli.onestop.tests.conftest import do, task_of
from linli.people.models import Consent

pytestmark = pytest.mark.django_db


def decide(row: Application, outcome: str = "approve") -> None:
    task = row.tasks.filter(step="decide").first() or row.tasks.first()
    with transaction.atomic():
        Decision.objects.create(
            application=row, task=task, round=row.round, outcome=outcome, reason="因", at=timezone.now()
        )


def to_decision(row: Application) -> None:
    for step, branch in list(row.tasks.filter(state="open").values_list("step", "branch")):
        do(row, step, branch)
    do(row, "first")


def forced_decide_task(row: Application) -> Task:
    return Task.objects.create(
        application=row, step="decide", round=row.round, name="审核", kind="desk", role="county.civil_affairs",
        placed="supervisor", opened_at=timezone.now(), due_at=timezone.now(),
    )  # fmt: skip


def test_the_shipped_items_are_there_after_migrate(db):
    assert Item.objects.count() == 73
    assert ItemVersion.objects.filter(state="published", shipped=True).count() == 73


def test_a_published_version_never_changes_and_is_never_deleted(db):
    row = ItemVersion.objects.get(item__code="MZ-001")
    for change in ({"definition": {}}, {"state": "draft"}, {"validity": DateRange(date(2025, 1, 1), None)}):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            ItemVersion.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        row.delete()
    ItemVersion.objects.filter(pk=row.pk).update(state="retired")
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        ItemVersion.objects.filter(pk=row.pk).update(state="published")


def test_two_editions_are_never_valid_on_one_day(db):
    row = ItemVersion.objects.get(item__code="MZ-001")
    with pytest.raises(IntegrityError, match="one_valid_version"), transaction.atomic():
        ItemVersion.objects.create(
            item=row.item, number=2, definition=row.definition, state="published",
            validity=DateRange(date(2027, 1, 1), None), published_at=timezone.now(),
        )  # fmt: skip


def test_no_approval_while_the_round_is_open(accepted):
    row = accepted()
    forced_decide_task(row)
    with pytest.raises(DatabaseError, match="not done"):
        decide(row)
    with pytest.raises(DatabaseError, match="not done"):
        decide(row, "refuse")


def test_no_approval_before_publicity_has_ended(accepted):
    row = accepted()
    to_decision(row)
    Task.objects.filter(application=row, kind="publicity").update(state="superseded")
    forced_decide_task(row)
    with pytest.raises(DatabaseError, match="publicity has not ended"):
        decide(row)
    decide(row, "refuse")


def test_a_publicity_of_an_earlier_round_does_not_count_when_posted_anew(accepted):
    row = accepted()
    to_decision(row)
    Task.objects.filter(application=row, kind="publicity").update(state="done", done_at=timezone.now())
    Application.objects.filter(pk=row.pk).update(publish_from=2)
    forced_decide_task(row)
    with pytest.raises(DatabaseError, match="publicity has not ended"):
        decide(row)


def test_no_decision_in_another_round_or_without_its_task(accepted):
    row = accepted()
    with pytest.raises(DatabaseError, match="no decision is due"):
        decide(row)
    row.round = 2
    with pytest.raises(DatabaseError, match="while round 1 runs"):
        decide(row)


def test_a_decision_is_never_changed_and_there_is_one(accepted):
    row = accepted()
    to_decision(row)
    Task.objects.filter(application=row, kind="publicity").update(state="done", done_at=timezone.now())
    forced_decide_task(row)
    decide(row)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Decision.objects.filter(application=row).update(fen=1)
    with pytest.raises(IntegrityError):
        decide(row)


def test_a_forbidden_case_cannot_be_posted(accepted):
    row = accepted()
    Application.objects.filter(pk=row.pk).update(mode="forbidden")
    with pytest.raises(DatabaseError, match="forbidden"), transaction.atomic():
        Task.objects.create(
            application=row, step="publicity", round=1, name="公示", kind="publicity", role="x",
            placed="supervisor", opened_at=timezone.now(), due_at=timezone.now(),
        )  # fmt: skip


def test_no_lookup_without_the_very_members_authorisation(county, begin):
    row = begin()
    one = Lookup.objects.filter(slot__application=row, member__person=county.old).first()
    other = Consent.objects.get(person=county.wife)
    with pytest.raises(DatabaseError, match="very member"), transaction.atomic():
        Lookup.objects.filter(pk=one.pk).update(consent=other)


def test_an_open_task_has_an_owner_and_a_dissent_its_reason(accepted):
    row = accepted()
    task = task_of(row, "survey")
    for change in ({"holder": None}, {"opinion": "disagree"}, {"state": "done"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Task.objects.filter(pk=task.pk).update(**change)


def test_a_survey_is_done_by_two(county, accepted):
    task = task_of(accepted(), "survey")
    one = county.accounts["town"]
    with pytest.raises(IntegrityError, match="surveyed_by_two"), transaction.atomic():
        now = timezone.now()
        Survey.objects.create(
            task=task,
            first=one,
            second=one,
            done_at=now,
            first_signed_at=now,
            second_signed_at=now,
            signed=True,
        )


def test_a_case_is_told_its_defects_once(accepted):
    row = accepted()
    values = {"application": row, "kind": "supplement", "due_at": timezone.now(), "made_at": timezone.now()}
    Notice.objects.create(**values)
    with pytest.raises(IntegrityError, match="one_supplement"), transaction.atomic():
        Notice.objects.create(**values)
    Notice.objects.create(**values, new_facts=True)


def test_a_case_fits_into_four_kilobytes(accepted):
    row = accepted()
    to_decision(row)
    total = 0
    with connection.cursor() as cursor:
        for table in ("onestop_task", "onestop_member"):
            cursor.execute(
                f"SELECT coalesce(sum(pg_column_size(t)), 0) FROM {table} t WHERE application_id = %s",
                [row.pk],
            )
            total += cursor.fetchone()[0]
        cursor.execute("SELECT pg_column_size(t) FROM onestop_application t WHERE id = %s", [row.pk])
        total += cursor.fetchone()[0]
    assert total <= 4096
