"""One of everything onestop has at the first town, for the sweep with strangers: route so far -> id."""

import json
from datetime import date

from django.utils import timezone

from linli.incidents.tests.conftest import COMMUNITY, COUNTY, GRID, TOWN, Town
from linli.kernel.actor import SYSTEM
from linli.onestop import actions
from linli.onestop.actions.bundles import offer_bundle
from linli.onestop.actions.proactive import offer_for_age
from linli.onestop.models import Application, Notice, Scan, Task
from linli.onestop.tests.samples_centre import centre_samples
from linli.onestop.tests.samples_money import money_samples
from linli.people.models import Consent, Person
from tests.words import FAMILY, SECRET

AREAS = {"grid": GRID, "community": COMMUNITY, "street": TOWN, "county": COUNTY}


def samples(there: Town) -> list[tuple[str, str]]:
    case, task, notice = _applied()
    asked, offer, bundle = case.members.earliest("id").pk, _offered(), _bundled()
    return [
        (r"members/member$|^my/authorisations/", str(asked)),
        (r"^authorise/", "no-such-link"),
        (r"^bundles/", "birth"),
        (r"^(my|onestop)/offers/", str(offer)),
        (r"^my/bundles/", str(bundle)),
        (r"^onestop/surveys/", str(task.pk)),
        (r"^services/|^api/v1/onestop/items/", "MZ-001"),
        (r"papers/material$", "INC"),
        (r"apply/step$", "story"),
        (r"readings/scan$", str(_photographed(case).pk)),
        (r"^onestop/tasks/|^api/v1/onestop/tasks/", str(task.pk)),
        (r"^onestop/notices/", str(notice.pk)),
        *money_samples(there, AREAS),
        *centre_samples(case, AREAS, SECRET),
        (r"^my/cases/|^onestop/cases/|^api/v1/onestop/(cases|window)/", str(case.pk)),
    ]


def _applied() -> tuple[Application, Task, Notice]:
    """An application of the first town at its window, with its task and a supplement told."""
    who = Person.objects.create(name=FAMILY, birth=date(1957, 5, 12), **AREAS)
    Consent.objects.create(person=who, purpose="onestop.check", given_by="self", evidence="书面")
    given = actions.Given(form={"说明": SECRET})
    draft = actions.save_draft(by=SYSTEM, item="MZ-001", person=who.pk, given=given, authority="窗口口述")
    row = actions.submit(by=SYSTEM, application=draft.application, signed=True, despite_missing=True)
    notice = actions.ask_supplement(by=SYSTEM, application=row.pk, defects=[SECRET])
    return row, row.tasks.get(step="accept"), notice


def _photographed(case: Application) -> Scan:
    """A photo of its first paper, read: what it says is nobody else's business."""
    found = json.dumps({"name": [FAMILY, 0.9, ""], "employer": [SECRET, 0.9, ""]}, ensure_ascii=False)
    slot, now = case.slots.earliest("id"), timezone.now()
    return Scan.objects.create(
        slot=slot, file=0, asked_at=now, state="read", read_at=now, kind="income", found=found
    )


def _offered() -> int:
    """An allowance offered to somebody of eighty."""
    who = Person.objects.create(name=FAMILY, birth=date(1946, 3, 1), **AREAS)
    return offer_for_age(person=who.pk, age=80, on=date(2026, 3, 1))[0].pk


def _bundled() -> int:
    """A death of which the family has not been found."""
    who = Person.objects.create(name=FAMILY, birth=date(1940, 3, 1), died=date(2026, 3, 1), **AREAS)
    row = offer_bundle(code="YJS-02", about=who.pk, to=None)
    assert row is not None
    return row.pk
