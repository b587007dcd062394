"""The live stream: PostgreSQL's NOTIFY to Server-Sent Events, as a bare ASGI application.

    GET /live/stream?ticket=…&kinds=incidents,dispatch.OrderHandled   events `fact`, data = ids and codes only
    GET /live/health                                                   200 while it hears the database, else 503

A client that comes back sends Last-Event-ID and gets what it missed (at most REPLAY, else an event `reset`:
reload the page). A missed or doubled event is harmless: a board fetches the row anew, it never trusts the event.
"""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.site.settings")

import psycopg  # noqa: E402
from django.conf import settings  # noqa: E402

from linli.kernel.bus import rules  # noqa: E402
from linli.kernel.bus.tickets import Opened, open_ticket  # noqa: E402

log = logging.getLogger("linli.live")
CHANNEL = "linli_live"
PUBLIC = ("subject", "area", "unit", "order", "incident", "kind", "urgency")  # as bus.actions announces
BEAT = 15.0  # seconds between comments, so that no proxy closes a quiet stream
REPLAY = 500
STREAMS = 8192  # open at once; Granian's own default stops at 128
BEHIND = 200  # events a slow client may lag before its stream is closed; it comes back with Last-Event-ID

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def conninfo() -> str:
    """The database of the settings, as libpq wants it."""
    one = settings.DATABASES["default"]
    parts = {"dbname": one["NAME"], "user": one["USER"], "password": one["PASSWORD"], "host": one["HOST"]}
    parts = {name: value for name, value in {**parts, "port": one["PORT"]}.items() if value}
    return psycopg.conninfo.make_conninfo(**parts, application_name="linli live")


class Listener:
    """One open stream: what it may hear, what it wants, and what waits to be written."""

    def __init__(self, opened: Opened, kinds: list[str]) -> None:
        self.scopes, self.kinds = opened.scopes, kinds
        self.waiting: asyncio.Queue[Message | None] = asyncio.Queue(BEHIND)
        self.closed = False

    def hears(self, item: Mapping[str, Any]) -> bool:
        return rules.wanted(item, self.kinds) and rules.may_receive(self.scopes, item)

    def offer(self, item: Message) -> None:
        if not self.closed and self.hears(item):
            try:
                self.waiting.put_nowait(item)
            except asyncio.QueueFull:
                self.close()

    def close(self) -> None:
        """Ends the stream; the client comes back by itself."""
        self.closed = True
        while not self.waiting.empty():
            self.waiting.get_nowait()
        self.waiting.put_nowait(None)


class Hub:
    """Hears the database once and hands on to every open stream."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.hearing = False
        self._task: asyncio.Task | None = None
        self._replays = asyncio.Semaphore(4)

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._listen_for_ever())

    async def stop(self) -> None:
        self._close_all()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _listen_for_ever(self) -> None:
        pause = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.hearing, pause = True, 0.2
                    async for note in connection.notifies():
                        for item in json.loads(note.payload):
                            for listener in self.listeners:
                                listener.offer(item)
            except (psycopg.Error, OSError) as why:
                log.warning("实时推送与数据库的连接中断，将重连：%s", why)
            self.hearing = False
            self._close_all()  # what was told meanwhile is replayed when they come back
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 2)

    def _close_all(self) -> None:
        for listener in self.listeners:
            listener.close()

    async def missed(self, last: int) -> list[Message] | None:
        """What was delivered after the fact `last`, oldest first; None when it is more than REPLAY.

        By time of delivery, not by id: a slow transaction's fact has a low id and comes late.
        """
        async with (
            self._replays,
            await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as connection,
        ):
            rows = await connection.execute(
                """SELECT id, name, body FROM bus_fact WHERE delivered IS NOT NULL AND id <> %(last)s
                   AND CASE WHEN EXISTS (SELECT 1 FROM bus_fact WHERE id = %(last)s)
                       THEN delivered >= (SELECT delivered FROM bus_fact WHERE id = %(last)s) ELSE id > %(last)s END
                   ORDER BY id LIMIT %(most)s""",
                {"last": last, "most": REPLAY + 1},
            )
            found = await rows.fetchall()
        items = [
            {"id": pk, "fact": name, **{key: body[key] for key in PUBLIC if key in body}}
            for pk, name, body in found
        ]
        return items if len(items) <= REPLAY else None


hub: Hub | None = None


async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application."""
    global hub
    hub = hub or Hub()
    if scope["type"] == "lifespan":
        await _lifespan(hub, receive, send)
    elif scope["type"] == "http":
        hub.start()
        await _answer(hub, scope, receive, send)


async def _lifespan(hub: Hub, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            hub.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await hub.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _answer(hub: Hub, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    asked = parse_qs(scope["query_string"].decode())
    if scope["path"].rstrip("/") == "/live/health":
        return await _short(send, 200 if hub.hearing else 503, "ok" if hub.hearing else "database")
    if scope["path"].rstrip("/") != "/live/stream" or scope["method"] != "GET":
        return await _short(send, 404, "not found")
    opened = open_ticket(asked.get("ticket", [""])[0])
    if opened is None:
        return await _short(send, 403, "ticket", _origin(headers))
    kinds = [kind for kind in asked.get("kinds", [""])[0].split(",") if kind]
    last = headers.get("last-event-id") or asked.get("last", [""])[0]
    await _stream(hub, Listener(opened, kinds), opened.left, last, _origin(headers), receive, send)


def _origin(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """CORS: the web pages of the same host on another port, and the origins of the settings."""
    origin = headers.get("origin", "")
    same = bool(origin) and urlsplit(origin).hostname == urlsplit("//" + headers.get("host", "")).hostname
    allowed = same or origin in settings.CSRF_TRUSTED_ORIGINS
    named = [(b"access-control-allow-origin", origin.encode("latin-1"))] if origin and allowed else []
    return [*named, (b"vary", b"Origin")]


async def _short(send: Send, status: int, words: str, more: list[tuple[bytes, bytes]] | None = None) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"cache-control", b"no-store"),
        *(more or []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})


def event(item: Mapping[str, Any]) -> bytes:
    """One fact on the wire."""
    return f"event: fact\nid: {item['id']}\ndata: {json.dumps(item, ensure_ascii=False)}\n\n".encode()


async def _stream(
    hub: Hub,
    listener: Listener,
    seconds: float,
    last: str,
    origin: list[tuple[bytes, bytes]],
    receive: Receive,
    send: Send,
) -> None:
    """Writes until the client leaves, the ticket is over, or the listener was closed."""
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"content-encoding", b"identity"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        *origin,
    ]
    hub.listeners.add(listener)  # before the replay: what happens meanwhile comes twice rather than never
    left = asyncio.create_task(_left(receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _write(send, b"retry: 3000\n: linli\n\n")
        if last.isdecimal():
            await _replay(hub, listener, int(last), send)
        async with asyncio.timeout(seconds):
            await _hand_on(listener, left, send)
    except TimeoutError:
        log.debug("ticket over")
    finally:
        hub.listeners.discard(listener)
        left.cancel()
    if not left.done() or left.cancelled():
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _replay(hub: Hub, listener: Listener, last: int, send: Send) -> None:
    missed = await hub.missed(last)
    if missed is None:
        return await _write(send, b"event: reset\ndata: {}\n\n")
    heard = b"".join(event(item) for item in missed if listener.hears(item))
    if heard:
        await _write(send, heard)


async def _hand_on(listener: Listener, left: asyncio.Task, send: Send) -> None:
    while not left.done():
        waiting = asyncio.create_task(listener.waiting.get())
        await asyncio.wait({waiting, left}, timeout=BEAT, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            if not left.done():
                await _write(send, b": beat\n\n")
            continue
        if (item := waiting.result()) is None:
            return
        await _write(send, event(item))


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def serve(host: str, port: int) -> None:
    """Granian inside this very process: no child that a kill could leave behind, and streams are closed first."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        backlog=1024,
        backpressure=STREAMS,
        log_access=False,  # a ticket stands in the address
        websockets=False,
    )
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    serving = asyncio.create_task(server.serve())
    await asyncio.wait({serving, asyncio.create_task(ended.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if hub is not None:
        await hub.stop()
    if not serving.done():
        server.stop()
    await asyncio.wait({serving}, timeout=5)
