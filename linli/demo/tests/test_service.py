"""The one-stop service of the demo: nobody's post is empty, its people are nobody, its cases stand in several states."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from linli.demo import departments, town
from linli.demo.counter import Counter
from linli.demo.names import NOWHERE
from linli.demo.residents import HOMES, born, known
from linli.exchange.actions import ask_due
from linli.exchange.catalogue import sources
from linli.exchange.models import DataSource
from linli.exchange.tests.departments import connected, department  # noqa: F401  fixtures
from linli.kernel.bus.jobs import drain
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all
from linli.onestop import placing
from linli.onestop.catalogue import parse
from linli.onestop.glossary import glossary, shipped_items
from linli.onestop.models import Application, Task, Transfer
from linli.people.models import Person
from linli.people.rules import age_on, number_fault
from linli.publicity.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_HOME", str(tmp_path))
    settings.LINLI_FILES, settings.LINLI_MODELS = tmp_path / "files", tmp_path / "models"
    settings.LINLI_WEBHOOK_PRIVATE = "allow"


@pytest.fixture
def loaded(db: None, home: None) -> None:
    forget_all()
    town.load("未用")


def roles() -> set[str]:
    found = set()
    for raw in shipped_items():
        item = parse(raw, glossary())
        found |= {step.role if step.role != "lead" else f"dept:{item.lead}" for step in item.steps}
        found |= {f"dept:{one.dept}" for one in item.assists}
    return found


def test_every_post_of_every_item_has_a_holder_in_the_demo_town(loaded: None) -> None:
    wanted = roles()
    assert len(wanted) > 30
    places = {role: placing.place(role, "430181001001001") for role in wanted}
    assert {role for role, one in places.items() if one.placed != "holder" or not one.holder} == set()
    surveyors = placing._holders(placing.office_of("town.field"), "430181001-ZX")  # type: ignore[arg-type]
    assert len(surveyors) >= 2


def test_the_people_are_nobody_and_have_the_ages_the_stories_need(loaded: None) -> None:
    today, people = timezone.localdate(), list(Person.objects.filter(demo=True))
    assert len(people) == sum(len(members) for members in HOMES.values())
    assert all(one.number.startswith(NOWHERE) and not number_fault(one.number, today) for one in people)
    assert len({one.number for one in people}) == len(people)
    old, fit, aged = (known(key) for key in ("old", "fit", "aged"))
    assert (
        old
        and fit
        and aged
        and old.account == Account.objects.get(phone_index__isnull=False, kind="resident")
    )
    assert (age_on(old.birth, today), age_on(fit.birth, today), age_on(aged.birth, today)) == (68, 40, 79)
    for day in (date(2026, 2, 28), date(2028, 2, 29), date(2026, 12, 20)):
        assert age_on(born(79, day, soon=True), day) == 79 and age_on(born(68, day), day) == 68


def test_the_staff_bring_cases_into_several_states(
    loaded: None,
    connected: Any,  # noqa: F811
) -> None:
    counter, acts = Counter(), []
    for _ in range(150):
        act = counter.step()
        drain()
        if not act and not ask_due() and not counter.left:
            break
        acts.append(act)
    states = set(Application.objects.values_list("state", flat=True))
    assert counter.left == [] and {"submitted", "accepted", "refused"} <= states
    assert Notice.objects.get().state == "posted" and Notice.objects.get().rows
    assert (
        Transfer.objects.get().state == "paid"
        and Application.objects.filter(item__code="MZ-006", state__in=("approved", "closed")).exists()
    )
    assert Task.objects.filter(state="open", holder=None).count() == 0
    again = Counter()
    while again.left:
        assert again.step() == ""


def test_sources_ask_the_made_up_department_until_the_demo_is_removed(loaded: None) -> None:
    assert departments.programs() == [] and departments.port() == 0
    assert departments.connect() == len(sources()) == DataSource.objects.filter(active=True).count()
    (program,) = departments.programs()
    assert str(departments.port()) in program.command and program.environment["DEPARTMENT_SECRET"].startswith(
        "whsec_"
    )
    assert departments.connect() == 0  # another start changes nothing
    DataSource.objects.filter(code="GA-ID").update(active=False, off_reason="检修")
    departments.connect()
    assert not DataSource.objects.get(code="GA-ID").active  # a visitor's own switch stays
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # loading and removing are one transaction here
    town.remove()
    assert DataSource.objects.filter(active=True).count() == 0 and departments.programs() == []
    assert Person.objects.count() == 0 and Application.objects.count() == 0
