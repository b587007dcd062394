from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.identity.actions import issue_token
from linli.kernel.identity.models import Account


class Command(BaseCommand):
    help = "为账号生成接口令牌，只显示一次"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="账号名")
        parser.add_argument("name", help="用途")
        parser.add_argument("scopes", nargs="+", help="可办事项，例如 incidents.view")
        parser.add_argument("--days", type=int, default=0, help="有效天数，0 为长期有效")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(username=options["username"]).first()
        if account is None:
            raise CommandError(f"没有账号 {options['username']}")
        expires = timezone.now() + timedelta(days=options["days"]) if options["days"] else None
        try:
            _, secret = issue_token(
                by=SYSTEM, account=account.pk, name=options["name"], scopes=options["scopes"], expires=expires
            )
        except Refused as refused:
            raise CommandError("；".join([refused.message, *sum(refused.fields.values(), [])])) from refused
        self.stdout.write(secret)
