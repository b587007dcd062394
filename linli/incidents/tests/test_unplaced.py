"""Cases nobody could place: at the county's desk, or at the town's when a town was named."""

from linli.incidents import actions, queries
from linli.incidents.tests.conftest import GRID, LAT, LON, TOWN, Town
from linli.incidents.tests.scenes import client, html, report, waiting


def test_a_case_without_any_place_waits_at_the_county_desk_only(town: Town) -> None:
    row = report(town, text="不知道是哪里，反正有垃圾", lon=None, lat=None, place_source="")
    assert (row.state, row.street, row.county) == ("reported", "", "430181")
    assert "位置不明确，先补定位置" in row.guess["why"]
    assert row in queries.triage_queue(town.chief) and row not in queries.triage_queue(town.clerk)
    assert row in queries.seen(town.chief) and row not in queries.seen(town.far)


def test_a_town_said_in_words_brings_it_to_the_towns_desk(town: Town) -> None:
    row = report(town, text="淮川街道这边有垃圾没人清", lon=None, lat=None, place_source="")
    assert row.street == TOWN and row.grid == "" and row.state == "reported"
    assert row in queries.triage_queue(town.clerk) and row in queries.triage_queue(town.chief)
    assert row not in queries.triage_queue(town.far)


def test_the_desk_filters_for_what_is_not_placed_and_places_it(town: Town) -> None:
    placed = waiting(town, text="这一处定位清楚的事情")
    lost = report(town, text="那一处没有定位的事情", lon=None, lat=None, place_source="")
    page = html(client(town, "chief").get("/desk/?unplaced=1"))
    assert lost.title in page and placed.title not in page and "只看未定位的" in page
    page = html(client(town, "chief").get("/desk/all/?unplaced=1"))
    assert lost.title in page and placed.title not in page
    assert actions.locate_incident(by=town.chief, incident=lost.pk, lon=LON, lat=LAT).grid == GRID
    assert lost.title not in html(client(town, "chief").get("/desk/?unplaced=1"))
    assert lost in queries.triage_queue(town.clerk)
