from datetime import date

import pytest

from linli.kernel import Refused
from linli.kernel.deadlines.actions import publish_year, set_day, set_duty_hours
from linli.kernel.deadlines.models import CalendarDay, CalendarYear, DutyHours
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.deadlines.tests.conftest import at, someone
from linli.kernel.deadlines.workdays import index_of
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db
NIGHT = {day: [["00:00", "24:00"]] for day in "1234567"}


def test_a_day_is_set_and_recorded(administrator):
    set_day(by=administrator, day=date(2027, 2, 20), working=True, name="春节调休", source="国办发明电")
    assert calendar_for().is_working(date(2027, 2, 20))  # a Saturday
    entry = Entry.objects.get()
    assert entry.subject == "deadlines.day:2027-02-20"
    assert entry.fields["working"] == 1


def test_a_day_set_again_is_corrected(administrator):
    for working in (True, False):
        set_day(
            by=administrator, day=date(2027, 2, 20), working=working, name="春节调休", source="国办发明电"
        )
    assert CalendarDay.objects.count() == 1
    assert not calendar_for().is_working(date(2027, 2, 20))


def test_a_published_year_is_final(administrator):
    assert calendar_for().is_provisional(index_of(date(2027, 3, 1)))
    publish_year(by=administrator, year=2027, source="国办发明电")
    assert not calendar_for().is_provisional(index_of(date(2027, 3, 1)))
    assert Entry.objects.get().verb == "deadlines.publish_year"


def test_duty_hours_are_set_for_an_area_and_recorded(administrator):
    row = set_duty_hours(
        by=administrator, area="430181001", windows=NIGHT, valid_from=date(2026, 1, 1), source="街道值班表"
    )
    assert calendar_for("430181001").on_duty(at("2026-03-02 03:00"))
    assert not calendar_for("430181002").on_duty(at("2026-03-02 03:00"))
    assert Entry.objects.get().subject == f"deadlines.dutyhours:{row.pk}"


def test_all_defects_are_named_at_once(administrator):
    with pytest.raises(Refused) as refused:
        set_duty_hours(
            by=administrator,
            area="4301810",
            windows={"1": [["17:30", "08:30"]]},
            valid_from=date(2026, 1, 1),
            source=" ",
            status="sure",
        )
    assert set(refused.value.fields) == {"area", "windows", "source", "status"}
    with pytest.raises(Refused) as refused:
        set_day(by=administrator, day=date(2099, 1, 1), working=True, name=" ", source="")
    assert set(refused.value.fields) == {"day", "name", "source"}
    with pytest.raises(Refused):
        publish_year(by=administrator, year=1999, source="国办发明电")
    assert not DutyHours.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.parametrize("windows", [[], {"1": "08:30"}, {"1": [["08:30"]]}, {"1": [[8, 17]]}])
def test_windows_of_another_shape_are_refused(administrator, windows):
    with pytest.raises(Refused) as refused:
        set_duty_hours(by=administrator, area="", windows=windows, valid_from=date(2026, 1, 1), source="试验")
    assert set(refused.value.fields) == {"windows"}


def test_a_stranger_sets_nothing(stranger):
    with pytest.raises(Refused) as refused:
        set_day(by=stranger, day=date(2027, 2, 20), working=True, name="调休", source="无")
    assert refused.value.status == 403
    with pytest.raises(Refused):
        publish_year(by=stranger, year=2027, source="无")
    with pytest.raises(Refused):
        set_duty_hours(by=stranger, area="430181", windows=NIGHT, valid_from=date(2026, 1, 1), source="无")
    assert not CalendarDay.objects.exists() and not CalendarYear.objects.exists()


def test_a_town_administrator_keeps_to_the_town():
    town = someone("430181001", "deadlines.edit")
    with pytest.raises(Refused):
        set_day(by=town, day=date(2027, 2, 20), working=True, name="调休", source="无")
    for area in ("", "430181", "430181002"):
        with pytest.raises(Refused):
            set_duty_hours(by=town, area=area, windows=NIGHT, valid_from=date(2026, 1, 1), source="无")
    set_duty_hours(by=town, area="430181001", windows=NIGHT, valid_from=date(2026, 1, 1), source="街道值班表")
    assert DutyHours.objects.count() == 1
