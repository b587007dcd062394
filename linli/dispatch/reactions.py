"""Telling people about orders: those who are to work, those who must decide, those the ladder climbs to."""

from datetime import date

from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch import clocks, facts, people
from linli.dispatch.actions.recompute import recompute_dues
from linli.dispatch.models import WorkOrder
from linli.kernel.bus.registry import reacts
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.deadlines.facts import CalendarChanged
from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.notify.actions import notify


def _tell(order: WorkOrder, template: str, accounts: set[int], key: str, *, urgent: bool = False) -> None:
    unit = order.limit.rpartition(" ")[2] if order.limit else ""
    left = deadlines.words(order.due_at, timezone.now(), calendar_for(order.county), unit)
    title = "保密工单" if order.private else order.title
    context = {"title": title, "place": areas.area_path(order.area), "left": left}
    for account in sorted(accounts):
        notify(
            to=account,
            template=template,
            context=context,
            subject=f"dispatch.order:{order.pk}",
            urgent=urgent,
            client_key=f"{key}:{account}",
        )


@reacts(facts.OrderDispatched, facts.OrderReassigned, facts.OrderRuled)
def on_order_given(fact: facts.OrderDispatched) -> None:
    order = WorkOrder.objects.get(pk=fact.order)
    if order.open:
        key = f"given:{order.pk}:{order.round}:{order.version}"
        _tell(
            order,
            "dispatch.given",
            people.accounts_for("assignee", order),
            key,
            urgent=order.urgency == "critical",
        )


@reacts(facts.OrderReturned)
def on_order_returned(fact: facts.OrderReturned) -> None:
    """First return: the dispatcher places it anew; any later one: the duty chief rules."""
    order = WorkOrder.objects.get(pk=fact.order)
    who = "dispatcher" if fact.returns <= 1 else "post:duty_chief@county"
    _tell(order, "dispatch.returned", people.accounts_for(who, order), f"returned:{order.pk}:{fact.returns}")


@reacts(facts.OrderEscalated)
def on_order_escalated(fact: facts.OrderEscalated) -> None:
    order = WorkOrder.objects.get(pk=fact.order)
    rungs = clocks.rungs(order)
    if not order.open or fact.stage != order.stage or fact.rung >= len(rungs):
        return
    rung = rungs[fact.rung]
    accounts = set().union(*(people.accounts_for(who, order) for who in rung.who))
    key = f"{rung.act}:{order.pk}:{order.round}:{fact.stage}:{fact.rung}"
    _tell(order, f"dispatch.{rung.act}", accounts, key, urgent=rung.ignores_quiet)


@reacts(CalendarChanged)
def on_calendar_changed(fact: CalendarChanged) -> None:
    """Running due moments follow the calendar they were counted on."""
    until = date.fromisoformat(fact.until) if fact.until else None
    recompute_dues(area=fact.area, since=date.fromisoformat(fact.since), until=until, why=fact.why)
