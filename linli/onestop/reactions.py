"""What onestop does when others have told something."""

from datetime import date

from linli.dispatch import facts as dispatch
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.registry import reacts
from linli.onestop import board, facts, families, orders, reviewing, signing, telling
from linli.onestop.actions import bundles, fieldwork, members, needs, reviews
from linli.onestop.actions.ending import end_for_death
from linli.onestop.actions.money import stop_for_death, undo_death
from linli.onestop.actions.outlet import make_result
from linli.onestop.actions.proactive import offer_for_age, void_offers
from linli.onestop.actions.rechecks import recheck_after_death
from linli.onestop.actions.shelf import shelve
from linli.onestop.actions.trips import recount
from linli.onestop.models import Task
from linli.people import facts as people
from linli.people.models import Person
from linli.publicity import facts as publicity


@reacts(people.PersonDied)
def on_person_died(fact: people.PersonDied) -> None:
    """The applicant's open cases end and their grants stop; taken back, only the grants go on."""
    if fact.undone:
        undo_death(person=fact.person)
        bundles.void_bundles(about=fact.person)
        return
    void_offers(person=fact.person)
    end_for_death(person=fact.person)
    on = date.fromisoformat(fact.on)
    stop_for_death(person=fact.person, on=on)
    recheck_after_death(person=fact.person, on=on)
    dead = Person.objects.filter(pk=fact.person).first()
    if dead is not None:
        bundles.offer_bundle(code="YJS-02", about=dead.pk, to=families.next_of_kin(dead))


@reacts(people.PersonRegistered)
def on_person_registered(fact: people.PersonRegistered) -> None:
    """A birth: the family may have everything done in one go."""
    child = Person.objects.filter(pk=fact.person).first() if fact.how == "birth" else None
    if child is not None:
        bundles.offer_bundle(code="YJS-01", about=child.pk, to=families.parent_of(child))


@reacts(people.AgeReached)
def on_age_reached(fact: people.AgeReached) -> None:
    """免申即享: a draft made ready and offered; nothing more without the person."""
    offer_for_age(person=fact.person, age=fact.age, on=date.fromisoformat(fact.on))


@reacts(people.ConsentWithdrawn)
def on_consent_withdrawn(fact: people.ConsentWithdrawn) -> None:
    """Nothing more is asked on it; what is out is closed, papers may be handed in instead."""
    if fact.purpose == signing.PURPOSE:
        members.stop_asking(consent=fact.consent)


@reacts(publicity.PublicityStarted)
def on_publicity_started(fact: publicity.PublicityStarted) -> None:
    """The list hangs: the clocks stand still until its end."""
    if fact.subject.startswith("onestop."):
        board.on_started(fact.notice)


@reacts(facts.ApplicationClosed)
def on_application_closed(fact: facts.ApplicationClosed) -> None:
    """Withdrawn, ended or done: nothing of it stays on the wall, nobody is sent out for it any more."""
    board.take_down_all(fact.application)
    telling.tell_closed(fact)
    bundles.follow_case(application=fact.application, cause=fact.cause)
    needs.answer_need(application=fact.application, cause=fact.cause)
    for task in Task.objects.filter(application=fact.application).exclude(state="open"):
        if orders.kind_of(task):
            orders.call_back(task, "办件已结束")


@reacts(dispatch.OrderDispatched, dispatch.OrderReassigned, dispatch.OrderAccepted, dispatch.OrderRuled)
def on_order_given(fact: dispatch.OrderDispatched) -> None:
    if fact.kind in orders.TITLES:
        fieldwork.follow_order(order=fact.order)


@reacts(dispatch.OrderVerified)
def on_order_verified(fact: dispatch.OrderVerified) -> None:
    """The act is done: its task closes, whoever closed the order."""
    if fact.kind in orders.TITLES:
        fieldwork.close_by_order(order=fact.order)


@reacts(dispatch.OrderVerified)
def on_review_looked_into(fact: dispatch.OrderVerified) -> None:
    """差评核实 is done: the applicant reads what was found."""
    if fact.kind == reviewing.REVIEW:
        reviews.answer_review(order=fact.order)


@reacts(dispatch.OrderReturned, dispatch.OrderCancelled, dispatch.OrderRecalled)
def on_order_back(fact: dispatch.OrderReturned) -> None:
    if fact.kind in orders.TITLES:
        words = {"OrderReturned": "被退回", "OrderCancelled": "被撤销"}.get(type(fact).__name__, "被收回")
        fieldwork.keep_owner(order=fact.order, why=words)


@reacts(dispatch.OrderOverdue)
def on_order_overdue(fact: dispatch.OrderOverdue) -> None:
    if fact.kind in orders.TITLES:
        fieldwork.urge_late(order=fact.order)


@reacts(facts.ApplicationMoved)
def on_application_moved(fact: facts.ApplicationMoved) -> None:
    telling.tell_moved(fact)
    if fact.action == "submit":
        bundles.handed_in(application=fact.application)


@reacts(facts.ApplicationAccepted)
def on_application_accepted(fact: facts.ApplicationAccepted) -> None:
    telling.tell_accepted(fact)


@reacts(facts.ApplicationDecided)
def on_application_decided(fact: facts.ApplicationDecided) -> None:
    telling.tell_decided(fact)


@reacts(facts.ApplicationDecided)
def on_approved_make_result(fact: facts.ApplicationDecided) -> None:
    """Approved: its document is made from the item's sample."""
    if fact.outcome == "approve":
        make_result(by=SYSTEM, application=fact.application)


@reacts(facts.ApplicationMoved, facts.ApplicationAccepted)
def on_handed_in(fact: facts.ApplicationMoved | facts.ApplicationAccepted) -> None:
    """What was handed in at a window counts as a trip; accepted papers are kept for their owner."""
    recount(fact.application)
    shelve(application=fact.application)
