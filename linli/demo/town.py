"""The demo county: real divisions and names, illustrative boundaries, made-up people and units."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.actions.boundaries import save_boundaries
from linli.areas.boundaries import Boundary
from linli.areas.models import Area, Branch, BranchGrid, BranchMember, Keeper, Unit
from linli.demo import geography
from linli.demo.names import name_of, number_of
from linli.demo.residents import settle_in
from linli.dispatch.models import Duty
from linli.kernel.access.models import Grant
from linli.kernel.actor import SYSTEM
from linli.kernel.identity.fields import blind
from linli.kernel.identity.models import Account

COUNTY = "430181"
DEPARTMENTS = {
    "CG": "城市管理和综合执法局",
    "ZJ": "住房和城乡建设局",
    "JT": "交通运输局",
    "GA": "公安局",
    "SL": "水利局",
    "HB": "生态环境分局",
    "WJ": "卫生健康局",
    "RS": "人力资源和社会保障局",
    "JY": "教育局",
    "SC": "市场监督管理局",
    "WL": "文化旅游广电体育局",
    "MZ": "民政局",
    "YJ": "应急管理局",
    "NY": "农业农村局",
    "ZR": "自然资源局",
    "YB": "医疗保障局",
    "SW": "商务局",
    "LY": "林业局",
    "CL": "残疾人联合会",
    "CZ": "财政局",
    "TY": "退役军人事务局",
    "SF": "司法局",
    "XF": "消防救援大队",
    "DW": "政务督查室",
}
FIRMS = {"GS": "供水公司", "DL": "供电公司", "RQ": "燃气公司", "TX": "通信公司"}
# who a visitor may sign in as: user name, role, area, unit, what for
DEMO = [
    ("admin", "administrator", COUNTY, "", "系统管理员"),
    ("chief", "duty_chief", COUNTY, "430181-ZX", "县值班长：终审、审批"),
    ("desk", "dispatcher", COUNTY, "430181-ZX", "县指挥中心派遣员：受理、立案、派遣"),
    ("town", "duty_officer", "430181001", "430181001-ZX", "淮川街道值班员：受理台"),
    ("grid", "grid_worker", "430181001001001", "", "城西社区第1网格网格员（手机）"),
    ("officer", "officer", COUNTY, "430181-CG", "城管局经办"),
    ("head", "unit_head", COUNTY, "430181-CG", "城管局负责人"),
    ("checker", "checker", COUNTY, "", "核查员"),
    ("leader", "leader", COUNTY, "", "领导：态势大屏"),
    ("auditor", "auditor", COUNTY, "", "审计员：存证核验"),
    ("window", "window_clerk", "430181001", "430181001-ZX", "淮川街道办事窗口：受理、代录、出件"),
    ("mzb", "officer", "430181001", "430181001-ZX", "淮川街道民政经办：调查、初审、公示"),
    ("mzb2", "officer", "430181001", "430181001-ZX", "淮川街道民政经办之二：同去调查、签字"),
    ("minzheng", "officer", COUNTY, "430181-MZ", "县民政局经办：核对、审核确认"),
    ("canlian", "officer", COUNTY, "430181-CL", "县残联经办：协助核实"),
    ("finance", "finance", COUNTY, "430181-CZ", "财政局：编制发放批次"),
    ("finance2", "finance", COUNTY, "430181-CZ", "财政局：复核发放批次"),
    ("supervisor", "supervisor", COUNTY, "", "督查员：异议裁定、无人承办、抽查"),
    ("editor", "catalogue_editor", COUNTY, "", "事项目录编辑"),
    ("editor2", "catalogue_editor", COUNTY, "", "事项目录编辑之二：发布他人改的版本"),
]
# whose work the accounts above do: no nameless officer beside them takes it
SHOWN = {"430181-CG", "430181-ZX", "430181001-ZX", "430181-MZ", "430181-CL", "430181-CZ"}
RESIDENT_PHONE = "13800000001"


def loaded() -> bool:
    return Area.objects.filter(code=COUNTY).exists()


@transaction.atomic
def load(password: str) -> dict[str, int]:
    """Lays the whole demo county down; returns how many of each. `password` is that of all demo accounts."""
    boundaries = geography.build()
    save_boundaries(by=SYSTEM, boundaries=boundaries, illustrative=True, demo=True)
    areas.forget()
    units = _units(boundaries)
    hashed = make_password(password)
    _demo_accounts(hashed)
    workers = _workers(boundaries)
    _branches(boundaries)
    _town_staff(hashed)
    areas.forget()
    settle_in(timezone.localdate())
    return {
        "areas": len(boundaries),
        "units": units,
        "workers": workers,
        "accounts": Account.objects.filter(demo=True).count(),
    }


def _by_level(boundaries: Iterable[Boundary], digits: int) -> list[Boundary]:
    return [one for one in boundaries if len(one.code) == digits]


def _units(boundaries: list[Boundary]) -> int:
    rows = [
        Unit(
            code=f"{COUNTY}-{code}",
            name=f"浏阳市{name}",
            kind="department",
            function=code,
            area=COUNTY,
            demo=True,
        )
        for code, name in DEPARTMENTS.items()
    ]
    rows += [
        Unit(
            code=f"{COUNTY}-{code}", name=f"浏阳市{name}", kind="firm", function=code, area=COUNTY, demo=True
        )
        for code, name in FIRMS.items()
    ]
    rows.append(
        Unit(
            code=f"{COUNTY}-ZX",
            name="浏阳市社会治理指挥中心",
            kind="centre",
            function="ZX",
            area=COUNTY,
            demo=True,
        )
    )
    for town in _by_level(boundaries, 9):
        rows.append(
            Unit(
                code=f"{town.code}-ZX",
                name=f"{town.name}综治中心",
                kind="centre",
                function="ZX",
                area=town.code,
                demo=True,
            )
        )
    for place in _by_level(boundaries, 12):
        committee = "居委会" if place.name.endswith("社区") else "村委会"
        rows.append(
            Unit(
                code=f"{place.code}-CUN",
                name=f"{place.name}{committee}",
                kind="committee",
                function="CUN",
                area=place.code,
                demo=True,
            )
        )
    Unit.objects.bulk_create(rows)
    return len(rows)


def _demo_accounts(hashed: str) -> None:
    for username, role, area, unit, _what in DEMO:
        account = Account.objects.create(
            username=username,
            name=name_of(username),
            password=hashed,
            unit=unit,
            party_member=True,
            demo=True,
        )
        Grant.objects.bulk_create(_grants(account, role, area, unit))
        if username == "head":
            Unit.objects.filter(code=unit).update(head=account)
        if username == "admin":
            Account.objects.filter(pk=account.pk).update(is_staff=True)
    Account.objects.create(
        username="resident",
        name="居民甲",
        kind="resident",
        phone=RESIDENT_PHONE,
        phone_index=blind(RESIDENT_PHONE),
        password=hashed,
        demo=True,
    )
    chief = Account.objects.get(username="chief")
    now = timezone.now()
    Duty.objects.create(
        person=chief, post="duty_chief", area=COUNTY, start=now, end=now + timedelta(days=365)
    )


def _grants(account: Account, role: str, area: str, unit: str) -> list[Grant]:
    """A desk works for the whole area, and on what falls to its own centre; everybody else for one unit."""
    if not unit.endswith("-ZX") or role in ("officer", "window_clerk"):
        return [Grant(account=account, role_id=role, area=area, unit=unit)]
    return [
        Grant(account=account, role_id=role, area=area),
        Grant(account=account, role_id="officer", area=area, unit=unit),
    ]


def _workers(boundaries: list[Boundary]) -> int:
    """A worker on nearly every grid and a deputy from the next one; a few gaps, so that coverage has something to show."""
    grids = [one.code for one in _by_level(boundaries, 15)]
    first = Account.objects.get(username="grid")
    staffed = [code for code in grids[1:] if number_of("gap" + code, 97)]
    accounts = Account.objects.bulk_create(
        [
            Account(
                username=f"w{code}",
                name=name_of(code),
                password="!demo",
                party_member=bool(number_of("member" + code, 40)),
                demo=True,
            )
            for code in staffed
        ],
        batch_size=500,
    )
    holders = {grids[0]: first, **dict(zip(staffed, accounts, strict=True))}
    now = timezone.now()
    keepers = [
        Keeper(grid=code, account=account, post="worker", since=now) for code, account in holders.items()
    ]
    codes = list(holders)
    for place, code in enumerate(codes):
        neighbour = codes[place - 1] if place and codes[place - 1][:12] == code[:12] else ""
        if neighbour:
            keepers.append(Keeper(grid=code, account=holders[neighbour], post="deputy", since=now))
    Keeper.objects.bulk_create(keepers, batch_size=1000)
    Grant.objects.bulk_create(
        [
            Grant(account=account, role_id="grid_worker", area=code)
            for code, account in zip(staffed, accounts, strict=True)
        ],
        batch_size=1000,
    )
    return len(holders)


def _branches(boundaries: list[Boundary]) -> None:
    """One branch a community, standing on all its grids but a few; its secretary is a grid worker of the place."""
    keepers = dict(Keeper.objects.filter(post="worker").values_list("grid", "account"))
    members = set(Account.objects.filter(party_member=True).values_list("id", flat=True))
    grids: dict[str, list[str]] = {}
    for one in _by_level(boundaries, 15):
        grids.setdefault(one.code[:12], []).append(one.code)
    for place in _by_level(boundaries, 12):
        people = [keepers[code] for code in grids[place.code] if keepers.get(code) in members]
        branch = Branch.objects.create(
            name=f"{place.name}网格党支部",
            community=place.code,
            secretary_id=people[0] if people else None,
            demo=True,
        )
        BranchGrid.objects.bulk_create(
            [
                BranchGrid(branch=branch, grid=code)
                for code in grids[place.code]
                if number_of("nobranch" + code, 150)
            ]
        )
        BranchMember.objects.bulk_create(
            [BranchMember(branch=branch, account_id=one) for one in dict.fromkeys(people)]
        )


def _town_staff(hashed: str) -> None:
    """A duty officer, a second officer and a window clerk for every town, an officer for every department, a clerk for
    every committee."""
    rows: list[tuple[Account, str, str, str]] = []
    for unit in Unit.objects.all():
        role = {"centre": "duty_officer", "committee": "community_clerk"}.get(unit.kind, "officer")
        if unit.code in SHOWN:
            continue
        posts = [("u", role)] + ([("v", "officer"), ("k", "window_clerk")] if role == "duty_officer" else [])
        for letter, post in posts:
            username = f"{letter}{unit.code}"
            name = name_of(unit.code if letter == "u" else username)
            account = Account(username=username, name=name, password="!demo", unit=unit.code, demo=True)
            rows.append((account, post, unit.area, unit.code))
    Account.objects.bulk_create([row[0] for row in rows], batch_size=500)
    Grant.objects.bulk_create([grant for row in rows for grant in _grants(*row)], batch_size=500)


@transaction.atomic
def remove() -> dict[str, Any]:
    """Takes the demo data out whole: what happened in it, its people, units and areas. Rules and roles stay.

    Moves and ledger entries cannot be unwritten; the ledger keeps what was done, without the persons.
    """
    from linli.demo.removal import remove_all

    return remove_all()
