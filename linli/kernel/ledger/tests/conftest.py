import pytest

from linli.kernel.actor import Actor, Scope


@pytest.fixture
def auditor() -> Actor:
    return Actor(None, "account", "auditor", (Scope("auditor", "430181", "", frozenset({"ledger.view"})),))


@pytest.fixture
def stranger() -> Actor:
    return Actor(None, "anonymous", "")
