from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "后台工作进程：转发消息、执行定时任务与后台任务，收到 SIGTERM 后停止"
    requires_system_checks: list = []

    def handle(self, *args: Any, **options: Any) -> None:
        from linli.kernel.bus.processes import work

        work()
