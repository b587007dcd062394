"""Waiting for something that other processes do. The limit only ends a test that would never end."""

import time
from collections.abc import Callable
from pathlib import Path

LIMIT = 120.0  # seconds


def until(true: Callable[[], object], limit: float = LIMIT) -> None:
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether the process has ended (a zombie has ended too)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except FileNotFoundError:
        return True
