"""The public's pages in a real browser: without JavaScript, in large font, read by axe, printed on A4."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page

from linli.publicity.models import Notice, Objection
from linli.publicity.tests.conftest import FAMILY, Open, Town
from linli.publicity.tests.test_objections import object_to

pytestmark = pytest.mark.django_db(transaction=True)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def visit(chromium: Browser, live_server: Any, town: Town) -> Iterator[Callable[..., Page]]:
    """Opens a page; `care` is large font, `who` signs one of the town's accounts in."""
    contexts = []

    def go(path: str, *, width: int = 390, care: bool = False, who: str = "", script: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            locale="zh-CN",
            java_script_enabled=script,
            bypass_csp=True,
        )
        contexts.append(context)
        cookies = [("linli_care", "1")] if care else []
        if who:
            client = Client()
            client.force_login(town.accounts[who], backend="django.contrib.auth.backends.ModelBackend")
            cookies.append(("sessionid", client.cookies["sessionid"].value))
        context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in cookies]
        )
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    yield go
    for context in contexts:
        context.close()


def long_notice(posted: Open) -> Notice:
    return posted(values=[FAMILY | {"size": n} for n in range(1, 9)])


def test_objecting_and_asking_after_it_need_no_javascript(
    town: Town, posted: Open, visit: Callable[..., Page]
) -> None:
    long_notice(posted)
    page = visit("/publicity/", script=False)
    page.click("td a:has-text('低保申请公示'), th a:has-text('低保申请公示')")
    page.click("text=提出异议 >> nth=-1")
    page.fill("[name=grounds]", "这户有一辆小汽车，情况不实")
    page.check("[name=real_name][value='0']")
    page.click("main .form .btn >> nth=0")
    code = page.inner_text("[data-code]")
    page.click("text=查异议答复")
    page.fill("[name=code]", code)
    page.click("main .form .btn >> nth=0")
    assert "正在核实" in page.inner_text("main") and Objection.objects.count() == 1


@pytest.mark.parametrize(("width", "care"), [(390, False), (320, True), (1440, False)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    town: Town, posted: Open, visit: Callable[..., Page], width: int, care: bool
) -> None:
    row = long_notice(posted)
    found = object_to(town.resident, row)
    public = ["/publicity/", f"/publicity/{row.pk}/", f"/publicity/{row.pk}/object/", "/publicity/answers/"]
    staff = ["/publicity/desk/", f"/publicity/desk/{row.pk}/", f"/publicity/desk/{row.pk}/down/"]
    staff += ["/publicity/objections/", f"/publicity/objections/{found.pk}/", f"/publicity/{row.pk}/sheet/"]
    page, desk = visit("/publicity/", width=width, care=care), visit("/", width=width, care=care, who="head")
    axe, here = AXE.read_text("utf-8"), re.sub(r"(?<=\d)/.*", "", page.url)
    for shown, address in [(page, one) for one in public] + [(desk, one) for one in staff]:
        shown.goto(here + address)
        shown.evaluate(axe)
        wrong = shown.evaluate(
            "(tags) => axe.run({ runOnly: tags }).then((said) => said.violations.map((one) => one.id))", WCAG
        )
        assert wrong == [], address
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_the_sheet_of_a_short_list_is_one_page_of_a4(
    town: Town, posted: Open, visit: Callable[..., Page], tmp_path: Path
) -> None:
    row = long_notice(posted)
    page = visit(f"/publicity/{row.pk}/sheet/", who="keeper", width=1440)
    raw = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", raw)) == 1
    box = page.locator(".qr").bounding_box()
    assert box and box["width"] >= 100
