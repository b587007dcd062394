"""A small town for the room's own tests: one grid, one department, and a stranger one town on."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from shapely.geometry import box, mapping

from linli.areas import queries as area_queries
from linli.areas.models import Area, Keeper, Unit
from linli.dispatch import actions
from linli.dispatch.actions import Assignee, Wanted
from linli.dispatch.models import WorkOrder
from linli.dispatch.registry import OrderKind, register
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all

COUNTY, TOWN, OTHER = "430181", "430181001", "430181002"
GRID, FAR_GRID = TOWN + "001001", OTHER + "001001"
LON, LAT = 113.633, 28.141
CG, SL = "430181-CG", "430181-SL"
KIND = "tests.mend"


@dataclass
class Posts:
    """The actors of the stories; `far` is the same post one town on."""

    worker: Actor
    clerk: Actor
    chief: Actor
    officer: Actor
    head: Actor
    checker: Actor
    leader: Actor
    admin: Actor
    far: Actor
    accounts: dict[str, Account]

    def client(self, name: str) -> Client:
        client = Client()
        client.force_login(self.accounts[name], backend="django.contrib.auth.backends.ModelBackend")
        return client


def _account(name: str, role: str, area: str, unit: str = "") -> Account:
    account = Account.objects.create(username=f"{name}-{role}", name=name)
    Grant.objects.create(account=account, role_id=role, area=area, unit=unit)
    return account


@pytest.fixture
def posts(db: None) -> Posts:
    forget_all()
    register(OrderKind(KIND, "维修", verify="other"))
    west, east = box(113.60, 28.10, 113.66, 28.18), box(113.66, 28.10, 113.72, 28.18)
    for code, name, level, shape in (
        (COUNTY, "浏阳市", "county", west.union(east)),
        (TOWN, "淮川街道", "street", west),
        (OTHER, "集里街道", "street", east),
        (TOWN + "001", "城西社区", "community", west),
        (OTHER + "001", "百宜社区", "community", east),
        (GRID, "第一网格", "grid", west),
        (FAR_GRID, "第二网格", "grid", east),
    ):
        Area.objects.create(code=code, name=name, level=level, outline=mapping(shape), lon=LON, lat=LAT)
    for code, name in ((CG, "城管执法局"), (SL, "水利局")):
        Unit.objects.create(code=code, name=name, kind="department", function=code[-2:], area=COUNTY)
    accounts = {
        "worker": _account("李网格", "grid_worker", GRID),
        "clerk": _account("王派遣", "dispatcher", TOWN),
        "chief": _account("赵班长", "duty_chief", COUNTY),
        "officer": _account("陈经办", "officer", COUNTY, CG),
        "head": _account("刘局长", "unit_head", COUNTY, CG),
        "checker": _account("孙核查", "checker", TOWN),
        "leader": _account("周领导", "leader", COUNTY),
        "admin": _account("吴管理", "administrator", COUNTY),
        "far": _account("远网格", "grid_worker", FAR_GRID),
    }
    Keeper.objects.create(grid=GRID, account=accounts["worker"], post="worker", since=timezone.now())
    area_queries.forget()
    actors = {name: actor_for(account.pk, name=account.name) for name, account in accounts.items()}
    return Posts(**actors, accounts=accounts)


Raise = Callable[..., WorkOrder]


@pytest.fixture
def order(posts: Posts) -> Raise:
    """Raises one order in the first town: `order(to="worker" | "unit" | "", **fields)`."""

    def make(to: str = "worker", lon: float = LON, lat: float = LAT, **more: Any) -> WorkOrder:
        assignee = {
            "worker": Assignee(CG, posts.worker.account),
            "unit": Assignee(CG),
            "": None,
        }[to]
        place = area_queries.located(lon, lat)
        fields = {
            "kind": KIND,
            "subject": f"tests.thing:{uuid.uuid4().int % 10**9}",
            "title": "路灯不亮",
            "place": place,
        }
        return actions.raise_order(by=SYSTEM, wanted=Wanted(**(fields | more)), to=assignee)

    return make
