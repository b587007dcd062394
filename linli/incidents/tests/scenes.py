"""Cases in every state, and people at their browsers: what the page tests begin with."""

import io
import random
import uuid
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from linli.dispatch import actions as dispatch
from linli.dispatch.models import WorkOrder
from linli.incidents import actions
from linli.incidents.models import Incident
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import LAT, LON, Town
from linli.kernel.access.queries import anonymous
from linli.kernel.bus.jobs import drain
from linli.kernel.files.actions import store_file
from linli.kernel.web import sync

TOP = [["sr.litter", 0.81], ["sr.dirty_road", 0.12], ["env.air", 0.01]]


def html(answer: Any) -> str:
    return answer.content.decode()


def client(town: Town, name: str) -> Client:
    made = Client()
    made.force_login(town.accounts[name], backend="django.contrib.auth.backends.ModelBackend")
    return made


def picture(seed: int = 1) -> bytes:
    noise = random.Random(seed)
    image = Image.frombytes("RGB", (32, 24), bytes(noise.randrange(256) for _ in range(32 * 24 * 3)))
    out = io.BytesIO()
    image.resize((320, 240)).save(out, "PNG")
    return out.getvalue()


def upload(seed: int = 1) -> io.BytesIO:
    file = io.BytesIO(picture(seed))
    file.name = f"{seed}.png"
    return file


def report(town: Town, text: str = "小区门口垃圾堆了三天没人清", by: Any = None, **more: Any) -> Incident:
    told = {
        "text": text,
        "sender": f"device:{uuid.uuid4()}",
        "client_uuid": uuid.uuid4(),
        "lon": LON,
        "lat": LAT,
        "place_source": "pin",
    }
    receipt = actions.report_incident(by=by or anonymous(), telling=Telling(**(told | more)))
    return Incident.objects.get(pk=receipt.incident)


def waiting(town: Town, **more: Any) -> Incident:
    """A case the model was not sure of: it waits for the desk."""
    row = report(town, **more)
    Incident.objects.filter(pk=row.pk).update(
        state="reported",
        guess={"top": TOP, "words": [["垃圾", 0.9], ["没人清", 0.4]], "sure": False, "why": ["类别拿不准"]},
    )
    row.refresh_from_db()
    return row


def filed(town: Town, **more: Any) -> Incident:
    return report(town, by=town.worker, channel="grid", class_said="sr.litter", **more)


def lead(row: Incident) -> WorkOrder:
    return WorkOrder.objects.filter(subject=row.subject, kind="incident.handle", role="lead").latest("id")


def handled(town: Town) -> Incident:
    row = filed(town)
    dispatch.accept_order(by=town.officer, order=lead(row).pk)
    key = store_file(by=town.officer, name="后.png", data=picture(9), client_uuid=uuid.uuid4()).key
    dispatch.handle_with_photos(by=town.officer, order=lead(row).pk, outcome="已清运", keys=[key])
    drain()
    row.refresh_from_db()
    assert row.state == "checking"
    return row


def triage(town: Town, row: Incident, who: str = "clerk", **said: Any) -> Any:
    base = {"base_version": said.pop("base", Incident.objects.get(pk=row.pk).version), "text": ""}
    return client(town, who).post(f"/desk/?case={row.pk}", base | said)


def count(who: Client, url: str) -> int:
    who.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert who.get(url).status_code == 200
    return len(seen)


def queued(kind: str, **data: Any) -> dict[str, Any]:
    return {
        "uuid": str(uuid.uuid4()),
        "kind": kind,
        "base_version": str(data.pop("base", "")),
        "captured_at": (timezone.now() - timedelta(minutes=5)).isoformat(),
        "position": {"lon": LON, "lat": LAT},
        "data": data,
        "files": data.pop("files", []),
    }


def send(by: Any, *items: dict[str, Any]) -> list[dict[str, Any]]:
    return sync.receive(by, {"sent_at": timezone.now().isoformat(), "items": list(items)})["answers"]
