from collections.abc import Callable, Iterator

import pytest
from django.db import connection, models

from linli.kernel import Refused
from linli.kernel.access import queries
from linli.kernel.access.actions import give_grant
from linli.kernel.access.models import Grant
from linli.kernel.access.rules import SYSTEM, Actor, Scope, can
from linli.kernel.access.tests.conftest import LIUYANG, account
from linli.kernel.identity.actions import issue_token
from linli.kernel.identity.queries import actor_for_token

pytestmark = pytest.mark.django_db
TOWN, NEXT = "430181101", "430181102"
VIEW = frozenset({"incidents.view"})


class Thing(models.Model):
    """A located row as every room has them, in a table of this test only."""

    grid = models.CharField(max_length=15)
    community = models.CharField(max_length=12)
    street = models.CharField(max_length=9)
    county = models.CharField(max_length=6)
    unit = models.CharField(max_length=32)

    class Meta:
        app_label = "access_tests"
        managed = False


@pytest.fixture
def things(db: None) -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.create_model(Thing)
    rows = [
        (TOWN + "001001", "u1"),
        (TOWN + "001002", "u2"),
        (TOWN + "002001", "u1"),
        (NEXT + "001001", "u1"),
    ]
    rows.append(("430182101001001", "u1"))
    for grid, unit in rows:
        Thing.objects.create(grid=grid, community=grid[:12], street=grid[:9], county=grid[:6], unit=unit)
    yield


def seen(*scopes: Scope) -> set[str]:
    viewer = Actor(1, "account", "测试员", scopes)
    return set(
        queries.visible_to(viewer, "incidents.view", Thing.objects.all()).values_list("grid", flat=True)
    )


def test_a_list_shows_a_town_its_own_rows_and_a_neighbouring_town_none_of_them(things: None) -> None:
    own, other = seen(Scope("r", TOWN, "", VIEW)), seen(Scope("r", NEXT, "", VIEW))
    assert len(own) == 3 and len(other) == 1
    assert not own & other


@pytest.mark.parametrize(
    ("area", "unit", "count"),
    [(LIUYANG, "", 5), (TOWN + "001", "", 2), (TOWN + "001001", "", 1), (TOWN, "u1", 2), ("430182", "", 1)],
)
def test_a_scope_cuts_a_list_by_area_and_unit(things: None, area: str, unit: str, count: int) -> None:
    assert len(seen(Scope("r", area, unit, VIEW))) == count


def test_two_scopes_show_both_and_another_verb_shows_nothing(things: None) -> None:
    assert len(seen(Scope("r", TOWN + "002", "", VIEW), Scope("r", NEXT, "", VIEW))) == 2
    assert seen(Scope("r", TOWN, "", frozenset({"incidents.report"}))) == set()
    assert seen() == set()


def test_the_list_filter_and_the_single_check_agree(things: None) -> None:
    for scope in (
        Scope("r", TOWN, "", VIEW),
        Scope("r", TOWN + "001", "u1", VIEW),
        Scope("r", NEXT, "u2", VIEW),
    ):
        viewer = Actor(1, "account", "测试员", (scope,))
        may = {
            row.grid
            for row in Thing.objects.all()
            if can(viewer, "incidents.view", area=row.grid, unit=row.unit)
        }
        assert seen(scope) == may


def test_an_actor_is_loaded_in_three_queries(chief: Actor, django_assert_max_num_queries: Callable) -> None:
    queries.actor_for(chief.account)
    with django_assert_max_num_queries(3):
        assert "duty_chief" in queries.actor_for(chief.account).roles


def test_anybody_may_report_and_nobody_needs_a_grant_for_it() -> None:
    assert can(queries.anonymous(), "incidents.report", area=TOWN)
    assert not can(queries.anonymous(), "incidents.view", area=TOWN)
    assert can(queries.actor_for(account("resident").pk), "incidents.rate", area=TOWN)


def test_a_token_narrows_its_account_and_never_widens_it() -> None:
    row = account("service")
    give_grant(by=SYSTEM, account=row.pk, role="dispatcher", area=TOWN)
    full = queries.actor_for(row.pk)
    _, secret = issue_token(by=full, account=row.pk, name="大屏", scopes=["dispatch.view", "people.reveal"])
    narrow = actor_for_token(secret)
    assert narrow and narrow.token is not None and narrow.account == row.pk
    assert can(narrow, "dispatch.view", area=TOWN)
    assert not can(narrow, "dispatch.dispatch", area=TOWN)
    assert not can(narrow, "people.reveal", area=TOWN)
    assert not can(narrow, "dispatch.view", area=NEXT)
    assert not can(narrow, "incidents.report", area=TOWN)


def test_grants_are_shown_to_those_who_give_them_in_their_own_area(
    administrator: Actor, stranger: Actor
) -> None:
    row = account("town_admin")
    Grant.objects.create(account=row, role_id="administrator", area=TOWN)
    for area in (TOWN + "001", NEXT):
        give_grant(by=SYSTEM, account=account(f"worker{area}").pk, role="grid_worker", area=area)
    town_admin = queries.actor_for(row.pk)
    assert {grant.area for grant in queries.grants_in(town_admin)} == {TOWN, TOWN + "001"}
    assert {grant.area for grant in queries.grants_in(administrator)} == {LIUYANG, TOWN, TOWN + "001", NEXT}
    assert {grant.area for grant in queries.grants_in(administrator, NEXT)} == {NEXT}
    with pytest.raises(Refused):
        queries.grants_in(stranger)
    with pytest.raises(Refused):
        queries.open_proposals(stranger)


def test_who_counts_as_an_administrator(administrator: Actor, second: Actor) -> None:
    from linli.kernel.identity.models import Account

    assert queries.administrators() == {administrator.account, second.account}
    Account.objects.filter(pk=second.account).update(is_active=False)
    assert queries.administrators() == {administrator.account}
