"""`linli serve` with real processes: what dies comes back, and nothing outlives the supervisor."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest

from linli.site import guard, nats
from linli.site.environment import CHECKOUT
from linli.site.postgres import Cluster
from linli.site.tests.places import reachable_place  # noqa: F401
from linli.site.tests.waiting import gone, until

# A child with a helper of its own, as Granian has; and one that does not listen to SIGTERM.
PARENT = """
import subprocess, sys, time
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print("你好", flush=True)
sys.stdout.write("no end of line"); sys.stdout.flush()
time.sleep(3600)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(3600)"

DRIVER = f"""
import sys
from pathlib import Path
from linli.site import nats
from linli.site.children import Program
from linli.site.postgres import Cluster
from linli.site.supervisor import Supervisor
home = Path(sys.argv[1])
cluster = Cluster(home / "postgres", durable=False)
cluster.ensure()
programs = [
    Program("web", [sys.executable, "-c", {PARENT!r}]),
    Program("deaf", [sys.executable, "-c", {DEAF!r}], patience=0.5),
    Program("nats", nats.prepare(home / "nats").command),
]
sys.exit(Supervisor(programs, cluster).run())
"""


class Run:
    """One supervised family; its members carry a mark in their environment, the server names its data."""

    def __init__(self, home: Path, command: list[str], **more: str) -> None:
        self.home = home
        self.mark = f"LINLI_TEST_MARK={uuid.uuid4().hex}"
        self.log = home / "log"
        name, value = self.mark.split("=")
        surroundings = {**os.environ, "LINLI_HOME": str(home), name: value, **more}
        surroundings.pop("LINLI_DATABASE_URL", None)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=CHECKOUT, env=surroundings, stdout=log, stderr=log, start_new_session=True
            )

    def said(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.log.read_text("utf-8", "replace"), re.MULTILINE)

    def family(self) -> set[int]:
        """Every living process of this run, the database included."""
        members = set()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                marked = self.mark.encode() in (entry / "environ").read_bytes().split(b"\0")
                words = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if (marked or str(self.home) in words) and not gone(int(entry.name)):
                members.add(int(entry.name))
        return members

    def child(self, name: str) -> int:
        """The process number that the log last told for this child; 0 for none."""
        told = self.said(rf"^{name} +\| 已启动（进程 (\d+)）")
        return int(told[-1]) if told else 0

    def server(self) -> int:
        found = Cluster(self.home / "postgres").running()
        return found.pid if found and found.ready else 0


@pytest.fixture
def home(place):
    return place


@pytest.fixture
def run(home):
    started = Run(home, [sys.executable, "-c", DRIVER, str(home)])
    until(lambda: started.said(r"^deaf +\| deaf") and started.said(r"^web +\| 你好") and started.server())
    until(lambda: nats.trouble(known(home)) == "")
    yield started
    for pid in started.family():
        os.kill(pid, signal.SIGKILL)
    started.process.wait()


def known(home: Path) -> str:
    port, password = ((home / "nats" / name).read_text().strip() for name in ("port", "password"))
    return f"nats://linli:{password}@127.0.0.1:{port}"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_told_stop_leaves_nothing(run, sign):
    server = run.server()
    run.process.send_signal(sign)
    assert run.process.wait() == 0
    assert run.family() == set()
    assert gone(server)
    assert run.said(r"^deaf +\| 没有按时停止，强制结束")
    assert run.said(r"^linli +\| 已全部停止")


def test_a_killed_supervisor_leaves_nothing(run):
    assert len(run.family()) >= 8
    run.process.kill()
    run.process.wait()
    until(lambda: run.family() == set())


def test_without_the_guard_the_children_still_end(run):
    guards = [pid for pid in run.family() if "linli.site.guard" in command(pid)]
    assert len(guards) == 1
    children = [run.child("web"), run.child("nats")]
    os.kill(guards[0], signal.SIGKILL)
    run.process.kill()
    run.process.wait()
    until(lambda: all(gone(pid) for pid in children))


def test_a_killed_child_comes_back_and_its_helpers_do_not_stay(run):
    first = run.child("web")
    helpers = [pid for pid in run.family() if group_of(pid) == first]
    assert len(helpers) == 2
    os.kill(first, signal.SIGKILL)
    until(lambda: run.child("web") != first)
    assert all(gone(pid) for pid in helpers)
    assert run.said(r"^web +\| 被信号 9 结束；1 秒后重新启动")
    assert not gone(run.child("web"))


def test_each_death_lengthens_the_pause(run):
    for pause in ("1", "2"):
        before = run.child("nats")
        os.kill(before, signal.SIGKILL)
        until(lambda before=before: run.child("nats") != before)
        assert run.said(rf"^nats +\| 被信号 9 结束；{pause} 秒后重新启动")


def test_a_killed_database_comes_back(run):
    first = run.server()
    os.kill(first, signal.SIGKILL)
    until(lambda: run.server() not in (0, first))
    until(lambda: run.said(r"^database \| 已恢复"))


def test_a_killed_keeper_comes_back(run):
    first = run.server()
    os.kill(parent_of(first), signal.SIGKILL)
    until(lambda: run.server() not in (0, first))


def test_unfinished_lines_are_told_when_a_child_ends(run):
    os.kill(run.child("web"), signal.SIGKILL)
    until(lambda: run.said(r"^web +\| no end of line$"))


def test_the_whole_program_serves_pages_and_leaves_nothing_when_killed(home):
    port = free_port()
    ports = ["--port", str(port), "--live-port", str(free_port())]
    whole = Run(home, [sys.executable, "-m", "linli", "serve", *ports])
    try:
        until(lambda: answer(port) or whole.process.poll() is not None, limit=300)
        assert 200 <= answer(port) < 400, whole.log.read_text("utf-8", "replace")[-4000:]
        until(lambda: whole.child("worker") and nats.trouble(known(home)) == "")
        second = subprocess.run(
            [sys.executable, "-m", "linli", "serve", "--port", str(free_port())],
            cwd=CHECKOUT,
            env={**os.environ, "LINLI_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert "已在运行" in second.stderr
    finally:
        whole.process.kill()
        whole.process.wait()
    until(lambda: whole.family() == set())


def test_a_port_in_use_is_named(home):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = Run(home, [sys.executable, "-m", "linli", "serve", "--port", str(port)])
        assert refused.process.wait() == 1
    assert refused.said(f"端口 {port} 已被占用")
    assert refused.family() == set()


def test_the_guard_forgets_what_was_taken_off_and_a_cut_off_line():
    assert guard.read_groups(["+12\n", "+13\n", "-12\n", "+14", "junk\n"]) == {13}


def answer(port: int) -> int:
    """The status of the home page; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            return page.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")


def group_of(pid: int) -> int:
    return os.getpgid(pid)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
