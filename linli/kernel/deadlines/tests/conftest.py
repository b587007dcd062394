from datetime import datetime

import pytest

from linli.kernel.actor import Actor, Scope
from linli.kernel.deadlines import queries
from linli.kernel.deadlines.workdays import SHANGHAI


def at(text: str) -> datetime:
    """ "2026-02-09 10:00" on the wall in Liuyang."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


def wall(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def someone(area: str = "430181", *verbs: str) -> Actor:
    return Actor(None, "account", "someone", (Scope("administrator", area, "", frozenset(verbs)),))


@pytest.fixture
def administrator() -> Actor:
    return someone("430181", "deadlines.edit")


@pytest.fixture
def stranger() -> Actor:
    return someone("430181", "incidents.view")


@pytest.fixture(autouse=True)
def fresh_calendars():
    queries.forget()
    yield
    queries.forget()
