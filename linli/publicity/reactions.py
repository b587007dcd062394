"""Telling those who rule that an objection came."""

from linli.kernel.bus.registry import reacts
from linli.publicity import facts
from linli.publicity.models import Objection
from linli.publicity.telling import tell_rulers


@reacts(facts.ObjectionReceived)
def on_objection_received(fact: facts.ObjectionReceived) -> None:
    row = Objection.objects.select_related("notice").get(pk=fact.objection)
    if row.state == "open":
        tell_rulers(row, "publicity.objected", f"objected:{row.pk}")
