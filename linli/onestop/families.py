"""Who of a family is spoken to after a birth or a death, and about whom somebody may begin a bundle."""

from datetime import date, timedelta

from django.db.models import Q
from django.utils import timezone

from linli.onestop.models import Application
from linli.people.models import Member, Person, Tie
from linli.people.queries import person_of_account
from linli.people.rules import age_on

GROWN = 18
NEAR = ("配偶", "子", "女", "父", "母")
RECENT = timedelta(days=730)


def _adult(person: Person, today: date) -> bool:
    return person.died is None and person.merged_into_id is None and bool(person.birth) and age_on(
        person.birth or today, today
    ) >= GROWN  # fmt: skip


def _tied(person: Person, kinds: tuple[str, ...]) -> list[Person]:
    """People tied to somebody, from either side, in the order they are to be called."""
    rows = Tie.objects.filter(
        Q(person=person) | Q(other=person), kind__in=kinds, ended=None, other__isnull=False
    )
    found = rows.select_related("person", "other").order_by("rank", "id")
    return [one.other if one.person_id == person.pk else one.person for one in found]


def _household(person: Person) -> list[tuple[Person, str]]:
    """Who lives with somebody, or lived with the dead until the end; nearest relations first."""
    last = person.memberships.order_by("-since", "-id").first()
    if last is None:
        return []
    rows = Member.objects.filter(household=last.household_id, until=None).exclude(person=person)
    found = [(one.person, one.relation) for one in rows.select_related("person").order_by("id")]
    return sorted(found, key=lambda pair: pair[1] not in NEAR)


def next_of_kin(dead: Person) -> Person | None:
    """A relative on record, else an adult of the household, else who applied for them; one with an account first."""
    today = timezone.localdate()
    agents = (
        Application.objects.filter(person=dead, agent__isnull=False)
        .order_by("-id")
        .values_list("agent", flat=True)
    )
    helpers = [person_of_account(account) for account in agents[:3] if account is not None]
    tiers = (
        _tied(dead, ("kin", "guardian")),
        [person for person, _ in _household(dead)],
        [one for one in helpers if one is not None and one.pk != dead.pk],
    )
    for tier in tiers:
        able = sorted((one for one in tier if _adult(one, today)), key=lambda one: one.account_id is None)
        if able:
            return able[0]
    return None


def parent_of(child: Person) -> Person | None:
    """A guardian on record, else the youngest adult of the household."""
    today = timezone.localdate()
    guardians = [one for one in _tied(child, ("guardian",)) if _adult(one, today)]
    if guardians:
        return sorted(guardians, key=lambda one: one.account_id is None)[0]
    able = [one for one, _ in _household(child) if _adult(one, today)]
    return max(able, key=lambda one: one.birth or date.min, default=None)


def possible(person: Person, *, dead: bool) -> list[Person]:
    """Of the family: who died, or was born, in the last two years."""
    near = {one.pk: one for one in _tied(person, ("kin", "guardian"))}
    home = person.memberships.filter(until=None).first()
    if home is not None:
        rows = (
            Member.objects.filter(household=home.household_id).exclude(person=person).select_related("person")
        )
        near |= {one.person_id: one.person for one in rows}
    since = timezone.localdate() - RECENT
    if dead:
        return [one for one in near.values() if one.died is not None and one.died >= since]
    return [one for one in near.values() if one.died is None and one.birth is not None and one.birth >= since]
