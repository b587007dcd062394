from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from linli.kernel.actor import SYSTEM
from linli.kernel.identity.actions import rotate_keys
from linli.kernel.identity.fields import keys


class Command(BaseCommand):
    help = "更换个人信息加密密钥：启用新密钥，并分批重新加密全部个人信息。可中断后再次运行"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-new-key", action="store_true", help="不启用新密钥，只把尚用旧密钥的数据重新加密"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        done = rotate_keys(by=SYSTEM, fresh=not options["no_new_key"])
        for name, count in done.items():
            self.stdout.write(f"{name}：重新加密 {count} 条")
        self.stdout.write(
            f"当前密钥：{keys().current}。请重启各进程，再以 --no-new-key 运行一次，直到全部为 0 条。"
        )
        self.stdout.write("旧密钥仍保留在密钥文件中，恢复旧备份时需要；请同时备份新的密钥文件。")
