import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "实时推送进程：把消息推送到已打开的页面（Server-Sent Events），收到 SIGTERM 后停止"
    requires_system_checks: list = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="监听地址")
        parser.add_argument("--port", type=int, default=settings.LINLI_LIVE_PORT or 8001, help="监听端口")

    def handle(self, *args: Any, **options: Any) -> None:
        from linli.kernel.bus.live import serve

        asyncio.run(serve(options["host"], options["port"]))
