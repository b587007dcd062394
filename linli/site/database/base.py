"""The backend of settings.DATABASES; Django looks for `DatabaseWrapper` in a module of this name."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether a kept connection may be used: its socket is open and silent.

        Django asks with `SELECT 1`, a round trip before every request. A server that stopped, restarted or ended
        this connection has closed the socket or sent a last word; on an idle connection either makes it readable.
        """
        held: Any = self.connection
        if held is None or held.closed or held.broken:
            return False
        watch = select.poll()
        watch.register(held.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not watch.poll(0)
