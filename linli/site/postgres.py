"""The embedded PostgreSQL: one data directory under LINLI_HOME, started when somebody needs it.

`ensure()` returns the URL of a running database and keeps it running until this process ends, however
it ends (see `keeper.py`).  Several processes share one server; the last one to leave stops it.  The
server listens on loopback only, asks for a password (SCRAM), and keeps a port it found free.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from linli.site import environment
from linli.site.pgdata import HOST, NAME, configure, free_port, initialise, major_of
from linli.site.pginstall import (
    DatabaseUnavailable,
    account_for,
    programs,
    reachable_folder,
    reachable_programs,
)
from linli.site.postmaster import Postmaster, postmaster_of

PATIENCE = 120  # seconds for a start, crash recovery included


class Cluster:
    """One data directory with its server.  `root` holds lock files, password, state and (usually) the data.

    `passing=True`: for one test or bench run; removed when its last user leaves. `durable=False`: does not
    wait for the disk, may be lost in a crash (tests).
    """

    def __init__(self, root: Path | None = None, *, passing: bool = False, durable: bool = True) -> None:
        self.root = (root or environment.home() / "postgres").absolute()
        self.passing = passing
        self.durable = durable
        self._use: IO[str] | None = None

    @property
    def data(self) -> Path:
        return Path(self._state().get("data") or self.root / "data")

    @property
    def url(self) -> str:
        """The address with the password; only meaningful after `ensure()`."""
        password = (self.root / "password").read_text("ascii").strip()
        return f"postgresql://{NAME}:{password}@{HOST}:{self._state()['port']}/{NAME}"

    def running(self) -> Postmaster | None:
        """The server on this data directory, if any; asks nobody and starts nothing."""
        return postmaster_of(self.data)

    def ensure(self) -> str:
        """Start the server unless it runs, hold it until `release()` or the end of this process; the URL.

        Raises DatabaseUnavailable with the reason and the remedy.
        """
        self._make_root()
        if self._use is None:
            self._use = open(self.root / "use.lock", "a")  # noqa: SIM115 (held on purpose)
            fcntl.flock(self._use, fcntl.LOCK_SH)  # waits while a keeper is just leaving
        with open(self.root / "start.lock", "a") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            server = self.running()
            if not self._kept() and server is None:
                self._launch()
            self._await_ready()
            self._create_database()
        return self.url

    def start(self) -> str:
        """As `ensure()`, and the server stays after this process; `stop()` ends it."""
        self._make_root()
        (self.root / "stay").touch()
        return self.ensure()

    def release(self) -> None:
        """Give up the hold; the keeper stops the server when nobody else holds it."""
        if self._use is not None:
            self._use.close()
            self._use = None

    def stop(self, patience: float = 60) -> bool:
        """Let the server go and wait for it; False when others still use it after `patience` seconds."""
        (self.root / "stay").unlink(missing_ok=True)
        self.release()
        end = time.monotonic() + patience
        while self._kept():
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def tool(self, name: str, arguments: Sequence[str]) -> int:
        """Run psql, pg_dump … against this database on our terminal; the exit code."""
        url = self.ensure()
        return run_tool(name, arguments, url)

    def _make_root(self) -> None:
        if self.root.exists():
            if not os.access(self.root, os.W_OK):
                owner = self.root.stat().st_uid
                raise DatabaseUnavailable(
                    f"目录 {self.root} 属于用户 {owner}，请以该用户启动，或另设 LINLI_HOME"
                )
            return
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711)  # the server's account must pass through, and may not list

    def _state(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.root / "state.json").read_text("utf-8")))
        except (OSError, ValueError):
            return {}

    def _kept(self) -> bool:
        """Whether a keeper lives: it holds keeper.lock."""
        try:
            with open(self.root / "keeper.lock", "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _launch(self) -> None:
        """Prepare account, programs, data, settings and port, then start the keeper (under start.lock)."""
        state = self._state()
        wished = self.data
        account = account_for(wished)
        folder = reachable_folder(wished, account, passing=self.passing)
        install = reachable_programs(programs(major_of(folder)), account)
        initialise(self.root, folder, install, account, durable=self.durable)
        configure(folder, account, durable=self.durable)
        spare = [] if folder.parent == self.root else [str(folder.parent)]
        state = {
            "data": str(folder),
            "bin": str(install / "bin"),
            "port": free_port(int(state.get("port") or 0)),
            "uid": account.uid,
            "gid": account.gid,
            "remove": [*spare, str(self.root)] if self.passing else [],
        }
        draft = self.root / "state.json.new"
        draft.write_text(json.dumps(state, indent=1), "utf-8")
        draft.rename(self.root / "state.json")
        paths = os.pathsep.join(filter(None, [str(environment.CHECKOUT), os.environ.get("PYTHONPATH", "")]))
        subprocess.run(
            [sys.executable, "-m", "linli.site.keeper", str(self.root)],
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            check=True,
        )

    def _await_ready(self) -> None:
        end = time.monotonic() + PATIENCE
        while not ((server := self.running()) and server.ready):
            if server is None and not self._kept():
                raise DatabaseUnavailable(f"数据库未能启动：\n{self._log_tail()}")
            if time.monotonic() > end:
                raise DatabaseUnavailable(f"数据库 {PATIENCE} 秒内未就绪，见 {self.root / 'keeper.log'}")
            time.sleep(0.05)

    def _log_tail(self) -> str:
        try:
            return "\n".join((self.root / "keeper.log").read_text("utf-8", "replace").splitlines()[-12:])
        except OSError:
            return "（没有日志）"

    def _create_database(self) -> None:
        try:
            psycopg.connect(self.url, connect_timeout=10).close()
        except psycopg.OperationalError as error:
            if f'database "{NAME}" does not exist' not in str(error):
                raise DatabaseUnavailable(f"数据库已启动，但无法连接：{error}") from error
            with psycopg.connect(self.url, dbname="postgres", autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))


def parts_of(url: str) -> dict[str, str]:
    """A database URL as Django's keys NAME, USER, PASSWORD, HOST and PORT."""
    parts = urlsplit(url)
    return {
        "NAME": unquote(parts.path.lstrip("/")) or NAME,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


def run_tool(name: str, arguments: Sequence[str], url: str) -> int:
    """Run one of the wheel's client programs; the password goes through the environment, not the command line."""
    given = parts_of(url)
    names = {
        "HOST": "PGHOST",
        "PORT": "PGPORT",
        "USER": "PGUSER",
        "PASSWORD": "PGPASSWORD",
        "NAME": "PGDATABASE",
    }
    target = {names[key]: value for key, value in given.items() if value}
    program = programs() / "bin" / name
    if not program.is_file():
        raise DatabaseUnavailable(f"没有程序 {name}")
    return subprocess.call([str(program), *arguments], env={**os.environ, **target})


_default: Cluster | None = None


def default_cluster() -> Cluster:
    """The cluster of this installation; one object a process, since it holds the use lock."""
    global _default
    if _default is None:
        _default = Cluster()
    return _default


def known_url() -> str:
    """The address this installation's database has or had; starts nothing, may name a port with nobody behind."""
    try:
        return default_cluster().url
    except (OSError, KeyError):
        return f"postgresql://{NAME}@{HOST}:5432/{NAME}"


def ensure() -> str:
    """The URL of this installation's embedded database, running until this process ends."""
    return default_cluster().ensure()


def start() -> str:
    """The same, staying up after this process, until `stop()`."""
    return default_cluster().start()


def stop() -> bool:
    """Stop it when nobody else uses it."""
    return default_cluster().stop()


if __name__ == "__main__":  # python -m linli.site.postgres start | stop
    print(start() if sys.argv[1:] == ["start"] else stop())
