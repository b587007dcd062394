import pytest

from linli.kernel.access.actions import give_grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.identity.models import Account

LIUYANG = "430181"


def account(username: str) -> Account:
    return Account.objects.create(username=username, name=username)


@pytest.fixture
def administrator(db: None) -> Actor:
    """The only one, made at set-up."""
    row = account("admin1")
    give_grant(by=SYSTEM, account=row.pk, role="administrator", area=LIUYANG)
    return actor_for(row.pk)


@pytest.fixture
def second(administrator: Actor) -> Actor:
    row = account("admin2")
    give_grant(by=SYSTEM, account=row.pk, role="administrator", area=LIUYANG)
    return actor_for(row.pk)


@pytest.fixture
def chief(db: None) -> Actor:
    row = account("chief")
    give_grant(by=SYSTEM, account=row.pk, role="duty_chief", area=LIUYANG)
    return actor_for(row.pk)


@pytest.fixture
def stranger(db: None) -> Actor:
    return actor_for(account("stranger").pk)
