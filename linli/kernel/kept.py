"""Reference data kept in memory: read once, read again when its stamp changed.

Intake may cost no query for what an administrator changes once a month (classes, clocks, routing, areas).
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from django.db import connection

Value = TypeVar("Value")
RECHECK_SECONDS = 3.0
_all: list["Kept"] = []


class Kept(Generic[Value]):
    """`load()` builds the value; `stamp` is SQL whose one row tells whether it is still good.

    The stamp is read at most every three seconds a process, so a change is effective everywhere within that time.
    """

    def __init__(self, load: Callable[[], Value], stamp: str) -> None:
        self.load, self.stamp = load, stamp
        self._lock = Lock()
        self._value: Value | None = None
        self._loaded = False
        self._stamp: object = None
        self._checked = 0.0
        _all.append(self)

    def get(self) -> Value:
        if self._loaded and monotonic() - self._checked < RECHECK_SECONDS:
            return self._value  # type: ignore[return-value]
        with self._lock:
            with connection.cursor() as cursor:
                cursor.execute(self.stamp)
                stamp = cursor.fetchone()
            if not self._loaded or stamp != self._stamp:
                self._value, self._stamp, self._loaded = self.load(), stamp, True
            self._checked = monotonic()
            return self._value  # type: ignore[return-value]

    def forget(self) -> None:
        """After a change in this very process."""
        with self._lock:
            self._value, self._stamp, self._loaded = None, None, False


def forget_all() -> None:
    """For tests, whose transactions roll back behind the stamps."""
    for kept in _all:
        kept.forget()
