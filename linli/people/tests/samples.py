"""A household with somebody in it, and what is kept about both, for the sweep with strangers: route so far -> id."""

from datetime import date

from django.utils import timezone

from linli.incidents.tests.conftest import LAT, LON, Town
from linli.people import actions
from linli.people.models import Consent, LifeEvent, Tie, VisitNote
from tests.words import FAMILY, SECRET


def samples(there: Town) -> list[tuple[str, str]]:
    home = actions.add_household(by=there.worker, address="紫藤巷 3 号", lon=LON, lat=LAT)
    person = actions.register_person(
        by=there.worker, household=home.pk, name=FAMILY, relation="户主", since=date(2020, 1, 1)
    )
    event = LifeEvent.objects.create(
        kind="moved_in", person=person, household=home, on=date(2024, 1, 1), evidence="书面"
    )
    note = VisitNote.objects.create(
        household=home, by=there.accounts["worker"], at=timezone.now(), asked=SECRET
    )
    tie = Tie.objects.create(person=person, kind="kin", name=FAMILY)
    consent = Consent.objects.create(person=person, purpose="onestop.check", given_by="self", evidence="书面")
    return [
        (r"head/person$|^people/persons/|^people/reveal/\w+/number", str(person.pk)),
        (r"^people/households/\d+/events/kind$", "death"),
        (r"^people/households/", str(home.pk)),
        (r"^people/events/", str(event.pk)),
        (r"^people/notes/", str(note.pk)),
        (r"^people/ties/", str(tie.pk)),
        (r"^people/consents/", str(consent.pk)),
        (r"^people/reveal/kind$", "phone"),
    ]
