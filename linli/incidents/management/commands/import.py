"""`linli import messages FILE`: letters and hotline lists from Excel or CSV become reports."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from linli.incidents import replay
from linli.incidents.actions.learning import ensure_model
from linli.incidents.management.commands.replay import mapping
from linli.incidents.streams import read_messages
from linli.kernel import Refused


class Command(BaseCommand):
    help = "从 Excel 或 CSV 导入留言，逐条走真实受理"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["messages"])
        parser.add_argument("file", type=Path)
        parser.add_argument("--map", nargs="*", default=[], metavar="字段=列名")
        parser.add_argument("--channel", default="import")
        parser.add_argument("--dry-run", action="store_true", help="只检查，不写入")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["file"].exists():
            raise CommandError(f"没有文件 {options['file'].name}")
        try:
            messages = list(read_messages(options["file"], mapping(options["map"])))
        except Refused as why:
            raise CommandError(why.message) from None
        if options["dry_run"]:
            without = sum(1 for message in messages if message.time is None)
            self.stdout.write(
                json.dumps({"rows": len(messages), "without_time": without}, ensure_ascii=False)
            )
            return
        ensure_model()
        tally = replay.send(messages, source=options["file"].name, channel=options["channel"], scatter=False)
        self.stdout.write(json.dumps(replay.summary(tally), ensure_ascii=False))
