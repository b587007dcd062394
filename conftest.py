"""The test database: one embedded PostgreSQL for the whole run, however many workers pytest-xdist starts.

Nothing outside the checkout is needed.  Each worker gets a database of its own through pytest-django's
suffix.  The server belongs to this run alone, is stopped and removed when the last worker leaves, and
also when the run is killed (see linli/site/keeper.py).  With LINLI_DATABASE_URL set, that server is used.
"""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections

from linli.site import environment
from linli.site.postgres import Cluster, parts_of


@pytest.fixture(scope="session")
def test_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of the server that holds this run's test databases."""
    if given := environment.env.url("LINLI_DATABASE_URL"):
        yield given
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    cluster = Cluster(environment.CHECKOUT / "var" / "test" / run, passing=True, durable=False)
    yield cluster.ensure()
    cluster.release()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, test_server: str
) -> None:
    """Point Django at that server, before pytest-django creates the test database."""
    where = {key: value for key, value in parts_of(test_server).items() if key != "NAME"}
    settings.DATABASES["default"].update(where)
    connections["default"].settings_dict.update(where)


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
