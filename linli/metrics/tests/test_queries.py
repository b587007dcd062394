"""A number and its list are the same cases; nobody counts beyond his own areas."""

from dataclasses import replace

import pytest

from linli.incidents.models import Incident
from linli.incidents.tests.conftest import COUNTY, OTHER, TOWN, Town
from linli.kernel import Refused
from linli.kernel.access.queries import anonymous
from linli.kernel.actor import Actor
from linli.metrics import queries, rules
from linli.metrics.models import Case
from linli.metrics.queries import Asked, asked_of
from linli.metrics.tests.conftest import leader, settled, told

METRICS = [metric for metric in (rules.METRICS | rules.COUNTS).values() if metric.kind != "none"]


def agree(viewer: Actor, asked: Asked) -> dict[str, rules.Reading]:
    """Every number of this viewer equals the length of its lists; returns the numbers."""
    found = queries.readings(viewer, asked)
    for metric in METRICS:
        reading = found[metric.code]
        counted = {
            part: queries.cases(viewer, metric, asked, part).count() for part in ("all", "hit", "miss")
        }
        assert counted == {"all": reading.whole, "hit": reading.hit, "miss": reading.whole - reading.hit}, (
            metric.code
        )
    return found


@pytest.mark.parametrize("days", [1, 7, 30])
def test_every_number_opens_exactly_its_cases(history: int, chief: Actor, days: int) -> None:
    found = agree(chief, Asked(days))
    if days == 30:
        assert found["reported"].hit == Case.objects.count() == history
        assert found["closed"].hit > 3 and found["overdue"].hit > 0 and found["answered"].hit > 0


def test_they_agree_under_every_filter(history: int, chief: Actor, mayor: Actor) -> None:
    unit = Case.objects.exclude(unit="").values_list("unit", flat=True)[0]
    for asked in (
        Asked(30, TOWN),
        Asked(30, TOWN + "001"),
        Asked(30, "", unit),
        Asked(30, "", "", "sr"),
        Asked(30, TOWN, "", "sr"),
    ):
        agree(chief, asked)
        agree(mayor, asked)


def test_the_roll_up_and_the_cases_give_the_same_counts(
    history: int, chief: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(30)
    kept = queries.counts(chief, asked), queries.by_day(chief, asked), queries.grouped(chief, asked, "area")
    classes = queries.grouped(chief, asked, "large")
    assert queries.rolled(chief, asked) == [COUNTY]
    monkeypatch.setattr(queries, "rolled", lambda viewer, asked: None)
    assert (
        queries.counts(chief, asked),
        queries.by_day(chief, asked),
        queries.grouped(chief, asked, "area"),
    ) == kept
    assert queries.grouped(chief, asked, "large") == classes


def test_a_town_leader_counts_the_town_and_nothing_else(history: int, mayor: Actor, neighbour: Actor) -> None:
    for viewer, town in ((mayor, TOWN), (neighbour, OTHER)):
        found = agree(viewer, Asked(30))
        assert found["reported"].hit == Case.objects.filter(street=town).count() > 0
        assert set(
            queries.cases(viewer, rules.COUNTS["reported"], Asked(30)).values_list("street", flat=True)
        ) == {town}
        assert all(grid.startswith(town) for grid in queries.loads(viewer, Asked(30)))
        assert {row.street for row in queries.newest(viewer, Asked(30))} == {town}
        assert set(queries.grouped(viewer, Asked(30), "area")) <= {f"{town}001"}


def test_the_parts_of_a_split_add_up_to_the_whole(history: int, chief: Actor) -> None:
    whole = queries.counts(chief, Asked(30))
    for by in ("area", "large"):
        split = queries.grouped(chief, Asked(30), by)
        for code in ("reported", "closed", "overdue", "open", "due_counted", "rated"):
            assert sum(counts[code] for counts in split.values()) == whole[code], (by, code)


def test_a_unit_head_counts_the_units_own_cases(history: int, town: Town) -> None:
    head = leader(COUNTY, "局长", "430181-CG", "unit_head")
    assert queries.rolled(head, Asked(30)) is None
    found = agree(head, Asked(30))
    assert found["reported"].hit == Case.objects.filter(unit="430181-CG").count() > 0


def test_whoever_may_not_see_metrics_is_refused(town: Town, mayor: Actor) -> None:
    for stranger in (anonymous(), town.resident, town.worker):
        with pytest.raises(Refused) as refused:
            asked_of(stranger, {})
        assert refused.value.status == 403
    for area in (OTHER, "430182", "x", "４３"):
        with pytest.raises(Refused) as refused:
            asked_of(mayor, {"area": area})
        assert refused.value.status == 404


def test_parameters_nobody_offers_fall_back_to_thirty_days(chief: Actor) -> None:
    assert asked_of(chief, {"days": "31"}).days == 30
    assert asked_of(chief, {"days": "7", "area": TOWN}).query == {"days": "7", "area": TOWN}


def test_private_cases_are_counted_but_never_on_the_map_or_in_the_newest(town: Town, chief: Actor) -> None:
    case = told(70, by=town.worker, own=True)
    Incident.objects.filter(pk=case).update(private=True)
    settled()
    Case.objects.filter(pk=case).update(private=True)
    assert queries.counts(chief, Asked(30))["reported"] == 1
    assert queries.points(chief, Asked(30)) == []
    assert list(queries.newest(chief, Asked(30))) == []


def test_points_of_many_cases_add_up(history: int, chief: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    open_cases = Case.objects.filter(open=True, private=False, lon__isnull=False).count()
    apart = queries.points(chief, Asked(30))
    monkeypatch.setattr(queries, "SINGLE", 1)
    gathered = queries.points(chief, Asked(30))
    assert sum(point["n"] for point in apart) == sum(point["n"] for point in gathered) == open_cases > 3
    assert len(gathered) < len(apart)


def test_the_top_area_is_the_finest_that_holds_all(chief: Actor, mayor: Actor) -> None:
    assert queries.top_area(chief, Asked(30)) == COUNTY
    assert queries.top_area(mayor, Asked(30)) == TOWN
    assert queries.top_area(chief, Asked(30, TOWN + "001")) == TOWN + "001"
    assert queries.below_level(mayor, replace(Asked(30), area=TOWN)) == "community"
