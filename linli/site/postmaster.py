"""Who runs on a PostgreSQL data directory: reading `postmaster.pid`, telling a living server from a stale file.

Standard library only: the keeper imports it, and the keeper should start fast and stay small.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

READY_LINE = 7  # PostgreSQL storage: LOCK_FILE_LINE_PM_STATUS, written as the eighth line


@dataclass(frozen=True)
class Postmaster:
    pid: int
    port: int
    ready: bool


def postmaster_of(data: Path) -> Postmaster | None:
    """The server running on this data directory; None when there is none, however `postmaster.pid` looks."""
    written = last_written(data)
    return written if written and is_postmaster(written.pid, data) else None


def last_written(data: Path) -> Postmaster | None:
    """What `postmaster.pid` says, whether or not that process still lives."""
    lines = _pid_file(data)
    status = lines[READY_LINE].strip() if len(lines) > READY_LINE else ""
    pid = _number(lines, 0)
    return Postmaster(pid=pid, port=_number(lines, 3), ready=status == "ready") if pid else None


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether process `pid` is the postmaster of `data`, and not a stranger that got the same number later."""
    words = command_line(pid)
    return bool(words) and Path(words[0]).name == "postgres" and str(data) in words


def clear_stale(data: Path) -> str:
    """Remove a `postmaster.pid` whose number now belongs to a stranger; returns what was done, "" for nothing.

    PostgreSQL itself replaces the file of a dead process, but refuses to start when the number is in
    use by any process of the same user.  The file also guards against back ends that outlived their
    postmaster, therefore it stays while any process of this data directory lives.
    """
    pid = _number(_pid_file(data), 0)
    if not pid or not command_line(pid) or is_postmaster(pid, data):
        return ""
    if survivors := _back_ends(data):
        return f"上次的数据库进程尚未退出（{'、'.join(map(str, survivors))}），等待其结束"
    (data / "postmaster.pid").unlink(missing_ok=True)
    return f"postmaster.pid 已失效（进程号 {pid} 现在属于别的程序），已清除"


def command_line(pid: int) -> list[str]:
    """The words a process was started with; empty when it does not exist (or is a zombie)."""
    if Path("/proc/self/cmdline").exists():
        try:
            return (
                Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
            )
        except OSError:
            return []
    shown = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return shown.stdout.split()


def _back_ends(data: Path) -> list[int]:
    """Processes of this data directory whose title PostgreSQL has already rewritten."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        words = command_line(int(entry.name))
        if not words or not words[0].startswith("postgres: "):
            continue
        try:
            inside = Path(os.readlink(entry / "cwd")) == data
        except OSError:  # not ours to look into: careful, count it when its user is the data's user
            inside = entry.exists() and entry.stat().st_uid == data.stat().st_uid
        if inside:
            found.append(int(entry.name))
    return sorted(found)


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _number(lines: list[str], index: int) -> int:
    try:
        return int(lines[index])
    except (IndexError, ValueError):
        return 0
