import math
from argparse import ArgumentParser

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from linli.areas import bench_locate
from linli.areas.boundaries import Boundary
from linli.areas.coordinates import to_degrees, to_metres
from linli.areas.finder import GridFinder

WEST, SOUTH, STEP = 113.60, 28.10, 0.01
ORIGIN = "430181001001"


def square(column, row, code):
    corner = (WEST + column * STEP, SOUTH + row * STEP)
    cell = shapely.box(*corner, corner[0] + STEP, corner[1] + STEP)
    return Boundary(ORIGIN + code, f"第{code}格", "grid", ORIGIN, cell)


# 003 | 004
# 001 | 002      given out of order on purpose
SQUARES = [square(1, 1, "004"), square(0, 0, "001"), square(0, 1, "003"), square(1, 0, "002")]
FINDER = GridFinder(SQUARES)
MIDDLE = (WEST + STEP / 2, SOUTH + STEP / 2)


def test_a_point_finds_the_grid_it_lies_in():
    found = [FINDER.find(WEST + x * STEP, SOUTH + y * STEP) for x, y in [(0.5, 0.5), (1.5, 0.5), (0.5, 1.5)]]
    assert found == [ORIGIN + "001", ORIGIN + "002", ORIGIN + "003"]


def test_on_a_border_the_lower_grid_id_wins():
    border, corner = SQUARES[0].geometry.bounds[0], SQUARES[0].geometry.bounds[:2]
    assert FINDER.find(border, MIDDLE[1]) == ORIGIN + "001"
    assert FINDER.find(border, MIDDLE[1] + STEP) == ORIGIN + "003"
    assert FINDER.find(*corner) == ORIGIN + "001"


def test_the_border_rule_does_not_depend_on_the_order_given():
    other = GridFinder(reversed(SQUARES))
    corner = SQUARES[0].geometry.bounds[:2]
    assert other.find(*corner) == FINDER.find(*corner)


@pytest.mark.parametrize("place", [(112.9, 28.2), (math.nan, 28.1), (113.6, math.inf), (-66.4, -28.1)])
def test_outside_and_nonsense_find_nothing(place):
    assert FINDER.find(*place) is None


def test_many_points_find_what_each_finds_alone():
    rng = np.random.default_rng(3)
    lons = np.append(rng.uniform(WEST - STEP, WEST + 3 * STEP, 300), [np.nan, np.inf, WEST + STEP])
    lats = np.append(rng.uniform(SOUTH - STEP, SOUTH + 3 * STEP, 300), [28.1, 28.1, SOUTH + STEP])
    alone = [FINDER.find(lon, lat) for lon, lat in zip(lons.tolist(), lats.tolist(), strict=True)]
    assert FINDER.find_many(lons, lats) == alone
    assert {None, ORIGIN + "001", ORIGIN + "004"} <= set(alone)


def test_near_a_border_the_neighbour_is_offered():
    east, north = to_metres(SQUARES[0].geometry.bounds[0], MIDDLE[1])
    place = to_degrees(east - 20, north)
    assert FINDER.find(*place) == ORIGIN + "001"
    assert FINDER.near_border(*place, 25) == [ORIGIN + "002"]
    assert FINDER.near_border(*place, 15) == []


def test_in_a_corner_all_neighbours_are_offered_nearest_first():
    east, north = to_metres(*SQUARES[0].geometry.bounds[:2])
    place = to_degrees(east - 5, north - 10)
    assert FINDER.near_border(*place, 30) == [ORIGIN + "002", ORIGIN + "003", ORIGIN + "004"]


def test_just_outside_the_county_the_grids_at_hand_are_offered():
    east, north = to_metres(WEST, MIDDLE[1])
    place = to_degrees(east - 10, north)
    assert FINDER.find(*place) is None
    assert FINDER.near_border(*place, 30) == [ORIGIN + "001"]


def test_the_nearest_grid_is_told_with_its_distance():
    east, north = to_metres(WEST, MIDDLE[1])
    code, metres = FINDER.nearest(*to_degrees(east - 250, north))
    assert code == ORIGIN + "001"
    assert metres == pytest.approx(250, abs=1)
    assert FINDER.nearest(*to_degrees(east - 250, north), within=200) is None
    assert FINDER.nearest(*MIDDLE) == (ORIGIN + "001", 0.0)


def test_places_far_from_the_map_are_near_nothing():
    for place in [(math.nan, 28.1), (-66.4, -28.1), (113.6, 90.0)]:
        assert FINDER.near_border(*place, 100) == []
        assert FINDER.nearest(*place) is None


def test_a_finder_without_grids_finds_nothing():
    empty = GridFinder([])
    assert len(empty) == 0
    assert empty.find(*MIDDLE) is None
    assert empty.find_many([MIDDLE[0]], [MIDDLE[1]]) == [None]
    assert empty.near_border(*MIDDLE, 50) == []
    assert empty.nearest(*MIDDLE) is None


def test_grids_in_several_pieces_and_with_holes_are_searched_right():
    hole = shapely.box(113.604, 28.104, 113.606, 28.106)
    ring = shapely.box(113.60, 28.10, 113.61, 28.11).difference(hole)
    far = shapely.union(hole, shapely.box(113.65, 28.15, 113.66, 28.16))
    finder = GridFinder(
        [
            Boundary(ORIGIN + "001", "环", "grid", ORIGIN, ring),
            Boundary(ORIGIN + "002", "岛", "grid", ORIGIN, far),
        ]
    )
    assert finder.find(113.605, 28.105) == ORIGIN + "002"
    assert finder.find(113.655, 28.155) == ORIGIN + "002"
    assert finder.find(113.602, 28.102) == ORIGIN + "001"


@given(st.floats(113.17, 114.25), st.floats(27.85, 28.57))
def test_a_mosaic_leaves_no_point_between_its_grids(lon, lat):
    assert MOSAIC.find(lon, lat) is not None


MOSAIC = GridFinder(bench_locate.mosaic(400))


def test_the_bench_finds_every_point_and_gives_its_figures():
    parser = ArgumentParser()
    bench_locate.add_arguments(parser)
    figures = bench_locate.run(parser.parse_args(["--grids", "100", "--points", "50"]))
    assert (figures["grids"], figures["points"], figures["found"]) == (100, 50, 50)
    assert all(value > 0 for value in figures.values())
