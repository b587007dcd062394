"""Who sees which case, task and limit; how many queries a list takes."""

import pytest
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.web import subjects
from linli.onestop import queries
from linli.onestop.models import Slot
from linli.onestop.tests.conftest import at, do

pytestmark = pytest.mark.django_db


def test_the_applicant_and_those_at_work_see_the_case_and_strangers_do_not(county, accepted):
    row = accepted()
    for name in ("resident", "window", "town", "MZ", "CL", "head", "supervisor"):
        assert queries.application_of(county.actor(name), row.pk).pk == row.pk, name
    for name in ("stranger", "ZJ", "editor"):
        with pytest.raises(Refused) as refused:
            queries.application_of(county.actor(name), row.pk)
        assert refused.value.status == 404, name


def test_a_list_holds_what_lies_in_ones_own_area_and_unit(county, accepted):
    row = accepted()
    assert list(queries.applications_seen(county.actor("MZ"))) == [row]
    assert list(queries.applications_seen(county.actor("supervisor"))) == [row]
    assert not queries.applications_seen(county.actor("stranger"))
    assert list(queries.own_applications(county.actor("resident"))) == [row]
    assert not queries.own_applications(county.actor("town"))


def test_tasks_come_by_due_date_to_their_unit_and_their_holder(county, accepted):
    accepted()
    assert {task.branch for task in queries.my_tasks(county.actor("CL"))} == {"县残联"}
    assert [task.branch for task in queries.tasks_seen(county.actor("CL"))] == ["县残联"]
    dues = [task.due_at for task in queries.tasks_seen(county.actor("supervisor"))]
    assert dues == []  # a supervisor looks on; work is listed for those who do it
    mine = [task.due_at for task in queries.tasks_seen(county.actor("MZ"))]
    assert mine == sorted(mine) and len(mine) == 2
    assert not queries.tasks_seen(county.actor("stranger"))


def test_lists_take_few_queries(county, accepted, django_assert_max_num_queries):
    accepted()
    who = county.actor("MZ")
    with django_assert_max_num_queries(3):
        for task in queries.tasks_seen(who)[:50]:
            assert task.application.item.name
    with django_assert_max_num_queries(3):
        for row in queries.applications_seen(who)[:50]:
            assert row.item.name and row.person_id


def test_a_failed_source_stands_in_a_visible_queue(county, accepted):
    row = accepted()
    Slot.objects.filter(application=row, material="TAX").update(state="failed")
    assert [slot.material for slot in queries.open_lookups_failed(county.actor("MZ"))] == ["TAX"]
    assert not queries.open_lookups_failed(county.actor("stranger"))


def test_both_limits_are_always_printed(county, begin, accepted):
    row = accepted()
    found = queries.limits_of(row, at("2026-02-10 10:00"))
    assert found.promised == "7 个工作日（不含公示 7 天）"
    assert timezone.localtime(found.expected).strftime("%m-%d") == "02-27"
    assert found.light == "green" and not found.provisional


def test_an_instant_matter_is_promised_on_the_spot(county, accepted):
    assert queries.limits_of(accepted("MZ-013", papers=["PHOTO"])).promised == "当场办结"


def test_the_resident_follows_it_like_a_parcel(county, accepted):
    row = accepted()
    do(row, "check")
    resident = county.actor("resident")
    assert [move.action for move in queries.timeline_of(row, resident)] == [
        "save",
        "submit",
        "accept",
        "do_task",
    ]
    steps = {(one["step"], one["branch"], one["state"]) for one in queries.progress_of(row)}
    assert ("check", "", "done") in steps and ("survey", "", "open") in steps
    assert [one.step for one in queries.route_of(row)][-1] == "pay"
    assert {slot.material for slot in queries.checklist_of(row)} >= {"ID", "INC", "AUTH"}


def test_a_title_names_the_matter_only_to_those_who_may_know(county, accepted):
    row = accepted()
    task = row.tasks.filter(state="open").first()
    assert row.number in subjects.title(row.subject, county.actor("resident"))
    for ref in (row.subject, task.subject):
        assert subjects.title(ref, county.actor("stranger")) == "一个办件"
        assert not subjects.may_see(ref, county.actor("stranger"))
        assert subjects.may_see(ref, county.actor("town"))
        assert subjects.url(ref, county.actor("town")).endswith(f"/{row.pk}/")


def test_figures_nobody_has_confirmed_are_listed(county):
    found = queries.unconfirmed_figures()
    assert found["MZ-001"] == ["promised_limit", "fee_fen"] and len(found) == 73
