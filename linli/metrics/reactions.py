"""Every fact about an incident or its orders marks the incident; nothing is counted here."""

from linli.dispatch import facts as orders
from linli.incidents import facts
from linli.kernel.bus.registry import reacts
from linli.metrics.actions import mark


@reacts(
    facts.ReportReceived,
    facts.IncidentFiled,
    facts.IncidentChanged,
    facts.IncidentClosed,
    facts.IncidentReopened,
    facts.IncidentReferred,
    facts.ClassCorrected,
)
def on_incident(fact: facts.IncidentChanged) -> None:
    mark(fact.incident)


@reacts(facts.IncidentMerged)
def on_merged(fact: facts.IncidentMerged) -> None:
    mark(fact.incident, fact.into)


@reacts(facts.IncidentUnmerged)
def on_unmerged(fact: facts.IncidentUnmerged) -> None:
    mark(fact.incident, fact.out_of)


@reacts(
    orders.OrderDispatched,
    orders.OrderAccepted,
    orders.OrderReturned,
    orders.OrderRuled,
    orders.OrderReassigned,
    orders.OrderHandled,
    orders.OrderVerified,
    orders.OrderReworked,
    orders.OrderCancelled,
    orders.OrderRecalled,
    orders.OrderExtended,
    orders.OrderSuspended,
    orders.OrderResumed,
    orders.OrderRated,
)
def on_order(fact: orders.OrderAccepted) -> None:
    name, _, number = fact.subject.partition(":")
    if name == "incidents.incident":
        mark(int(number))
