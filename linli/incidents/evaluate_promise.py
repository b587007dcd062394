"""`evaluate promise --requests F`: is the promised day kept four times in five, and how honest is "on time"?

Learns on all requests before a day (default: the first of the file's last month), with everything not closed by
then counted as open, and scores the requests from that day on by what truly became of them.
"""

import argparse
import json
import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from linli.incidents.evaluate_repeats import Request, read_requests
from linli.incidents.promise import DAY, Policy, Promise, experience, handling, promise

GOAL = (0.77, 0.83)


def _days(start: datetime, end: datetime | None) -> float:
    return math.inf if end is None else (end - start).total_seconds() / DAY


def _limit(request: Request) -> float | None:
    """Days from opening to due; none when the due day is missing or not after the opening."""
    return _days(request.opened, request.due) if request.due and request.due > request.opened else None


def first_of_last_month(requests: Sequence[Request]) -> datetime:
    return requests[-1].opened.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(day: datetime) -> datetime:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def promises(
    past: Sequence[Request], coming: Sequence[Request], now: datetime, policy: Policy
) -> list[Promise]:
    """One promise for each coming request, from what was known of the past at `now`."""
    window = [each for each in past if each.opened >= now - timedelta(days=policy.window_days)]
    cases = [handling(each.small, each.large, each.area, each.opened, each.closed, now) for each in window]
    learnt = experience(cases, policy)
    return [promise(learnt.estimate(each.small, each.large, each.area), _limit(each)) for each in coming]


def _share(kept: np.ndarray) -> float | None:
    return round(float(kept.mean()), 4) if len(kept) else None


def coverage(coming: Sequence[Request], told: Sequence[Promise]) -> dict[str, Any]:
    """Shares of requests closed within the estimate (P80 itself), within what was told, and within the limit."""
    taken = np.array([_days(each.opened, each.closed) for each in coming])
    estimated = np.array([math.nan if each.estimate.days is None else each.estimate.days for each in told])
    said = np.array([math.nan if each.days is None else each.days for each in told])
    limits = np.array([math.nan if (limit := _limit(each)) is None else limit for each in coming])
    capped = np.array([each.capped for each in told])
    observed = np.array([each.estimate.observed for each in told])
    has, has_said, limited = ~np.isnan(estimated), ~np.isnan(said), ~np.isnan(limits)
    kept = taken <= estimated
    return {
        "coverage": _share(kept[has]),
        "share_of_reports": _share(has),
        "coverage_seen": _share(kept[observed]),
        "share_seen": _share(observed),
        "coverage_extended": _share(kept[has & ~observed]),
        "median_days": round(float(np.median(estimated[has])), 2) if has.any() else None,
        "told": {
            "coverage": _share((taken <= said)[has_said]),
            "share_of_reports": _share(has_said),
            "limit_binds_share": _share(capped),
            "coverage_where_limit_binds": _share((taken <= said)[capped]),
            "coverage_elsewhere": _share((taken <= said)[has_said & ~capped]),
        },
        "limit_kept": _share((taken <= limits)[limited]),
    }


def closed_only(
    past: Sequence[Request], coming: Sequence[Request], now: datetime, policy: Policy
) -> float | None:
    """Coverage of the same P80 when cases still open at `now` are simply left out: the flattering way."""
    finished = [each for each in past if each.closed and each.closed <= now]
    kept: float | None = coverage(coming, promises(finished, coming, now, policy))["coverage"]
    return kept


def on_time(requests: Sequence[Request], before: datetime) -> dict[str, Any]:
    """Of those due before a day: closed on time / closed, and / (closed + open overdue), as of that day."""
    due = [each for each in requests if each.due and each.due < before]
    closed = [each for each in due if each.closed and each.closed < before]
    good = sum(each.closed <= each.due for each in closed if each.closed and each.due)
    return {
        "due_before": str(before),
        "due": len(due),
        "closed": len(closed),
        "open_overdue": len(due) - len(closed),
        "of_closed": round(good / len(closed), 4) if closed else None,
        "honest": round(good / len(due), 4) if due else None,
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--requests", type=Path, required=True, help="服务请求 CSV（可为 .gz），列名同波士顿 311"
    )
    parser.add_argument("--split", type=datetime.fromisoformat, help="学到此日为止，默认为最后一个月的 1 日")
    parser.add_argument("--until", type=datetime.fromisoformat, help="评到此日之前，默认为次月 1 日")
    parser.add_argument(
        "--least-cases", type=int, default=Policy().least_cases, help="少于此数则退到更粗的一级"
    )


def run(options: argparse.Namespace | Mapping[str, Any]) -> dict[str, Any]:
    """All figures as one dict; ValueError when one side of the split is empty."""
    chosen = vars(options) if isinstance(options, argparse.Namespace) else options
    start = time.monotonic()
    requests = read_requests(Path(chosen["requests"]))
    if not requests:
        raise ValueError("文件里没有请求：请检查 requests 文件")
    split = chosen.get("split") or first_of_last_month(requests)
    until = chosen.get("until") or next_month(split)
    policy = Policy(least_cases=chosen.get("least_cases") or Policy().least_cases)
    past = [each for each in requests if each.opened < split]
    coming = [each for each in requests if split <= each.opened < until]
    if not past or not coming:
        raise ValueError(f"以 {split:%Y-%m-%d} 为界，一侧没有请求：请另给 split")
    found = coverage(coming, promises(past, coming, split, policy))
    return {
        "learnt": {"from": str(past[0].opened), "until": str(split), "requests": len(past)},
        "scored": {"from": str(split), "until": str(until), "requests": len(coming)},
        **found,
        "reached": GOAL[0] <= (found["coverage"] or 0) <= GOAL[1] and found["share_of_reports"] >= 0.9,
        "closed_only_coverage": closed_only(past, coming, split, policy),
        "ontime": on_time(requests, until),
        "seconds": round(time.monotonic() - start, 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    print(json.dumps(run(parser.parse_args(arguments)), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
