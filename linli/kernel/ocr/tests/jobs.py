"""A job in miniature: the first time it hangs, the second time it is done."""

import os
import time

from linli.kernel.actor import SYSTEM
from linli.kernel.ledger.actions import record
from linli.kernel.ledger.models import Entry


def read_once(page: int) -> None:
    subject = f"probe.page:{page}"
    again = Entry.objects.filter(subject=subject, verb="begun").exists()
    record(subject=subject, verb="done" if again else "begun", by=SYSTEM, fields={"process": os.getpid()})
    if not again:
        time.sleep(300)


def read_at_once(page: int) -> None:
    record(subject=f"probe.page:{page}", verb="done", by=SYSTEM, fields={"process": os.getpid()})
