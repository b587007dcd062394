"""A county of two towns, three communities and six grids, all boxes: a tenth of a degree is about 10 km."""

import itertools

import pytest
from shapely.geometry import box

from linli.areas import queries
from linli.areas.actions import save_boundaries
from linli.areas.boundaries import LEVELS, Boundary
from linli.kernel.access.actions import load_roles
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.identity.models import Account

COUNTY = "430181"
WEST, EAST = "430181001", "430181002"
RIVER, HILL, PLAIN = "430181001001", "430181001002", "430181002001"
SHAPES = {
    COUNTY: ("浏阳市", box(113.0, 28.0, 113.4, 28.2)),
    WEST: ("淮川街道", box(113.0, 28.0, 113.2, 28.2)),
    EAST: ("大瑶镇", box(113.2, 28.0, 113.4, 28.2)),
    RIVER: ("城西社区", box(113.0, 28.0, 113.2, 28.1)),
    HILL: ("新建村", box(113.0, 28.1, 113.2, 28.2)),
    PLAIN: ("新建村", box(113.2, 28.0, 113.4, 28.2)),
    RIVER + "001": ("城西社区第1网格", box(113.0, 28.0, 113.1, 28.1)),
    RIVER + "002": ("城西社区第2网格", box(113.1, 28.0, 113.2, 28.1)),
    HILL + "001": ("新建村第1网格", box(113.0, 28.1, 113.1, 28.2)),
    HILL + "002": ("新建村第2网格", box(113.1, 28.1, 113.2, 28.2)),
    PLAIN + "001": ("新建村第1网格", box(113.2, 28.0, 113.3, 28.2)),
    PLAIN + "002": ("新建村第2网格", box(113.3, 28.0, 113.4, 28.2)),
}
_names = itertools.count(1)


def drawn(code: str, name: str = "", shape=None) -> Boundary:
    """One area of the small county, or one like it."""
    known, outline = SHAPES.get(code, ("", None))
    parent = code[:-3] if len(code) > 6 else ""
    return Boundary(code, name or known, LEVELS[len(code)], parent, shape or outline)


def account(name: str = "", **values) -> Account:
    """A staff account nobody knows the password of."""
    values = {"kind": "staff", "name": name or "某某", **values}
    return Account.objects.create(username=f"u{next(_names)}", **values)


def holding(role: str, area: str, unit: str = "", **values) -> Actor:
    """The actor of a new account with one grant."""
    someone = account(**values)
    Grant.objects.create(account=someone, role_id=role, area=area, unit=unit)
    return actor_for(someone.pk, name=someone.name)


@pytest.fixture(autouse=True)
def _fresh_atlas():
    queries.forget()
    yield
    queries.forget()


@pytest.fixture
def roles(db) -> None:
    load_roles()


@pytest.fixture
def county(roles) -> None:
    save_boundaries(by=SYSTEM, boundaries=[drawn(code) for code in SHAPES])


@pytest.fixture
def administrator(county) -> Actor:
    return holding("administrator", COUNTY, name="管理员甲")


@pytest.fixture
def stranger(county) -> Actor:
    """An administrator, but of the neighbouring town."""
    return holding("administrator", EAST, name="邻镇管理员")
