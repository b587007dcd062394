"""The guard: ends the supervisor's children when the supervisor was killed and could not do so itself.

The supervisor writes `+GROUP` and `-GROUP` (process groups) to our standard input.  The kernel closes
that pipe when the supervisor is gone, for whatever cause; what is still on the list is then stopped,
grandchildren included, which the death signal of `offspring.py` alone would not reach.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

PATIENCE = 10.0  # seconds between asking and killing


def read_groups(lines: object) -> set[int]:
    """The groups still listed when the pipe closes; a cut-off last line is ignored."""
    groups: set[int] = set()
    for line in lines:  # type: ignore[attr-defined]
        sign, number = line[:1], line[1:].strip()
        if not line.endswith("\n") or not number.isdigit():
            continue
        (groups.add if sign == "+" else groups.discard)(int(number))
    return groups


def alive(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(groups: set[int], patience: float = PATIENCE) -> None:
    """SIGTERM to every group, SIGKILL to those still there after `patience` seconds."""
    for sign, pause in ((signal.SIGTERM, patience), (signal.SIGKILL, 1.0)):
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, sign)
        until = time.monotonic() + pause
        while any(alive(group) for group in groups) and time.monotonic() < until:
            time.sleep(0.1)


def main() -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)  # we go when the pipe closes, not before
    end(read_groups(sys.stdin))


if __name__ == "__main__":
    main()
