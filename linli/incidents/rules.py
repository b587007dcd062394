"""What may happen to an incident, and what becomes of a report. Pure; limits, classes and routing are data."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linli.kernel import Refused

LONGEST_TEXT = 64 * 1024  # bytes
MOVES: dict[str, dict[str, str]] = {
    "reported": {
        "ask_confirm": "confirming",
        "file": "filed",
        "decline": "declined",
        "merge": "merged",
        "void": "void",
        "refer": "closed",
        "reclass": "reported",
        "locate": "reported",
    },
    "confirming": {
        "file": "filed",
        "decline": "declined",
        "merge": "merged",
        "void": "void",
        "refer": "closed",
        "reclass": "confirming",
        "locate": "confirming",
    },
    "filed": {
        "start": "working",
        "check": "checking",
        "merge": "merged",
        "split": "filed",
        "whistle": "filed",
        "void": "void",
        "refer": "closed",
        "reclass": "filed",
        "locate": "filed",
    },
    "working": {
        "check": "checking",
        "merge": "merged",
        "split": "working",
        "whistle": "working",
        "void": "void",
        "refer": "closed",
        "reclass": "working",
        "locate": "working",
    },
    "checking": {
        "pass": "closed",
        "fail": "working",
        "merge": "merged",
        "void": "void",
        "reclass": "checking",
    },
    "closed": {"reopen": "working", "reclass": "closed"},
    "declined": {"object": "reported"},
    "merged": {"unmerge": ""},
    "void": {},
}
WORDS = {
    "report": "上报",
    "follow": "也遇到了",
    "ask_confirm": "派网格员核实",
    "file": "立案",
    "decline": "不予立案",
    "merge": "并案",
    "unmerge": "撤销并案",
    "split": "拆分",
    "whistle": "吹哨",
    "start": "开始处置",
    "check": "进入核查",
    "pass": "核查通过，结案",
    "fail": "核查不通过，返工",
    "reopen": "重办",
    "void": "作废",
    "refer": "转办",
    "object": "提出异议",
    "reclass": "改类",
    "locate": "补定位置",
    "contact": "联系报事人",
    "rate": "评价",
}
STATE_WORDS = {
    "reported": "待受理",
    "confirming": "核实中",
    "filed": "已立案",
    "working": "处置中",
    "checking": "核查中",
    "closed": "已结案",
    "declined": "不予立案",
    "merged": "已并案",
    "void": "已作废",
}
# 七环节 (joints.md section 10)
LINKS = [
    ("report", "信息收集"),
    ("file", "案卷建立"),
    ("dispatch", "任务派遣"),
    ("handle", "任务处理"),
    ("handled", "处理反馈"),
    ("check", "核查结案"),
    ("rate", "综合评价"),
]
CAUSES = {
    "fixed": "已处置",
    "owner_fixed": "责任人自行整改",
    "explained": "已解释说明",
    "not_found": "到场未见",
    "referred": "转其他渠道",
    "natural": "自然原因，已处理",
    "wear": "设施老化损坏，已修复",
    "human": "人为原因，已处理",
    "planned": "列入计划",
}


def next_state(state: str, action: str) -> str:
    """Raises Refused 409 in the words of the room when the incident has moved on."""
    after = MOVES.get(state, {}).get(action)
    if after is None:
        raise Refused(
            f"事件现在是“{STATE_WORDS.get(state, state)}”，不能{WORDS.get(action, action)}。请刷新后再看。",
            code="moved_on",
            status=409,
        )
    return after


def clean_text(text: str) -> tuple[str, bool]:
    """Text without control characters (newline and tab stay), and whether any were taken out. Emoji stay."""
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cn"))
    return kept.strip(), len(kept) != len(text)


def title_of(text: str) -> str:
    """The first sentence, at most 40 characters, for lists."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    for mark in "。！？；!?;":
        head = line.split(mark)[0]
        if 6 <= len(head) < len(line):
            line = head
    return line[:40] + ("…" if len(line) > 40 else "")


def digest(*parts: object) -> bytes:
    """What a client UUID stands for: sixteen bytes over everything said."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()[:16]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a report when it arrives: the input of `decide`."""

    class_code: str = ""
    sure: bool = False
    has_point: bool = False
    in_county: bool = False
    has_photo: bool = False
    own_find: bool = False
    skip_confirm: bool = False
    critical: bool = False
    has_grid: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`do`: file | confirm | locate | desk; `why`: the sentences stored on the case."""

    do: str
    why: tuple[str, ...] = ()


def decide(known: Known) -> Decision:
    """File at once, send somebody to look, find the place, or leave it to a clerk (incidents.md section 4).

    A grid worker's own find is filed at once; a resident's when the class allows it, the model is sure, and point
    and photo are there; what endangers life is filed at once wherever a grid is known.
    """
    if not known.has_grid:
        return Decision("locate", ("位置不明确，先补定位置",))
    if not known.class_code or not known.sure:
        return Decision("desk", ("类别拿不准，交受理员判断",))
    if known.critical:
        return Decision("file", ("涉及人身安全，直接立案派遣",))
    if known.own_find:
        return Decision("file", ("网格员自行发现，直接立案",))
    if known.skip_confirm and known.has_point and known.has_photo:
        return Decision("file", ("类别明确、有定位有照片，免现场核实",))
    return Decision("confirm", ("公众上报，先由网格员核实",))


def dangerous(text: str, words: Sequence[str]) -> list[str]:
    """The danger words that occur in the text."""
    return [word for word in words if word and word in text]


@dataclass(frozen=True, slots=True)
class Route:
    """One routing rule as values."""

    id: int
    topic: str
    area: str
    urgency: str
    function: str
    unit: str
    level: str
    assist: tuple[str, ...] = ()
    basis: str = ""
    question: str = ""
    answered: str = ""  # folded
    hours: str = ""  # one of HOURS, "" any


HOURS = {"work": "工作时间", "off": "工作时间以外"}


def fold(words: str) -> str:
    """Words as answers are compared: width, case and spaces do not count (`Ｋ t V` is `ktv`)."""
    return "".join(unicodedata.normalize("NFKC", words).casefold().split())


def rank_routes(
    routes: Sequence[Route], *, class_code: str, large: str, area: str, urgency: str
) -> list[Route]:
    """The rules that fit by class, place and urgency, the most specific first.

    In this order: small class before large before any; longer area before shorter; a named urgency; words of an
    answer (longer ones first); hours; at last the newer rule.
    """
    fits = [
        route
        for route in routes
        if route.topic in (class_code, large, "")
        and area.startswith(route.area)
        and route.urgency in ("", urgency)
    ]

    def rank(route: Route) -> tuple[int, int, bool, int, bool, int]:
        topic = 2 if route.topic and route.topic == class_code else 1 if route.topic else 0
        asked = len(route.answered)
        return (topic, len(route.area), bool(route.urgency), asked, bool(route.hours), route.id)

    return sorted(fits, key=rank, reverse=True)


def pick_route(
    ranked: Sequence[Route], *, answers: Sequence[Mapping[str, str]] = (), working: bool = False
) -> Route | None:
    """The first of `rank_routes` whose hours and answer are met.

    `answers`: of every report of the case, question -> answer; one of them is enough. `working`: whether it is
    working time at the moment of routing.
    """
    return next((route for route in ranked if in_hours(route, working) and _answered(route, answers)), None)


def in_hours(route: Route, working: bool) -> bool:
    return not route.hours or (route.hours == "work") == working


def _answered(route: Route, answers: Sequence[Mapping[str, str]]) -> bool:
    """Whether some report answers the rule's question with its words; yes for a rule that asks nothing."""
    if not route.question:
        return True
    asked = fold(route.question)
    return any(
        route.answered in fold(said)
        for one in answers
        for question, said in one.items()
        if fold(question) == asked
    )


def condition_words(question: str, answered: str, hours: str) -> str:
    """What a rule asks beyond class, area and urgency: “大概有多大一堆？”的回答含“一车”，工作时间以外."""
    asked = f"“{question}”的回答含“{answered}”" if question else ""
    return "，".join(part for part in (asked, HOURS.get(hours, "")) if part)


@dataclass(frozen=True, slots=True)
class Telling:
    """What somebody says, as it came in; every field as the person gave it."""

    text: str
    sender: str
    client_uuid: Any = None
    channel: str = "web"
    class_said: str = ""
    place_words: str = ""
    lon: float | None = None
    lat: float | None = None
    crs: str = "wgs84"
    place_source: str = ""
    area: str = ""
    name: str = ""
    phone: str = ""
    anonymous: bool = False
    captured_at: Any = None
    files: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    join: int | None = None  # "也遇到了": the incident this report is about


def check_telling(telling: Telling) -> None:
    """All defects at once; raises Refused 422 (413 for more than 64 KiB of text)."""
    if len(telling.text.encode()) > LONGEST_TEXT:
        raise Refused(
            "文字超过 64 KB，请缩短描述，详细材料可作为照片上传。",
            code="too_long",
            fields={"description": ["文字太长，请缩短到 2 万字以内"]},
            status=413,
        )
    wrong: dict[str, list[str]] = {}
    if not telling.text.strip() and not telling.files:
        wrong["description"] = ["请说明发生了什么，或上传一张照片"]
    if telling.phone and not phone_ok(telling.phone):
        wrong["phone"] = ["手机号应为 11 位数字，座机请带区号；不想留可以空着"]
    if (telling.lon is None) != (telling.lat is None):
        wrong["location"] = ["经度和纬度要一起给"]
    if len(telling.files) > 9:
        wrong["photos"] = ["一次最多 9 张照片，请分次上报"]
    if len(telling.place_words) > 200:
        wrong["location"] = ["地址最多 200 字"]
    if wrong:
        raise Refused("还有内容需要修改", code="wrong_report", fields=wrong)


def phone_ok(phone: str) -> bool:
    digits = "".join(c for c in phone if c.isascii() and c.isdigit())
    return 7 <= len(digits) <= 13 and all(
        c.isascii() and (c.isdigit() or c in "+-() ") for c in phone.strip()
    )
