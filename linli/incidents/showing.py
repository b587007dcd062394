"""Cases as the desk shows them: what the system thought, where work would go, who reported, the clock."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch.models import URGENCIES, WorkOrder
from linli.dispatch.wording import URGENCY_TONES, due_chip, explain, unit_name
from linli.incidents import catalogue, rules
from linli.incidents.models import CHANNELS, PLACE_SOURCES, Incident, Report
from linli.kernel.actor import Actor, can
from linli.kernel.web.rules import Clock, finished_clock

URGENCY_WORDS, CHANNEL_WORDS, SOURCE_WORDS = dict(URGENCIES), dict(CHANNELS), dict(PLACE_SOURCES)
TONES = {
    "reported": "warn",
    "confirming": "plain",
    "closed": "done",
    "declined": "paused",
    "merged": "paused",
    "void": "paused",
}
WAITING = ("reported", "confirming")
WORTH_SHOWING = 0.03  # a third class less likely than this only takes up room


def case_chip(row: Incident, now: datetime | None = None) -> Clock:
    """The case's clock: the desk's limit until filed, the limit of its class after."""
    now = now or timezone.now()
    if row.state in ("merged", "void", "declined"):
        return Clock("paused", rules.STATE_WORDS[row.state])
    if row.closed_at:
        return finished_clock(row.due_at, row.handled_at or row.closed_at)
    if row.suspended:
        return Clock("paused", "缓办")
    return due_chip(row.due_at, row.received_at, row.county, now, "dh" if row.state in WAITING else "")


def class_words(code: str) -> str:
    found = catalogue.class_of(code)
    return f"{found.large_name} · {found.name}" if found else "未定类"


def line(row: Incident, now: datetime | None = None) -> dict[str, Any]:
    """A case as one line of a queue."""
    return {
        "row": row,
        "number": row.number,
        "title": row.title,
        "place": areas.area_path(row.area[: max(9, len(row.area))]) if row.street else "未定位",
        "clock": case_chip(row, now),
        "state": rules.STATE_WORDS[row.state],
        "tone": TONES.get(row.state, "plain"),
        "channel": CHANNEL_WORDS[row.channel],
        "urgency": URGENCY_WORDS[row.urgency],
        "urgency_tone": URGENCY_TONES[row.urgency],
        "class": class_words(row.class_code),
        "unit": unit_name(row.unit) if row.unit else "",
    }


def candidates(row: Incident) -> list[dict[str, Any]]:
    """The classes on offer with probability and where the case would go; the class set so far comes first."""
    top = [(code, float(p)) for code, p in row.guess.get("top", [])]
    offered = dict(top)
    if row.class_code and row.class_code not in offered:
        offered = {row.class_code: 0.0, **offered}
    found = []
    told = cache(partial(catalogue.answers_of, row))
    likely = [pair for at, pair in enumerate(offered.items()) if at < 2 or pair[1] >= WORTH_SHOWING]
    for key, (code, p) in enumerate(likely[:3], 1):
        chosen = catalogue.class_of(code)
        if chosen:
            urgency = row.urgency if row.urgency == "critical" else chosen.urgency
            found.append(
                {
                    "key": key,
                    "code": code,
                    "name": chosen.name,
                    "large": chosen.large_name,
                    "share": (f"{p:.0%}" if p >= 0.01 else "不到 1%") if p else "",
                    "percent": round(p * 100),
                    "said": code == row.guess.get("said"),
                    "route": preview(code, chosen.large, row.area, urgency, told),
                    "private": chosen.private,
                }
            )
    return found


def preview(code: str, large: str, area: str, urgency: str, told: catalogue.Told) -> dict[str, str]:
    """Where a case of this class would go now, and why. `told`: what its reporters answered."""
    sent = catalogue.route(class_code=code, large=large, area=area, urgency=urgency, told=told)
    return {"unit": unit_name(sent.to.unit) or "指挥中心", "why": explain(sent.explanation)}


def told(row: Incident) -> dict[str, Any]:
    """What the system thought when the report came: the words that decided and its reasons."""
    return {
        "words": [gram.strip() for gram, weight in row.guess.get("words", []) if weight > 0 and gram.strip()][
            :6
        ],
        "why": row.guess.get("why", []),
        "danger": row.guess.get("danger", []),
        "sure": row.guess.get("sure", False),
        "top": [(class_words(code), f"{float(p):.0%}") for code, p in row.guess.get("top", [])],
    }


def reporters(viewer: Actor, row: Incident, reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Who reported, masked; hidden wholly where the case hides its reporter or the viewer runs no desk."""
    may = can(viewer, "incidents.triage", area=row.area, subject=row.subject) and not row.hide_reporter
    found = []
    for report in reports:
        known = may and not report.anonymous and bool(report.name or report.phone)
        person = {
            "id": report.pk,
            "name": report.name or "报事人",
            "number": report.phone,
            "reveal_url": f"/incidents/{row.pk}/reports/{report.pk}/reveal/",
        }
        found.append(
            {
                "report": report,
                "person": person if known else None,
                "channel": CHANNEL_WORDS[report.channel],
                "hidden": "匿名" if report.anonymous else "信息已隐去" if not may else "没有留下联系方式",
            }
        )
    return found


def order_line(order: WorkOrder) -> dict[str, Any]:
    from linli.dispatch import registry, wording
    from linli.dispatch.rules import STATE_WORDS

    return {
        "order": order,
        "kind": registry.title(order.kind),
        "clock": wording.chip(order),
        "state": STATE_WORDS[order.state],
        "unit": unit_name(order.unit) if order.unit else "待派遣",
        "why": explain(order.explanation),
        "flags": wording.names_of(order.flags),
    }
