import re
from collections.abc import Iterator

import pytest
from django.core.cache import cache

from linli.kernel.actor import Actor, Scope
from linli.kernel.identity import ports, queries
from linli.kernel.identity.models import Account

PASSWORD = "xiang-jian-xiao-lu-2026"
ADDRESS = "203.0.113.7"


@pytest.fixture(autouse=True)
def fresh_stores() -> Iterator[None]:
    """Rate limits and kept tokens are this process's; no test inherits another's."""
    cache.clear()
    queries.forget_tokens()
    yield
    queries.forget_tokens()


@pytest.fixture
def sent() -> Iterator[list[tuple[str, str]]]:
    """What was sent to phones: the port is bound to a list."""
    before, box = list(ports._deliver), []
    ports.bind_deliver_code(lambda address, text: box.append((address, text)))
    yield box
    ports._deliver[:] = before


def code_in(text: str) -> str:
    found = re.search(r"\d{6}", text)
    assert found
    return found.group()


@pytest.fixture
def manager(db: None) -> Actor:
    row = Account.objects.create(username="guanli", name="管理员")
    verbs = frozenset({"identity.manage", "identity.rotate_keys", "access.grant"})
    return Actor(row.pk, "account", "管理员", (Scope("administrator", "430181", "", verbs),))


@pytest.fixture
def officer(db: None) -> Account:
    row = Account(username="lihua", name="李华")
    row.set_password(PASSWORD)
    row.save()
    return row


def actor(account: Account) -> Actor:
    return Actor(account.pk, "account", str(account))


@pytest.fixture
def stranger() -> Actor:
    return Actor(None, "anonymous", "")
