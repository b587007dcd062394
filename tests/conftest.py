"""What the whole-site tests share: the little town of incidents, and one real Chromium."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from linli.dispatch.models import WorkOrder
from linli.incidents.models import Incident
from linli.incidents.tests.conftest import COUNTY, Town, town  # noqa: F401  the fixture
from linli.incidents.tests.samples import told
from linli.kernel.access.models import Grant
from linli.kernel.bus.jobs import drain
from linli.kernel.identity.models import Account
from tests import samples
from tests.words import PLAIN, SECRET


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.LINLI_FILES, settings.LINLI_MODELS = tmp_path / "files", tmp_path / "models"


@dataclass
class Matter:
    """One of everything the first town has that is nobody else's business. `plain` is the same with a case of no
    private class, so that what keeps strangers from it is the area alone."""

    ids: list[tuple[str, str]]
    incident: Incident
    order: WorkOrder
    plain: "Matter | None" = None

    @property
    def both(self) -> tuple["Matter", ...]:
        return (self, self.plain) if self.plain else (self,)

    def address(self, route: str) -> str:
        """The route with its blanks filled by what exists: the first rule that fits the way so far decides."""
        plain = re.sub(r"\(\?:\\\.\(\?P<form>json\|xml\)\)\?\$$", ".json", route).lstrip("^")
        while blank := re.search(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>[^)]*\)", plain):
            before = plain[: blank.start()] + (blank[2] or blank[3])
            value = next(value for pattern, value in self.ids if re.search(pattern, before))
            plain = plain[: blank.start()] + value + plain[blank.end() :]
        assert not set(plain) & set("<>^$(?"), f"no object for {route}"
        return "/" + plain


@pytest.fixture
def matter(town: Town) -> Matter:  # noqa: F811
    """A private case and an open one of the first town, and one of everything else it has."""
    boss = Account.objects.create(username="boss", name="管理员", kind="staff")
    Grant.objects.create(account=boss, role_id="administrator", area=COUNTY)
    plain, private = told(town, PLAIN, "green"), told(town, SECRET, "red")
    Incident.objects.filter(pk=private.incident.pk).update(private=True, title=SECRET)
    private.incident.refresh_from_db()
    WorkOrder.objects.filter(pk=private.order.pk).update(title=SECRET, private=True)
    drain()
    rest = [*samples.of_rooms(town), *samples.of_kernel(town, private.incident.subject)]
    also = Matter([*plain.samples(), *rest], plain.incident, plain.order)
    return Matter([*private.samples(), *rest], private.incident, private.order, also)
