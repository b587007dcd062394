"""The data sources linli ships with: laid down once without an address, connected by an administrator."""

from linli.exchange.catalogue import purposes, sources
from linli.exchange.models import DataSource

NOT_CONNECTED = "尚未接通"


def load_sources() -> int:
    """Adds shipped sources that are not there, switched off. Returns how many."""
    rows = [
        DataSource(
            code=one.code,
            title=one.title,
            department=one.department,
            purposes=purposes(),
            off_reason=NOT_CONNECTED,
        )
        for one in sources().values()
    ]
    known = DataSource.objects.count()
    DataSource.objects.bulk_create(rows, ignore_conflicts=True)
    return DataSource.objects.count() - known
