"""`linli replay FILE --speed N`: a stream of messages through the real intake."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from linli.incidents import replay
from linli.incidents.actions.learning import ensure_model
from linli.incidents.streams import read_messages
from linli.kernel import Refused
from linli.kernel.bus.jobs import drain


def mapping(pairs: list[str]) -> dict[str, str]:
    """`text=正文 time=时间` as a mapping; CommandError for anything else."""
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise CommandError(f"--map 应写成“字段=列名”，看不懂：{'、'.join(wrong)}")
    return dict(pair.split("=", 1) for pair in pairs)  # type: ignore[misc]


class Command(BaseCommand):
    help = "把一份留言流按时间压缩送进真实受理"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--speed", type=float, default=0.0, help="每实际秒走过的流内秒数；0 为不停顿")
        parser.add_argument("--limit", type=int, default=0, help="最多送多少条")
        parser.add_argument("--map", nargs="*", default=[], metavar="字段=列名")
        parser.add_argument("--no-scatter", action="store_true", help="不给没有本县地名的留言安排示意网格")
        parser.add_argument("--react", action="store_true", help="没有后台进程时，送完后在此运行各房间的反应")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.exists():
            raise CommandError(f"没有文件 {path.name}")
        ensure_model()
        try:
            messages = list(read_messages(path, mapping(options["map"])))
        except Refused as why:
            raise CommandError(why.message) from None
        messages.sort(key=lambda m: (m.time is None, m.time.timestamp() if m.time else 0, m.row))
        messages = messages[: options["limit"]] if options["limit"] else messages
        columns = TextColumn("送入受理"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("", total=len(messages))
            tally = replay.send(
                messages,
                source=path.name,
                speed=options["speed"],
                scatter=not options["no_scatter"],
                tick=lambda message: bar.advance(task),
            )
        if options["react"]:
            drain()
        self.stdout.write(json.dumps(replay.summary(tally), ensure_ascii=False))
