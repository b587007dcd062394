"""The live stream as a browser hears it: a real server, a real HTTP client."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from django.core import signing
from django.test import RequestFactory

from linli.kernel.actor import Actor, Scope
from linli.kernel.bus import actions, tickets
from linli.kernel.bus.tests.conftest import wait_until
from linli.kernel.bus.tests.probe import Other, Told

LIVE = """
import sys
from django.core.management import call_command
call_command("live", port=int(sys.argv[1]))
"""
Child = Callable[..., subprocess.Popen]
VIEW = frozenset({"tests.view"})


def viewer(area: str, unit: str = "", verbs: frozenset[str] = VIEW) -> Actor:
    return Actor(1, "account", "值班员", (Scope("dispatcher", area, unit, verbs),))


@pytest.fixture
def address(child: Child) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = child(LIVE, str(port))
    base = f"http://127.0.0.1:{port}"

    def up() -> bool:
        assert server.poll() is None
        try:
            return httpx.get(f"{base}/live/health").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(up)
    yield base
    server.terminate()
    server.wait(timeout=30)


class Stream:
    """An EventSource in miniature."""

    def __init__(self, base: str, ticket: str, last: int | None = None, **asked: str) -> None:
        headers = {"Last-Event-ID": str(last)} if last is not None else {}
        self.client = httpx.Client(timeout=20)
        request = self.client.build_request(
            "GET", f"{base}/live/stream", params={"ticket": ticket, **asked}, headers=headers
        )
        self.answer = self.client.send(request, stream=True)
        self.lines = self.answer.iter_lines() if self.answer.status_code == 200 else iter(())

    def hear(self) -> dict:
        """The next fact; asserts its id stands on the wire too."""
        ident = kind = ""
        for line in self.lines:
            kind = line.removeprefix("event: ") if line.startswith("event: ") else kind
            ident = line.removeprefix("id: ") if line.startswith("id: ") else ident
            if line.startswith("data: "):
                item = json.loads(line.removeprefix("data: "))
                assert kind == "reset" or (kind == "fact" and ident == str(item["id"]))
                return item or {"reset": True}
        raise AssertionError("the stream ended")

    def ready(self) -> "Stream":
        """Waits for the first bytes: from then on nothing is missed."""
        assert next(self.lines).startswith("retry")
        return self


def told(*facts: Told | Other) -> None:
    actions.tell(*facts)
    actions.relay()


def test_a_board_hears_its_own_area_and_not_its_neighbours(address: str) -> None:
    town = Stream(address, tickets.ticket_for(viewer("430181101"))).ready()
    county = Stream(address, tickets.ticket_for(viewer("430181"))).ready()
    told(Told(1, area="430181102003"), Told(2, area="430181101004"))
    assert county.hear()["area"] == "430181102003"
    assert county.hear()["area"] == "430181101004"
    heard = town.hear()
    assert heard["area"] == "430181101004" and heard["fact"] == "tests.Told"
    assert "number" not in heard and "fail" not in heard  # ids and codes, never the rest


def test_the_stream_says_that_nobody_may_keep_or_squeeze_it(address: str) -> None:
    answer = Stream(address, tickets.ticket_for(viewer("430181"))).answer
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["content-encoding"] == "identity"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"


def test_who_comes_back_hears_what_was_told_meanwhile(address: str) -> None:
    ticket = tickets.ticket_for(viewer("430181"))
    first = Stream(address, ticket).ready()
    told(Told(1, area="430181101"))
    last = first.hear()["id"]
    first.answer.close()
    told(Told(2, area="430181102"), Told(3, area="430181103"))
    back = Stream(address, ticket, last=last).ready()
    assert [back.hear()["area"], back.hear()["area"]] == ["430181102", "430181103"]


def test_who_missed_too_much_is_told_to_load_the_page_again(address: str) -> None:
    ticket = tickets.ticket_for(viewer("430181"))
    first = Stream(address, ticket).ready()
    told(Told(0))
    last = first.hear()["id"]
    first.answer.close()
    actions.tell(*(Told(number) for number in range(501)))
    while actions.relay():
        pass
    assert Stream(address, ticket, last=last).ready().hear() == {"reset": True}


def test_a_board_may_ask_for_some_kinds_only(address: str) -> None:
    ticket = tickets.ticket_for(viewer("430181", verbs=frozenset({"*"})))
    some = Stream(address, ticket, kinds="elsewhere,tests.Told").ready()
    other = Stream(address, ticket, kinds="tests.Other").ready()
    told(Told(1, area="430181101"), Other())
    assert some.hear()["area"] == "430181101"
    assert other.hear()["fact"] == "tests.Other"


def test_a_stranger_without_a_ticket_or_with_a_forged_one_hears_nothing(address: str) -> None:
    good = tickets.ticket_for(viewer("430181"))
    for ticket in ("", "abc", good[:-2] + "xx", signing.dumps([["430181", "", ["*"]]], salt="elsewhere")):
        assert Stream(address, ticket).answer.status_code == 403


def test_only_pages_of_the_same_host_may_read_the_stream(address: str) -> None:
    ticket = tickets.ticket_for(viewer("430181"))
    for origin, allowed in (("http://127.0.0.1:8000", True), ("http://evil.example", False)):
        headers = {"Origin": origin}
        with httpx.stream(
            "GET", f"{address}/live/stream", params={"ticket": ticket}, headers=headers
        ) as answer:
            assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


def test_a_ticket_is_over_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = tickets.ticket_for(viewer("430181"))
    opened = tickets.open_ticket(ticket)
    assert opened and opened.scopes == [["430181", "", ["tests"]]] and 0 < opened.left <= tickets.VALID
    later = time.time() + tickets.VALID + 5
    monkeypatch.setattr(time, "time", lambda: later)
    assert tickets.open_ticket(ticket) is None


def test_what_anybody_may_do_opens_no_ticket() -> None:
    anyone = Actor(None, "anonymous", "", (Scope("anyone", "", "", frozenset({"incidents.view"})),))
    assert tickets.open_ticket(tickets.ticket_for(anyone)).scopes == []


def test_the_address_is_another_port_of_the_same_host_or_a_path(settings: object) -> None:
    request = RequestFactory().get("/", headers={"host": "linli.example:8000"})
    settings.ALLOWED_HOSTS = ["*"]
    settings.LINLI_LIVE_PORT = 8001
    assert tickets.live_address(request) == "http://linli.example:8001/live/stream"
    settings.LINLI_LIVE_PORT = 0
    assert tickets.live_address(request) == "/live/stream"
