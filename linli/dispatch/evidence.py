"""证据: what speaks against a picture, and whether a queued act came too late. Pure; a miss flags, never refuses.

Source of the thresholds: incidents.md section 4 (after-photo later than accept, ≤ 100 m), to be confirmed by a pilot.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

FAR_METRES = 100.0
METRES_PER_DEGREE = 111_320.0
WORDS = {
    "photo_missing": "没有处置后照片",
    "photo_old": "照片拍摄早于接单",
    "photo_far": "照片拍摄地点距工单超过 100 米",
    "photo_unplaced": "照片没有拍摄位置",
    "photo_reused": "照片与以前的照片相同或极相似",
    "photo_awaited": "处置后照片还在手机里，尚未传到",
    "odd_clock": "手机时间异常",
}
RETURN_REASONS = {
    "not_ours": "不属本单位职责",
    "wrong_place": "地点不在本辖区",
    "wrong_class": "类别有误",
    "other_first": "须由其他单位先办",
    "repeated": "与其他工单重复",
    "other": "其他",
}
# what others may do to an order that overtakes an act queued on a phone; notes and reminders do not
OVERTAKING = frozenset(
    [
        "dispatch",
        "return",
        "rule",
        "reassign",
        "suspend",
        "resume",
        "handle",
        "recall",
        "pass",
        "fail",
        "cancel",
    ]
)
# steps that do not count the order's version up
UNCOUNTED = frozenset(["nudge", "remind", "supervise", "escalate", "ask_extend", "ask_suspend", "refuse_ask"])


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: when and where it was taken as far as known (WGS-84), and whether it was used before."""

    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    reused: bool = False


def metres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Distance in metres on a flat patch: below 0.1 % off within ten kilometres."""
    east = (lon - other_lon) * METRES_PER_DEGREE * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(east, (lat - other_lat) * METRES_PER_DEGREE)


def misses(
    shots: Sequence[Shot],
    *,
    accepted_at: datetime | None,
    lon: float | None,
    lat: float | None,
    wanted: bool = True,
) -> list[str]:
    """Flags for the after-pictures of an order at (lon, lat); `wanted` says that there should be one at all."""
    if not shots:
        return ["photo_missing"] if wanted else []
    found: set[str] = set()
    for shot in shots:
        if shot.reused:
            found.add("photo_reused")
        if shot.taken_at and accepted_at and shot.taken_at < accepted_at:
            found.add("photo_old")
        if lon is not None and lat is not None:
            found |= _place_misses(shot, lon, lat)
    return sorted(found)


def _place_misses(shot: Shot, lon: float, lat: float) -> set[str]:
    if shot.lon is None or shot.lat is None:
        return {"photo_unplaced"}
    return {"photo_far"} if metres(shot.lon, shot.lat, lon, lat) > FAR_METRES else set()


def overtaken(base: int | None, version: int, steps: Iterable[tuple[str, str]], by: str) -> bool:
    """Whether somebody else moved an order since version `base`; the sender's own queued acts do not count.

    `steps` are (action, actor) of the order, newest first.
    """
    if base is None or base >= version:
        return False
    counted = [(action, actor) for action, actor in steps if action not in UNCOUNTED]
    return any(action in OVERTAKING and actor != by for action, actor in counted[: version - base])


def flag_words(flags: Iterable[str]) -> list[str]:
    return [WORDS.get(flag, flag) for flag in flags]
