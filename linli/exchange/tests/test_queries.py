import pytest

from linli.exchange import queries
from linli.exchange.tests.conftest import COUNTY, OTHER, TOWN
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM

pytestmark = pytest.mark.django_db


def seen(viewer) -> set[str]:
    return set(queries.webhooks(viewer).values_list("area", flat=True))


def test_everybody_sees_the_receivers_of_their_own_area(admins, hook):
    for area in (COUNTY, TOWN, OTHER):
        hook(area=area)
    assert seen(admins.county) == seen(SYSTEM) == {COUNTY, TOWN, OTHER}
    assert seen(admins.here) == {TOWN} and seen(admins.there) == {OTHER}


def test_whoever_manages_none_is_refused(admins, hook):
    row = hook(area=TOWN)
    for ask in (queries.webhooks, queries.webhook_list):
        with pytest.raises(Refused) as refused:
            ask(admins.nobody)
        assert refused.value.status == 403
    for viewer in (admins.nobody, admins.there):
        with pytest.raises(Refused):
            queries.deliveries(viewer, row)


def test_a_receiver_elsewhere_is_not_there(admins, hook):
    row = hook(area=TOWN)
    assert queries.webhook_for(admins.here, row.pk) == row
    for viewer in (admins.there,):
        with pytest.raises(Refused) as refused:
            queries.webhook_for(viewer, row.pk)
        assert refused.value.status == 404


def test_lists_never_open_a_secret(admins, hook):
    row = hook()
    assert {"secret", "old_secret"} <= queries.webhook_for(admins.county, row.pk).get_deferred_fields()


def test_many_messages_are_judged_in_two_queries(admins, django_assert_num_queries):
    bodies = [{"order": n, "subject": f"incidents.incident:{n}"} for n in range(1, 40)] + [{"words": "测试"}]
    with django_assert_num_queries(2):
        allowed = queries.may_leave(bodies)
    assert allowed == [False] * 39 + [True]


def test_those_who_manage_an_area(admins):
    assert queries.managers_of(TOWN) == sorted([admins.county.account, admins.here.account])
    assert queries.managers_of(COUNTY) == [admins.county.account]
