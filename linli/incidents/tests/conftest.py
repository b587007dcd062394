"""A little town for the room's tests: two towns, units, people, one grid each with a worker."""

from dataclasses import dataclass

import pytest
from django.utils import timezone
from shapely.geometry import box, mapping

from linli.areas import queries as area_queries
from linli.areas.models import Area, Keeper, Unit
from linli.incidents.models import RoutingRule
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all

COUNTY, TOWN, OTHER = "430181", "430181001", "430181002"
COMMUNITY, GRID = TOWN + "001", TOWN + "001001"
FAR_GRID = OTHER + "001001"
LON, LAT = 113.633, 28.141


@dataclass
class Town:
    """The actors of the stories; `far` is the same post one town on, who must never see a thing."""

    worker: Actor
    clerk: Actor
    chief: Actor
    officer: Actor
    head: Actor
    checker: Actor
    far: Actor
    resident: Actor
    accounts: dict[str, Account]


def _area(code: str, name: str, level: str, shape: object) -> None:
    Area.objects.create(code=code, name=name, level=level, outline=mapping(shape), lon=LON, lat=LAT)


def _account(name: str, role: str = "", area: str = COUNTY, unit: str = "", kind: str = "staff") -> Account:
    account = Account.objects.create(username=f"{name}-{role}", name=name, kind=kind)
    if role:
        Grant.objects.create(account=account, role_id=role, area=area, unit=unit)
    return account


@pytest.fixture
def town(db: None) -> Town:
    """Two towns side by side; everything of the first, one worker of the second."""
    forget_all()
    west, east = box(113.60, 28.10, 113.66, 28.18), box(113.66, 28.10, 113.72, 28.18)
    _area(COUNTY, "浏阳市", "county", west.union(east))
    for code, name, shape in ((TOWN, "淮川街道", west), (OTHER, "集里街道", east)):
        _area(code, name, "street", shape)
        _area(code + "001", f"{name}一社区", "community", shape)
        _area(code + "001001", f"{name}第1网格", "grid", shape)
        Unit.objects.create(
            code=f"{code}001-CUN",
            name=f"{name}一社区居委会",
            kind="committee",
            function="CUN",
            area=code + "001",
        )
        Unit.objects.create(
            code=f"{code}-ZX", name=f"{name}综治中心", kind="centre", function="ZX", area=code
        )
    Unit.objects.create(code="430181-ZX", name="县社会治理中心", kind="centre", function="ZX", area=COUNTY)
    for function, name in (
        ("CG", "城管执法局"),
        ("ZJ", "住建局"),
        ("JT", "交通运输局"),
        ("SL", "水利局"),
        ("GS", "供水公司"),
    ):
        Unit.objects.create(
            code=f"430181-{function}", name=name, kind="department", function=function, area=COUNTY
        )
    RoutingRule.objects.all().delete()
    RoutingRule.objects.create(topic="", function="CG", level="county", basis="测试：全部派城管")
    accounts = {
        "worker": _account("李网格", "grid_worker", GRID),
        "clerk": _account("王受理", "duty_officer", TOWN),
        "chief": _account("赵班长", "duty_chief", COUNTY),
        "officer": _account("陈经办", "officer", COUNTY, "430181-CG"),
        "head": _account("刘局长", "unit_head", COUNTY, "430181-CG"),
        "checker": _account("孙核查", "checker", TOWN),
        "far": _account("远网格", "grid_worker", FAR_GRID),
        "resident": _account("居民甲", kind="resident"),
    }
    Keeper.objects.create(grid=GRID, account=accounts["worker"], post="worker", since=timezone.now())
    Keeper.objects.create(grid=FAR_GRID, account=accounts["far"], post="worker", since=timezone.now())
    area_queries.forget()
    actors = {name: actor_for(account.pk, name=account.name) for name, account in accounts.items()}
    return Town(**actors, accounts=accounts)
