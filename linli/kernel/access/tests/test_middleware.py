from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from linli.kernel import Refused
from linli.kernel.access.actions import give_grant
from linli.kernel.access.middleware import ActorMiddleware
from linli.kernel.access.queries import actor_for
from linli.kernel.access.rules import SYSTEM, Actor, can
from linli.kernel.access.tests.conftest import account
from linli.kernel.identity import queries
from linli.kernel.identity.actions import issue_token

pytestmark = pytest.mark.django_db
TOWN = "430181101"


def actor_behind(request: HttpRequest, user: object = None) -> Actor:
    """What a view finds at `request.actor`."""
    request.user = user or AnonymousUser()  # type: ignore[assignment]
    ActorMiddleware(lambda _: HttpResponse())(request)
    found: Actor = request.actor  # type: ignore[attr-defined]
    assert isinstance(found, Actor)
    return found


@pytest.fixture
def token() -> str:
    row = account("service")
    give_grant(by=SYSTEM, account=row.pk, role="dispatcher", area=TOWN)
    return issue_token(by=actor_for(row.pk), account=row.pk, name="大屏", scopes=["dispatch.view"])[1]


def test_a_token_acts_on_the_api_only(rf: RequestFactory, token: str) -> None:
    queries.forget_tokens()
    headers = {"Authorization": f"Bearer {token}"}
    found = actor_behind(rf.post("/api/v1/orders", headers=headers))
    assert can(found, "dispatch.view", area=TOWN) and not can(found, "dispatch.dispatch", area=TOWN)
    assert actor_behind(rf.get("/orders/", headers=headers)).kind == "anonymous"


def test_a_token_that_does_not_hold_is_refused_rather_than_ignored(rf: RequestFactory) -> None:
    with pytest.raises(Refused) as refused:
        actor_behind(rf.get("/api/v1/orders", headers={"Authorization": "Bearer linli_nothing"}))
    assert refused.value.status == 401


def test_a_session_writes_on_the_api_only_with_a_csrf_token(rf: RequestFactory) -> None:
    row = account("officer")
    assert actor_behind(rf.get("/api/v1/orders"), row).account == row.pk
    request = rf.post("/api/v1/orders")
    with pytest.raises(Refused) as refused:
        actor_behind(request, row)
    assert refused.value.code == "csrf"
    secret = "a" * 32
    request = rf.post("/api/v1/orders", headers={"X-CSRFToken": secret})
    request.COOKIES["csrftoken"] = secret
    assert actor_behind(request, row).account == row.pk


def test_nobody_is_loaded_before_somebody_asks(
    rf: RequestFactory, django_assert_num_queries: Callable
) -> None:
    request = rf.get("/")
    request.user = account("officer")
    with django_assert_num_queries(0):
        ActorMiddleware(lambda _: HttpResponse())(request)
