"""Which earlier incidents may be the same matter as a new report: pure, no database, no clock.

Place AND matter are needed: near enough, and of the same class group (or, while the class of one side is not
yet known, alike in words). Nothing is ever suggested for a private class or a place that is not really known.
The numbers are data (`data/duplicates.yaml`), all still to be confirmed by a pilot.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

VALUES = Path(__file__).parent / "data" / "duplicates.yaml"
NOWHERE = frozenset({"default", "unknown"})
DAY = 86_400.0
By = Literal["small", "large"]
Matter = Literal["small", "large", "text"]


@dataclass(frozen=True, slots=True)
class Telling:
    """One report or incident as the rule sees it; `east`, `north` in metres of one and the same plane.

    `place_source` is gps, pin, address, default or unknown. `sender` names one device, empty when not known.
    """

    key: int | str
    east: float | None
    north: float | None
    small: str
    large: str
    received_at: datetime
    closed_at: datetime | None = None
    place_source: str = "pin"
    text: str = ""
    sender: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """How near, how long after closing, and how long after receipt an earlier case still counts."""

    radius_m: float
    closed_days: float
    age_days: float = math.inf
    by: By = "large"

    def __post_init__(self) -> None:
        if self.by not in ("small", "large"):
            raise ValueError(f"by 只能是 small 或 large，现为 {self.by!r}")
        if not min(self.radius_m, self.closed_days, self.age_days) >= 0:
            raise ValueError("radius_m、closed_days、age_days 都不得为负")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`default` holds for every class without a line of its own in `limits` (by small, else large code)."""

    default: Limit = Limit(50, 7)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    address_radius_m: float = 250
    alike: float = 0.5
    shown: int = 3
    weight_place: float = 0.5
    weight_age: float = 0.2
    weight_text: float = 0.3
    own_radius_m: float = 20
    own_alike: float = 0.9
    default_share: float = 0.01
    default_least: int = 30

    def limit_for(self, telling: Telling) -> Limit:
        return self.limits.get(telling.small) or self.limits.get(telling.large) or self.default

    def farthest_m(self) -> float:
        """No suggestion lies farther: the radius a caller's near-by query needs."""
        return max(
            self.address_radius_m, self.default.radius_m, *(each.radius_m for each in self.limits.values())
        )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An earlier case that may be the same, with everything that speaks for it. `likeness` None: no words."""

    key: int | str
    distance_m: float
    matter: Matter
    age_days: float
    closed_days: float | None
    likeness: float | None
    by_address: bool
    automatic: bool
    score: float

    @property
    def reasons(self) -> tuple[str, ...]:
        matter = {"small": "同类", "large": "同大类", "text": "类别未定"}[self.matter]
        parts = [f"距 {self.distance_m:.0f} 米", matter, f"{_span(self.age_days)}前"]
        if self.closed_days is not None:
            parts.append(f"结案已 {_span(self.closed_days)}")
        if self.likeness is not None:
            parts.append(f"文字相似 {self.likeness:.2f}")
        if self.by_address:
            parts.append("按地址定位")
        if self.automatic:
            parts.append("同一设备重复上报")
        return tuple(parts)

    @property
    def line(self) -> str:
        return " · ".join(self.reasons)


def _span(days: float) -> str:
    if days >= 1:
        return f"{days:.0f} 天"
    hours = days * 24
    return f"{hours:.0f} 小时" if hours >= 1 else f"{hours * 60:.0f} 分钟"


def limit_from(values: Mapping[str, Any]) -> Limit:
    """One line of data; an empty `age_days` means open cases of any age."""
    age = values.get("age_days")
    return Limit(
        radius_m=float(values["radius_m"]),
        closed_days=float(values["closed_days"]),
        age_days=math.inf if age is None else float(age),
        by=values.get("by", "large"),
    )


def thresholds_from(data: Mapping[str, Any]) -> Thresholds:
    """Thresholds of a parsed `duplicates.yaml`; ValueError or TypeError names what is wrong with it."""
    values = {name: entry["value"] for name, entry in data["values"].items()}
    own_limit = {name: values.pop(name) for name in ("radius_m", "closed_days", "age_days", "by")}
    limits = {code: limit_from(line) for code, line in (data.get("limits") or {}).items()}
    return Thresholds(default=limit_from(own_limit), limits=limits, **values)


@lru_cache(maxsize=4)
def shipped_thresholds(path: Path = VALUES) -> Thresholds:
    return thresholds_from(yaml.safe_load(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=2)
def grams(text: str, sizes: tuple[int, ...] = (2, 3)) -> frozenset[str]:
    """The character n-grams of a text's letters, Han characters and digits, each counted once.

    Once, because form headings and salutations repeated within a letter drown its matter when they are counted.
    The last two are kept: a new report is compared with many.
    """
    bare = "".join(sign for sign in text.casefold() if sign.isalnum())
    return frozenset(bare[at : at + size] for size in sizes for at in range(len(bare) - size + 1))


def ngram_cosine(a: str, b: str, sizes: tuple[int, ...] = (2, 3)) -> float:
    """Cosine of the two sets of character n-grams, 0 to 1; 0 when either text has none."""
    left, right = grams(a, sizes), grams(b, sizes)
    if not left or not right:
        return 0.0
    return len(left & right) / math.sqrt(len(left) * len(right))


def detect_default_points(
    points: Iterable[Hashable | None], share: float = 0.01, least: int = 30
) -> set[Hashable]:
    """Points carrying more than `share` of all rows, and at least `least` rows: a form's default, never a place.

    `points` holds one coordinate pair a row, None where a row has none (it still counts as a row). Detected by
    weight alone, never by name, so that a city's real centre is not trusted either.
    """
    rows = list(points)
    counts = Counter(point for point in rows if point is not None)
    return {point for point, n in counts.items() if n > share * len(rows) and n >= least}


def within(distance_m: Any, age_days: Any, closed_days: Any, limit: Limit) -> Any:
    """The limit itself, on numbers or on arrays of them; `closed_days` is 0 or less while the case is open."""
    near = distance_m <= limit.radius_m
    return near & (age_days <= limit.age_days) & (closed_days <= limit.closed_days)


def narrower(a: Limit, b: Limit) -> Limit:
    """What both limits allow: a pair of different classes must satisfy each one's."""
    by: By = "small" if "small" in (a.by, b.by) else "large"
    return Limit(
        min(a.radius_m, b.radius_m), min(a.closed_days, b.closed_days), min(a.age_days, b.age_days), by
    )


def comparable(telling: Telling) -> bool:
    """Whether the rule may speak of it at all: not private, and at a place that somebody really meant."""
    known = telling.east is not None and telling.north is not None
    return known and not telling.private and telling.place_source not in NOWHERE


def _matter(new: Telling, old: Telling, by: By, likeness: float | None, alike: float) -> Matter | None:
    if not (new.small or new.large) or not (old.small or old.large):
        return "text" if likeness is not None and likeness >= alike else None
    if new.small and new.small == old.small:
        return "small"
    same_large = bool(new.large) and new.large == old.large
    # A clerk or the classifier may know only the large class so far: then the large class is all there is.
    if same_large and (by == "large" or not new.small or not old.small):
        return "large"
    return None


def _score(place: float, age_days: float, likeness: float | None, t: Thresholds) -> float:
    fresh = 1 / (1 + max(0.0, age_days) / 7)
    total, weight = t.weight_place * place + t.weight_age * fresh, t.weight_place + t.weight_age
    if likeness is not None:
        total, weight = total + t.weight_text * likeness, weight + t.weight_text
    return total / weight if weight else 0.0


def _is_own_repeat(
    new: Telling, old: Telling, distance_m: float, likeness: float | None, t: Thresholds
) -> bool:
    same = bool(new.sender) and new.sender == old.sender and bool(new.small) and new.small == old.small
    same_words = (
        likeness >= t.own_alike if likeness is not None else not (new.text.strip() or old.text.strip())
    )
    placed = "address" not in (new.place_source, old.place_source)
    return same and same_words and placed and distance_m <= t.own_radius_m


def suggest(new: Telling, old: Telling, thresholds: Thresholds) -> Suggestion | None:
    """Whether `old` may be what `new` tells of, as known at the moment `new` was received; None if not."""
    if old.key == new.key or not comparable(new) or not comparable(old):
        return None
    age_days = (new.received_at - old.received_at).total_seconds() / DAY
    if age_days < 0:
        return None
    limit, other = thresholds.limit_for(new), thresholds.limit_for(old)
    if other is not limit:
        limit = narrower(limit, other)
    by_address = "address" in (new.place_source, old.place_source)
    if by_address:
        limit = replace(limit, radius_m=max(limit.radius_m, thresholds.address_radius_m))
    distance_m = math.hypot(new.east - old.east, new.north - old.north)  # type: ignore[operator]
    closed = -1.0 if old.closed_at is None else (new.received_at - old.closed_at).total_seconds() / DAY
    if not within(distance_m, age_days, closed, limit):
        return None
    likeness = ngram_cosine(new.text, old.text) if new.text.strip() and old.text.strip() else None
    matter = _matter(new, old, limit.by, likeness, thresholds.alike)
    if matter is None:
        return None
    place = 1 - distance_m / limit.radius_m if limit.radius_m else 1.0
    return Suggestion(
        key=old.key,
        distance_m=distance_m,
        matter=matter,
        age_days=age_days,
        closed_days=closed if closed > 0 else None,
        likeness=likeness,
        by_address=by_address,
        automatic=closed <= 0 and _is_own_repeat(new, old, distance_m, likeness, thresholds),
        score=_score(place, age_days, likeness, thresholds),
    )


def rank(new: Telling, earlier: Iterable[Telling], thresholds: Thresholds | None = None) -> list[Suggestion]:
    """The best few suggestions, best first; the same whatever order `earlier` comes in.

    `earlier` holds what a near-by query returned: incidents neither merged away nor void. Staff decide; only a
    suggestion marked `automatic` (one device repeating itself) may be joined without them.
    """
    thresholds = thresholds or shipped_thresholds()
    found = [each for old in earlier if (each := suggest(new, old, thresholds))]
    found.sort(
        key=lambda each: (not each.automatic, -each.score, each.distance_m, each.age_days, str(each.key))
    )
    return found[: thresholds.shown]
