import gzip
import io
import json

import brotli
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook
from shapely.geometry import box

from linli.areas import actions, duties, queries
from linli.areas.models import Area, BoundaryRun, Branch, Handover, Keeper, Unit
from linli.areas.tests.conftest import COUNTY, EAST, PLAIN, RIVER, WEST, account, drawn, holding
from linli.areas.tests.test_actions import geojson
from linli.kernel.actor import SYSTEM
from linli.kernel.identity.models import Account

GRID, NEXT = RIVER + "001", RIVER + "002"


@pytest.fixture
def signed_in(client):
    """A browser in which an actor is signed in."""

    def browser(actor):
        client.force_login(
            Account.objects.get(pk=actor.account), backend="django.contrib.auth.backends.ModelBackend"
        )
        return client

    return browser


@pytest.fixture
def admin(signed_in, administrator):
    return signed_in(administrator)


def counted(browser, url: str) -> int:
    browser.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(url).status_code == 200
    return len(asked)


@pytest.fixture
def crowd(administrator):
    """A hundred grids in one community, each with a worker."""
    shapes = [
        drawn(f"{PLAIN}{n:03}", f"第{n}网格", box(113.2 + n / 1000, 28.0, 113.2 + (n + 1) / 1000, 28.2))
        for n in range(1, 101)
    ]
    Area.objects.filter(code__startswith=PLAIN, level="grid").update(active=False)
    parent = Area.objects.get(code=PLAIN)
    Area.objects.bulk_create(
        Area(code=b.code, name=b.name, level="grid", parent=parent)
        for b in shapes
        if not b.code.endswith(("001", "002"))
    )
    worker = account("同一人")
    Keeper.objects.bulk_create(
        Keeper(grid=b.code, post="worker", account=worker, since=timezone.now()) for b in shapes
    )
    Unit.objects.bulk_create(
        Unit(code=f"U{n}", name=f"单位{n}", kind="station", area=WEST, head=worker) for n in range(100)
    )
    Branch.objects.bulk_create(Branch(name=f"支部{n}", community=RIVER, secretary=worker) for n in range(100))
    queries.forget()


@pytest.mark.parametrize(
    "url",
    [f"/areas/{PLAIN}/", "/areas/", "/areas/units/", "/areas/branches/", "/areas/coverage/", "/handovers/",
     f"/areas/coverage/?in={EAST}&want=no_branch"],
)  # fmt: skip
def test_a_hundred_rows_take_no_more_than_twelve_queries(admin, crowd, url):
    assert counted(admin, url) <= 12


def test_the_tree_leads_from_the_county_to_a_grid_and_its_keeper(admin, administrator):
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=account("李网格").pk)
    assert "淮川街道" in admin.get("/areas/").text
    page = admin.get(f"/areas/{GRID}/").text
    assert "李网格" in page and "空缺" in page and "areas/map.json?level=grid" in page
    assert counted(admin, f"/areas/{GRID}/") <= 12


def test_a_clerk_starts_at_their_own_area(signed_in, county):
    page = signed_in(holding("community_clerk", RIVER)).get("/areas/").text
    assert "<h1>城西社区</h1>" in page and "停用</a>" not in page


def test_made_up_borders_say_so_on_the_page_and_in_the_data(admin):
    actions.save_boundaries(by=SYSTEM, boundaries=[drawn(GRID)], illustrative=True)
    assert "示意边界，非真实区划" in admin.get(f"/areas/{GRID}/").text
    assert admin.get(f"/areas/map.json?level=grid&in={GRID}").json()["notice"] == "示意边界，非真实区划"


def test_the_map_is_packed_and_not_sent_twice(client, county):
    plain = client.get(f"/areas/map.json?level=grid&in={RIVER}")
    assert {one["properties"]["code"] for one in plain.json()["features"]} == {GRID, NEXT}
    for name, unpack in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        packed = client.get(f"/areas/map.json?level=grid&in={RIVER}", headers={"Accept-Encoding": name})
        assert packed["Content-Encoding"] == name and unpack(packed.content) == plain.content
    again = client.get(f"/areas/map.json?level=grid&in={RIVER}", headers={"If-None-Match": plain["ETag"]})
    assert again.status_code == 304 and again.content == b""
    assert client.get("/areas/map.json?level=house").status_code == 422


def test_the_map_changes_with_its_boundaries(client, administrator):
    before = client.get("/areas/map.json?level=street")
    assert before.json()["features"][0]["properties"]["label"] == "淮川街道"
    actions.edit_area(by=administrator, code=WEST, name="新名街道")
    after = client.get("/areas/map.json?level=street", headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200 and "新名街道" in json.dumps(after.json(), ensure_ascii=False)


def test_an_import_is_looked_at_before_it_is_confirmed(admin):
    wide = {f"g{GRID}": box(113.0, 28.0, 113.15, 28.1)}
    wrong = SimpleUploadedFile("wrong.geojson", geojson(GRID, NEXT, **wide))
    answer = admin.post("/areas/import/", {"file": wrong}, follow=True)
    assert "重叠" in answer.text and "确认导入" not in answer.text
    answer = admin.post(
        "/areas/import/", {"file": SimpleUploadedFile("g.geojson", geojson(GRID, NEXT))}, follow=True
    )
    assert "可以导入" in answer.text
    run = BoundaryRun.objects.latest("at")
    assert len(admin.get(f"/areas/import/{run.pk}/map.json").json()["features"]) == 2
    assert counted(admin, f"/areas/import/{run.pk}/") <= 12
    assert "已导入 2 个区域" in admin.post(f"/areas/import/{run.pk}/", {"act": "confirm"}, follow=True).text


def test_an_unreadable_file_says_so_beside_its_field(admin):
    answer = admin.post("/areas/import/", {"file": SimpleUploadedFile("x.geojson", b"not json")})
    assert answer.status_code == 422 and "GeoJSON" in answer.text


def test_units_are_added_changed_closed_and_exported(admin):
    values = {"code": "CG1", "name": "城管中队", "kind": "station", "area": WEST, "function": "CG"}
    assert admin.post("/areas/units/new/", values).status_code == 302
    assert admin.post("/areas/units/CG1/", {**values, "name": "综合执法中队"}).status_code == 302
    assert "综合执法中队" in admin.get("/areas/units/").text
    sheet = b"".join(admin.get("/areas/units/?export=xlsx"))
    assert load_workbook(io.BytesIO(sheet)).active["A2"].value == "综合执法中队"
    assert admin.post("/areas/units/CG1/close/", {"reason": "机构改革"}).status_code == 302
    assert not Unit.objects.get().active
    assert admin.post("/areas/units/new/", {"code": "", "head": "查无此人"}).status_code == 422


def test_a_grid_gets_its_worker_by_name(admin):
    account("李网格"), account("重名"), account("重名")
    assert admin.post(f"/areas/{GRID}/worker/", {"account": "李网格"}).status_code == 302
    assert queries.keepers(GRID)["worker"]
    assert "填写账号名" in admin.post(f"/areas/{GRID}/deputy/", {"account": "重名"}).text
    assert admin.post(f"/areas/{GRID}/worker/end/", {"reason": "调离岗位"}).status_code == 302
    assert queries.keepers(GRID)["worker"] is None


def test_a_branch_is_made_changed_and_dissolved(admin):
    account("书记张", party_member=True), account("党员陈", party_member=True)
    made = admin.post(
        f"/areas/branches/new/{RIVER}/", {"name": "第一支部", "secretary": "书记张", "grids": [GRID, NEXT]}
    )
    branch = Branch.objects.get()
    assert made.status_code == 302 and branch.grids.count() == 2
    admin.post(f"/areas/branches/{branch.pk}/", {"name": "第一支部", "secretary": "书记张", "grids": [GRID]})
    assert branch.grids.count() == 1
    admin.post(f"/areas/branches/{branch.pk}/members/", {"account": "党员陈"})
    page = admin.get(f"/areas/branches/{branch.pk}/").text
    assert "党员陈" in page and counted(admin, f"/areas/branches/{branch.pk}/") <= 12
    member = Account.objects.get(name="党员陈")
    admin.post(f"/areas/branches/{branch.pk}/members/{member.pk}/")
    assert branch.members.count() == 1
    admin.post(f"/areas/branches/{branch.pk}/close/", {"reason": "撤并"})
    assert not Branch.objects.get().active


def test_areas_are_edited_by_forms(admin):
    admin.post(f"/areas/{RIVER}/add/", {"code": RIVER + "003", "name": "第3网格"})
    admin.post(f"/areas/{RIVER}003/edit/", {"name": "河边网格"})
    assert queries.area_name(RIVER + "003") == "河边网格"
    assert admin.post(f"/areas/{RIVER}/close/", {"reason": "撤并"}).status_code == 409
    assert admin.post(f"/areas/{RIVER}003/close/", {"reason": "撤并"}).status_code == 302


def test_coverage_tells_the_three_wants_apart_and_exports_every_grid(admin, administrator):
    member, plain = account(party_member=True), account()
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=member.pk)
    actions.set_keeper(by=administrator, grid=NEXT, post="worker", account=plain.pk)
    actions.set_branch(by=administrator, community=RIVER, name="第一支部", grids=[GRID])
    page = admin.get(f"/areas/coverage/?in={WEST}&want=not_member").text
    assert "城西社区 第2网格" in page and "城西社区 第1网格" not in page
    sheet = load_workbook(io.BytesIO(b"".join(admin.get("/areas/coverage/?export=xlsx")))).active
    rows = {row[0]: row[1:] for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert len(rows) == 6 and rows[GRID][1] == "第一支部" and rows[NEXT][4] == "是"


def test_a_handover_is_drafted_signed_and_moved_on_pages(client, signed_in, administrator):
    giver, receiver = account("周全"), account("吴稳")
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=giver.pk)
    today = timezone.localdate()
    values = {
        "giver": "周全", "receiver": "吴稳", "reason": "resign",
        "starts_0": today.year, "starts_1": today.month, "starts_2": today.day,
    }  # fmt: skip
    client.force_login(giver, backend="django.contrib.auth.backends.ModelBackend")
    page = client.post("/handovers/new/", values, follow=True)
    row = Handover.objects.get()
    assert "职责清单（1 项）" in page.text and "城西社区 第1网格 网格员" in page.text
    for someone in (giver, receiver):
        client.force_login(someone, backend="django.contrib.auth.backends.ModelBackend")
        seen = actions.handovers.digest(duties.open_items(giver.pk))
        client.post(f"/handovers/{row.pk}/", {"seen": seen})
    assert queries.keepers(GRID)["worker"] == receiver.pk
    assert (
        "已移交" in client.get(f"/handovers/{row.pk}/").text
        and counted(client, f"/handovers/{row.pk}/") <= 12
    )


def test_an_administrator_signs_for_the_ill_and_the_giver_takes_it_back(client, admin, administrator):
    giver, receiver = account("周全"), account("吴稳")
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=giver.pk)
    row = actions.draft_handover(
        by=administrator, giver=giver.pk, receiver=receiver.pk, reason="ill", starts=timezone.localdate()
    )
    seen = actions.handovers.digest(duties.open_items(giver.pk))
    assert (
        admin.post(f"/handovers/{row.pk}/sign-for/", {"seen": seen, "reason": "突发疾病住院"}).status_code
        == 302
    )
    client.force_login(receiver, backend="django.contrib.auth.backends.ModelBackend")
    client.post(f"/handovers/{row.pk}/", {"seen": seen})
    assert queries.keepers(GRID)["worker"] == receiver.pk
    client.post(f"/handovers/{row.pk}/give-back/")
    assert queries.keepers(GRID)["worker"] == giver.pk


URLS = [
    f"/areas/{RIVER}/", f"/areas/{RIVER}/edit/", f"/areas/{RIVER}/add/", f"/areas/{RIVER}/close/",
    f"/areas/{GRID}/worker/", f"/areas/{GRID}/worker/end/", f"/areas/branches/new/{RIVER}/",
]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_a_stranger_opens_and_changes_nothing_here(signed_in, stranger, url):
    browser = signed_in(stranger)
    assert browser.get(url).status_code in (403, 404)
    values = {"name": "别名", "code": RIVER + "009", "reason": "撤并", "account": "某某"}
    if url != f"/areas/{RIVER}/":
        assert browser.post(url, values).status_code in (403, 404)
    assert Area.objects.get(code=RIVER).name == "城西社区" and not Keeper.objects.exists()


@pytest.mark.parametrize(
    "url", ["/areas/", "/areas/units/", "/areas/branches/", "/areas/coverage/", "/areas/import/"]
)
def test_other_roles_and_visitors_are_kept_out(client, signed_in, county, url):
    assert client.get(url).status_code == 403
    assert signed_in(holding("mediator", COUNTY)).get(url).status_code == 403


@pytest.mark.parametrize(
    ("url", "title"),
    [
        (f"/areas/{GRID}/worker/", "任命网格员"),
        (f"/areas/{RIVER}/close/", "停用城西社区"),
        ("/areas/import/", "导入区域边界"),
        ("/areas/units/new/", "添加单位"),
        (f"/areas/branches/new/{RIVER}/", "新建支部"),
        ("/handovers/new/", "新建移交单"),
    ],
)
def test_every_form_says_what_it_is(admin, url, title):
    assert f"<h1>{title}</h1>" in admin.get(url).text
