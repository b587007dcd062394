"""The made-up department beside the demo: a server of ops/ under the supervisor, and every data source asking there.

Only while demo data is loaded, never in production. Its secret is made on first use and kept under LINLI_HOME/keys.
"""

import base64
import hashlib
import sys
from pathlib import Path

from linli.site import environment
from linli.site.children import Program
from linli.site.pgdata import HOST, free_port

SERVER = environment.CHECKOUT / "ops" / "department_server.py"
OFF = "演示数据已删除"


def _port_file() -> Path:
    return environment.home() / "demo-department" / "port"


def secret() -> str:
    kept = environment.stored_secret(environment.home() / "keys" / "demo-department")
    return "whsec_" + base64.b64encode(hashlib.sha256(kept.encode()).digest()).decode()


def port() -> int:
    """Where it listens; 0 when it is not wanted."""
    try:
        return int(_port_file().read_text("ascii"))
    except (OSError, ValueError):
        return 0


def programs() -> list[Program]:
    """The child to supervise: none without demo data, in production, or where the server was not installed."""
    if not port() or environment.env.flag("LINLI_PRODUCTION") or not SERVER.exists():
        return []
    command = [sys.executable, str(SERVER), "--host", HOST, "--port", str(port())]
    return [Program("department", command, {"DEPARTMENT_SECRET": secret()}, patience=5.0)]


def connect() -> int:
    """Points every source at the server and switches on what was never on, as the demo's administrator does it.

    A source somebody switched off since, or connected elsewhere, stays as it is. Returns how many were changed.
    """
    from linli.exchange import actions
    from linli.exchange.catalogue import sources
    from linli.exchange.models import DataSource
    from linli.kernel.access.queries import actor_for
    from linli.kernel.identity.models import Account

    before = port()
    now = free_port(before)
    _port_file().parent.mkdir(parents=True, exist_ok=True)
    _port_file().write_text(f"{now}\n", "ascii")
    admin = Account.objects.get(username="admin", demo=True)
    by, url, ours = actor_for(admin.pk, name=admin.name), f"http://{HOST}:{now}", f"http://{HOST}:{before}"
    changed = 0
    for code in sources():
        row = DataSource.objects.get(code=code)
        fresh = not row.url or row.off_reason == OFF
        if not fresh and (row.url != ours or (row.url == url and row.secret == secret())):
            continue
        actions.connect_source(by=by, source=code, url=url, secret=secret())
        if fresh and not row.active:
            actions.switch_source_on(by=by, source=code)
        changed += 1
    return changed


def disconnect() -> int:
    """The demo is going: its sources are switched off, and the server is not started again."""
    from linli.exchange import actions
    from linli.exchange.models import DataSource
    from linli.kernel.actor import SYSTEM

    url, count = f"http://{HOST}:{port()}", 0
    for row in DataSource.objects.filter(active=True, url=url):
        actions.switch_source_off(by=SYSTEM, source=row.code, reason=OFF)
        count += 1
    _port_file().unlink(missing_ok=True)
    return count
