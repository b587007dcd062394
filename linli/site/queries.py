"""How far the first run has come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from linli.areas import queries as areas
from linli.areas.models import Area, Unit
from linli.kernel.access.queries import administrators
from linli.kernel.identity.models import Account
from linli.site.environment import stored_secret


@dataclass(frozen=True, slots=True)
class Progress:
    """What is there already; the set-up page shows it step by step."""

    areas: int
    grids: int
    units: int
    accounts: int
    named: bool
    finished: bool
    demo: bool


def first_run() -> bool:
    """True while nobody administers this installation and it was never set up."""
    return areas.profile().set_up is None and not administrators()


def setup_code() -> str:
    """What the first administrator must know: only whoever runs the machine can read it from its key folder."""
    return stored_secret(Path(settings.LINLI_HOME) / "keys" / "setup-code", 6)


def progress() -> Progress:
    """Six small counts."""
    profile = areas.profile()
    return Progress(
        areas=Area.objects.filter(active=True).count(),
        grids=Area.objects.filter(active=True, level="grid").count(),
        units=Unit.objects.filter(active=True).count(),
        accounts=Account.objects.filter(kind="staff", is_active=True).count(),
        named=bool(profile.pk and profile.county),
        finished=profile.set_up is not None,
        demo=Area.objects.filter(demo=True).exists(),
    )
