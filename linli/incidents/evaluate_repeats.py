"""`evaluate repeats --requests F`: does the duplicate rule find what a city's staff called duplicates?

Replays a file of service requests (Boston's columns) in the order they came in; each is judged against earlier
ones only, as they stood at that moment. The limits are learnt as a county would learn them from its own merges:
on the first half of the period, from the marks staff had made by then; the second half is the honest figure.
"""

import argparse
import csv
import gzip
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.spatial import cKDTree

from linli.incidents.duplicates import (
    DAY,
    VALUES,
    Limit,
    Telling,
    Thresholds,
    detect_default_points,
    limit_from,
    rank,
    thresholds_from,
    within,
)

METRES_PER_DEGREE = 111_195.0
PLAIN = Limit(radius_m=50, closed_days=math.inf, age_days=7, by="small")


@dataclass(frozen=True, slots=True)
class Request:
    """One row: class as small (type) within large (reason); times local, without zone."""

    key: str
    opened: datetime
    due: datetime | None
    closed: datetime | None
    small: str
    large: str
    area: str
    point: tuple[float, float] | None
    marked: bool


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def request_from(row: Mapping[str, str]) -> Request:
    opened = _time(row["open_dt"])
    if opened is None:
        raise ValueError(f"open_dt 为空：{row['case_enquiry_id']}")
    lat, lon = row["latitude"], row["longitude"]
    return Request(
        key=row["case_enquiry_id"],
        opened=opened,
        due=_time(row["target_dt"]),
        closed=_time(row["closed_dt"]),
        small=row["type"],
        large=row["reason"],
        area=row["neighborhood"],
        point=(float(lat), float(lon)) if lat and lon else None,
        marked="duplicate" in row["closure_reason"].lower(),
    )


def read_requests(path: Path) -> list[Request]:
    """Rows in order of opening; column names in either case; plain or gzip. KeyError names a missing column."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as lines:
        rows = [{name.lower(): value for name, value in row.items()} for row in csv.DictReader(lines)]
    return sorted((request_from(row) for row in rows), key=lambda each: (each.opened, each.key))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every (earlier, later) pair of one large class within reach; arrays of one length, indices into the replay."""

    old: np.ndarray
    new: np.ndarray
    distance_m: np.ndarray
    age_days: np.ndarray
    closed_days: np.ndarray
    same_small: np.ndarray

    def flagged(self, limit: Limit, among: np.ndarray | None = None) -> np.ndarray:
        """Indices of the later requests that a limit flags."""
        hit = within(self.distance_m, self.age_days, self.closed_days, limit)
        hit &= self.same_small | (limit.by == "large")
        return np.unique(self.new[hit if among is None else hit & among])


def metres(points: Sequence[tuple[float, float]]) -> np.ndarray:
    """(n, 2) east, north in metres on a plane about the middle latitude; a city's width is off by < 0.1 %."""
    lat, lon = np.array(points).T
    plane: np.ndarray = np.c_[lon * math.cos(math.radians(lat.mean())), lat] * METRES_PER_DEGREE
    return plane


def _codes(names: Sequence[str]) -> np.ndarray:
    return np.unique(np.array(names), return_inverse=True)[1]


def _seconds(times: Sequence[datetime | None]) -> np.ndarray:
    start = datetime(1970, 1, 1)
    return np.array([math.inf if each is None else (each - start).total_seconds() for each in times])


def pair_up(requests: Sequence[Request], places: np.ndarray, radius_m: float) -> Pairs:
    """A k-d tree finds the near; only pairs of one large class are kept."""
    pairs = cKDTree(places).query_pairs(radius_m + 1e-6, output_type="ndarray")
    large, small = _codes([each.large for each in requests]), _codes([each.small for each in requests])
    pairs = pairs[large[pairs[:, 0]] == large[pairs[:, 1]]]
    old, new = pairs.min(axis=1), pairs.max(axis=1)
    opened, closed = (
        _seconds([each.opened for each in requests]),
        _seconds([each.closed for each in requests]),
    )
    return Pairs(
        old=old,
        new=new,
        distance_m=np.hypot(*(places[old] - places[new]).T),
        age_days=(opened[new] - opened[old]) / DAY,
        closed_days=(opened[new] - closed[old]) / DAY,
        same_small=small[old] == small[new],
    )


def candidate_limits(fit: Mapping[str, Any]) -> list[Limit]:
    names = ("radius_m", "closed_days", "age_days", "by")
    return [
        limit_from(dict(zip(names, each, strict=True))) for each in product(*(fit[name] for name in names))
    ]


def _choose(
    options: Mapping[str, list[tuple[int, int, Limit]]], price: float
) -> dict[str, tuple[int, int, Limit]]:
    """Per group the limit with most hits after paying `price` for each flag; fewer flags break ties."""
    return {
        group: max(each, key=lambda one: (one[0] - price * one[1], -one[1]))
        for group, each in options.items()
    }


def fit_limits(
    requests: Sequence[Request], pairs: Pairs, known: np.ndarray, last: int, fit: Mapping[str, Any]
) -> dict[str, Limit]:
    """Limits per large class ("" for all classes with too few marks together), learnt on requests before `last`.

    `known` tells which requests staff had marked by then. One price of a flag, the same for every class, is
    lowered until the flags fill the budget: the Lagrange form of "most recall for so many flags".
    """
    large = np.array([each.large for each in requests])
    marks = {group: int(known[large == group].sum()) for group in np.unique(large)}
    named = np.array([group if marks[group] >= fit["least_marks"] else "" for group in large])
    options: dict[str, list[tuple[int, int, Limit]]] = {}
    for group in sorted(set(named.tolist())):
        among = (named[pairs.new] == group) & (pairs.new < last)
        flags = [(pairs.flagged(limit, among), limit) for limit in candidate_limits(fit)]
        options[group] = [(int(known[each].sum()), len(each), limit) for each, limit in flags]
    cheap, dear = 0.0, 1.0
    for _ in range(40):
        price = (cheap + dear) / 2
        spent = sum(flags for _, flags, _ in _choose(options, price).values())
        cheap, dear = (price, dear) if spent > fit["flag_budget"] * last else (cheap, price)
    return {group: limit for group, (_, _, limit) in _choose(options, dear).items()}


def learnt(shipped: Thresholds, limits: Mapping[str, Limit]) -> Thresholds:
    rest = limits.get("", shipped.default)
    return replace(shipped, default=rest, limits={code: each for code, each in limits.items() if code})


def tellings(requests: Sequence[Request], places: np.ndarray) -> list[Telling]:
    return [
        Telling(each.key, float(east), float(north), each.small, each.large, each.opened, each.closed)
        for each, (east, north) in zip(requests, places, strict=True)
    ]


def replay(told: Sequence[Telling], pairs: Pairs, thresholds: Thresholds) -> np.ndarray:
    """How many suggestions each request gets from the rule of the product, given what lay near and earlier."""
    near: list[list[Telling]] = [[] for _ in told]
    for old, new in zip(pairs.old.tolist(), pairs.new.tolist(), strict=True):
        near[new].append(told[old])
    return np.array([len(rank(new, earlier, thresholds)) for new, earlier in zip(told, near, strict=True)])


def figures(flagged: np.ndarray, marked: np.ndarray, part: slice = slice(None)) -> dict[str, float | int]:
    """Recall of staff's marks and share of requests flagged; recall 0 when nothing was marked."""
    hits, marks = int((flagged & marked)[part].sum()), int(marked[part].sum())
    return {
        "recall": round(hits / marks, 4) if marks else 0.0,
        "flagged_share": round(float(flagged[part].mean()), 4) if len(flagged[part]) else 0.0,
        "marked": marks,
        "requests": len(flagged[part]),
    }


def _midnight_between(first: datetime, last: datetime) -> datetime:
    middle = first + (last - first) / 2 + timedelta(hours=12)
    return middle.replace(hour=0, minute=0, second=0, microsecond=0)


def _shown(limit: Limit) -> dict[str, Any]:
    return {name: None if value == math.inf else value for name, value in asdict(limit).items()}


def evaluate(
    rows: Sequence[Request], data: Mapping[str, Any], split: datetime | None = None
) -> dict[str, Any]:
    """All figures of one file; ValueError when no row has a usable place."""
    shipped, fit = thresholds_from(data), data["fit"]
    defaults = detect_default_points(
        [row.point for row in rows], shipped.default_share, shipped.default_least
    )
    requests = [row for row in rows if row.point is not None and row.point not in defaults]
    if not requests:
        raise ValueError("文件里没有一行带可用的坐标：请检查 latitude、longitude 两列")
    split = split or _midnight_between(requests[0].opened, requests[-1].opened)
    last = sum(each.opened < split for each in requests)
    places = metres([each.point for each in requests if each.point])
    reach = max(*fit["radius_m"], shipped.default.radius_m, PLAIN.radius_m)
    pairs = pair_up(requests, places, reach)
    marked = np.array([each.marked for each in requests])
    known = np.array([each.marked and each.closed is not None and each.closed < split for each in requests])
    limits = fit_limits(requests, pairs, known, last, fit) if known[:last].sum() >= fit["least_marks"] else {}
    told = tellings(requests, places)
    thresholds = learnt(shipped, limits)
    suggested = replay(told, pairs, thresholds)
    flagged = suggested > 0
    plain = np.zeros(len(requests), bool)
    plain[pairs.flagged(PLAIN)] = True
    later = slice(last, None)
    return {
        **figures(flagged, marked),
        "rows": len(rows),
        "default_points": len(defaults),
        "default_rows": sum(row.point in defaults for row in rows),
        "held_out": {"from": str(split), **figures(flagged, marked, later)},
        "tuned_on": {
            "from": str(requests[0].opened),
            "until": str(split),
            "marks_known_by_then": int(known[:last].sum()),
            **figures(flagged, marked, slice(0, last)),
        },
        "baseline": {
            "rule": "同小类，50 米内，7 天内收到",
            **figures(plain, marked),
            "held_out": figures(plain, marked, later),
        },
        "shipped": {
            "rule": "未核定的默认参数",
            **figures(replay(told, pairs, shipped) > 0, marked),
        },
        "suggestions_per_flag": round(float(suggested[flagged].mean()), 2) if flagged.any() else 0.0,
        "flags_staff_agree": round(float(marked[flagged].mean()), 4) if flagged.any() else 0.0,
        "limits": {group or "其余": _shown(limit) for group, limit in limits.items()},
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--requests", type=Path, required=True, help="服务请求 CSV（可为 .gz），列名同波士顿 311"
    )
    parser.add_argument("--thresholds", type=Path, default=VALUES, help="判定参数 YAML，默认为随附的一份")
    parser.add_argument("--split", type=datetime.fromisoformat, help="核定参数用到此日为止，默认取期间中点")


def run(options: argparse.Namespace | Mapping[str, Any]) -> dict[str, Any]:
    """The figures as one dict; see `evaluate`. Reads the file in place."""
    chosen = vars(options) if isinstance(options, argparse.Namespace) else options
    start = time.monotonic()
    data = yaml.safe_load(Path(chosen.get("thresholds") or VALUES).read_text(encoding="utf-8"))
    found = evaluate(read_requests(Path(chosen["requests"])), data, chosen.get("split"))
    return {**found, "seconds": round(time.monotonic() - start, 1)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    print(json.dumps(run(parser.parse_args(arguments)), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
