"""What is inside the data directory: how it is made, and the settings it gets at every start."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

from linli.site.environment import stored_secret
from linli.site.pginstall import Account, DatabaseUnavailable

NAME = "linli"  # role and database
HOST = "127.0.0.1"

# Modest for 2 cores and 24 GiB, where the application is the larger tenant.  Statements and details
# stay out of the server's log, because they may hold personal data.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": f"'{HOST}'",
    "unix_socket_directories": "''",
    "password_encryption": "'scram-sha-256'",
    "max_connections": "100",
    "shared_buffers": "'256MB'",
    "effective_cache_size": "'4GB'",
    "work_mem": "'8MB'",
    "maintenance_work_mem": "'128MB'",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "on",
    "min_wal_size": "'64MB'",
    "max_wal_size": "'1GB'",
    "checkpoint_timeout": "'10min'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "logging_collector": "on",
    "log_directory": "'log'",
    "log_filename": "'postgresql-%a.log'",
    "log_rotation_age": "'1d'",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# A test database may be lost at any time; tests must not wait for the disk.
TEST_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "'128MB'",
    "logging_collector": "off",
}


def major_of(folder: Path) -> int | None:
    """The major version that made the data; None for a folder still empty."""
    marker = folder / "PG_VERSION"
    return int(marker.read_text("ascii")) if marker.exists() else None


def initialise(root: Path, folder: Path, install: Path, account: Account, *, durable: bool) -> None:
    """initdb, unless there is data.  An attempt that was cut short is told by the mark `initialising`: wiped."""
    mark = root / "initialising"
    if mark.exists():
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if major_of(folder) is not None:
        return
    mark.touch()
    _initdb(root, folder, install, account, durable)
    with open(folder / "postgresql.conf", "a", encoding="utf-8") as file:
        file.write("\ninclude 'linli.conf'\ninclude_if_exists 'local.conf'  # yours; linli never writes it\n")
    mark.unlink()


def _initdb(root: Path, folder: Path, install: Path, account: Account, durable: bool) -> None:
    with tempfile.NamedTemporaryFile("w", dir=folder.parent, prefix=".initdb-") as file:
        file.write(stored_secret(root / "password"))
        file.flush()
        account.own(Path(file.name))
        done = account.run(
            install / "bin" / "initdb",
            f"--pgdata={folder}",
            f"--username={NAME}",
            f"--pwfile={file.name}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--wal-segsize=4",
            *([] if durable else ["--no-sync"]),
        )
    if done.returncode:
        raise DatabaseUnavailable(f"无法初始化数据库：{(done.stderr or done.stdout).strip()[-600:]}")


def configure(folder: Path, account: Account, *, durable: bool) -> None:
    """Write our settings anew at every start, so that they follow the program's version."""
    settings = {**SETTINGS, **({} if durable else TEST_SETTINGS)}
    text = "# Written by linli at every start; put your own settings into local.conf.\n"
    text += "".join(f"{name} = {value}\n" for name, value in settings.items())
    (folder / "linli.conf").write_text(text, "utf-8")
    account.own(folder / "linli.conf")


def free_port(remembered: int) -> int:
    """The remembered port when it is still free, else one that the system picks."""
    for port in (remembered, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DatabaseUnavailable("本机没有空闲端口")
