"""The little town of incidents, with leaders of the county and of each town, and a stranger."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from linli.incidents import actions as incidents
from linli.incidents import proving
from linli.incidents.models import Incident
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import COUNTY, LAT, LON, OTHER, TOWN, Town, town  # noqa: F401  a fixture
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.bus.jobs import drain
from linli.kernel.identity.models import Account
from linli.metrics import actions, pages


def leader(area: str, name: str, unit: str = "", role: str = "leader") -> Actor:
    account = Account.objects.create(username=f"lead-{area}-{unit}-{name}", name=name, kind="staff")
    Grant.objects.create(account=account, role_id=role, area=area, unit=unit)
    return actor_for(account.pk, name=name)


@pytest.fixture
def chief(town: Town) -> Actor:  # noqa: F811
    return leader(COUNTY, "县领导")


@pytest.fixture
def mayor(town: Town) -> Actor:  # noqa: F811
    return leader(TOWN, "镇领导")


@pytest.fixture
def neighbour(town: Town) -> Actor:  # noqa: F811
    return leader(OTHER, "邻镇领导")


@pytest.fixture(autouse=True)
def _forget_bounds() -> None:
    pages._bounds.cache_clear()


@pytest.fixture
def visit(client: Client) -> Callable[..., object]:
    """A page as somebody sees it."""

    def go(viewer: Actor, path: str, **more: str):
        client.force_login(Account.objects.get(pk=viewer.account))
        return client.get(path, **more)

    return go


def told(number: int, *, by: Actor, own: bool, far: bool = False, code: str = "sr.litter") -> int:
    """A report of a made-up matter somewhere in the first town, or in the second; returns the incident."""
    draw = random.Random(number)
    place = {
        "lon": (0.06 if far else 0.0) + LON + draw.uniform(-0.02, 0.02),
        "lat": LAT + draw.uniform(-0.02, 0.02),
    }
    telling = Telling(
        text=f"第 {number} 处有垃圾没人清",
        sender=f"device:{number}",
        client_uuid=f"00000000-0000-4000-8000-{number:012d}",
        class_said=code,
        channel="grid" if own else "web",
        place_source="gps",
        **place,
    )
    return incidents.report_incident(by=by, telling=telling).incident


def moved_back(incident: int, days: float) -> None:
    """The case as if it had begun, and ended, some days earlier."""
    row = Incident.objects.get(pk=incident)
    for name in (
        "received_at",
        "filed_at",
        "responded_at",
        "promised_at",
        "due_at",
        "handled_at",
        "closed_at",
    ):
        if at := getattr(row, name):
            setattr(row, name, at - timedelta(days=days))
    row.save()
    actions.mark(incident)


def settled() -> None:
    """Every reaction has run and the numbers are worked out."""
    drain()
    actions.recompute()


@pytest.fixture
def history(town: Town) -> int:  # noqa: F811
    """Three hundred cases of the last four weeks by SQL, and the numbers of them; returns how many."""
    rows = proving.million(300, days=28)
    actions.rebuild()
    return rows["incidents"]
