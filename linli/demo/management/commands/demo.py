"""`linli demo load|remove`: the demo county in, or out whole."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from linli.demo import departments, town
from linli.kernel.identity.models import Account
from linli.site.environment import stored_secret


class Command(BaseCommand):
    help = "装入或整体删除演示县"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["load", "remove", "accounts", "live", "departments"])
        parser.add_argument("--reports", type=int, default=120, help="live：送入多少件上报")
        parser.add_argument("--seconds", type=float, default=60.0, help="live：演示多久")
        parser.add_argument("--if-empty", action="store_true", help="已有区划时不做任何事")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "remove":
            try:
                self.stdout.write(f"已删除：{town.remove()}")
            except ValueError as why:
                raise CommandError(str(why)) from None
            return
        if options["what"] == "live":
            from linli.demo import life

            if options["if_empty"] and life.busy():
                return
            self.stdout.write(f"演示：{life.live(reports=options['reports'], seconds=options['seconds'])}")
            return
        if options["what"] == "departments":
            self._departments()
            return
        password = stored_secret(settings.LINLI_HOME / "keys" / "demo-password", 6)
        if options["what"] == "load":
            self._load(password, options["if_empty"])
        self._say(password)

    def _load(self, password: str, if_empty: bool) -> None:
        if town.loaded():
            if not if_empty:
                raise CommandError("已有区划。要重来请先运行 linli demo remove")
            return
        from linli.incidents.actions.learning import ensure_model

        counts = town.load(password)
        ensure_model()
        self.stdout.write(f"演示县已装入：{counts}")

    def _departments(self) -> None:
        """Data sources ask the made-up department of the demo; without demo data nothing is started."""
        if Account.objects.filter(username="admin", demo=True).exists() and town.loaded():
            count = departments.connect()
            self.stdout.write(f"演示部门：{count} 个数据源已连接" if count else "演示部门：数据源已连接")
        else:
            departments.disconnect()

    def _say(self, password: str) -> None:
        if not town.loaded():
            return
        self.stdout.write("演示账号（密码都是 " + password + "）：")
        for username, _, _, _, what in town.DEMO:
            self.stdout.write(f"  {username:<11}{what}")
        self.stdout.write(f"  居民：手机 {town.RESIDENT_PHONE}，验证码见 /demo/outbox/（演示短信箱）")
