"""The pages in a real browser: applying needs no JavaScript, axe finds nothing, nothing scrolls sideways."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from linli.onestop.models import Application, ItemVersion
from linli.onestop.tests.conftest import task_of
from linli.onestop.tests.test_pages import client_of, own_files  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = os.environ.get("LINLI_SHOTS", "")  # a folder to put pictures of every page into


@pytest.fixture
def visit(chromium: Browser, live_server: Any, county: Any) -> Iterator[Callable[..., Page]]:
    contexts = []

    def go(path: str, *, who: str = "", width: int = 390, script: bool = True) -> Page:
        view = {"width": width, "height": 800}
        context = chromium.new_context(
            viewport=view, locale="zh-CN", java_script_enabled=script, bypass_csp=True
        )
        contexts.append(context)
        if who:
            value = client_of(county.accounts[who]).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    yield go
    for context in contexts:
        context.close()


def test_applying_needs_no_javascript(county: Any, visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit("/services/MZ-001/", who="resident", script=False)
    page.click("text=开始申请")
    page.click("text=开始填写")
    page.fill("[name=story]", "两人都干不了重活")
    page.fill("[name=contact]", "13900001111")
    page.click("text=保存并继续 >> nth=0")
    page.fill(f"[name=relation_{county.wife.pk}]", "配偶")
    page.click("main .form .btn >> nth=0")
    page.check("[name=kin_of_official][value='0']")
    page.click("main .form .btn >> nth=0")
    assert "还没有上传" in page.inner_text("main")
    row = Application.objects.get()
    assert row.state == "draft" and row.members.get(person=county.wife).relation == "配偶"


@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    county: Any, accepted: Any, visit: Callable[..., Page], width: int
) -> None:
    row = accepted()
    task, version = task_of(row, "check"), ItemVersion.objects.get(item__code="MZ-001")
    assert task.holder is not None
    holder = next(name for name, one in county.accounts.items() if one == task.holder)
    own = f"/my/cases/{row.pk}/"
    pages = {
        "": ["/services/", "/services/MZ-001/", "/services/resume/"],
        "resident": ["/services/MZ-002/apply/", "/my/cases/", own, f"{own}receipt/", f"{own}withdraw/"],
        holder: ["/onestop/desk/", "/onestop/desk/unit/", f"/onestop/cases/{row.pk}/", f"/onestop/tasks/{task.pk}/",
                 f"/onestop/tasks/{task.pk}/return/"],
        "window": ["/onestop/window/", "/onestop/window/new/"],
        "editor": ["/onestop/catalogue/", f"/onestop/catalogue/{version.pk}/"],
    }  # fmt: skip
    axe, wrong = AXE.read_text("utf-8"), []
    for who, addresses in pages.items():
        page = visit("/", who=who, width=width)
        for address in [*addresses, *(_draft_pages(page) if who == "resident" else [])]:
            wrong += _faults(page, address, axe, f"{who}{width}")
    assert wrong == []


def _draft_pages(page: Page) -> list[str]:
    """A second draft's pages; the browser begins it."""
    page.goto(re.sub(r"(?<=\d)/.*", "", page.url) + "/services/MZ-002/apply/")
    page.click("text=开始填写")
    base = re.sub(r".*?(/my/cases/\d+/apply/).*", r"\1", page.url)
    return [f"{base}{step}/" for step in ("story", "members", "papers", "sign", "review")]


def _faults(page: Page, address: str, axe: str, name: str) -> list[tuple[str, Any]]:
    page.goto(re.sub(r"(?<=\d)/.*", "", page.url) + address)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}{address.replace('/', '_')}.png", full_page=True)
    page.evaluate(axe)
    script = "(tags) => axe.run({ runOnly: tags }).then((said) => said.violations.map((one) => one.id))"
    said = page.evaluate(script, WCAG)
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        said.append("scrolls sideways")
    if page.locator("h1").count() != 1:
        said.append("not one heading")
    return [(address, one) for one in said]
