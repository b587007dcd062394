"""The proving ground of benches and crash tests: a square made-up county with grids, workers, units and a token."""

from typing import Any

from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.bench_locate import mosaic
from linli.areas.models import Area, Keeper, Unit
from linli.incidents.actions.learning import ensure_model
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.identity.actions import issue_token
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all

COUNTY = "430181"
FUNCTIONS = (
    "CG",
    "ZJ",
    "JT",
    "GA",
    "SL",
    "HB",
    "WJ",
    "RS",
    "JY",
    "SC",
    "WL",
    "MZ",
    "YJ",
    "NY",
    "ZR",
    "GS",
    "DL",
    "RQ",
    "XF",
    "YB",
)
TEXTS = (
    "小区门口垃圾桶满了好几天，苍蝇到处飞，麻烦快点派人来清一下",
    "路灯坏了三盏，晚上走路看不见，老人家摔了一跤",
    "下水道井盖不见了，边上就是学校，太危险了",
    "隔壁工地半夜还在施工，吵得细伢子睡不着",
    "路边摊把人行道全占了，只能走到马路上去",
    "自来水又停了，也没有通知，一栋楼都没水用",
)


def grids(count: int = 3000) -> list[str]:
    """Lays down a county of `count` grids below one town and community a hundred grids; returns the grid codes."""
    cells = mosaic(count)
    codes = []
    Area.objects.create(code=COUNTY, name="试验县", level="county")
    rows: list[Area] = []
    for number, cell in enumerate(cells):
        community = f"{COUNTY}{number // 500 + 1:03d}{number // 100 % 5 + 1:03d}"
        code = f"{community}{number % 100 + 1:03d}"
        codes.append(code)
        rows.append(
            Area(code=code, name=f"第{number}网格", level="grid", outline=cell.geometry.__geo_interface__)
        )
    towns = sorted({code[:9] for code in codes})
    Area.objects.bulk_create([Area(code=code, name=f"{code[-3:]}镇", level="street") for code in towns])
    communities = sorted({code[:12] for code in codes})
    Area.objects.bulk_create(
        [Area(code=code, name=f"{code[-6:]}村", level="community") for code in communities]
    )
    Area.objects.bulk_create(rows, batch_size=500)
    return codes


def county(count: int = 3000) -> dict[str, Any]:
    """Grids, units, a worker a grid, a classifier, and one token of a grid worker for the whole county."""
    codes = grids(count)
    units = [
        Unit(code=f"{COUNTY}-{f}", name=f"{f}局", kind="department", function=f, area=COUNTY)
        for f in (*FUNCTIONS, "ZX")
    ]
    units += [
        Unit(code=f"{code}-CUN", name=f"{code}村委会", kind="committee", function="CUN", area=code)
        for code in sorted({code[:12] for code in codes})
    ]
    Unit.objects.bulk_create(units)
    accounts = Account.objects.bulk_create(
        [Account(username=f"w{code}", name=f"网格员{code[-6:]}", password="!") for code in codes],
        batch_size=500,
    )
    now = timezone.now()
    Keeper.objects.bulk_create(
        [
            Keeper(grid=code, account=account, post="worker", since=now)
            for code, account in zip(codes, accounts, strict=True)
        ],
        batch_size=500,
    )
    worker = Account.objects.create(username="bench", name="压测网格员")
    Grant.objects.create(account=worker, role_id="grid_worker", area=COUNTY)
    areas.forget()
    forget_all()
    ensure_model()
    actor = actor_for(worker.pk, name=worker.name)
    _, token = issue_token(
        by=actor, account=worker.pk, name="bench", scopes=["incidents.report", "incidents.report_own"]
    )
    return {"token": token, "grids": codes, "worker": worker.pk}
