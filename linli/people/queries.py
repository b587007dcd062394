"""Who lives where, as far as the viewer may know."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Count, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.queries import visible_to
from linli.kernel.actor import Actor, can
from linli.kernel.identity.fields import blind
from linli.people.models import Consent, Household, LifeEvent, Member, Person, Tie, VisitNote
from linli.people.rules import plain_number, plain_phone

VIEW = "people.view"


def households_seen(viewer: Actor) -> QuerySet[Household]:
    """Open households with dwelling and head, for lists: two queries however many rows."""
    rows = Household.objects.filter(closed=None).select_related("dwelling", "head")
    counted = rows.annotate(people=Count("members", filter=Q(members__until=None)))
    return visible_to(viewer, VIEW, counted)


def household_of(viewer: Actor, number: int) -> Household:
    """Raises Refused(404) for an unknown household and for one outside the viewer's area."""
    found = Household.objects.select_related("dwelling", "head").filter(pk=number).first()
    if found is None or not can(viewer, VIEW, area=found.area, subject=f"people.household:{number}"):
        raise Refused("没有找到这一户，或者它不在您的管辖范围内。", code="no_household", status=404)
    return found


def members_of(household: Household) -> list[Member]:
    """Who lives there now, the head first."""
    rows = household.members.filter(until=None).select_related("person").order_by("since", "id")
    return sorted(rows, key=lambda member: member.person_id != household.head_id)


def former_members_of(household: Household) -> list[Member]:
    return list(household.members.exclude(until=None).select_related("person").order_by("-until", "-id")[:50])


def notes_of(household: Household) -> list[VisitNote]:
    return list(household.notes.select_related("by").order_by("-at", "-id")[:50])


def events_of(household: Household) -> list[LifeEvent]:
    return list(household.events.select_related("by", "person", "undone_by").order_by("-at", "-id")[:50])


def persons_seen(viewer: Actor) -> QuerySet[Person]:
    """Living, unmerged people the viewer may see."""
    rows = Person.objects.filter(died=None, merged_into=None)
    here = Prefetch(
        "memberships", Member.objects.filter(until=None).select_related("household"), to_attr="homes"
    )
    return visible_to(viewer, VIEW, rows.prefetch_related(here))


def person_of(viewer: Actor, number: int) -> Person:
    """Follows a merge to the record that was kept. Raises Refused(404) outside the viewer's area."""
    found = Person.objects.filter(pk=number).first()
    while found is not None and found.merged_into_id is not None:
        found = found.merged_into
    own = found is not None and found.account_id is not None and found.account_id == viewer.account
    allowed = found is not None and can(viewer, VIEW, area=found.area, subject=f"people.person:{found.pk}")
    if found is None or not (own or allowed):
        raise Refused("没有找到这个人，或者不在您的管辖范围内。", code="no_person", status=404)
    return found


def by_number(viewer: Actor, number: str) -> Person | None:
    """The person with this identity number, if the viewer may see them; found by blind index."""
    index = blind(plain_number(number))
    return visible_to(viewer, VIEW, Person.objects.filter(number_index=index)).first()


def by_phone(viewer: Actor, phone: str) -> QuerySet[Person]:
    index = blind(plain_phone(phone))
    return visible_to(viewer, VIEW, Person.objects.filter(phone_index=index, merged_into=None)).order_by("pk")


def number_known(number: str) -> bool:
    """Whether anybody has this identity number. Says nothing of who or where, so it takes no viewer."""
    return Person.objects.filter(number_index=blind(plain_number(number))).exists()


def person_of_account(account: int) -> Person | None:
    """For rooms above: who signs in with this account."""
    return Person.objects.filter(account=account).first()


def home_of(person: Person) -> Member | None:
    """Where somebody lives now."""
    return person.memberships.filter(until=None).select_related("household__dwelling").first()


def ties_of(person: Person, *kinds: str) -> list[Tie]:
    """Open ties in the order they are to be called; of the given kinds, or all."""
    rows = person.ties.filter(ended=None).select_related("other").order_by("rank", "id")
    return list(rows.filter(kind__in=kinds) if kinds else rows)


def consents_of(person: Person) -> list[Consent]:
    return list(person.consents.select_related("recorded_by").order_by("-given_at"))


def consents_to(person: int, purpose: str, on: date | None = None) -> bool:
    """For rooms above: whether a consent holds on a day (today)."""
    day = on or timezone.localdate()
    still = Q(until=None) | Q(until__gte=day)
    return Consent.objects.filter(still, person=person, purpose=purpose, withdrawn=None).exists()


def households_not_visited(viewer: Actor, days: int, now: datetime | None = None) -> QuerySet[Household]:
    """Households without a visit in the last `days` days, longest first; one registered since counts from then."""
    edge = (now or timezone.now()) - timedelta(days=days)
    rows = households_seen(viewer).annotate(since=Coalesce("visited_at", "created"))
    return rows.filter(since__lt=edge)


def promises_open(viewer: Actor) -> QuerySet[VisitNote]:
    """What was promised at a door and is not kept yet, the earliest due first."""
    seen = visible_to(viewer, VIEW, Household.objects.all()).values("pk")
    rows = VisitNote.objects.filter(promise_kept=None, promise_due__isnull=False, household__in=seen)
    return rows.select_related("household__head", "household__dwelling", "by").order_by("promise_due", "id")


def note_of(viewer: Actor, number: int) -> VisitNote:
    found = VisitNote.objects.select_related("household__dwelling").filter(pk=number).first()
    if found is None or not can(viewer, VIEW, area=found.household.area):
        raise Refused("没有找到这篇民情日记，或者它不在您的管辖范围内。", code="no_note", status=404)
    return found
