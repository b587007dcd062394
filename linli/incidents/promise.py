"""The day a reporter is promised: pure, no database, no clock.

The promise is the time within which 80 % of like cases (class × area, last 12 months) were closed, never later
than the statutory limit. Open cases count as what they are: not closed for so many days yet. Leaving them out
flatters, since the slow ones are exactly those still open. Kaplan and Meier (1958) count them; where fewer than
80 % have been closed within all the time seen so far, a Weibull curve fitted to the same cases extends the view.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

Level = Literal["class_area", "class", "large", "all"]
LEVELS: tuple[Level, ...] = ("class_area", "class", "large", "all")
Key = tuple[str, ...]
DAY = 86_400.0
LEAST_DAYS = 1 / 144
SHAPES = (0.05, 20.0)
LEAST_CLOSED = 5
EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Policy:
    """All to be confirmed by a pilot. A day beyond `horizon_days` is no promise and is not given."""

    share: float = 0.8
    window_days: float = 365
    least_cases: int = 50
    horizon_days: float = 3650


@dataclass(frozen=True, slots=True)
class Handling:
    """One past case: days from receipt to closing, or, while not `closed`, to the day of counting."""

    small: str
    large: str
    area: str
    days: float
    closed: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """`days` None: nothing can be said. `observed` False: extended beyond what has been seen."""

    days: float | None
    level: Level
    cases: int
    observed: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """What is told and frozen at filing. `capped`: the limit binds, like cases usually take longer."""

    days: float | None
    capped: bool
    estimate: Estimate


def handling(
    small: str, large: str, area: str, received: datetime, closed: datetime | None, now: datetime
) -> Handling:
    """A case as it stands at `now`; one closed later than `now` is still open."""
    done = closed is not None and closed <= now
    until = closed if done and closed is not None else now
    return Handling(small, large, area, max(0.0, (until - received).total_seconds() / DAY), done)


def survival(
    days: Sequence[float] | np.ndarray, closed: Sequence[bool] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Kaplan–Meier: (times, share still open just after each), both of the cases' length, times ascending.

    A case both closed and lost from sight on the same day counts as closed first, as usual.
    """
    times, done = np.asarray(days, float), np.asarray(closed, bool)
    order = np.lexsort((~done, times))
    times, done = times[order], done[order]
    at_risk = len(times) - np.arange(len(times))
    return times, np.cumprod(np.where(done, 1 - 1 / at_risk, 1.0))


def km_quantile(
    days: Sequence[float] | np.ndarray, closed: Sequence[bool] | np.ndarray, share: float = 0.8
) -> float | None:
    """The first time by which `share` of cases is closed; None while that has not been seen."""
    times, still_open = survival(days, closed)
    reached = np.flatnonzero(still_open <= 1 - share + EDGE)
    return float(times[reached[0]]) if len(reached) else None


def _shape_slope(shape: float, logs: np.ndarray, mean_closed_log: float) -> float:
    """Derivative of the censored Weibull likelihood in the shape, up to sign: it grows with the shape."""
    weights = np.exp(shape * (logs - logs.max()))
    return float((weights * logs).sum() / weights.sum()) - 1 / shape - mean_closed_log


def weibull_quantile(
    days: Sequence[float] | np.ndarray, closed: Sequence[bool] | np.ndarray, share: float = 0.8
) -> float | None:
    """Quantile of the Weibull law of greatest likelihood under censoring; None with fewer than 5 closed cases.

    The scale has a closed form for a given shape, and the shape is the one root of an increasing function.
    """
    times, done = np.maximum(np.asarray(days, float), LEAST_DAYS), np.asarray(closed, bool)
    if done.sum() < LEAST_CLOSED:
        return None
    logs = np.log(times)
    low, high = SHAPES
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _shape_slope(middle, logs, logs[done].mean()) > 0 else (middle, high)
    shape, top = (low + high) / 2, logs.max()
    log_scale = top + math.log(float(np.exp(shape * (logs - top)).sum()) / float(done.sum())) / shape
    return math.exp(min(700.0, log_scale + math.log(-math.log(1 - share)) / shape))


def estimate_of(cases: Sequence[Handling], level: Level, policy: Policy) -> Estimate:
    """P80 of one group: seen if it has been seen, else extended, never sooner than the longest time seen."""
    days, closed = [each.days for each in cases], [each.closed for each in cases]
    seen = km_quantile(days, closed, policy.share)
    if seen is not None:
        return Estimate(seen, level, len(cases), True)
    beyond = weibull_quantile(days, closed, policy.share)
    if beyond is None:
        return Estimate(None, level, len(cases), False)
    beyond = max(beyond, max(day for day, done in zip(days, closed, strict=True) if done))
    return Estimate(beyond if beyond <= policy.horizon_days else None, level, len(cases), False)


def _keys(small: str, large: str, area: str) -> tuple[Key, ...]:
    return (small, area), (small,), (large,), ()


@dataclass(frozen=True, slots=True)
class Experience:
    """Estimates per level, only of groups with enough cases (the whole county always)."""

    levels: Mapping[Level, Mapping[Key, Estimate]]

    def estimate(self, small: str, large: str, area: str) -> Estimate:
        """The narrowest group with enough cases.

        A group too slow for a promise is not passed over for a wider, faster one: that would be a false promise.
        """
        for level, key in zip(LEVELS, _keys(small, large, area), strict=True):
            found = self.levels[level].get(key)
            if found is not None:
                return found
        return Estimate(None, "all", 0, False)


def experience(cases: Iterable[Handling], policy: Policy | None = None) -> Experience:
    """What the last 12 months taught; the caller passes cases received within `policy.window_days`."""
    policy = policy or Policy()
    groups: dict[Level, dict[Key, list[Handling]]] = {level: defaultdict(list) for level in LEVELS}
    for case in cases:
        for level, key in zip(LEVELS, _keys(case.small, case.large, case.area), strict=True):
            groups[level][key].append(case)
    return Experience(
        {
            level: {
                key: estimate_of(group, level, policy)
                for key, group in found.items()
                if level == "all" or len(group) >= policy.least_cases
            }
            for level, found in groups.items()
        }
    )


def promise(estimate: Estimate, limit_days: float | None) -> Promise:
    """The told day: the estimate, never beyond the limit; the limit alone when nothing can be estimated."""
    if limit_days is None:
        return Promise(estimate.days, False, estimate)
    if estimate.days is None or estimate.days > limit_days:
        return Promise(limit_days, True, estimate)
    return Promise(estimate.days, False, estimate)
