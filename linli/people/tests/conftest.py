"""One household in the small county of areas' tests, and whoever works there."""

from datetime import date

import pytest

from linli.areas.tests.conftest import (  # noqa: F401  fixtures
    COUNTY,
    EAST,
    PLAIN,
    RIVER,
    _fresh_atlas,
    account,
    county,
    holding,
    roles,
)
from linli.kernel.actor import Actor
from linli.people import actions, rules
from linli.people.models import Household, Person

GRID, NEXT = RIVER + "001", RIVER + "002"
HERE = {"lon": 113.05, "lat": 28.05}


def number(birth: str = "19800512", place: str = "430181", order: int = 1) -> str:
    """A made-up identity number with the right check character."""
    first = f"{place}{birth}{order:03}"
    return first + rules.check_digit(first)


@pytest.fixture
def worker(county) -> Actor:  # noqa: F811
    """The grid worker of GRID."""
    return holding("grid_worker", GRID, name="网格员甲")


@pytest.fixture
def clerk(county) -> Actor:  # noqa: F811
    """The clerk of the community."""
    return holding("community_clerk", RIVER, name="社区干部乙")


@pytest.fixture
def stranger(county) -> Actor:  # noqa: F811
    """The clerk of a community in the neighbouring town."""
    return holding("community_clerk", PLAIN, name="邻镇干部")


@pytest.fixture
def home(worker) -> Household:
    return actions.add_household(by=worker, address="人民路 12 号 3 栋 502 室", number="0001", **HERE)


@pytest.fixture
def wang(worker, home) -> Person:
    return actions.register_person(
        by=worker,
        household=home.pk,
        name="王向阳",
        number=number(),
        phone="13800001234",
        relation="户主",
        since=date(2020, 1, 1),
    )
