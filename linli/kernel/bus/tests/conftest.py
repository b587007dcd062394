import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from django.db import connections

from linli.kernel.actor import Actor, Scope
from linli.kernel.identity.models import Account


@pytest.fixture
def administrator(db: None) -> Actor:
    account = Account.objects.create(username="guanli", name="管理员")
    scope = Scope("administrator", "430181", "", frozenset({"bus.view", "bus.retry"}))
    return Actor(account.pk, "account", "管理员", (scope,))


@pytest.fixture
def stranger() -> Actor:
    return Actor(None, "anonymous", "")


@pytest.fixture
def child(transactional_db: None) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts a Python program against the test database in a process of its own; ends it after the test."""
    where = connections["default"].settings_dict
    user, password = quote(where["USER"]), quote(where["PASSWORD"] or "")
    url = f"postgresql://{user}:{password}@{where['HOST']}:{where['PORT']}/{quote(where['NAME'])}"
    started: list[subprocess.Popen] = []

    def start(program: str, *arguments: str) -> subprocess.Popen:
        prelude = "import django; django.setup(); from linli.kernel.bus.tests import probe\n"
        process = subprocess.Popen(
            [sys.executable, "-c", prelude + program, *arguments],
            env={**os.environ, "LINLI_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings_module()},
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
    wait_until(lambda: not others_connected())


def settings_module() -> str:
    from django.conf import settings

    return str(settings.SETTINGS_MODULE)


def others_connected() -> bool:
    """The database cannot be emptied or dropped while a killed child's connection lingers."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return bool(cursor.fetchone()[0])


def wait_until(true: Callable[[], bool], patience: float = 60) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
