"""`linli onestop check | simulate | burden`: the catalogue before anybody relies on it."""

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from linli.onestop import burden, checks, executor, sheets
from linli.onestop.actions.catalogue import try_out
from linli.onestop.catalogue import parse
from linli.onestop.glossary import glossary, shipped_items
from linli.onestop.queries import items_in_force
from linli.onestop.queries_money import redraw


class Command(BaseCommand):
    help = "事项目录：检查 check、模拟 simulate、导出 export；材料识别：画样张 render-papers"

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        check = acts.add_parser("check", help="发布前检查：在用的全部事项，或一个 YAML 文件")
        check.add_argument("--file", type=Path, help="只检查这个文件里的事项，不看数据库")
        check.add_argument("--figures", action="store_true", help="列出尚待核实的数值")
        simulate = acts.add_parser("simulate", help="以虚拟办件走完流程")
        which = simulate.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="全部事项")
        which.add_argument("--item", help="一个事项的代码")
        simulate.add_argument("--seed", type=int, default=1)
        simulate.add_argument("--households", type=int, default=20, help="每种情形多少户")
        simulate.add_argument("--shipped", action="store_true", help="用随系统附带的目录，不看数据库")
        export = acts.add_parser("export", help="导出为 YAML 或 Excel")
        export.add_argument("file", type=Path)
        papers = acts.add_parser(
            "render-papers", help="画一套虚构的材料照片与答案，供 linli evaluate ocr 使用"
        )
        papers.add_argument("--out", type=Path, required=True, help="写到这个目录")
        papers.add_argument("--seed", type=int, default=1)
        papers.add_argument("--each", type=int, default=5, help="每种材料、每种条件各几张")
        asked = acts.add_parser("burden", help="每个事项要群众带几份、签几份、共享几份材料")
        asked.add_argument("--shipped", action="store_true", help="用随系统附带的目录，不看数据库")
        again = acts.add_parser("redraw", help="把一次抽查重新抽一遍，与登记的比对")
        again.add_argument("number", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        acts = {
            "check": self._check,
            "simulate": self._simulate,
            "export": self._export,
            "redraw": self._redraw,
            "render-papers": self._render,
            "burden": self._burden,
        }
        acts[options["act"]](options)

    def _items(self, file: Path | None = None, shipped: bool = False) -> list[Mapping[str, Any]]:
        if file is not None:
            try:
                written = yaml.safe_load(file.read_text("utf-8"))
            except (OSError, yaml.YAMLError) as error:
                raise CommandError(f"读不了 {file}：{error}") from None
            rows = written.get("items") if isinstance(written, dict) else written
            if not isinstance(rows, list):
                raise CommandError(f"{file} 里没有事项列表")
            return rows
        return list(shipped_items()) if shipped else [row.definition for row in items_in_force()]

    def _check(self, options: Mapping[str, Any]) -> None:
        items = self._items(options["file"])
        faults = checks.summary(items, glossary())
        for code, said in faults.items():
            for path, words in said:
                self.stdout.write(f"{code}  {path}：{words}")
        sound = [item for item in items if isinstance(item, Mapping) and str(item.get("code")) not in faults]
        figures = {str(item["code"]): checks.unconfirmed(item) for item in sound}
        if options["figures"]:
            for code, names in figures.items():
                self.stdout.write(f"{code}  待核实：{'、'.join(names) or '无'}")
        count = sum(map(len, figures.values()))
        self.stdout.write(f"{len(items)} 个事项，{len(faults)} 个有问题，{count} 个数值待核实")
        if faults:
            raise CommandError("有事项不能发布，请按上面的提示改正。")

    def _simulate(self, options: Mapping[str, Any]) -> None:
        items = self._items(shipped=options["shipped"])
        if options["item"]:
            items = [item for item in items if item["code"] == options["item"]]
            if not items:
                raise CommandError(f"没有在用的事项 {options['item']}")
        endings: Counter[str] = Counter()
        breaches: list[str] = []
        for item in items:
            for run in try_out(item, options["seed"], executor.SCENARIOS, options["households"]):
                endings[f"{run.scenario}:{run.ending}"] += 1
                breaches += [f"{run.item} {executor.WORDS[run.scenario]}：{said}" for said in run.breaches]
        result = {
            "items": len(items),
            "runs": sum(endings.values()),
            "seed": options["seed"],
            "endings": dict(sorted(endings.items())),
            "breaches": len(breaches),
        }
        for said in breaches[:50]:
            self.stderr.write(said)
        self.stdout.write(json.dumps(result, ensure_ascii=False, indent=1))
        if breaches:
            raise CommandError("有办件没有依法走完，请检查步骤表。")

    def _burden(self, options: Mapping[str, Any]) -> None:
        every = [parse(item, glossary()) for item in self._items(shipped=options["shipped"])]
        self.stdout.write(json.dumps(burden.summary(every), ensure_ascii=False, indent=1))

    def _export(self, options: Mapping[str, Any]) -> None:
        path, items = options["file"], self._items()
        if path.suffix == ".xlsx":
            path.write_bytes(sheets.to_workbook(items))
        elif path.suffix in (".yaml", ".yml"):
            path.write_text(sheets.to_yaml(items), "utf-8")
        else:
            raise CommandError("请写明 .yaml 或 .xlsx 文件名")
        self.stdout.write(f"已导出 {len(items)} 个事项到 {path}")

    def _render(self, options: Mapping[str, Any]) -> None:
        from linli.onestop.scans.drawing import NoFont
        from linli.onestop.scans.photographing import write_set

        try:
            pages = write_set(options["out"], options["seed"], options["each"])
        except NoFont as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"已画 {pages} 张虚构材料到 {options['out']}")

    def _redraw(self, options: Mapping[str, Any]) -> None:
        row, again, same = redraw(options["number"])
        self.stdout.write(f"种子 {again.seed}，{len(row.population)} 件中抽取 {len(again.sample)} 件：")
        for number in again.sample:
            self.stdout.write(number)
        if not same:
            raise CommandError("与登记的名单不一致。")
        self.stdout.write("与登记的名单一致")
