from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "实时推送进程：把消息推送到已打开的页面（Server-Sent Events）"
    requires_system_checks: list = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="监听地址")
        parser.add_argument("--port", type=int, default=settings.LINLI_LIVE_PORT or 8001, help="监听端口")

    def handle(self, *args: Any, **options: Any) -> None:
        from granian import Granian
        from granian.constants import Interfaces

        Granian(
            "linli.kernel.bus.live:app",
            address=options["host"],
            port=options["port"],
            interface=Interfaces.ASGI,
            workers=1,
            log_access=False,  # a ticket stands in the address
            websockets=False,
        ).serve()
