"""The keeper: one small process that owns the embedded PostgreSQL for as long as somebody uses it.

Every user of the database (`linli serve`, a command, a test run) holds a shared lock on `use.lock`.
The kernel gives that lock back however the user ends, SIGKILL included; when the keeper can take the
lock for itself nobody is left, and it stops the server.  A file `stay` keeps it running without users.
A server that dies is started again; a keeper that dies takes the server along (fast shutdown).

Started by `linli.site.postgres` as `python -m linli.site.keeper ROOT`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from linli.site.offspring import tied
from linli.site.postmaster import clear_stale, last_written

LOOK_EVERY = 0.5  # seconds
LONGEST_PAUSE = 30.0  # seconds between two attempts to bring the server back
LOG_LIMIT = 1 << 20  # bytes


class Keeper:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.state: dict[str, Any] = json.loads((root / "state.json").read_text("utf-8"))
        self.data = Path(self.state["data"])
        self.use = open(root / "use.lock", "a")  # noqa: SIM115 (held until the process ends)
        self.stopping = False
        self.was_ready = False
        self.pause = 1.0
        self.child = self.launch()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the postmaster as the account that owns the data."""
        if told := clear_stale(self.data):
            say(told)
        user = {"user": self.state["uid"], "group": self.state["gid"], "extra_groups": []}
        return subprocess.Popen(
            [f"{self.state['bin']}/postgres", "-D", str(self.data), "-p", str(self.state["port"])],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            preexec_fn=tied(signal.SIGINT),
            **(user if self.state["uid"] is not None else {}),
        )

    def unused(self) -> bool:
        """Whether nobody holds the use lock (taken for good when so) or our state was removed."""
        if not (self.root / "state.json").exists():
            return True
        if (self.root / "stay").exists():
            return False
        try:
            fcntl.flock(self.use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def keep(self) -> int:
        """Watch until unused or told to stop; returns the exit code."""
        back_at = 0.0
        while not self.stopping and not self.unused():
            time.sleep(LOOK_EVERY)
            ended = self.child.poll() is not None
            self.note_ready()
            if not ended:
                continue
            if not self.was_ready:
                say(f"数据库未能启动，退出码 {self.child.returncode}")
                return 1
            if not back_at:
                say(f"数据库意外退出（{self.child.returncode}），{self.pause:.0f} 秒后重新启动")
                back_at = time.monotonic() + self.pause
                self.pause = min(self.pause * 2, LONGEST_PAUSE)
            elif time.monotonic() >= back_at:
                self.child, back_at = self.launch(), 0.0
        self.shut_down()
        for folder in self.state["remove"]:
            shutil.rmtree(folder, ignore_errors=True)
        return 0

    def note_ready(self) -> None:
        """Remember that this server got ready; its pid file says so even when it was killed since."""
        server = last_written(self.data)
        if server and server.ready and server.pid == self.child.pid:
            self.was_ready = True
            if self.child.poll() is None:
                self.pause = 1.0

    def shut_down(self) -> None:
        """Fast shutdown; immediate when that takes long; SIGKILL as the last word."""
        for sign, patience in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            if self.child.poll() is not None:
                break
            self.child.send_signal(sign)
            try:
                self.child.wait(patience)
            except subprocess.TimeoutExpired:
                say(f"数据库在 {patience} 秒内没有响应 {sign.name}")
        say("数据库已停止")

    def stop(self, *_: object) -> None:
        self.stopping = True


def say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", flush=True)


def go_background(root: Path) -> None:
    """Fork once (the lock file descriptors stay open in the child) and write to keeper.log."""
    sys.stdout.flush()
    if os.fork():
        os._exit(0)
    log = root / "keeper.log"
    append = os.O_TRUNC if log.exists() and log.stat().st_size > LOG_LIMIT else os.O_APPEND
    target = os.open(log, os.O_WRONLY | os.O_CREAT | append, 0o640)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def main() -> int:
    root = Path(sys.argv[1])
    lock = open(root / "keeper.lock", "a")  # noqa: SIM115 (held until the process ends)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0  # another keeper is already here
    go_background(root)
    for sign in (signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, lambda *_: None)  # not SIG_IGN, which the server would inherit
    keeper = Keeper(root)
    signal.signal(signal.SIGTERM, keeper.stop)
    return keeper.keep()


if __name__ == "__main__":
    sys.exit(main())
