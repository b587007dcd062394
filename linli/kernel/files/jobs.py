"""Thumbnails in the background, destruction by retention."""

import contextlib

from linli.kernel.access.rules import SYSTEM
from linli.kernel.bus.registry import daily
from linli.kernel.files import actions, queries, registry
from linli.kernel.files.models import Attachment


def make_thumbnails(attachment: int) -> None:
    """All sizes of one file; nothing when it is gone meanwhile."""
    row = Attachment.objects.filter(pk=attachment, state="ready").first()
    if row is None:
        return
    with contextlib.suppress(FileNotFoundError):  # destroyed while this job waited or ran
        for size in registry.limits().thumbnails:
            queries.thumb_file(row, size)


@daily("03:40")
def destroy_old() -> int:
    """Destroys what is over its time, in batches."""
    total = 0
    while done := actions.destroy_due(by=SYSTEM):
        total += done
    return total
