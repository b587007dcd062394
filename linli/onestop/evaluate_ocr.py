"""Reads a set of papers whose truth is known (truth.json beside them) and counts what came out right.

Without --dir the set is drawn afresh (`linli onestop render-papers`); nothing in it is real.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections import defaultdict
from pathlib import Path
from typing import Any

from linli.onestop.scans.fields import Reading, number_doubt, understand
from linli.onestop.scans.papers import NUMBERS, papers


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, help="图片与 truth.json 所在的目录；不给则现画一套")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=5, help="现画时，每种材料、每种条件各几张")
    parser.add_argument("--wrong", action="store_true", help="列出读错的栏目")


def run(options: Namespace) -> dict[str, Any]:
    """Counts and shares over the set. Raises SystemExit with the remedy when there is no set."""
    if options.dir:
        return evaluate(options.dir, options.wrong)
    from linli.onestop.scans.photographing import write_set

    with tempfile.TemporaryDirectory() as folder:
        write_set(Path(folder), options.seed, options.each)
        return evaluate(Path(folder), options.wrong)


def evaluate(folder: Path, list_wrong: bool = False) -> dict[str, Any]:
    truth = folder / "truth.json"
    if not truth.is_file():
        raise SystemExit(f"{folder} 里没有 truth.json，请先运行 linli onestop render-papers --out {folder}")
    from linli.kernel.ocr import reader

    before, began = _peak(), time.perf_counter()
    reader.load()
    loading, spent, tally = time.perf_counter() - began, [], _Tally()
    for row in json.loads(truth.read_text("utf-8")):
        at = time.perf_counter()
        page = reader.read((folder / row["file"]).read_bytes())
        spent.append(time.perf_counter() - at)
        tally.count(row, understand(page.lines, papers()))
    return tally.told(list_wrong) | {
        "seconds_a_page": round(sum(spent) / max(1, len(spent)), 2),
        "seconds_slowest": round(max(spent, default=0.0), 2),
        "seconds_loading": round(loading, 2),
        "peak_memory_mb": _peak(),
        "memory_before_loading_mb": before,
    }


def _peak() -> int:
    """The most this process has held resident, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class _Tally:
    def __init__(self) -> None:
        self.right: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.wrong: list[str] = []
        self.pages = self.kinds = 0
        self.numbers = {
            "all": 0,
            "right": 0,
            "checksum_holds": 0,
            "right_where_it_holds": 0,
            "wrong_but_passing": 0,
        }

    def count(self, row: dict[str, Any], reading: Reading) -> None:
        self.pages += 1
        self.kinds += reading.kind == row["kind"]
        types = {key: field.type for key, field in papers().kinds[row["kind"]].fields.items()}
        for key, true in row["fields"].items():
            found = reading.fields.get(key) if reading.kind == row["kind"] else None
            right = found is not None and found.value == true
            for group in ("all", row["kind"], row["condition"]):
                self.right[group][0] += right
                self.right[group][1] += 1
            if not right:
                self.wrong.append(f"{row['file']} {key}: {true} / {found.value if found else '—'}")
            if types[key] in NUMBERS:
                self._count_number(found.value if found else "", right)

    def _count_number(self, value: str, right: bool) -> None:
        holds = bool(value) and not number_doubt(value[:18])
        self.numbers["all"] += 1
        self.numbers["right"] += right
        self.numbers["checksum_holds"] += holds
        self.numbers["right_where_it_holds"] += holds and right
        self.numbers["wrong_but_passing"] += holds and not right

    def told(self, list_wrong: bool) -> dict[str, Any]:
        def share(group: str) -> dict[str, Any]:
            right, of = self.right[group]
            return {"right": right, "of": of, "share": round(right / max(1, of), 4)}

        kinds = list(papers().kinds)
        return {
            "pages": self.pages,
            "kinds_right": self.kinds,
            "fields": share("all"),
            "numbers": self.numbers,
            "by_kind": {key: share(key) for key in kinds},
            "by_condition": {key: share(key) for key in self.right if key not in ("all", *kinds)},
            **({"wrong": self.wrong} if list_wrong else {}),
        }
