"""`linli serve`: starts and watches the database, nats, web, live, worker and ocr, and stops them in order.

Our own, because the kept supervisors either kill the database after five seconds or leave orphans.
One thread, one loop: hand on output, bring back what died, stop when told.  Nothing outlives it: a
clean stop asks first and then kills, a killed supervisor is followed by the guard (children) and the
keeper (database).
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linli.demo import departments
from linli.site import environment, nats
from linli.site.children import Child, Guard, Program, import_path
from linli.site.environment import env
from linli.site.offspring import tied
from linli.site.pginstall import DatabaseUnavailable
from linli.site.postgres import Cluster, default_cluster

LOOK_EVERY = 0.25  # seconds
LINLI = [sys.executable, "-m", "linli"]


@dataclass(frozen=True)
class Plan:
    """What one `linli serve` runs."""

    host: str = "127.0.0.1"
    port: int = 8000
    live_port: int = 8001
    migrate: bool = True
    demo: bool = False


class Supervisor:
    """`cluster` is None when LINLI_DATABASE_URL names a database of somebody else's."""

    def __init__(self, programs: Sequence[Program], cluster: Cluster | None) -> None:
        self.cluster = cluster
        self.guard = Guard()
        self.children = [Child(program, say) for program in programs]
        self.asked = 0  # times we were told to stop; the second time means: at once
        self.database_up = True
        self.look_again_at = 0.0
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self.stop)

    def stop(self, *_: object) -> None:
        self.asked += 1

    def run(self) -> int:
        """Until told to stop; then in order. The exit code."""
        for child in self.children:
            self.bring_up(child)
        while not self.asked:
            self.listen()
            for child in self.children:
                group = child.process.pid if child.process else 0
                if child.ended():
                    self.guard.remove(group)
                if child.due():
                    self.bring_up(child)
            self.watch_database()
        self.stop_all()
        return 0

    def bring_up(self, child: Child) -> None:
        child.start()
        if child.process:
            self.guard.add(child.process.pid)

    def listen(self) -> None:
        """Wait a moment for output, and hand it on."""
        outputs = {child.output: child for child in self.children if child.output >= 0}
        ready, _, _ = select.select(list(outputs), [], [], LOOK_EVERY)
        for descriptor in ready:
            outputs[descriptor].read()

    def watch_database(self) -> None:
        """Tell when it goes and comes. The keeper brings the server back; we bring back the keeper."""
        if self.cluster is None or time.monotonic() < self.look_again_at:
            return
        self.look_again_at = time.monotonic() + 1.0
        server = self.cluster.running()
        if self.database_up and not (server and server.ready):
            say("database", "已中断，正在恢复")
            self.database_up = False
        if not self.database_up:
            try:
                self.cluster.ensure()
            except DatabaseUnavailable as error:
                say("database", f"尚未恢复：{error}")
                self.look_again_at = time.monotonic() + 10.0
                return
            say("database", "已恢复")
            self.database_up = True

    def stop_all(self) -> None:
        """In the order of the plan; each gets its patience, unless we are told a second time."""
        say("linli", "正在停止（再按一次 Ctrl-C 立即结束）")
        for child in self.children:
            child.ask_to_stop()
            until = time.monotonic() + child.program.patience
            group = child.process.pid if child.process else 0
            while not child.stopped(harder=self.asked > 1 or time.monotonic() > until):
                self.listen()
            self.guard.remove(group)
        self.guard.close()
        if self.cluster is not None and not self.cluster.stop():
            say("database", "仍有其他命令在使用数据库，用完后自动停止")
        say("linli", "已全部停止")


def serve(plan: Plan) -> int:
    """Prepare everything and supervise; the exit code. Settings are checked before anything starts."""
    lock = only_one(environment.home())
    if lock is None:
        return refuse("linli serve 已在运行（同一 LINLI_HOME），请先停止它")
    if taken := next((port for port in (plan.port, plan.live_port) if port_taken(plan.host, port)), 0):
        return refuse(f"端口 {taken} 已被占用，请用 --port 或 LINLI_PORT、LINLI_LIVE_PORT 换一个")
    try:
        cluster, programs = prepare(plan)
    except (DatabaseUnavailable, nats.NatsUnavailable) as error:
        return refuse(str(error))
    for step in steps_before(plan):
        say("linli", f"linli {' '.join(step)}")
        if once(step):
            return refuse(f"linli {' '.join(step)} 未完成，见上文")
    programs = [*beside_demo(), *programs]
    say(
        "linli",
        f"网址 http://{shown(plan.host)}:{plan.port}/　实时推送端口 {plan.live_port}　停止请按 Ctrl-C",
    )
    return Supervisor(programs, cluster).run()


def steps_before(plan: Plan) -> list[list[str]]:
    """The commands to run before the first process: static files of a new home, tables, the demo town."""
    collected = (env.path("LINLI_STATIC", environment.home() / "static") / "staticfiles.json").exists()
    return [
        *([] if collected else [["collectstatic", "--noinput", "--verbosity=0"]]),
        *([["migrate", "--noinput", "--verbosity=0"]] if plan.migrate else []),
        *([["demo", "load", "--if-empty"], ["demo", "departments"]] if plan.demo else []),
    ]


def prepare(plan: Plan) -> tuple[Cluster | None, list[Program]]:
    """Database and NATS addresses into our environment (children inherit it); the programs, in stopping order."""
    cluster, embedded = None, []
    if not env.url("LINLI_DATABASE_URL"):
        say("database", "正在启动内置 PostgreSQL")
        cluster = default_cluster()
        os.environ["LINLI_DATABASE_URL"] = cluster.ensure()
        say("database", f"已就绪，数据目录 {cluster.data}")
    if not env.url("LINLI_NATS_URL"):
        broker = nats.prepare()
        os.environ["LINLI_NATS_URL"] = broker.url
        embedded.append(Program("nats", broker.command))
    env.check()
    if not env.flag("LINLI_PRODUCTION"):  # there the front server hands /live/ on, and pages name no port
        os.environ["LINLI_LIVE_PORT"] = str(plan.live_port)
    web = [*LINLI, "web", "--host", plan.host, "--port", str(plan.port)]
    live = [*LINLI, "live", "--host", plan.host, "--port", str(plan.live_port)]
    worker = [*LINLI, "worker"]
    ours = [
        Program("web", web),
        Program("live", live, patience=5.0),
        Program("worker", worker, patience=30.0),
    ]
    if env.flag("LINLI_OCR", True):
        ours.append(Program("ocr", [*LINLI, "ocr"], patience=30.0))
    if plan.demo:
        life = [*LINLI, "demo", "live", "--if-empty"]
        ours.insert(0, Program("demo", life, patience=5.0, once=True))
    return cluster, [*ours, *embedded]


def beside_demo() -> list[Program]:
    """The made-up department of a loaded demo. For it alone own addresses are opened, in the children too."""
    found = departments.programs()
    if found:
        os.environ["LINLI_WEBHOOK_PRIVATE"] = "allow"
    return found


def once(words: list[str]) -> int:
    """Run one command to its end with its output on ours; it goes when we go."""
    surroundings = {**os.environ, **import_path()}
    if words[0] == "demo" and not env.flag("LINLI_PRODUCTION"):
        surroundings["LINLI_WEBHOOK_PRIVATE"] = "allow"  # the department of the demo stands on this machine
    return subprocess.call([*LINLI, *words], env=surroundings, preexec_fn=tied(signal.SIGTERM))


def only_one(home: Path) -> object | None:
    """The lock that a running `linli serve` holds for its LINLI_HOME; None when another one has it."""
    home.mkdir(parents=True, exist_ok=True)
    lock = open(home / "serve.lock", "a")  # noqa: SIM115 (held until the process ends)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    return lock


def port_taken(host: str, port: int) -> bool:
    """Whether nobody could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def shown(host: str) -> str:
    """The host as one types it into a browser on this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)


def say(name: str, text: str) -> None:
    """One log line, its speaker first. A reader that went away does not stop the supervisor."""
    try:
        print(f"{name:<8} | {text}", flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def refuse(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
