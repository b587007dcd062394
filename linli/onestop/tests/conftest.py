"""A county with every office 低保 needs, one household of two at the first grid, and a stranger one town on."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from shapely.geometry import box, mapping

from linli.areas import queries as area_queries
from linli.areas.models import Area, Unit
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for, forget_roles
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.files.models import Attachment
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all
from linli.onestop import actions, notices
from linli.onestop.actions import Given
from linli.onestop.models import Application, Lookup, Task
from linli.people.models import Consent, Dwelling, Household, Member, Person

COUNTY, TOWN, OTHER = "430181", "430181001", "430181002"
VILLAGE, GRID = TOWN + "001", TOWN + "001001"
EVIDENCE = b"e" * 32
DEPARTMENTS = {"MZ": "民政局", "CL": "残联", "RS": "人社局", "YB": "医保局", "ZJ": "住建局", "CZ": "财政局"}


def at(text: str) -> datetime:
    """ "2026-02-09 10:00" on the wall in Liuyang."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


@dataclass
class County:
    """The actors of the stories by post, and the people who ask for something."""

    accounts: dict[str, Account]
    old: Person = field(default=None)  # type: ignore[assignment]  # 68, disabled; the applicant
    wife: Person = field(default=None)  # type: ignore[assignment]
    home: Household = field(default=None)  # type: ignore[assignment]

    def actor(self, name: str) -> Actor:
        return actor_for(self.accounts[name].pk, name=self.accounts[name].name)


def _account(name: str, role: str = "", area: str = COUNTY, unit: str = "") -> Account:
    account = Account.objects.create(username=f"{name}-{role}-{unit}", name=name)
    if role:
        Grant.objects.create(account=account, role_id=role, area=area, unit=unit)
    return account


def _offices() -> None:
    west, east = box(113.60, 28.10, 113.66, 28.18), box(113.66, 28.10, 113.72, 28.18)
    for code, name, level, shape in (
        (COUNTY, "浏阳市", "county", west.union(east)),
        (TOWN, "淮川街道", "street", west),
        (OTHER, "集里街道", "street", east),
        (VILLAGE, "城西社区", "community", west),
        (GRID, "第一网格", "grid", west),
    ):
        Area.objects.create(code=code, name=name, level=level, outline=mapping(shape), lon=113.63, lat=28.14)
    Unit.objects.create(code=f"{VILLAGE}-CUN", name="居委会", kind="committee", function="CUN", area=VILLAGE)
    for code in (TOWN, OTHER):
        Unit.objects.create(code=f"{code}-ZX", name="街道", kind="centre", function="ZX", area=code)
    for function, name in DEPARTMENTS.items():
        Unit.objects.create(
            code=f"{COUNTY}-{function}", name=name, kind="department", function=function, area=COUNTY
        )
    area_queries.forget()


def _staff() -> dict[str, Account]:
    staff = {
        "window": _account("窗口甲", "window_clerk", TOWN, f"{TOWN}-ZX"),
        "town": _account("经办乙", "officer", TOWN, f"{TOWN}-ZX"),
        "mate": _account("经办丙", "officer", TOWN, f"{TOWN}-ZX"),
        "village": _account("社区丁", "community_clerk", VILLAGE),
        "payer": _account("财政戊", "finance", COUNTY, f"{COUNTY}-CZ"),
        "head": _account("局长己", "unit_head", COUNTY, f"{COUNTY}-MZ"),
        "supervisor": _account("督查庚", "supervisor", COUNTY),
        "editor": _account("目录辛", "catalogue_editor", COUNTY),
        "second": _account("目录壬", "catalogue_editor", COUNTY),
        "stranger": _account("邻镇癸", "officer", OTHER, f"{OTHER}-ZX"),
        "resident": _account("居民甲"),
    }
    for function in ("MZ", "CL", "RS", "YB", "ZJ"):
        staff[function] = _account(f"经办{function}", "officer", COUNTY, f"{COUNTY}-{function}")
    return staff


def person(name: str, birth: date, account: Account | None = None, home: Household | None = None) -> Person:
    made = Person.objects.create(
        name=name, birth=birth, account=account, grid=GRID, community=VILLAGE, street=TOWN, county=COUNTY
    )
    Consent.objects.create(person=made, purpose="onestop.check", given_by="self", evidence="签字")
    if home is not None:
        Member.objects.create(household=home, person=made, since=date(2020, 1, 1))
    return made


def a_file(account: Account) -> int:
    """A photograph this account sent, ready to be handed in."""
    made = Attachment.objects.create(
        owner=account, client_uuid=uuid.uuid4(), state="ready", name="证明.jpg", size=1, received=1,
        stored="0" * 64, content_type="image/jpeg", sha256="0" * 64, retention_until=timezone.now() + timedelta(days=30),
    )  # fmt: skip
    return made.pk


@pytest.fixture
def county(db: None, monkeypatch: pytest.MonkeyPatch) -> County:
    monkeypatch.setattr(notices, "_board", [])  # on paper; test_board binds the room of public notices
    forget_all()
    forget_roles()
    _offices()
    found = County(_staff())
    codes = {"grid": GRID, "community": VILLAGE, "street": TOWN, "county": COUNTY}
    dwelling = Dwelling.objects.create(address="人民路 1 号", **codes)
    found.home = Household.objects.create(dwelling=dwelling, **codes)
    found.old = person("王向阳", date(1957, 5, 12), found.accounts["resident"], found.home)
    found.wife = person("李秀英", date(1961, 3, 2), None, found.home)
    return found


Begin = Callable[..., Application]


@pytest.fixture
def begin(county: County) -> Begin:
    """A submitted case: `begin(item, facts={}, members={person: {...}}, papers={...}, when=...)`."""

    def make(item: str = "MZ-001", when: str = "2026-02-06 09:00", **more: Any) -> Application:
        wanted = more.get("papers", ["INC"] if item in ("MZ-001", "MZ-002") else [])
        given = Given(
            form={"说明": "申请"},
            facts=more.get("facts"),
            members=more.get("members", {county.old.pk: {"disability_cert": True}}),
            papers={code: [a_file(county.accounts["resident"])] for code in wanted},
            commit=more.get("commit", ()),
        )
        who = county.actor("resident")
        draft = actions.save_draft(
            by=who, item=item, person=county.old.pk, given=given, client_uuid=str(uuid.uuid4())
        )
        return actions.submit(by=who, application=draft.application, signed=True, at=at(when))

    return make


def answer_all(row: Application, result: str = "match", when: str = "2026-02-06 10:00") -> int:
    """Every department answers."""
    rows = list(Lookup.objects.filter(slot__application=row, state="requested"))
    for one in rows:
        actions.record_lookup(by=SYSTEM, lookup=one.pk, result=result, evidence=EVIDENCE, at=at(when))
    return len(rows)


@pytest.fixture
def accepted(county: County, begin: Begin) -> Begin:
    """An accepted case with all answers in."""

    def make(item: str = "MZ-001", when: str = "2026-02-09 10:00", **more: Any) -> Application:
        row = begin(item, **more)
        answered = Lookup.objects.filter(
            slot__application=row
        )  # as record_lookup leaves them, in two statements
        answered.update(
            state="answered", result="match", evidence=EVIDENCE, answered_at=at("2026-02-06 10:00")
        )
        row.slots.filter(way="share").update(state="shared")
        task = row.tasks.get(step="accept")
        return actions.accept(by=actor_for(task.holder_id), application=row.pk, at=at(when))

    return make


def task_of(row: Application, step: str, branch: str = "") -> Task:
    return Task.objects.get(application=row, step=step, branch=branch, state="open")


def do(row: Application, step: str, branch: str = "", when: str = "2026-02-11 10:00", **more: Any) -> Task:
    """The task's holder does it; a field step gets its survey by two."""
    task = task_of(row, step, branch)
    if task.binding:
        more.setdefault("finding", "情况属实")
    if task.min_people > 1:
        units = Grant.objects.filter(unit=task.unit).exclude(account=task.holder_id)
        second = units.values_list("account", flat=True).first()
        more.setdefault("survey", actions.Surveyed(second=second or 0, answers={"住房": "平房"}, signed=True))
    found = actions.do_task(by=actor_for(task.holder_id), task=task.pk, at=at(when), **more)
    if found.state == "open" and "survey" in more:
        actions.sign_survey(by=actor_for(more["survey"].second), task=task.pk, at=at(when))
        found.refresh_from_db()
    return found
