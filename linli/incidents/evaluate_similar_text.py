"""`evaluate similar-text --messages F`: how many pairs of messages does the text likeness of duplicates call alike?

Counts pairs per threshold for the rule's own n-grams (2 and 3 characters) and for 3-grams alone. The messages
are read in place; no text is printed unless `--show` asks to read some pairs with one's own eyes.
"""

import argparse
import csv
import gzip
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from linli.incidents.duplicates import grams

THRESHOLDS = (0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)
BLOCK = 400


def read_messages(path: Path) -> list[dict[str, str]]:
    """Rows with at least `title` and `body`; plain or gzip."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def gram_matrix(texts: Sequence[str], sizes: tuple[int, ...]) -> sparse.csr_matrix:
    """(texts × grams), each row of length 1, so that a product of two rows is `ngram_cosine` of their texts."""
    vocabulary: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for text in texts:
        columns.extend(vocabulary.setdefault(gram, len(vocabulary)) for gram in sorted(grams(text, sizes)))
        ends.append(len(columns))
    counts = np.diff(ends)
    weights = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts)
    return sparse.csr_matrix((weights, columns, ends), shape=(len(texts), len(vocabulary)))


def alike_pairs(
    texts: Sequence[str], sizes: tuple[int, ...], least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(first, second, cosine) of every pair first < second whose cosine exceeds `least`."""
    matrix = gram_matrix(texts, sizes)
    turned = matrix.T.tocsr()
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for start in range(0, len(texts), BLOCK):
        block = (matrix[start : start + BLOCK] @ turned).tocoo()
        first, second = block.row + start, block.col
        pick = (second > first) & (block.data > least)
        kept.append((first[pick], second[pick], block.data[pick]))
    first, second, cosine = (np.concatenate(part) for part in zip(*kept, strict=True))
    return first, second, cosine


def sweep(cosine: np.ndarray) -> dict[str, int]:
    return {f"{each:.2f}": int((cosine > each).sum()) for each in THRESHOLDS}


def shown(
    rows: Sequence[Mapping[str, str]], found: tuple[np.ndarray, ...], many: int
) -> list[dict[str, Any]]:
    """The `many` pairs just above the threshold: the ones worth reading."""
    first, second, cosine = found
    nearest = np.argsort(cosine, kind="stable")[:many]
    return [
        {
            "cosine": round(float(cosine[at]), 3),
            "texts": [rows[which[at]]["title"] + "\n" + rows[which[at]]["body"] for which in (first, second)],
        }
        for at in nearest
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--messages", type=Path, required=True, help="留言 CSV（可为 .gz），须有 title、body 两列"
    )
    parser.add_argument("--threshold", type=float, default=0.5, help="相似度阈值，默认 0.5")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="列出刚过阈值的 N 对原文，默认不列")


def run(options: argparse.Namespace | Mapping[str, Any]) -> dict[str, Any]:
    """Counts of alike pairs; ValueError when the file has fewer than two messages."""
    chosen = vars(options) if isinstance(options, argparse.Namespace) else options
    threshold, show = chosen.get("threshold") or 0.5, chosen.get("show") or 0
    start = time.monotonic()
    rows = read_messages(Path(chosen["messages"]))
    if len(rows) < 2:
        raise ValueError("至少要有两条留言才能比较：请检查 messages 文件")
    texts = [row["title"] + row["body"] for row in rows]
    least = min(threshold, *THRESHOLDS)
    both, three = alike_pairs(texts, (2, 3), least), alike_pairs(texts, (3,), least)
    over = both[2] > threshold
    users = [row.get("user", "") for row in rows]
    picked = tuple(part[over] for part in both)
    answer = {
        "messages": len(rows),
        "threshold": threshold,
        "pairs": int(over.sum()),
        "pairs_3gram": int((three[2] > threshold).sum()),
        "messages_in_pairs": len(set(picked[0].tolist()) | set(picked[1].tolist())),
        "pairs_of_one_user": sum(
            bool(users[a]) and users[a] == users[b] for a, b in zip(*picked[:2], strict=True)
        ),
        "sweep": sweep(both[2]),
        "sweep_3gram": sweep(three[2]),
        "seconds": round(time.monotonic() - start, 1),
    }
    return {**answer, "shown": shown(rows, picked, show)} if show else answer


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    print(json.dumps(run(parser.parse_args(arguments)), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
