"""What the one-stop journeys share: a county with its clock, seats before real screens, departments behind real HTTP."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext

from linli.areas.models import Keeper
from linli.exchange.tests.departments import (  # noqa: F401  fixtures
    Department,
    connected,
    department,
    numbered,
)
from linli.kernel.bus.jobs import drain
from linli.kernel.notify.models import Notice as Told
from linli.onestop import board, notices
from linli.onestop.models import Application, Task
from linli.onestop.tests.conftest import COUNTY, GRID, County, _account, at, county  # noqa: F401  the fixture
from linli.people.models import Consent
from linli.publicity.models import Notice, Objection
from tests.test_incident_journey import DESK, PHONE, Seat, photo


class Chair(Seat):
    """A seat of this story: axe reads every kind of page once a width and heading, not at every visit."""

    def look(self) -> "Chair":
        head = self.page.locator("main h1").first.inner_text()
        place = f"{re.sub(r'[0-9]+', 'N', urlsplit(self.page.url).path)} {head}"
        if place not in self.read:
            self.read[place] = head
            super().look()
        return self


@dataclass
class Office:
    """The county of the story with its clock: seats before real screens, departments behind real HTTP."""

    county: County
    department: Department
    chromium: Browser
    url: str
    patch: pytest.MonkeyPatch
    seen: dict[str, list[str]] = field(default_factory=dict)
    opened: list[BrowserContext] = field(default_factory=list)
    seats: dict[str, Seat] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)

    def clock(self, words: str) -> datetime:
        moment = at(words)
        self.patch.setattr(timezone, "now", lambda: moment)
        return moment

    def sit(self, who: str, width: int = DESK) -> Seat:
        """The seat of an account (of nobody known, for ""), signed in at the hour of the story."""
        if who not in self.seats:
            context = self.chromium.new_context(
                viewport={"width": width, "height": 844 if width == PHONE else 900},
                has_touch=width == PHONE,
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
                bypass_csp=True,
            )
            self.opened.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: self.seen.setdefault("script errors", []).append(str(error)))
            self.seats[who] = Chair(page, self.url, self.seen, self.read)
        if who:
            client = Client()
            client.force_login(self.county.accounts[who], backend="django.contrib.auth.backends.ModelBackend")
            session = client.cookies["sessionid"].value
            self.seats[who].page.context.add_cookies(
                [{"name": "sessionid", "value": session, "url": self.url}]
            )
        return self.seats[who]

    def name(self, account: int | None) -> str:
        """The seat of whoever holds a task."""
        return next(name for name, one in self.county.accounts.items() if one.pk == account)

    def holder(self, row: Application, step: str, branch: str = "") -> tuple[Seat, Task]:
        task = row.tasks.get(step=step, branch=branch, state="open")
        return self.sit(self.name(task.holder_id)), task


@pytest.fixture
def office(
    county: County,  # noqa: F811
    connected: Department,  # noqa: F811
    chromium: Browser,
    live_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> Iterator[Office]:
    notices.bind(board.PublicityBoard())
    found = Office(county, connected, chromium, live_server.url, monkeypatch)
    county.accounts["wife"] = _account("居民乙")
    county.wife.account = county.accounts["wife"]
    county.wife.save(update_fields=["account"])
    county.accounts["checker"] = _account("财政丑", "finance", COUNTY, f"{COUNTY}-CZ")
    county.accounts["keeper"] = _account("网格子", "grid_worker", GRID)
    Keeper.objects.create(
        grid=GRID, account=county.accounts["keeper"], post="worker", since=at("2026-01-01 08:00")
    )
    numbered(county.old), numbered(county.wife, "004")
    Consent.objects.all().delete()
    yield found
    for context in found.opened:
        context.close()
    assert {path: wrong for path, wrong in found.seen.items() if wrong} == {}


def fill(seat: Seat, **given: Any) -> Seat:
    """Fills the form of a page by field names, whatever kind each field is."""
    for name, value in given.items():
        found = seat.page.locator(f"main [name={name}]")
        kind = found.first.evaluate("one => one.type || one.tagName.toLowerCase()")
        if kind in ("radio", "checkbox"):
            picked = (
                found.first if value is True else seat.page.locator(f"main [name={name}][value='{value}']")
            )
            picked.check(force=True)
        elif kind == "file":
            found.first.set_input_files(value)
        elif kind.startswith("select"):
            found.first.select_option(**({"index": 1} if value is True else {"value": str(value)}))
        else:
            found.first.fill(str(value))
    return seat


def send(seat: Seat, lands: str, button: str = "form.form .acts button.btn") -> Seat:
    return seat.press(f"main {button}", lands)


def follow(seat: Seat, words: str) -> Seat:
    """Presses a link of the page by its words."""
    link = seat.page.locator("main a", has_text=words).first
    with seat.page.expect_navigation():
        link.click()
    return seat.look()


def write_opinion(office: Office, row: Application, step: str, branch: str = "", **said: Any) -> Task:
    """The holder of a task finds it in their own list, says what they found, and the case goes on."""
    seat, task = office.holder(row, step, branch)
    follow(seat.go("/onestop/desk/"), task.name)
    assert seat.page.url.endswith(f"/onestop/tasks/{task.pk}/")
    send(fill(seat, opinion="agree", **said), f"/onestop/cases/{row.pk}/")
    task.refresh_from_db()
    assert task.state == "done" and task.done_by_id == task.holder_id
    return task


def dues(row: Application) -> tuple[str, str]:
    """Promise and statute, the days."""
    row.refresh_from_db()
    return tuple(f"{timezone.localtime(one):%m-%d}" for one in (row.promised_due, row.statutory_due))  # type: ignore[return-value]


def told(office: Office, who: str = "resident") -> list[str]:
    rows = Told.objects.filter(account=office.county.accounts[who], channel="in_app").order_by("id")
    return [one.text for one in rows if one.template.startswith("onestop.")]


def post_list(office: Office, row: Application) -> Notice:
    """The town orders the list, the keeper of the grid hangs and photographs it."""
    seat, task = office.holder(row, "publicity")
    follow(follow(seat.go("/onestop/desk/"), task.name), "发起公示")
    send(seat, f"/onestop/cases/{row.pk}/")
    notice = Notice.objects.filter(subject=row.subject).latest("id")
    assert notice.state == "draft" and set(notice.rows[0]) <= {"name", "household_size", "amount", "area"}
    return notice


def hang_list(office: Office, notice: Notice) -> None:
    keeper, order = office.sit("keeper", PHONE), notice.postings.get().order_id
    keeper.go("/work/").page.click(f"main a[href='/orders/{order}/']")
    keeper.page.wait_for_url(f"**/orders/{order}/")
    with keeper.look().page.expect_navigation():
        keeper.page.click(".main-act")
    drain()
    keeper.go(f"/orders/{order}/post/")
    fill(keeper, photos=photo(5 + order)).page.wait_for_selector("[data-thumbs] img")
    send(keeper, "/work/", "form .acts .btn:not(.second)")
    notice.refresh_from_db()
    assert notice.state == "posted" and notice.postings.get().posted_at


def object_unknown(office: Office, notice: Notice) -> str:
    """Somebody without an account; returns the code that opens the answer."""
    anybody = office.sit("", PHONE).go("/publicity/")
    follow(anybody, notice.title)
    assert "王*" in anybody.words and "王向阳" not in anybody.words
    said = {
        "grounds": "这户有一辆三轮车在拉货挣钱，请再核实",
        "real_name": "1",
        "name": "钱反映",
        "phone": "13912345678",
    }
    send(fill(follow(anybody, "提出异议"), **said), "/publicity/objected/")
    return anybody.page.inner_text("[data-code]")


def uphold(office: Office, notice: Notice) -> None:
    ruler = office.sit("supervisor")
    follow(ruler.go("/publicity/objections/"), notice.title)
    found = Objection.objects.get(notice=notice)
    assert "钱反映" not in ruler.words
    fill(ruler, upheld="1", reasons="三轮车的收入没有核过，应当重新核实")
    send(ruler, f"/publicity/objections/{found.pk}/")


def read_answer(office: Office, code: str) -> str:
    anybody = office.sit("", PHONE).go("/publicity/answers/")
    fill(anybody, code=code).page.click("main form .acts button.btn")
    anybody.page.wait_for_selector("main :text('裁定')")
    return anybody.look().words
