"""Rows written as JSON in one statement are the rows the ORM would have written."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError
from django.forms.models import model_to_dict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linli.incidents.models import Incident, Report
from linli.kernel.bus.models import Fact
from linli.kernel.inserts import insert_all, new_row, next_ids
from linli.kernel.search.queries import match
from linli.kernel.search.rules import lexemes

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 2, 9, 12, 0, 0, 123456, tzinfo=UTC)
LINE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)


def case(words: str) -> Incident:
    return Incident(
        title=words[:40], text=words, received_at=NOON, due_at=NOON, county="430181", guess={"why": [words]}
    )


def report(of: Incident, words: str) -> Report:
    return Report(
        sender=f"test:{words}"[:40],
        client_uuid=uuid.uuid4(),
        content=b"\x00\xff\\" + words.encode()[:8],
        incident=of,
        first_incident=of,
        text=words,
        phone="13900000000",
        received_at=NOON,
        tracking=uuid.uuid4().bytes,
        flags=["swapped", words[:32]],
        files=[3, 1],
        lon=113.63,
        county="430181",
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=LINE)
def test_a_row_sent_as_json_reads_back_as_if_saved(words: str) -> None:
    saved = case(words)
    saved.save()
    first = report(saved, words)
    first.save()
    sent, second = case(words), report(saved, words)
    sent.pk, second.pk = next_ids(Incident, Report)
    second.incident_id = second.first_incident_id = sent.pk
    insert_all([sent], [second])
    for one, other in ((saved, sent), (first, second)):
        rows = type(one).objects.filter(pk__in=[one.pk, other.pk])
        a, b = (model_to_dict(row) for row in rows.order_by("pk"))
        for own in ("id", "number", "client_uuid", "tracking", "incident", "first_incident"):
            a.pop(own, None), b.pop(own, None)
        assert a == b
    found = Report.objects.get(pk=second.pk)
    assert found.phone == "13900000000" and bytes(found.content) == second.content
    assert found.client_uuid == second.client_uuid and found.received_at == NOON


@pytest.mark.parametrize("words", ["井盖'丢了\\", '说"没水"', "KTV 太吵 😀", "a'b\\c"])
def test_words_sent_as_json_are_found_again(words: str) -> None:
    row = case(words)
    (row.pk,) = next_ids(Incident)
    insert_all([row])
    assert lexemes(words) and row.pk in match(Incident.objects.all(), words).values_list("pk", flat=True)


def test_rows_without_an_id_get_one_in_the_order_given() -> None:
    insert_all([Fact(name=f"t.{number}", body={}, at=NOON) for number in range(50)])
    assert list(Fact.objects.order_by("id").values_list("name", flat=True)) == [f"t.{n}" for n in range(50)]


def test_all_batches_are_written_or_none(transactional_db: None) -> None:
    good, bad = case("一"), report(case("二"), "二")
    bad.pk, good.pk = next_ids(Report, Incident)
    bad.incident_id = bad.first_incident_id = good.pk + 1000
    with pytest.raises(IntegrityError):
        insert_all([good], [bad])
    assert not Incident.objects.exists() and not Report.objects.exists()


def test_a_new_row_has_the_defaults_of_its_fields_and_its_own_lists() -> None:
    one, other = new_row(Incident, title="井盖"), new_row(Incident, title="路灯")
    plain = Incident(title="井盖")
    assert model_to_dict(one) == model_to_dict(plain) and one.pk is None and one._state.adding
    one.guess["words"] = ["x"]
    assert other.guess == {} and new_row(Incident).guess == {}


def test_a_column_the_table_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        new_row(Incident, colour="red")


def test_a_value_no_record_can_carry_is_refused() -> None:
    with pytest.raises(TypeError, match="no place"):
        insert_all([Fact(name="t", body={"x": object()}, at=NOON)])
