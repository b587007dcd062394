from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import reverse

from linli.kernel.actor import Actor
from linli.kernel.bus import actions, jobs, tickets
from linli.kernel.bus.models import Delivery
from linli.kernel.bus.tests.probe import Told

pytestmark = pytest.mark.django_db


def signed_in(username: str, role: str = "") -> Client:
    row: Any = get_user_model().objects.create(username=username, name=username)
    if role:
        row.grants.create(role_id=role, area="430181")
    client = Client()
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_an_administrator_runs_a_parked_reaction_again_from_the_page() -> None:
    actions.tell(Told(2, fail=True))
    jobs.drain()
    client = signed_in("guanli1", "administrator")
    page = client.get(reverse("bus:parked")).content.decode()
    assert "管线爆裂" in page and "再次运行" in page and "没有在线的工作进程" in page
    delivery = Delivery.objects.get()
    assert client.post(reverse("bus:run_again", args=[delivery.pk])).status_code == 302
    delivery.refresh_from_db()
    assert delivery.state == "queued"


def test_a_page_of_many_parked_reactions_asks_few_questions(django_assert_max_num_queries: Any) -> None:
    actions.tell(*(Told(number) for number in range(100)))
    actions.relay()
    Delivery.objects.update(state="parked", reason="x")
    client = signed_in("guanli1", "administrator")
    with django_assert_max_num_queries(12):
        assert client.get(reverse("bus:parked")).status_code == 200
    with django_assert_max_num_queries(12):
        assert client.get(reverse("bus:ticket")).status_code == 200


def test_a_page_asks_for_a_ticket_of_its_viewers_own_scopes() -> None:
    answer = signed_in("paiqian", "dispatcher").get(reverse("bus:ticket"))
    opened = tickets.open_ticket(answer.json()["ticket"])
    assert opened and opened.scopes == [["430181", "", ["areas", "dispatch", "incidents", "metrics"]]]
    assert answer["Cache-Control"] == "no-store"


def test_a_template_writes_the_streams_address(rf: RequestFactory, administrator: Actor) -> None:
    template = engines["django"].from_string('{% load live %}{% live_url "incidents" %}')
    request = rf.get("/")
    request.actor = administrator  # type: ignore[attr-defined]
    assert "/live/stream?ticket=" in template.render({}, request) and "kinds=incidents" in template.render(
        {}, request
    )
    request.actor = Actor(None, "anonymous", "")  # type: ignore[attr-defined]
    assert template.render({}, request) == ""


def test_a_stranger_sees_no_machinery() -> None:
    client = signed_in("luren")
    assert client.get(reverse("bus:parked")).status_code == 403
    assert client.post(reverse("bus:run_again", args=[1])).status_code == 403
    assert tickets.open_ticket(client.get(reverse("bus:ticket")).json()["ticket"]).scopes == []
    assert Client().get(reverse("bus:ticket")).status_code == 302
