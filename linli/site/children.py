"""One watched child of the supervisor: its start, its output, its back-off, its end."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from linli.site.environment import CHECKOUT
from linli.site.guard import alive, end
from linli.site.offspring import tied

FIRST_PAUSE = 1.0  # seconds before a dead child returns, doubled each time …
LONGEST_PAUSE = 30.0  # … up to this
STEADY = 60.0  # seconds alive after which the next death counts as the first again

Say = Callable[[str, str], None]


@dataclass(frozen=True)
class Program:
    """What to run: name in the log, command, additions to the environment, seconds it may take to stop.

    A program that runs `once` is not brought back when it ends.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 15.0
    once: bool = False


class Child:
    """A program that is kept running.  Only for single-threaded parents (see offspring.tied)."""

    def __init__(self, program: Program, say: Say) -> None:
        self.program = program
        self.say = say
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = FIRST_PAUSE
        self.began = 0.0
        self.back_at = 0.0
        self._rest = b""
        self._dry = False

    @property
    def output(self) -> int:
        """The descriptor of its standard output and error; -1 when there is nothing more to read."""
        return self.process.stdout.fileno() if self.process and self.process.stdout and not self._dry else -1

    def start(self) -> None:
        """Run it in a process group of its own, so that Ctrl-C reaches the supervisor alone."""
        self.process = subprocess.Popen(
            self.program.command,
            env={**os.environ, **import_path(), "PYTHONUNBUFFERED": "1", **self.program.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=tied(signal.SIGTERM),  # noqa: PLW1509
        )
        self._dry = False
        os.set_blocking(self.output, False)
        self.began = time.monotonic()
        self.say(self.program.name, f"已启动（进程 {self.process.pid}）")

    def read(self) -> bool:
        """Hand on the complete lines that it has written; whether there may be more at once."""
        if self.output < 0:
            return False
        try:
            block = os.read(self.output, 65536)
        except BlockingIOError:
            return False
        self._dry = not block
        *lines, self._rest = (self._rest + block).split(b"\n")
        if self._dry and self._rest:
            lines, self._rest = [self._rest], b""
        for line in lines:
            self.say(self.program.name, line.decode("utf-8", "replace").rstrip("\r"))
        return bool(block)

    def ended(self) -> bool:
        """Whether it has just ended; then its helpers are ended too and its return is planned."""
        if self.process is None or self.process.poll() is None:
            return False
        code = self.process.returncode
        self._clear()
        if time.monotonic() - self.began > STEADY:
            self.pause = FIRST_PAUSE
        self.back_at = time.monotonic() + self.pause
        if self.program.once:
            self.back_at = math.inf
            self.say(self.program.name, "已完成" if code == 0 else f"未完成，代码 {code}")
            return True
        how = f"被信号 {-code} 结束" if code < 0 else f"退出，代码 {code}"
        self.say(self.program.name, f"{how}；{self.pause:g} 秒后重新启动")
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return True

    def due(self) -> bool:
        """Whether it is down and its pause is over."""
        return self.process is None and time.monotonic() >= self.back_at

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def stopped(self, *, harder: bool) -> bool:
        """Whether it has stopped; `harder` kills it and everything in its group."""
        if self.process is None:
            return True
        if self.process.poll() is None:
            if not harder:
                return False
            self.say(self.program.name, "没有按时停止，强制结束")
        self._clear()
        return True

    def _clear(self) -> None:
        """Leave nothing of its process group behind, and close its pipe."""
        assert self.process is not None
        group = self.process.pid
        if self.process.poll() is None:
            os.killpg(group, signal.SIGKILL)
        elif alive(group):
            end({group}, patience=2.0)
        self.process.wait()
        while self.read():
            pass
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None


class Guard:
    """The guard process and the list it keeps (see guard.py); brought back with its list when it is lost."""

    def __init__(self) -> None:
        self.groups: set[int] = set()
        self.process = self._launch()

    def add(self, group: int) -> None:
        self.groups.add(group)
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        self.groups.discard(group)
        self._tell(f"-{group}\n")

    def close(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()

    def _tell(self, line: str) -> None:
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(line.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.wait()
            self.process = self._launch()
            for group in self.groups:
                self._tell(f"+{group}\n")

    def _launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "linli.site.guard"],
            env={**os.environ, **import_path()},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )


def import_path() -> dict[str, str]:
    """PYTHONPATH under which `-m linli…` works wherever the working directory is."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]))}
