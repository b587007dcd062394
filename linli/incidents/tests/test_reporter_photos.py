"""The pictures a reporter may see: his own and those of the work done; nobody else's, and nobody else."""

import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from linli.dispatch import actions as dispatch
from linli.incidents import actions, queries
from linli.incidents.models import Incident, Report
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import LAT, LON, Town
from linli.incidents.tests.scenes import client, html, lead, picture
from linli.incidents.tracking import tracking_code
from linli.kernel.access.queries import anonymous
from linli.kernel.bus.jobs import drain
from linli.kernel.files.actions import store_file
from linli.kernel.files.models import Attachment


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path / "files"
    cache.clear()


def told(by: Any, seed: int, sender: str, join: int | None = None) -> tuple[Report, str]:
    """A report with one picture: the report and its tracking code."""
    shot = store_file(by=by, name="前.png", data=picture(seed), client_uuid=uuid.uuid4())
    ident = uuid.uuid4()
    telling = Telling(
        text="桥头有垃圾",
        sender=sender,
        client_uuid=ident,
        lon=LON,
        lat=LAT,
        place_source="pin",
        files=(shot.pk,),
        join=join,
    )
    receipt = actions.report_incident(by=by, telling=telling)
    return Report.objects.get(pk=receipt.report), tracking_code(sender, ident)


@pytest.fixture
def case(town: Town) -> tuple[Report, Report, str, Attachment]:
    """A resident's report, an anonymous one that joined it with its code, and the picture of the work done."""
    mine, _ = told(town.resident, 1, "r")
    theirs, code = told(anonymous(), 2, "device:x", join=mine.incident_id)
    if mine.incident.state in ("reported", "confirming"):
        actions.file_incident(by=town.clerk, incident=mine.incident_id, class_code="sr.litter")
    row = Incident.objects.get(pk=mine.incident_id)
    dispatch.accept_order(by=town.officer, order=lead(row).pk)
    key = store_file(by=town.officer, name="后.png", data=picture(9), client_uuid=uuid.uuid4()).key
    dispatch.handle_with_photos(by=town.officer, order=lead(row).pk, outcome="已清运", keys=[key])
    drain()
    return mine, theirs, code, Attachment.objects.get(key=key)


Case = tuple[Report, Report, str, Attachment]


def test_a_reporter_sees_his_own_pictures_and_those_of_the_work_done(town: Town, case: Case) -> None:
    mine, theirs, _, done = case
    assert [one.pk for one in queries.reporter_photos(mine)] == [mine.files[0], done.pk]
    assert [one.pk for one in queries.reporter_photos(theirs)] == [theirs.files[0], done.pk]
    browser = client(town, "resident")
    page = html(browser.get(f"/my/reports/{mine.pk}/"))
    for file in (mine.files[0], done.pk):
        address = f"/my/reports/{mine.pk}/photos/{file}/small/"
        assert address in page
        answer = browser.get(address)
        assert answer.status_code == 200 and answer["Content-Type"] == "image/webp"
        assert "private" in answer["Cache-Control"]
        assert browser.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert browser.get(f"/my/reports/{mine.pk}/photos/{done.pk}/huge/").status_code == 404
    assert browser.get(f"/my/reports/{mine.pk}/photos/{theirs.files[0]}/small/").status_code == 404


def test_whoever_holds_the_code_sees_the_same(town: Town, case: Case) -> None:
    mine, theirs, code, done = case
    browser = Client()
    address = f"/track/photos/{done.pk}/large/"
    assert browser.get(address).status_code == 403
    browser.post("/track/", {"code": code})
    page = html(browser.get("/track/case/"))
    assert f"/track/photos/{theirs.files[0]}/small/" in page and f"/track/photos/{mine.files[0]}/" not in page
    assert browser.get(address).status_code == 200
    assert browser.get(f"/track/photos/{mine.files[0]}/small/").status_code == 404


def test_strangers_see_no_picture_of_it(town: Town, case: Case) -> None:
    mine, _, _, done = case
    for browser in (Client(), client(town, "far"), client(town, "officer")):
        for file in (mine.files[0], done.pk):
            assert browser.get(f"/my/reports/{mine.pk}/photos/{file}/small/").status_code == 404


def test_a_lost_file_is_told_in_words(town: Town, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, _, _, done = case

    def gone(*_: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("linli.incidents.pages_photos.thumb_file", gone)
    answer = client(town, "resident").get(f"/my/reports/{mine.pk}/photos/{done.pk}/small/")
    assert answer.status_code == 404 and "照片暂时无法读取" in html(answer)
