"""The test database: one embedded PostgreSQL for the whole run, however many workers pytest-xdist starts.

Nothing outside the checkout is needed.  Each worker gets a database of its own through pytest-django's
suffix, a copy of one that was migrated once for the whole run; a test that commits leaves its database
behind, and the next gets a new copy.  The server belongs to this run alone, is stopped and removed when the
last worker leaves, and also when the run is killed (see linli/site/keeper.py).  With LINLI_DATABASE_URL set,
that server is used.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from linli.site import environment
from linli.site.postgres import Cluster, parts_of

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
PRISTINE = f"linli_pristine_{RUN}"


@pytest.fixture(scope="session")
def test_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of the server that holds this run's test databases."""
    if given := environment.env.url("LINLI_DATABASE_URL"):
        yield given
        return
    cluster = Cluster(environment.CHECKOUT / "var" / "test" / RUN, passing=True, durable=False)
    yield cluster.ensure()
    cluster.release()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, test_server: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Point Django at that server and at the database to copy, before pytest-django creates the test database."""
    where = {key: value for key, value in parts_of(test_server).items() if key != "NAME"}
    database = connections["default"].settings_dict
    settings.DATABASES["default"].update(where)
    database.update(where)
    with django_db_blocker.unblock():
        _migrate_once(test_server, database)
    database["TEST"]["TEMPLATE"] = PRISTINE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: _copy_anew(test_server))
        yield
    with _counted(-1) as left:
        if not left:
            _order(test_server, f'DROP DATABASE IF EXISTS "{PRISTINE}" WITH (FORCE)')


@contextmanager
def _counted(change: int) -> Iterator[int]:
    """How many workers use the database that is copied, after this one has come (1) or gone (-1); one at a time."""
    with (environment.CHECKOUT / "var" / "test" / f"{RUN}.workers").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        count = int(file.read() or 0) + change
        file.truncate(0)
        file.write(str(count))
        file.flush()
        yield count
        if not count:
            os.unlink(file.name)


def _migrate_once(server: str, database: dict[str, Any]) -> None:
    """The first worker makes the database all are copied from; the others wait for it."""
    (environment.CHECKOUT / "var" / "test").mkdir(parents=True, exist_ok=True)
    with _counted(1) as users:
        if users > 1:
            return
        _order(server, f'CREATE DATABASE "{PRISTINE}"')
        name, database["NAME"] = database["NAME"], PRISTINE
        call_command("migrate", verbosity=0)
        connections["default"].close()
        database["NAME"] = name


def _order(server: str, *statements: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)


def _copy_anew(server: str) -> None:
    """What a test has committed goes with its database: quicker than emptying every table and filling some again."""
    name = connections["default"].settings_dict["NAME"]
    connections.close_all()
    drop, copy = f'DROP DATABASE "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE "{PRISTINE}"'
    _order(server, drop, copy)


# No welcome pages, no sync, and no pages of the browser's own kept ready in the background: they cost more than ours.
BROWSER = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=PreloadTopChromeWebUI,Translate,OptimizationHints",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; `make test` installs it."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as play:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's loop runs in this thread
        names = ("chromium", "chromium-browser", "google-chrome")
        path = next((found for name in names if (found := shutil.which(name))), None)
        browser = play.chromium.launch(executable_path=path, args=list(BROWSER))
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def fresh_memory() -> None:
    """What processes keep in memory about tables is stale as soon as a test's transaction rolls back."""
    from linli.areas import queries as areas
    from linli.kernel.deadlines import queries as deadlines
    from linli.kernel.identity.queries import forget_tokens
    from linli.kernel.kept import forget_all

    areas.forget()
    deadlines.look_again()
    forget_tokens()
    forget_all()
