"""One of everything onestop has at the first town, for the sweep with strangers: route so far -> id."""

from datetime import date

from linli.incidents.tests.conftest import COMMUNITY, COUNTY, GRID, TOWN, Town
from linli.kernel.actor import SYSTEM
from linli.onestop import actions
from linli.onestop.models import Application, ItemVersion, Notice, Task
from linli.people.models import Consent, Person
from tests.words import FAMILY, SECRET

AREAS = {"grid": GRID, "community": COMMUNITY, "street": TOWN, "county": COUNTY}


def samples(there: Town) -> list[tuple[str, str]]:
    case, task, notice = _applied()
    return [
        (r"^services/", "MZ-001"),
        (r"papers/material$", "INC"),
        (r"apply/step$", "story"),
        (r"^onestop/tasks/", str(task.pk)),
        (r"^onestop/notices/", str(notice.pk)),
        (r"^onestop/catalogue/", str(ItemVersion.objects.earliest("id").pk)),
        (r"^my/cases/|^onestop/cases/", str(case.pk)),
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
