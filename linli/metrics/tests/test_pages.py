"""The board, its wall and the tables as their viewers get them."""

import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from linli.incidents import proving
from linli.incidents.models import Incident
from linli.incidents.tests.conftest import COUNTY, GRID, OTHER, TOWN, Town
from linli.kernel.actor import Actor
from linli.kernel.web.registry import nav
from linli.metrics.models import Case
from linli.metrics.tests.conftest import settled, told

PAGES = ("/board/", "/board/wall/", "/board/parts/", "/board/load.json", "/board/points.json", "/metrics/")
CASES = "/metrics/cases/?metric=honest&part=miss"


def test_a_leader_reads_the_county_at_a_glance(history: int, chief: Actor, visit) -> None:
    page = visit(chief, "/board/").content.decode()
    for words in (
        "浏阳市网格态势",
        "上报事件",
        "诚实按期率",
        "暂无抽样",
        "示意边界，非真实区划",
        "淮川街道",
        "怎么算",
    ):
        assert words in page
    assert f"{Case.objects.count()}</a><small>件" in page


def test_an_empty_board_says_what_to_do_and_shows_no_rates(chief: Actor, visit) -> None:
    page = visit(chief, "/board/").content.decode()
    assert "还没有事件" in page and "暂无数据" in page
    assert not re.search(r"\d+\.\d%|>\d+\.\d<", page)


def test_the_wall_has_nothing_to_press_but_the_way_out(history: int, chief: Actor, visit) -> None:
    page = visit(chief, "/board/wall/?days=7").content.decode()
    assert "data-wall" in page and "近 7 天" in page and "退出大屏" in page
    assert "怎么算" not in page and "<select" not in page


@pytest.mark.parametrize("path", [*PAGES, CASES])
def test_a_stranger_is_refused_and_a_visitor_asked_to_sign_in(town: Town, client, visit, path: str) -> None:
    assert client.get(path).status_code == 302
    assert visit(town.resident, path).status_code == 403
    assert visit(town.worker, path).status_code == 403


@pytest.mark.parametrize("path", [*PAGES, CASES])
def test_a_neighbouring_town_leader_cannot_ask_for_this_town(
    history: int, neighbour: Actor, visit, path: str
) -> None:
    joined = f"{path}{'&' if '?' in path else '?'}area={TOWN}"
    assert visit(neighbour, joined).status_code == 404
    body = visit(neighbour, path).content.decode()
    assert GRID not in body and "淮川街道" not in body


def test_a_row_is_renewed_only_within_ones_own_town(
    history: int, mayor: Actor, neighbour: Actor, visit
) -> None:
    mine = Case.objects.filter(street=TOWN, private=False).values_list("pk", flat=True)[0]
    assert f'id="row-{mine}"' in visit(mayor, f"/board/row/{mine}/").content.decode()
    assert visit(neighbour, f"/board/row/{mine}/").status_code == 404


def test_the_map_gets_loads_and_points_without_anybodys_words(history: int, chief: Actor, visit) -> None:
    loads = json.loads(visit(chief, "/board/load.json").content)["loads"]
    assert loads[GRID]["open"] == Case.objects.filter(open=True, grid=GRID).count() > 0
    assert loads[GRID]["words"].startswith("未结")
    body = visit(chief, "/board/points.json").content.decode()
    assert not any(text[:8] in body for text in proving.TEXTS)
    assert json.loads(body)["features"]


def test_json_is_packed_for_browsers_that_can_unpack_it(history: int, chief: Actor, visit) -> None:
    Case.objects.filter(street=TOWN).update(open=True, private=False)  # enough points to be worth packing
    answer = visit(chief, "/board/points.json", HTTP_ACCEPT_ENCODING="gzip, br")
    assert answer["Content-Encoding"] == "br" and "Cookie" in answer["Vary"]


@pytest.mark.parametrize(
    ("path", "most"),
    [("/board/", 18), ("/board/wall/", 18), ("/metrics/", 18), ("/metrics/?by=unit", 18), (CASES, 18)],
)
def test_pages_ask_the_database_seldom(history: int, chief: Actor, visit, path: str, most: int) -> None:
    visit(chief, path)  # fills what is kept in memory
    with CaptureQueriesContext(connection) as caught:
        visit(chief, path)
    asked = [
        one["sql"] for one in caught if "django_session" not in one["sql"] and "last_login" not in one["sql"]
    ]
    assert len(asked) <= most, asked


def test_the_board_asks_as_often_for_many_cases_as_for_one(town: Town, chief: Actor, visit) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            visit(chief, "/board/")
        return len(caught)

    told(90, by=town.worker, own=True)
    settled()
    asked()
    one = asked()
    for number in range(91, 103):
        told(number, by=town.worker, own=True, far=number % 2 == 0)
    settled()
    asked()  # what is kept in memory for three seconds is fresh again
    assert asked() <= one


@pytest.mark.parametrize("by", ["area", "unit", "large"])
def test_every_figure_of_the_table_opens_its_cases(history: int, chief: Actor, visit, by: str) -> None:
    page = visit(chief, f"/metrics/?by={by}").content.decode()
    links = re.findall(r'href="(/metrics/cases/\?[^"]+)" title="[^：]+：([\d,]+) / ([\d,]+)"', page)
    assert len(links) > 10
    for link, hit, whole in links[:: max(1, len(links) // 12)]:
        listed = visit(chief, link.replace("&amp;", "&") + "&export=xlsx")
        rows = load_workbook(io.BytesIO(b"".join(listed.streaming_content))).active.max_row - 1
        part = re.search(r"part=(\w+)", link)
        want = {"hit": int(hit), "miss": int(whole) - int(hit)}.get(part[1] if part else "", int(whole))
        assert rows == want, link


def test_the_table_goes_to_excel_as_seen(history: int, chief: Actor, visit) -> None:
    answer = visit(chief, "/metrics/?by=area&export=xlsx")
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = list(sheet.values)
    assert rows[0][:3] == ("区域", "上报", "未结") and {row[0] for row in rows[1:]} == {
        "淮川街道",
        "集里街道",
    }
    assert sum(row[1] for row in rows[1:]) == Case.objects.count()


def test_a_private_case_keeps_its_place_and_tells_nothing(history: int, mayor: Actor, visit) -> None:
    hidden = Case.objects.filter(street=TOWN).order_by("-pk").values_list("pk", flat=True)[0]
    title = Incident.objects.get(pk=hidden).title
    Incident.objects.filter(pk=hidden).update(private=True)
    page = visit(mayor, "/metrics/cases/?metric=reported&days=30").content.decode()
    row = re.search(rf'<tr id="row-{hidden}">.*?</tr>', page, re.S)
    assert (
        row
        and "保密事件" in row[0]
        and "href" not in row[0]
        and title[:8] not in row[0]
        and "网格" not in row[0]
    )


def test_an_unknown_metric_is_not_there(chief: Actor, visit) -> None:
    for code in ("missed", "nothing", ""):
        assert visit(chief, f"/metrics/cases/?metric={code}").status_code == 404


def test_the_way_to_the_board_is_shown_to_those_who_may(town: Town, chief: Actor, rf) -> None:
    request = rf.get("/board/")
    request.actor = chief
    assert "/board/" in [link.url for link in nav(request)]
    request.actor = town.worker
    assert "/board/" not in [link.url for link in nav(request)]


def test_the_board_of_a_community_counts_its_grids(history: int, chief: Actor, visit) -> None:
    page = visit(chief, f"/board/?area={TOWN}001").content.decode()
    assert "一社区网格态势" in page and COUNTY in page and f"area={OTHER}" not in page
