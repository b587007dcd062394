"""The real department server on loopback, and sources connected to it."""

import base64
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from linli.exchange import outgoing, rules
from linli.exchange.models import DataSource, Request
from linli.exchange.tests.conftest import at
from linli.people.models import Person
from linli.people.rules import check_digit

SECRET = "whsec_" + base64.b64encode(b"department-of-tests-32-bytes-lng").decode()
PROGRAM = Path(__file__).parents[3] / "ops" / "department_server.py"
NINE = at("2026-02-06 09:00")
LATER = timedelta(seconds=2)


@dataclass
class Department:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, told: dict[str, Any] | None = None, secret: str = SECRET) -> Any:
        body = json.dumps(told) if told is not None else ""
        signed = rules.headers([secret], str(uuid.uuid4()), int(time.time()), body)
        return outgoing.ask(method, f"{self.url}/{path}", body, signed, seconds=5)

    def fault(self, kind: str, register: str = "*", **more: Any) -> None:
        assert self.call("POST", "control", {"register": register, "fault": kind, **more}).status == 200

    @property
    def asked(self) -> list[str]:
        return list(json.loads(self.call("GET", "asked").body)["asked"])


@pytest.fixture
def department(settings: Any) -> Iterator[Department]:
    """A process of its own, as a department is."""
    settings.LINLI_WEBHOOK_PRIVATE = "allow"
    started = subprocess.Popen(
        [sys.executable, str(PROGRAM), "--port", "0"],
        env={**os.environ, "DEPARTMENT_SECRET": SECRET},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    yield Department(int(started.stdout.readline().split()[-1]))
    started.kill()
    started.wait()
    started.stdout.close()


@pytest.fixture
def connected(db: None, department: Department) -> Department:
    """Every shipped source asks there."""
    DataSource.objects.update(url=department.url, active=True, off_reason="", timeout=5)
    for row in DataSource.objects.all():
        row.secret = SECRET
        row.save(update_fields=["secret"])
    return department


def numbered(row: Person, serial: str = "003") -> Person:
    """The person with an identity number that fits the birthday and passes its checksum."""
    assert row.birth is not None
    first = f"430181{row.birth:%Y%m%d}{serial}"
    row.number = first + check_digit(first)
    row.save(update_fields=["number"])
    return row


def a_request(source: DataSource | None, **more: Any) -> Request:
    """A row as the worker leaves it, for pages; no look-up of onestop stands behind it."""
    now = more.pop("now", NINE)
    given: dict[str, Any] = {
        "lookup": Request.objects.count() + 900_000, "source": source, "named": source.title if source else "", "material": "ID", "subject": "onestop.application:7",
        "person": 1, "consent": 1, "purpose": "核对办件材料：居民身份证", "at": now, "ask_until": now, "late_until": now,
        "state": "failed", "last_said": "对方程序出错（HTTP 500）", "asked_at": now,
    }  # fmt: skip
    return Request.objects.create(**given | more)
