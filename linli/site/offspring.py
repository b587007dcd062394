"""Children that do not outlive their parent, on Linux through PR_SET_PDEATHSIG; elsewhere by the guard alone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tied(sign: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: the child gets `sign` when the thread that starts it ends, by whatever cause.

    Popen runs it after changing the user, which matters because that change clears the tie.  Only for
    single-threaded parents, as every preexec_fn.
    """
    parent = os.getpid()

    def tie() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, int(sign))
        if os.getppid() != parent:  # the parent ended before the tie was made
            os._exit(1)

    return tie
