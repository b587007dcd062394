import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

STREAMS = 8192  # open at once; Granian's own default stops at 128


class Command(BaseCommand):
    help = "实时推送进程：把消息推送到已打开的页面（Server-Sent Events），收到 SIGTERM 后停止"
    requires_system_checks: list = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="监听地址")
        parser.add_argument("--port", type=int, default=settings.LINLI_LIVE_PORT or 8001, help="监听端口")

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(serve(options["host"], options["port"]))


async def serve(host: str, port: int) -> None:
    """Granian inside this very process: no child that a kill could leave behind, and streams are closed first."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    from linli.kernel.bus import live

    server = Server(
        live.app,
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
    if live.hub is not None:
        await live.hub.stop()
    if not serving.done():
        server.stop()
    await asyncio.wait({serving}, timeout=5)
