"""Orders in words for pages: deadline chips, reasons of a dispatch, the steps of a timeline."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch import evidence, rules
from linli.dispatch.models import URGENCIES, Move, WorkOrder
from linli.kernel.access.models import Role
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.files.models import Attachment
from linli.kernel.kept import Kept
from linli.kernel.web.rules import Clock, moment_words
from linli.kernel.web.rules import clock as wall_clock

URGENCY_WORDS = dict(URGENCIES)
URGENCY_TONES = {"critical": "bad", "urgent": "warn", "routine": "plain", "complex": "plain"}
STAGE_WORDS = {"dispatch": "派遣", "accept": "接单", "handle": "处置", "check": "核查"}
SOURCES = {
    "rule": "按派遣规则",
    "ruling": "按终审裁定",
    "dispatcher": "派遣员指定",
    "desk": "指挥中心先接",
    "grid": "交所在网格",
    "whistle": "吹哨调派",
}
LATE = frozenset(["supervise", "escalate", "fail", "return"])

role_words = Kept(
    lambda: dict(Role.objects.values_list("code", "zh")), "SELECT count(*), max(xmin::text) FROM access_role"
)


def chip(order: WorkOrder, now: datetime | None = None) -> Clock:
    """The order's clock: `还剩 3 工作时`, in the unit of its limit."""
    now = now or timezone.now()
    if order.state == "done":
        return Clock("done", "已完成")
    if order.state in ("suspended", "cancelled"):
        return Clock("paused", "缓办，时限暂停" if order.state == "suspended" else "已撤销")
    unit = order.limit.rpartition(" ")[2] if order.limit else ""
    return due_chip(order.due_at, order.stage_from, order.county, now, unit)


def due_chip(due: datetime, start: datetime | None, county: str, now: datetime, unit: str = "") -> Clock:
    """A deadline as a chip in duty hours or working days where its limit counts so."""
    shown = wall_clock(due, now, start=start)
    return Clock(shown.state, deadlines.words(due, now, calendar_for(county), unit), due)


def explain(explanation: Mapping[str, Any]) -> str:
    """Why an order lies where it lies: `按派遣规则（12）：市容类由城管执法部门承办`."""
    if not explanation:
        return ""
    source = SOURCES.get(str(explanation.get("by", "")), "")
    number = f"（第 {explanation['id']} 条）" if explanation.get("id") else ""
    text = str(explanation.get("text") or "")
    said = "：".join(part for part in (source + number, text) if part)
    person = explanation.get("person")
    return f"{said}，{person}" if person and person != "网格员" else said


def unit_name(code: str) -> str:
    return areas.unit_names().get(code, code)


def roles_in_words(codes: str) -> str:
    known = role_words.get()
    return "、".join(known.get(code, code) for code in codes.split("、") if code)


def picture(row: Attachment) -> dict[str, Any]:
    """A photo as templates want it."""
    taken = timezone.localtime(row.taken_at).strftime("%m月%d日 %H:%M 拍摄") if row.taken_at else ""
    return {
        "id": row.pk,
        "url": f"/api/v1/files/{row.pk}",
        "thumb": f"/api/v1/files/{row.pk}/thumb?size=320",
        "large": f"/api/v1/files/{row.pk}/thumb?size=1280",
        "title": f"{row.get_phase_display() if row.phase != 'none' else '现场'}照片",
        "taken": taken,
        "phase": row.phase,
    }


def steps(
    moves: Sequence[Move],
    words: Mapping[str, str],
    pictures: Mapping[int, Attachment],
    orders: Mapping[int, str] | None = None,
) -> list[dict[str, Any]]:
    """Moves as `_timeline.html` shows them, newest first; `words` says what a room calls its own actions."""
    return [_step(move, words, pictures, orders or {}) for move in reversed(moves)]


def _step(
    move: Move, words: Mapping[str, str], pictures: Mapping[int, Attachment], orders: Mapping[int, str]
) -> dict[str, Any]:
    what = rules.WORDS.get(move.action) if move.order_id else words.get(move.action)
    kind = orders.get(move.order_id or 0, "")
    shown = [picture(pictures[number]) for number in move.files if number in pictures]
    return {
        "what": f"{kind}：{what or move.action}" if kind else what or move.action,
        "at": move.at,
        "who": "系统" if move.by.startswith("system") else move.by_name or "报事人",
        "role": roles_in_words(move.by_role),
        "reason": _reason(move),
        "evidence": shown,
        "tone": "bad" if move.action in LATE else "",
    }


def _reason(move: Move) -> str:
    parts = [evidence.RETURN_REASONS.get(move.reason, ""), move.text]
    if move.action in ("dispatch", "rule", "reassign") and move.unit:
        parts.insert(0, f"承办：{unit_name(move.unit)}")
        parts.append("" if move.text else explain(move.data))
    if move.data.get("who"):
        parts.append("已告知" + "、".join(who_words(one) for one in move.data["who"]))
    if move.data.get("review"):
        parts.append(f"最迟 {moment_words(datetime.fromisoformat(move.data['review']))} 复核")
    if move.reason == "superseded":
        parts.insert(0, "离线时所填，送达时工单已有变化，作备注保存")
    return "；".join(part for part in parts if part)


WHO = {"assignee": "承办人", "unit_head": "单位负责人", "backup": "备岗", "dispatcher": "派遣员"}
LEVELS = {"county": "县级", "street": "镇街", "community": "村（社区）"}


def who_words(who: str) -> str:
    """`post:duty_chief@county` -> 县级值班长."""
    if not who.startswith("post:"):
        return WHO.get(who, who)
    role, _, level = who[5:].partition("@")
    return LEVELS.get(level, "") + role_words.get().get(role, role)


def state_tone(state: str) -> str:
    return {
        "done": "done",
        "cancelled": "paused",
        "suspended": "paused",
        "disputed": "bad",
        "raised": "warn",
    }.get(state, "plain")


def names_of(flags: Iterable[str]) -> list[str]:
    return evidence.flag_words(flags)
