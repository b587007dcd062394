"""Residents' pages in a real browser: without JavaScript, in large font, read by axe, and small enough for a village."""

import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page

from linli.areas import atlas
from linli.areas.models import Area
from linli.incidents import actions
from linli.incidents.models import Report
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import LAT, LON, TOWN, Town
from linli.incidents.tests.test_pages import closed_case

pytestmark = pytest.mark.django_db(transaction=True)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


@pytest.fixture
def visit(chromium: Browser, live_server: Any, town: Town) -> Iterator[Callable[..., Page]]:
    """Opens a page; `care` is large font, `who` signs one of the town's accounts in."""
    opened = []

    def go(path: str, *, width: int = 390, care: bool = False, who: str = "", script: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            locale="zh-CN",
            java_script_enabled=script,
            bypass_csp=True,
        )
        opened.append(context)
        cookies = [("linli_care", "1")] if care else []
        if who:
            client = Client()
            client.force_login(town.accounts[who])
            cookies.append(("sessionid", client.cookies["sessionid"].value))
        context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in cookies]
        )
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    yield go
    for context in opened:
        context.close()


def test_reporting_tracking_and_rating_need_no_javascript(town: Town, visit: Callable[..., Page]) -> None:
    page = visit("/", script=False)
    page.click("text=我要上报 >> nth=0")
    page.fill("[name=text]", "巷口路灯不亮两天了")
    page.fill("[name=phone]", "12")
    page.fill("[name=area]", "淮川街道 一社区")
    page.set_input_files("[name=photos]", {"name": "灯.jpg", "mimeType": "image/jpeg", "buffer": _jpeg()})
    page.click("form.report > .acts .btn")
    assert "手机号应为" in page.inner_text(".errors") and "灯.jpg" in page.inner_text(".kept")
    assert page.input_value("[name=text]") == "巷口路灯不亮两天了"
    page.fill("[name=phone]", "")
    page.click("form.report > .acts .btn")
    code = page.inner_text("[data-code]")
    row = Report.objects.get()
    assert len(row.files) == 1 and row.community == TOWN + "001"
    page.click("text=查进度 >> nth=-1")
    page.fill("[name=code]", code)
    page.click("main .btn")
    assert row.incident.number in page.inner_text("main")


def _jpeg() -> bytes:
    from linli.incidents.tests.test_pages import photo

    return photo().read()


def test_a_rating_needs_no_javascript(town: Town, visit: Callable[..., Page]) -> None:
    row = closed_case(town, town.resident)
    page = visit(f"/my/reports/{row.pk}/", who="resident", script=False)
    page.check("[name=resolved][value=yes]")
    page.check("[name=stars][value='5']")
    page.click("#rate .btn")
    assert "已收到您的评价" in page.inner_text("main")


def test_danger_words_are_answered_while_typing(town: Town, visit: Callable[..., Page]) -> None:
    page = visit("/report/")
    assert not page.is_visible("[data-danger]")
    page.fill("[name=text]", "楼下起火了")
    assert page.is_visible("[data-danger]")
    page.fill("[name=text]", "楼下路灯不亮")
    assert not page.is_visible("[data-danger]")


def test_questions_follow_the_chosen_class(town: Town, visit: Callable[..., Page]) -> None:
    page = visit("/report/")
    page.check("[name=class_said][value='fac.manhole']", force=True)
    assert "井盖上写的是什么字" in page.inner_text("[data-asks]")
    page.fill("[name=ask0]", "雨水")
    page.fill("[name=text]", "井盖没了")
    page.click("form.report > .acts .btn")
    assert "雨水" in Report.objects.get().text


@pytest.mark.parametrize(("width", "care"), [(390, False), (320, True), (1440, False)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    town: Town, visit: Callable[..., Page], width: int, care: bool
) -> None:
    closed = closed_case(town, town.resident)
    telling = Telling(
        text="巷口路灯不亮",
        sender="r",
        client_uuid=uuid.uuid4(),
        lon=LON,
        lat=LAT,
        place_source="pin",
        class_said="fac.streetlight",
    )
    declined = actions.report_incident(by=town.resident, telling=telling)
    actions.decline_incident(by=town.clerk, incident=declined.incident, text="现场路灯正常")
    addresses = ["/", "/report/?class=sr.litter", "/track/", "/map/"]
    signed = ["/my/reports/", f"/my/reports/{closed.pk}/", f"/my/reports/{declined.report}/", "/inbox/"]
    page, mine = visit("/", width=width, care=care), visit("/", width=width, care=care, who="resident")
    axe = AXE.read_text("utf-8")
    for shown, address in [(page, one) for one in addresses] + [(mine, one) for one in signed]:
        shown.goto(re.sub(r"(?<=\d)/.*", "", shown.url) + address)
        shown.evaluate(axe)
        found = shown.evaluate(
            "(tags) => axe.run({ runOnly: tags }).then((said) => said.violations.map((one) => one.id))", WCAG
        )
        assert found == [], address
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def transferred(client: Client, path: str) -> int:
    """Bytes of a cold visit: the page and the styles and scripts it names, compressed as they are served."""
    page = client.get(path).content.decode()
    total = len(brotli.compress(page.encode(), quality=5))
    for address in re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js|mjs|svg))"', page):
        total += len(brotli.compress(Path(finders.find(address)).read_bytes()))
    return total


def test_a_form_and_a_list_stay_within_their_budgets(
    town: Town, client: Client, settings: LazySettings
) -> None:
    Area.objects.bulk_create(
        [Area(code=f"{TOWN}{n:03d}", name=f"淮川街道第{n}号村", level="community") for n in range(2, 327)]
    )
    atlas.forget()
    client.force_login(town.accounts["resident"])
    for n in range(20):
        telling = Telling(
            text=f"第{n}盏路灯不亮",
            sender="r",
            client_uuid=uuid.uuid4(),
            lon=LON,
            lat=LAT,
            class_said="fac.streetlight",
        )
        actions.report_incident(by=town.resident, telling=telling)
    assert transferred(client, "/report/") <= 25 * 1024
    for path in ("/my/reports/", "/", "/track/"):
        assert transferred(client, path) <= 15 * 1024, path
