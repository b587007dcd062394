import pytest
from shapely.geometry import box

from linli.areas.actions import save_boundaries
from linli.areas.tests.conftest import drawn
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.people import actions
from linli.people.tests.conftest import GRID, NEXT, RIVER


def redraw() -> None:
    """The border between the two grids moves west, over the household."""
    halves = [
        drawn(GRID, shape=box(113.0, 28.0, 113.04, 28.1)),
        drawn(NEXT, shape=box(113.04, 28.0, 113.2, 28.1)),
    ]
    save_boundaries(by=SYSTEM, boundaries=halves)


def test_homes_follow_their_point_when_a_border_moves(worker, home, wang):
    placed = actions.add_household(by=worker, address="无坐标 1 号", area=GRID)
    redraw()
    drain()
    for row in (home, wang, home.dwelling, placed):
        row.refresh_from_db()
    assert home.grid == wang.grid == home.dwelling.grid == NEXT
    assert placed.grid == GRID


def test_a_border_that_touches_nobody_moves_nobody(worker, home, clerk):
    assert actions.relocate(by=SYSTEM, area=RIVER) == 0
    with pytest.raises(Refused):
        actions.relocate(by=clerk, area=RIVER)
