"""What other systems may be told is written down for them when the house has told it; what departments know is asked."""

from linli.dispatch import facts as orders
from linli.exchange.actions import request_lookup, write_message
from linli.incidents import facts
from linli.kernel.bus.registry import reacts
from linli.onestop.facts import LookupRequested


@reacts(
    facts.ReportReceived,
    facts.IncidentFiled,
    facts.IncidentChanged,
    facts.IncidentMerged,
    facts.IncidentUnmerged,
    facts.IncidentClosed,
    facts.IncidentReopened,
    facts.IncidentReferred,
    orders.OrderDispatched,
    orders.OrderAccepted,
    orders.OrderArrived,
    orders.OrderReturned,
    orders.OrderRuled,
    orders.OrderReassigned,
    orders.OrderRecalled,
    orders.OrderExtended,
    orders.OrderSuspended,
    orders.OrderResumed,
    orders.OrderHandled,
    orders.OrderVerified,
    orders.OrderReworked,
    orders.OrderOverdue,
    orders.OrderCancelled,
    orders.OrderRated,
)
def on_fact(fact: object) -> None:
    """In the reaction's transaction, with its mark: a fact is written down once however often its job runs."""
    write_message(fact)


@reacts(LookupRequested)
def on_lookup(fact: LookupRequested) -> None:
    """Written down only: no request or reaction waits for a department."""
    request_lookup(fact)
