"""The board and its wall in a real browser: read by axe, drawn by MapLibre, whole on one screen, small enough."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, Response

from linli.areas import atlas
from linli.incidents.tests.conftest import GRID, Town
from linli.kernel.actor import Actor
from linli.kernel.identity.models import Account
from linli.metrics.models import Case

pytestmark = pytest.mark.django_db(transaction=True)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
FILLED = "!document.querySelector('[data-board-map]') || document.querySelector('[data-board-map]').dataset.filled === '1'"
SMALL = """() => [...document.querySelectorAll('a, button, select, summary')].filter((e) => {
  const r = e.getBoundingClientRect(); return r.width > 1 && r.height < 43.5 && !e.matches('.skip'); }).map((e) => e.outerHTML.slice(0, 90))"""


@pytest.fixture
def look(chromium: Browser, live_server: Any, history: int, chief: Actor) -> Iterator[Callable[..., Page]]:
    """The county leader's browser, some size, normal or large font; waits until the map is filled."""
    atlas.forget()
    opened = []

    def go(
        path: str,
        *,
        size: tuple[int, int] = (1440, 900),
        care: bool = False,
        heard: list[Response] | None = None,
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN", bypass_csp=True
        )
        opened.append(context)
        client = Client()
        client.force_login(Account.objects.get(pk=chief.account))
        cookies = {"sessionid": client.cookies["sessionid"].value, **({"linli_care": "1"} if care else {})}
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        page = context.new_page()
        if heard is not None:
            page.on("response", lambda one: heard.append(one))
        page.goto(live_server.url + path)
        for _ in range(200):
            if page.evaluate(FILLED):
                return page
            page.wait_for_timeout(100)
        raise AssertionError(f"{path}: the map was never filled")

    yield go
    for context in opened:
        context.close()


@pytest.mark.parametrize(
    ("path", "size", "care"),
    [
        ("/board/", (1440, 900), False),
        ("/board/", (320, 800), True),
        ("/board/wall/", (1920, 1080), False),
        ("/metrics/", (390, 844), False),
        ("/metrics/?by=unit", (320, 800), True),
        ("/metrics/cases/?metric=honest", (390, 844), False),
    ],
)
def test_pages_are_accessible_in_every_face(
    look: Callable[..., Page], path: str, size: tuple[int, int], care: bool
) -> None:
    page = look(path, size=size, care=care)
    page.add_script_tag(path=AXE)
    found = page.evaluate("(tags) => axe.run(document, {runOnly: tags})", WCAG)["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    if "wall" not in path:
        assert page.evaluate(SMALL) == []


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)])
def test_the_wall_fills_the_screen_and_never_scrolls(
    look: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = look("/board/wall/", size=size)
    assert page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    ) == list(size)
    cards = page.evaluate(
        "[...document.querySelectorAll('.screen .card')].map((e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; })"
    )
    wide, high = size
    for x in (
        0.1,
        0.35,
        0.6,
        0.9,
    ):  # a card lies under every probe of a net over the screen, the bottom included
        for y in (0.15, 0.4, 0.6, 0.8, 0.96):
            assert any(l <= x * wide <= r and t <= y * high <= b for l, t, r, b in cards), (x, y)  # noqa: E741
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('.screen :is(td, b, h2, .aside)')].map((e) => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert (
        smallest >= 0.0095 * wide
    )  # 18 px of 1,920: a hand's width of a 55-inch screen holds six characters


def test_the_map_draws_the_loads_and_dots_that_add_up(look: Callable[..., Page], history: int) -> None:
    page = look("/board/")
    drawn = page.evaluate(
        """() => { const map = document.querySelector('[data-board-map]').linliMap;
        const grids = map.queryRenderedFeatures({layers: ['areas']}).map((f) => [f.properties.code, f.properties.level]);
        const dots = map.queryRenderedFeatures({layers: ['clusters', 'points']}).map((f) => [f.properties.cluster_id ?? f.properties.url ?? f.geometry.coordinates.join(), f.properties.n]);
        return [Object.fromEntries(grids), Object.values(Object.fromEntries(dots)).reduce((a, b) => a + b, 0)]; }"""
    )
    assert drawn[0][GRID] == 3
    assert drawn[1] == Case.objects.filter(open=True, private=False).count()


def test_the_board_weighs_less_than_600_kib(look: Callable[..., Page], town: Town) -> None:
    heard: list[Response] = []
    look("/board/", heard=heard)
    bodies = {one.url: one.body() for one in heard if one.status == 200 and "/live/" not in one.url}
    assert len(bodies) > 8
    assert sum(len(brotli.compress(body, quality=9)) for body in bodies.values()) <= 600 * 1024
