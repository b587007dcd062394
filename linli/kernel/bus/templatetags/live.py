"""{% load live %}: the address of the live stream with this viewer's ticket."""

from urllib.parse import urlencode

from django import template
from django.http import HttpRequest

from linli.kernel.bus import tickets

register = template.Library()


@register.simple_tag(takes_context=True)
def live_url(context: dict, kinds: str = "") -> str:
    """{% live_url "incidents,dispatch" %}: for `new EventSource(…)`; "" for a viewer who may hear nothing."""
    request: HttpRequest = context["request"]
    actor = getattr(request, "actor", None)
    if actor is None or actor.account is None:
        return ""
    asked = {"ticket": tickets.ticket_for(actor), **({"kinds": kinds} if kinds else {})}
    return f"{tickets.live_address(request)}?{urlencode(asked)}"
