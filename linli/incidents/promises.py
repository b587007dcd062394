"""What the last twelve months taught about how long like cases take, in memory: a case is filed without a query.

Learnt at night by actions/promising.py. Only the same class is a like case here, in its town or in the county: a
rare class promised what the whole county usually takes would be promised falsely.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from linli.areas import queries as areas
from linli.incidents import promise
from linli.incidents.models import PromiseEntry
from linli.kernel.kept import Kept
from linli.kernel.web.rules import span_words

LEVELS: tuple[promise.Level, ...] = ("class_area", "class")


@cache
def policy() -> promise.Policy:
    """data/promise.yaml."""
    raw = yaml.safe_load((Path(__file__).parent / "data" / "promise.yaml").read_text("utf-8"))
    return promise.Policy(raw["share"], raw["window_days"], raw["least_cases"], raw["horizon_days"])


def _load() -> promise.Experience:
    levels: dict[promise.Level, dict[promise.Key, promise.Estimate]] = {level: {} for level in promise.LEVELS}
    for row in PromiseEntry.objects.all():
        level: promise.Level = "class_area" if row.area else "class"
        key = (row.small, row.area) if row.area else (row.small,)
        levels[level][key] = promise.Estimate(row.days, level, row.cases, row.observed)
    return promise.Experience(levels)


learnt = Kept(_load, "SELECT count(*), max(id), max(learnt_at) FROM incidents_promiseentry")


@dataclass(frozen=True, slots=True)
class Promised:
    """`at`: what is told and frozen. `why`: kept on the case as `guess["promise"]`, shown by `words`."""

    at: datetime
    why: dict[str, Any]


def promised(*, received: datetime, limit: datetime, class_code: str, large: str, street: str) -> Promised:
    """min(P80, limit) for a case received then, with its reasons; the limit where too few like cases are known."""
    found = learnt.get().estimate(class_code, large, street)
    days = (limit - received).total_seconds() / promise.DAY
    told = promise.promise(found, days)
    why = {
        "days": round(found.days, 4) if found.days is not None else None,
        "cases": found.cases,
        "area": street if found.level == "class_area" and found.cases else "",
        "observed": found.observed,
        "capped": told.capped,
    }
    at = limit if told.capped or told.days is None else received + timedelta(days=told.days)
    return Promised(min(at, limit), why)


def words(why: dict[str, Any]) -> str:
    """`同类事件 80% 在 2 天 3 小时内办结（淮川街道近一年 123 件）`; "" for a case filed before there was a promise."""
    if not why:
        return ""
    share = f"{policy().share:.0%}"
    if not why["cases"]:
        return f"近一年同类事件不足 {policy().least_cases} 件，按办理时限承诺"
    seen = f"（{areas.area_name(why['area']) or '全县'}近一年 {why['cases']} 件）"
    if why["days"] is None:
        return f"同类事件办结用时太长，无法估计，按办理时限承诺{seen}"
    long = span_words(timedelta(days=why["days"]))
    said = f"同类事件 {share} 在 {long}内办结{seen}"
    return f"{said}，超过办理时限，按办理时限承诺" if why["capped"] else said
