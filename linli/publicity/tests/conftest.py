"""A small county, those who post, rule and watch in it, and kinds of publicity that exist in tests only."""

import io
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from PIL import Image

from linli.areas import queries as areas
from linli.areas.models import Keeper
from linli.areas.tests.conftest import (  # noqa: F401  fixtures
    COUNTY,
    EAST,
    PLAIN,
    RIVER,
    WEST,
    _fresh_atlas,
    account,
    county,
    roles,
)
from linli.dispatch.actions import accept_order
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for, anonymous, forget_roles
from linli.kernel.actor import Actor
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.files.actions import store_file
from linli.kernel.identity.models import Account
from linli.publicity import actions, registry
from linli.publicity.masks import Field
from linli.publicity.models import Notice, Posting

GRID = RIVER + "001"
KIND, HIDDEN_KIND, PAPER_KIND, QUICK_KIND = "tests.allowance", "tests.minor", "tests.paper", "tests.plan"
FIELDS = (
    Field("name", "户主", "name"),
    Field("address", "住址", "address"),
    Field("size", "人口", "count"),
    Field("amount", "月金额", "money"),
    Field("category", "类别", "choice", ("低保", "低保边缘")),
    Field("why", "情况", "text"),
)
FAMILY = {
    "name": "欧阳望北",
    "address": "人民路 12 号 3 栋 502 室",
    "size": 3,
    "amount": 120_050,
    "category": "低保",
    "why": "欧阳望北家因尿毒症致贫，电话 13800001234",
    "illness": "尿毒症",  # not whitelisted
    "phone": "13800001234",  # not whitelisted
    "id_number": "430181198005121234",  # not whitelisted
}


@dataclass
class Told:
    """What the room that gave the notices was told, in order."""

    heard: list[tuple[str, Any]] = field(default_factory=list)

    def by_name(self, name: str) -> list[Any]:
        return [one for heard, one in self.heard if heard == name]


@pytest.fixture
def told() -> Iterator[Told]:
    """Registers the kinds of these tests; `told.heard` is what their callbacks heard."""
    log = Told()

    def hear(name: str) -> Callable[[Actor, Any], None]:
        return lambda by, one: log.heard.append((name, one))

    calls = {"on_ended": hear("ended"), "on_objected": hear("objected"), "on_upheld": hear("upheld")}
    made = (
        registry.PublicityKind(
            KIND, "低保申请公示", FIELDS, announce=("name", "size"), basis="民发〔2021〕57号第十九条", status="cited", **calls
        ),
        registry.PublicityKind(HIDDEN_KIND, "儿童保障", FIELDS[:1], mode="forbidden"),
        registry.PublicityKind(PAPER_KIND, "只贴纸质的公示", FIELDS[:1], listed=False, **calls),
        registry.PublicityKind(
            QUICK_KIND, "方案公示", FIELDS[:1], days=5, unit="wd", posting=False, mode="none", ruled_from="county", **calls
        ),
    )  # fmt: skip
    for one in made:
        registry.register(one)
    yield log
    for one in made:
        registry.unregister(one.code)


@dataclass
class Town:
    """The actors; `far` is the officer of the neighbouring town, `boss` rules for the whole county."""

    keeper: Actor
    clerk: Actor
    officer: Actor
    second: Actor
    head: Actor
    village_officer: Actor
    window: Actor
    boss: Actor
    far: Actor
    resident: Actor
    accounts: dict[str, Account]

    def client(self, name: str) -> Client:
        client = Client()
        client.force_login(self.accounts[name], backend="django.contrib.auth.backends.ModelBackend")
        return client


@pytest.fixture
def town(county: None, told: Told, settings: Any, tmp_path: Any) -> Town:  # noqa: F811
    cache.clear()
    forget_roles()
    settings.LINLI_FILES = tmp_path / "files"
    posts = {
        "keeper": ("grid_worker", GRID, "李网格"),
        "clerk": ("community_clerk", RIVER, "王村干"),
        "officer": ("officer", WEST, "陈经办"),
        "second": ("officer", WEST, "孙复核"),
        "head": ("unit_head", WEST, "刘主任"),
        "village_officer": ("officer", RIVER, "驻村人"),
        "window": ("window_clerk", WEST, "窗口员"),
        "boss": ("supervisor", COUNTY, "周督查"),
        "far": ("officer", EAST, "邻镇员"),
    }
    accounts = {name: account(words) for name, (_, _, words) in posts.items()}
    for name, (role, area, _) in posts.items():
        Grant.objects.create(account=accounts[name], role_id=role, area=area)
    accounts["resident"] = account("赵居民", kind="resident")
    Keeper.objects.create(grid=GRID, account=accounts["keeper"], post="worker", since=timezone.now())
    areas.forget()
    actors = {name: actor_for(one.pk, name=one.name) for name, one in accounts.items()}
    return Town(**actors, accounts=accounts)


@pytest.fixture
def visitor(roles: None) -> Actor:  # noqa: F811
    return anonymous()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], datetime]:
    """Sets the clock: `at("2026-02-13 10:00")` in Beijing time."""

    def set_to(words: str) -> datetime:
        moment = datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    return set_to


Open = Callable[..., Notice]


@pytest.fixture
def opened(town: Town) -> Open:
    """`opened(by=…, kind=…, values=…)`: a notice of the grid, one place."""

    def make(by: Actor | None = None, **more: Any) -> Notice:
        given = {
            "kind": KIND,
            "subject": f"tests.case:{uuid.uuid4().int % 10**9}",
            "values": [FAMILY],
            "place": areas.located(None, None, code=GRID),
            "places": ["村务公开栏"],
        }
        return actions.open_publicity(by=by or town.officer, given=actions.Given(**(given | more)))

    return make


def photo(by: Actor, seed: int = 0) -> uuid.UUID:
    """The key of a fresh picture unlike any other seed's."""
    noise = random.Random(seed or uuid.uuid4().int)
    image = Image.frombytes("RGB", (24, 18), bytes(noise.randrange(256) for _ in range(24 * 18 * 3)))
    out = io.BytesIO()
    image.resize((240, 180)).save(out, "PNG")
    return store_file(by=by, name="list.png", data=out.getvalue(), client_uuid=uuid.uuid4()).key


def post(by: Actor, row: Notice, *, last: bool = False, keys: list[uuid.UUID] | None = None) -> Posting:
    """Accepts and confirms the posting order of a notice's only place."""
    posting = row.postings.get()
    number = posting.end_order_id if last else posting.order_id
    accept_order(by=by, order=number)
    return actions.confirm_posted(by=by, order=number, keys=keys or [photo(by)])


@pytest.fixture
def posted(town: Town, opened: Open) -> Open:
    """A notice whose list hangs since now."""

    def make(**more: Any) -> Notice:
        row = opened(**more)
        post(town.keeper, row)
        row.refresh_from_db()
        return row

    return make


def objecting(**more: Any) -> actions.Objecting:
    said = {
        "grounds": "这户有一辆小汽车，情况不实",
        "client_uuid": uuid.uuid4(),
        "real_name": True,
        "name": "钱举报",
        "phone": "13912345678",
    }
    return actions.Objecting(**(said | more))


def days_later(row: Notice, days: int = 0) -> datetime:
    """A second past the end, and `days` more."""
    assert row.ends_at is not None
    return row.ends_at + timedelta(seconds=1, days=days)
