"""Decisions about areas from values alone: codes, names found in text, coverage, who may stand in for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

LENGTHS = (6, 9, 12, 15)
COLUMNS = {15: "grid", 12: "community", 9: "street", 6: "county"}
# A bare "永和" means the town; bare names of communities ("城西", "新建") are everyday words and are not taken.
TOWN_ENDINGS = ("街道", "镇", "乡")


def codes_of(code: str) -> dict[str, str]:
    """The columns of Located that a code of any level fills; the rest stay empty. "" fills none."""
    return {name: code[:length] if len(code) >= length else "" for length, name in COLUMNS.items()}


def common_area(codes: Iterable[str]) -> str:
    """The finest area that holds all codes; "" when they share none or there are none."""
    kept = list(codes)
    for length in reversed(LENGTHS):
        heads = {code[:length] for code in kept}
        if len(heads) == 1 and all(len(code) >= length for code in kept):
            return heads.pop()
    return ""


def spoken_names(code: str, name: str) -> tuple[str, ...]:
    """How people write an area's name in free text: 大瑶镇 is also 大瑶; a community is written in full."""
    short = next((name[: -len(end)] for end in TOWN_ENDINGS if len(code) == 9 and name.endswith(end)), "")
    return (name, short) if len(short) >= 2 else (name,)


class NameFinder:
    """Finds known names in text; built once per atlas. Longer names win over names they contain."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """names: code -> name, of towns and communities."""
        self._by_head: dict[str, dict[str, set[str]]] = {}
        for code, name in names.items():
            for spoken in spoken_names(code, name):
                if len(spoken) >= 2:
                    self._by_head.setdefault(spoken[:2], {}).setdefault(spoken, set()).add(code)

    def codes_in(self, text: str) -> list[set[str]]:
        """For each name found, in order, the codes it may mean."""
        found, place = [], 0
        while place < len(text) - 1:
            heads = self._by_head.get(text[place : place + 2], {})
            spoken = max((name for name in heads if text.startswith(name, place)), key=len, default="")
            if spoken:
                found.append(heads[spoken])
            place += len(spoken) or 1
        return found


def settle_names(found: Sequence[set[str]]) -> str:
    """One area code from what the names in a text may mean.

    A name many places share is narrowed by the other names; what stays ambiguous gives the common parent.
    """
    towns = {code for codes in found for code in codes if len(code) == 9}
    small = {code for codes in found for code in codes if len(code) > 9}
    inside = {code for code in small if code[:9] in towns}
    lonely = towns - {code[:9] for code in small}
    if inside and not lonely:
        return common_area(inside)
    return common_area(inside | lonely or small) if inside or not small else common_area(small | towns)


@dataclass(frozen=True, slots=True)
class GridState:
    """What coverage looks at: has the grid a branch, a worker, and is the worker a party member."""

    grid: str
    branch: str
    worker: int | None
    party_member: bool


WANTS = {"no_branch": "无支部", "no_worker": "无网格员", "not_member": "网格员非党员"}


def wants_of(state: GridState) -> tuple[str, ...]:
    """What a grid lacks, of WANTS; a grid without a worker is not also counted as one whose worker is no member."""
    lacking = [] if state.branch else ["no_branch"]
    if state.worker is None:
        lacking.append("no_worker")
    elif not state.party_member:
        lacking.append("not_member")
    return tuple(lacking)


def coverage(states: Iterable[GridState], length: int = 9) -> dict[str, dict[str, int]]:
    """Counts by the area of `length` digits: grids, covered (lacks nothing), and one count per want."""
    rows: dict[str, dict[str, int]] = {}
    for state in states:
        row = rows.setdefault(state.grid[:length], dict.fromkeys(("grids", "covered", *WANTS), 0))
        lacking = wants_of(state)
        row["grids"] += 1
        row["covered"] += not lacking
        for want in lacking:
            row[want] += 1
    return rows


REASONS = {"leave": "请假", "ill": "病休", "substitute": "临时替岗", "resign": "离任"}
RETURNING = frozenset({"leave", "ill", "substitute"})
ENDS_KNOWN = frozenset({"leave", "substitute"})  # nobody knows beforehand how long an illness lasts

# state -> act -> next state (house.md section 8, 5)
MOVES = {
    "drafted": {"sign": "drafted", "complete": "signed", "cancel": "cancelled"},
    "signed": {"move": "moved", "cancel": "cancelled"},
    "moved": {"return": "returned"},
}


def wrong_dates(reason: str, starts: date, ends: date | None) -> dict[str, list[str]]:
    """Field -> what is wrong with the days of a hand-over; empty when they are sound."""
    wrong: dict[str, list[str]] = {}
    if reason in ENDS_KNOWN and ends is None:
        wrong["ends"] = [f"{REASONS[reason]}到期后职责会自动交还，请填写结束日期"]
    if reason not in RETURNING and ends is not None:
        wrong["ends"] = [f"{REASONS[reason]}不再交还，请把结束日期留空"]
    if ends is not None and ends < starts:
        wrong["ends"] = ["结束日期早于开始日期，请改正其中一个"]
    return wrong


def fully_signed(giver: bool, receiver: bool, administrator: bool) -> bool:
    """The receiver always signs; a giver who cannot (ill, gone) is signed for by an administrator with a reason."""
    return receiver and (giver or administrator)
