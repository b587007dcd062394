"""What a unit's people see of cases that come to them, leave them, or that they only assist with."""

import pytest

from linli.dispatch import actions as dispatch
from linli.dispatch.actions import Assignee, Said, Wanted, raise_order
from linli.incidents import queries
from linli.incidents.models import Incident
from linli.incidents.tests.conftest import COUNTY, Town
from linli.incidents.tests.scenes import filed, lead
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.identity.models import Account


@pytest.fixture
def water(town: Town) -> Actor:
    """An officer of the water office."""
    account = Account.objects.create(username="water", name="水利经办", kind="staff")
    Grant.objects.create(account=account, role_id="officer", area=COUNTY, unit=f"{COUNTY}-SL")
    return actor_for(account.pk, name=account.name)


def listed(viewer: Actor, row: Incident) -> bool:
    """In the open list and in the history, which must agree."""
    in_open = queries.open_incidents(viewer).filter(pk=row.pk).exists()
    assert queries.seen(viewer).filter(pk=row.pk).exists() == in_open
    return in_open


def refused(viewer: Actor, row: Incident) -> bool:
    try:
        queries.incident_for(viewer, row.pk)
    except Refused as no:
        assert no.status == 404
        return True
    return False


def test_a_case_handed_on_goes_with_its_order(town: Town, water: Actor) -> None:
    row = filed(town)
    assert listed(town.officer, row) and not listed(water, row) and refused(water, row)
    dispatch.return_order(
        by=town.officer, order=lead(row).pk, said=Said(reason="not_ours", text="属于河道，不归城管")
    )
    dispatch.dispatch_order(by=town.chief, order=lead(row).pk, to=Assignee(f"{COUNTY}-SL"))
    row.refresh_from_db()
    assert row.unit == f"{COUNTY}-SL" and listed(water, row)
    assert not listed(town.officer, row), "its list holds what is its own"


def test_a_unit_that_assists_sees_the_case_also_afterwards(town: Town, water: Actor) -> None:
    row = filed(town)
    wanted = Wanted(
        kind="incident.handle",
        subject=row.subject,
        title=row.title,
        role="assist",
        place={"county": row.county, "street": row.street, "community": row.community, "grid": row.grid},
    )
    order = raise_order(by=SYSTEM, wanted=wanted, to=Assignee(f"{COUNTY}-SL"))
    assert listed(water, row) and row.unit == f"{COUNTY}-CG"
    dispatch.accept_order(by=water, order=order.pk)
    dispatch.handle_order(by=water, order=order.pk, outcome="已抽干积水")
    assert listed(water, row)
    Incident.objects.filter(pk=row.pk).update(private=True)
    assert listed(water, row), "a private case is open to those who work on it"


def test_somebody_of_a_unit_who_was_once_asked_may_still_open_the_case(town: Town, water: Actor) -> None:
    row = filed(town)
    wanted = Wanted(kind="incident.confirm", subject=row.subject, title=row.title, place={"county": COUNTY})
    order = raise_order(by=SYSTEM, wanted=wanted, to=Assignee(f"{COUNTY}-SL"))
    assert listed(water, row)
    dispatch.accept_order(by=water, order=order.pk)
    dispatch.handle_order(by=water, order=order.pk, outcome="情况属实")
    assert not listed(water, row) and not refused(water, row)
