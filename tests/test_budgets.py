"""The grid worker's phone: what a cold visit transfers. Residents' pages are weighed in incidents/tests/test_faces.py."""

import uuid

import pytest
from django.test import Client

from linli.dispatch.models import WorkOrder
from linli.incidents import actions
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import LAT, LON, Town
from linli.incidents.tests.test_faces import transferred


@pytest.mark.django_db
def test_the_work_shell_fits_a_village_signal(town: Town, client: Client) -> None:
    for n in range(20):
        telling = Telling(
            text=f"第{n}处垃圾",
            sender="r",
            client_uuid=uuid.uuid4(),
            lon=LON,
            lat=LAT,
            class_said="sr.litter",
        )
        case = actions.report_incident(by=town.worker, telling=telling)
        if case.state == "reported":
            actions.ask_confirm(by=town.clerk, incident=case.incident)
    order = WorkOrder.objects.latest("id")
    client.force_login(town.accounts["worker"], backend="django.contrib.auth.backends.ModelBackend")
    for path in ("/work/", "/work/report/", "/tray/"):
        assert transferred(client, path) <= 30 * 1024, path
    assert "第" in client.get("/work/").content.decode() and order.pk
