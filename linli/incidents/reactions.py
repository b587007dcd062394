"""What incidents does when the field has told something, and what it lets reporters know."""

from datetime import date, datetime

from linli.dispatch import facts as orders
from linli.incidents import facts
from linli.incidents.actions import start_work, to_checking
from linli.incidents.actions.duplicates import suggest
from linli.incidents.actions.pausing import follow_pause, recount_dues
from linli.incidents.models import Incident
from linli.incidents.notices import inform_reporters
from linli.kernel.bus.registry import reacts
from linli.kernel.deadlines.facts import CalendarChanged


def _incident(subject: str) -> int | None:
    name, _, number = subject.partition(":")
    return int(number) if name == "incidents.incident" else None


@reacts(orders.OrderAccepted)
def on_order_accepted(fact: orders.OrderAccepted) -> None:
    """The lead took it on: the case is being worked on."""
    from linli.dispatch.models import WorkOrder

    incident = _incident(fact.subject)
    if incident and fact.kind in ("incident.handle", "incident.confirm") and fact.role == "lead":
        at = WorkOrder.objects.values_list("accepted_at", flat=True).get(pk=fact.order)
        if fact.kind == "incident.handle":
            start_work(incident=incident, at=at)
            inform_reporters(incident, "incidents.accepted")
        else:
            Incident.objects.filter(pk=incident, responded_at=None).update(responded_at=at)


@reacts(orders.OrderHandled, orders.OrderCancelled)
def on_order_handled(fact: orders.OrderHandled) -> None:
    """Perhaps the last of them: then the case goes to checking."""
    incident = _incident(fact.subject)
    if incident and fact.kind == "incident.handle" and to_checking(incident=incident):
        parent = Incident.objects.values_list("parent", flat=True).get(pk=incident)
        if parent:
            to_checking(incident=parent)


def _lead(fact: orders.OrderAccepted) -> int | None:
    """The case a fact about its lead order is of."""
    leads = fact.kind == "incident.handle" and fact.role == "lead"
    return _incident(fact.subject) if leads else None


@reacts(orders.OrderSuspended)
def on_order_suspended(fact: orders.OrderSuspended) -> None:
    """The case's clock stands too; who reported hears why not now, and when it is looked at again."""
    if incident := _lead(fact):
        follow_pause(incident=incident)
        _tell_time(incident, "incidents.suspended", fact.order, fact.review)


@reacts(orders.OrderResumed)
def on_order_resumed(fact: orders.OrderResumed) -> None:
    if incident := _lead(fact):
        stood = (datetime.fromisoformat(fact.since), datetime.fromisoformat(fact.until))
        row = follow_pause(incident=incident, stood=stood)
        _tell_time(incident, "incidents.resumed", fact.order, row.due_at.isoformat(), once=fact.until)


@reacts(orders.OrderExtended)
def on_order_extended(fact: orders.OrderExtended) -> None:
    if incident := _lead(fact):
        _tell_time(incident, "incidents.extended", fact.order, fact.due_at)


@reacts(orders.OrderCancelled)
def on_suspended_cancelled(fact: orders.OrderCancelled) -> None:
    """An order cancelled while it stood still (merge, void) leaves no standing case behind."""
    if incident := _lead(fact):
        follow_pause(incident=incident)


def _tell_time(incident: int, template: str, order: int, until: str, once: str = "") -> None:
    """`once` tells one pause of an order from the next."""
    at = datetime.fromisoformat(until) if until else None
    inform_reporters(incident, template, until=at, once=f"{order}:{once or until}")


@reacts(facts.ReportReceived)
def on_report_received(fact: facts.ReportReceived) -> None:
    """Looks for earlier cases of the same matter near by, and tells a follower where the case stands."""
    if not fact.followed:
        suggest(incident=fact.incident)
    inform_reporters(fact.incident, "incidents.received", report=fact.report)


@reacts(facts.IncidentFiled)
def on_incident_filed(fact: facts.IncidentFiled) -> None:
    inform_reporters(fact.incident, "incidents.filed")


@reacts(facts.IncidentChanged)
def on_incident_changed(fact: facts.IncidentChanged) -> None:
    template = {
        "decline": "incidents.declined",
        "check": "incidents.handled",
        "fail": "incidents.reworked",
    }.get(fact.action)
    if template:
        inform_reporters(fact.incident, template)


@reacts(facts.IncidentMerged)
def on_incident_merged(fact: facts.IncidentMerged) -> None:
    inform_reporters(fact.into, "incidents.merged", first_incident=fact.incident)


@reacts(facts.IncidentClosed, facts.IncidentReferred)
def on_incident_closed(fact: facts.IncidentClosed) -> None:
    inform_reporters(fact.incident, "incidents.closed")
    parent = Incident.objects.values_list("parent", flat=True).get(pk=fact.incident)
    if parent:
        to_checking(incident=parent)


@reacts(facts.IncidentReopened)
def on_incident_reopened(fact: facts.IncidentReopened) -> None:
    inform_reporters(fact.incident, "incidents.reopened")


@reacts(CalendarChanged)
def on_calendar_changed(fact: CalendarChanged) -> None:
    """Limits of open cases follow the calendar they were counted on, as their orders' do."""
    until = date.fromisoformat(fact.until) if fact.until else None
    recount_dues(area=fact.area, since=date.fromisoformat(fact.since), until=until, why=fact.why)
