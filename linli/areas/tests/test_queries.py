import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.areas import atlas, queries
from linli.areas.actions import add_area, close_area, save_boundaries, set_keeper, set_unit
from linli.areas.coordinates import wgs84_to_bd09, wgs84_to_gcj02
from linli.areas.models import Area, Keeper
from linli.areas.tests.conftest import COUNTY, EAST, HILL, PLAIN, RIVER, WEST, account, drawn, holding
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM

GRID = RIVER + "001"


def test_a_point_lies_in_its_grid_and_in_everything_above(county):
    assert queries.locate(113.05, 28.05) == queries.Place(GRID, RIVER, WEST, COUNTY)
    assert queries.locate(114.9, 29.9) is None


def test_a_located_point_carries_degrees_metres_and_codes(county):
    found = queries.located(113.05, 28.05)
    assert (found["grid"], found["community"], found["street"], found["county"]) == (
        GRID,
        RIVER,
        WEST,
        COUNTY,
    )
    assert 400_000 < found["east"] < 420_000 and 3_090_000 < found["north"] < 3_120_000
    assert (found["lon"], found["lat"], found["source_crs"]) == (113.05, 28.05, "wgs84")


@pytest.mark.parametrize(("system", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_shifted_coordinates_are_put_right_at_the_door(county, system, shift):
    found = queries.located(*shift(113.0995, 28.05), source_crs=system)
    assert found["grid"] == GRID and found["source_crs"] == system
    assert abs(found["lon"] - 113.0995) < 1e-6


def test_a_named_area_stands_where_the_point_says_nothing(county):
    assert queries.located(None, None, code=RIVER)["community"] == RIVER
    assert queries.located(114.9, 29.9, code=WEST)["street"] == WEST
    outside = queries.located(114.9, 29.9)
    assert outside["county"] == "" and outside["east"] is not None


def test_hot_questions_cost_no_query(county):
    queries.locate(113.05, 28.05), queries.find_place_words("城西社区")
    with CaptureQueriesContext(connection) as asked:
        queries.located(113.15, 28.05)
        queries.keepers(GRID), queries.unit_for("CG", GRID), queries.unit_names(), queries.area_path(GRID)
        queries.find_place_words("大瑶镇新建村")
    assert len(asked) == 0


def test_another_process_sees_a_change_after_one_look_at_the_stamp(county):
    assert queries.area_name(RIVER) == "城西社区"
    Area.objects.create(
        code=WEST + "009", name="新社区", level="community", parent=Area.objects.get(code=WEST)
    )
    assert queries.area_name(WEST + "009") == WEST + "009"
    atlas.look_again()
    with CaptureQueriesContext(connection) as asked:
        assert queries.area_name(WEST + "009") == "新社区"
        queries.area_name(RIVER)
    assert len(asked) == 2


def test_a_new_keeper_does_not_rebuild_the_finder(county, administrator):
    before = queries.finder()
    set_keeper(by=administrator, grid=GRID, post="worker", account=account().pk)
    assert queries.keepers(GRID)["worker"] and queries.finder() is before


def test_threads_share_one_finder(county):
    atlas.areas()
    found = []
    threads = [threading.Thread(target=lambda: found.append(queries.finder())) for _ in range(1)]
    first = queries.finder()
    for thread in threads:
        thread.start()
        thread.join()
    assert found == [first]


def test_a_closed_area_and_its_name_are_no_longer_found(county, administrator):
    add_area(by=administrator, code=HILL + "003", name="第3网格")
    assert queries.area_exists(HILL + "003")
    close_area(by=administrator, code=HILL + "003", reason="并入第2网格")
    assert not queries.area_exists(HILL + "003")


def test_paths_drop_what_a_name_repeats(county):
    assert queries.area_path(GRID) == "淮川街道 城西社区 第1网格"
    assert queries.area_path(RIVER) == "淮川街道 城西社区"
    assert queries.area_path(COUNTY) == "浏阳市"
    assert queries.area_path("") == ""


def test_the_nearest_unit_with_a_function_answers(county, administrator):
    for code, area in (("CG0", COUNTY), ("CG1", WEST)):
        set_unit(by=administrator, code=code, name=f"城管{code}", kind="station", area=area, function="CG")
    assert queries.unit_for("CG", GRID) == "CG1"
    assert queries.unit_for("CG", PLAIN + "001") == "CG0"
    assert queries.unit_for("ZJ", GRID) is None
    assert queries.unit_names()["CG1"] == "城管CG1"


def test_place_words_lead_to_codes(county):
    assert queries.find_place_words("城西社区门口积水") == RIVER
    assert queries.find_place_words("新建村门口积水") == COUNTY
    assert queries.find_place_words("大瑶新建村") == PLAIN


def test_coverage_of_the_whole_county_takes_three_queries(county, administrator):
    member = account(party_member=True)
    set_keeper(by=administrator, grid=GRID, post="worker", account=member.pk)
    set_keeper(by=administrator, grid=RIVER + "002", post="worker", account=account().pk)
    with CaptureQueriesContext(connection) as asked:
        states = {state.grid: state for state in queries.grid_states(administrator)}
    assert len(asked) == 3 and len(states) == 6
    assert states[GRID].party_member and not states[RIVER + "002"].party_member
    assert states[PLAIN + "001"].worker is None


def test_a_stranger_sees_only_their_own_town(county, administrator, stranger):
    set_unit(by=administrator, code="CG1", name="城管中队", kind="station", area=WEST, function="CG")
    set_keeper(by=administrator, grid=GRID, post="worker", account=account().pk)
    assert {area.code[:9] for area in queries.areas_seen(stranger)} == {COUNTY, EAST}
    assert not queries.units_seen(stranger) and not queries.keepers_now(stranger)
    assert {state.grid[:9] for state in queries.grid_states(stranger)} == {EAST}
    with pytest.raises(Refused):
        queries.area_of(stranger, RIVER)
    with pytest.raises(Refused):
        queries.keeper_history(stranger, GRID)


def test_whoever_has_no_view_sees_no_areas(county):
    resident = holding("mediator", COUNTY)
    assert not queries.areas_seen(resident) and not queries.grid_states(resident)


def test_made_up_borders_are_told(county):
    assert not queries.illustrative()
    save_boundaries(by=SYSTEM, boundaries=[drawn(PLAIN + "001"), drawn(PLAIN + "002")], illustrative=True)
    assert queries.illustrative(EAST) and not queries.illustrative(WEST)


def test_a_grid_keeps_the_history_of_its_keepers(county, administrator):
    first, second = account(), account()
    set_keeper(by=administrator, grid=GRID, post="worker", account=first.pk)
    set_keeper(by=administrator, grid=GRID, post="worker", account=second.pk)
    assert [k.account_id for k in queries.keeper_history(administrator, GRID)] == [second.pk, first.pk]
    assert Keeper.objects.filter(until=None).count() == 1
