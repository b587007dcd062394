import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from linli.kernel.actor import Actor, Scope
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.identity.models import Account
from linli.kernel.notify import registry


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


NOON = at("2026-03-02 12:00")
NIGHT = at("2026-03-02 23:00")


class Gateway:
    """A small real gateway on loopback: answers `status`, after `delay` seconds, and keeps what it got."""

    def __init__(self) -> None:
        self.status, self.delay = 200, 0.0
        self.got: list[dict] = []
        self.paths: list[str] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(gateway.delay)
                if gateway.status == 200:
                    gateway.got.append(json.loads(body))
                    gateway.paths.append(self.path)
                self.send_response(gateway.status)
                self.end_headers()

            def log_message(self, *said: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server.server_port}/send?-to={{address}}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def gateway(settings) -> Iterator[Gateway]:
    made = Gateway()
    settings.LINLI_CHANNELS = {"sms": made.url, "email": made.url}
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch):
    """Gateways are given up after a third of a second."""
    quick = registry.delivery()._replace(connect=0.3, read=0.3)
    monkeypatch.setattr(registry, "delivery", lambda: quick)
    monkeypatch.setattr("linli.kernel.notify.gateways.delivery", lambda: quick)


@pytest.fixture
def worker(db) -> Account:
    return Account.objects.create(
        username="worker", name="网格员甲", phone="13800000001", email="a@example.org"
    )


@pytest.fixture
def other(db) -> Account:
    return Account.objects.create(username="other", name="网格员乙")


def acting(account: Account, *verbs: str) -> Actor:
    scopes = (Scope("administrator", "430181", "", frozenset(verbs)),) if verbs else ()
    return Actor(account.pk, "account", account.name, scopes)
