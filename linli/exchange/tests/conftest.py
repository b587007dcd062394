"""The little town of incidents, its administrators, and a small real receiver on loopback."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client

from linli.exchange import actions
from linli.exchange.models import Webhook
from linli.incidents.tests.conftest import COUNTY, OTHER, TOWN, Town, town  # noqa: F401  the fixture
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.identity.models import Account

EVERYTHING = [
    "incidents.ReportReceived",
    "incidents.IncidentFiled",
    "incidents.IncidentClosed",
    "dispatch.OrderAccepted",
]


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


@dataclass
class Got:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)

    def signed_with(self, secret: str) -> bool:
        """As a receiver would check it, with nothing of our own code."""
        key = base64.b64decode(secret.split("_", 1)[1])
        said = b".".join([self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body])
        right = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
        return f"v1,{right}" in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """Answers `status` (or what `script` says next), after `delay` seconds; `drip` never comes to an end."""

    status: int = 200
    delay: float = 0.0
    drip: bool = False
    location: str = ""
    script: list[int] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                time.sleep(receiver.delay)
                if receiver.drip:
                    return self.drip_on()
                self.send_response(receiver.script.pop(0) if receiver.script else receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()

            def drip_on(self) -> None:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                try:
                    for number in range(200):
                        self.wfile.write(f"X-{number % 50}: a\r\n".encode() if number < 50 else b"x")
                        self.wfile.flush()
                        time.sleep(0.05)
                except OSError:
                    pass

            def log_message(self, *said: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?of=linli"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.LINLI_WEBHOOK_PRIVATE = "allow"
    made = Receiver()
    yield made
    made.close()


@dataclass
class Admins:
    """Who manages receivers: of the county, of the first town, of the next one; and somebody who does not."""

    county: Actor
    here: Actor
    there: Actor
    nobody: Actor
    accounts: dict[str, Account]

    def client(self, name: str) -> Client:
        made = Client()
        made.force_login(self.accounts[name], backend="django.contrib.auth.backends.ModelBackend")
        return made


@pytest.fixture
def admins(town: Town) -> Admins:  # noqa: F811
    accounts = {}
    for name, role, area in (
        ("county", "administrator", COUNTY),
        ("here", "administrator", TOWN),
        ("there", "administrator", OTHER),
        ("nobody", "duty_officer", COUNTY),
    ):
        accounts[name] = Account.objects.create(username=f"x-{name}", name=name, kind="staff")
        Grant.objects.create(account=accounts[name], role_id=role, area=area)
    actors = {name: actor_for(one.pk, name=name) for name, one in accounts.items()}
    return Admins(**actors, accounts=accounts)


Hook = Callable[..., Webhook]


@pytest.fixture
def hook(admins: Admins, settings: Any) -> Hook:
    """Adds a receiver by the county's administrator; `.plain` on it is its secret."""
    made = 0

    def add(url: str = "https://hooks.example.org/in", area: str = COUNTY, **more: Any) -> Webhook:
        nonlocal made
        made += 1
        given = {"name": f"指挥平台{made}", "facts": EVERYTHING, "by": admins.county} | more
        row, secret = actions.add_webhook(url=url, area=area, **given)
        row.plain = secret  # type: ignore[attr-defined]
        return row

    return add
