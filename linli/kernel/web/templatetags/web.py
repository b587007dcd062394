"""{% load web %}: clocks, dates and durations in words, links that keep the filter, library addresses."""

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.utils import timezone

from linli.kernel.web import registry, rules

register = template.Library()


@register.filter
def moment(at: datetime | None) -> str:
    """2026年11月22日 周日 14:05"""
    return rules.moment_words(at) if at else ""


@register.filter
def day(on: date | None) -> str:
    return rules.day_words(on) if on else ""


@register.filter
def span(length: timedelta | None) -> str:
    return rules.span_words(length) if length is not None else ""


@register.filter
def masked_name(name: str) -> str:
    return rules.mask_name(name)


@register.filter
def masked_number(number: str) -> str:
    return rules.mask_number(number)


@register.inclusion_tag("web/_clock.html")
def clock(
    due: datetime | None, start: datetime | None = None, ended: datetime | None = None, left: str = ""
) -> dict:
    """{% clock row.due_at start=row.filed_at ended=row.closed_at left="3 工作时" %}"""
    seen = (
        rules.finished_clock(due, ended)
        if ended
        else rules.clock(due, timezone.now(), start=start, left=left)
    )
    return {"clock": seen}


@register.simple_tag
def lib(path: str) -> str:
    """The address of a browser library's file: {% lib "htmx.org/dist/htmx.min.js" %}"""
    return static(f"lib/{path}")


@register.simple_tag
def query_with(query: QueryDict, **changes: Any) -> str:
    """The query string with some parameters replaced; None or "" takes one away. Cursors never survive."""
    changed = query.copy()
    for gone in ("after", "before", "export"):
        changed.pop(gone, None)
    for key, value in changes.items():
        if value in (None, ""):
            changed.pop(key, None)
        else:
            changed[key] = str(value)
    return f"?{changed.urlencode()}"


@register.simple_tag
def map_ground() -> dict[str, str]:
    """What a form's map shows; see registry.MapGround."""
    return registry.ground()


@register.filter
def get(mapping: dict, key: Any) -> Any:
    return mapping.get(key)
