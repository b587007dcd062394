"""What the frame does in the background; names that `bus.jobs.defer` calls."""

from datetime import timedelta

from django.utils import timezone

from linli.kernel.bus.registry import daily
from linli.kernel.web import bulk, imports
from linli.kernel.web.models import BackgroundRun, ImportRun, Once

KEPT = timedelta(days=30)


def run_bulk(run: str) -> None:
    bulk.run_bulk(run)


def check_import(run: str) -> None:
    imports.check(run)


def apply_import(run: str) -> None:
    imports.write(run)


@daily("03:40")
def forget_old() -> int:
    """Forms done once, ended runs and imports older than a month. Returns how many rows went."""
    edge = timezone.now() - KEPT
    gone = Once.objects.filter(at__lt=edge).delete()[0]
    gone += ImportRun.objects.filter(at__lt=edge).delete()[0]
    return gone + BackgroundRun.objects.filter(at__lt=edge).delete()[0]
