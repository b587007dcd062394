"""On the spot: one-thumb reports, confirmations, checks, and the same from a phone's queue."""

import uuid
from typing import Any

import pytest
from django.test import Client

from linli.dispatch import actions as dispatch
from linli.dispatch.models import Move, WorkOrder
from linli.incidents import actions, queries
from linli.incidents.models import Incident, Report
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import GRID, LAT, LON, Town
from linli.incidents.tests.scenes import client, handled, html, lead, queued, report, send, upload
from linli.kernel import Refused
from linli.kernel.bus.jobs import drain
from linli.kernel.web import sync


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path / "files"


def test_a_grid_worker_confirms_on_the_spot(town: Town) -> None:
    yes, no = report(town, class_said="sr.litter"), report(town, class_said="sr.stall")
    orders = {
        row.pk: WorkOrder.objects.get(subject=row.subject, kind="incident.confirm") for row in (yes, no)
    }
    worker = client(town, "worker")
    for order in orders.values():
        dispatch.accept_order(by=town.worker, order=order.pk)
        page = html(worker.get(f"/orders/{order.pk}/"))
        assert f'href="/orders/{order.pk}/confirm/">核实</a>' in page and "办结</a>" not in page
    url = f"/orders/{orders[yes.pk].pk}/confirm/"
    bare = worker.post(url, {"base_version": 2})
    assert bare.status_code == 422 and "请选择核实结果" in html(bare)
    said = {
        "base_version": 2,
        "found": "1",
        "class_code": "暴露垃圾",
        "text": "确有一堆",
        "photos": upload(4),
    }
    assert worker.post(url, said).status_code == 302
    said = {"base_version": 2, "found": "0", "text": "没有摊贩"}
    assert worker.post(f"/orders/{orders[no.pk].pk}/confirm/", said).status_code == 302
    yes.refresh_from_db()
    no.refresh_from_db()
    assert (yes.state, no.state) == ("filed", "declined")
    assert [row.phase for row in queries.photos_of(yes, [])] == ["before"]
    assert client(town, "far").get(url).status_code == 404
    assert worker.get(f"/orders/{lead(yes).pk}/confirm/").status_code == 404


def test_a_check_order_is_answered_on_the_spot(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linli.incidents.actions.closing.SPOT_SHARE", 1.0)
    row = handled(town)
    order = WorkOrder.objects.get(subject=row.subject, kind="incident.check")
    assert order.person_id == town.worker.account
    dispatch.accept_order(by=town.worker, order=order.pk)
    worker, url = client(town, "worker"), f"/orders/{order.pk}/check/"
    assert "通过，结案" in html(worker.get(url))
    row.refresh_from_db()
    assert worker.post(url, {"base_version": row.version, "passed": "1", "text": "干净"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "closed" and WorkOrder.objects.get(pk=order.pk).state == "done"
    assert client(town, "far").get(url).status_code == 404


def test_a_find_is_reported_with_one_thumb(town: Town) -> None:
    worker = client(town, "worker")
    page = html(worker.get("/work/report/"))
    assert "暴露垃圾" in page and "当场已处理" in page
    said = {
        "class_said": "sr.litter",
        "place_1": LON,
        "place_2": LAT,
        "place_4": "gps",
        "photos": upload(5),
        "client_uuid": str(uuid.uuid4()),
    }
    answer = worker.post("/work/report/", said)
    assert answer.status_code == 302 and answer["Location"] == "/work/", html(answer)
    row = Incident.objects.get()
    assert (row.state, row.channel, row.own_find, row.text) == ("filed", "grid", True, "暴露垃圾")
    empty = worker.post("/work/report/", {})
    assert empty.status_code == 422 and "请说明发生了什么" in html(empty)
    assert client(town, "officer").get("/work/report/").status_code == 403
    assert Client().get("/work/report/").status_code == 403


def test_what_is_mended_on_the_spot_is_closed_in_one_act_but_for_the_sample(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = client(town, "worker")
    said = {"class_said": "sr.litter", "place_1": LON, "place_2": LAT, "place_4": "gps", "fixed": "1"}
    bare = worker.post("/work/report/", said)
    assert bare.status_code == 422 and "请写明怎么处理的" in html(bare) and not Incident.objects.exists()
    monkeypatch.setattr("linli.incidents.actions.spot.SPOT_SHARE", 0.0)
    assert worker.post("/work/report/", said | {"outcome": "当场捡走"}).status_code == 302
    drain()
    row = Incident.objects.get()
    assert (row.state, row.cause, row.outcome) == ("closed", "fixed", "当场捡走") and row.responded_at
    order = lead(row)
    assert (order.state, order.person_id, order.handled_by) == ("done", town.worker.account, town.worker.ref)
    monkeypatch.setattr("linli.incidents.actions.spot.SPOT_SHARE", 1.0)
    assert worker.post("/work/report/", said | {"outcome": "又捡走一堆"}).status_code == 302
    drain()
    assert Incident.objects.latest("id").state == "checking"


def test_a_vague_find_is_not_closed_on_the_spot(town: Town) -> None:
    told = Telling(
        text="有点乱", sender="account:1", client_uuid=uuid.uuid4(), channel="grid", lon=LON, lat=LAT
    )
    with pytest.raises(Refused) as refused:
        actions.report_and_fix(by=town.worker, telling=told, outcome="弄好了")
    assert "class_said" in refused.value.fields and not Report.objects.exists()
    with pytest.raises(Refused) as refused:
        actions.report_and_fix(by=town.far, telling=told, outcome="弄好了")
    assert refused.value.status == 403


def test_reports_and_confirmations_queue_on_the_phone(town: Town) -> None:
    asked = report(town, class_said="sr.litter")
    order = WorkOrder.objects.get(subject=asked.subject)
    dispatch.accept_order(by=town.worker, order=order.pk)
    find = queued("incidents.report", class_said="暴露垃圾", files=["a" * 64])
    fix = queued("incidents.report", class_said="sr.litter", text="小广告", fixed=True, outcome="已撕掉")
    look = queued(
        "incidents.confirm", order=order.pk, base=2, found="1", text="确有一堆", class_code="暴露垃圾"
    )
    answers = send(town.worker, find, fix, look)
    assert [one["status"] for one in answers] == ["done"] * 3, answers
    found = Incident.objects.get(pk=answers[0]["incident"])
    assert found.grid == GRID and found.state == "filed" and answers[0]["phase"] == "before"
    asked.refresh_from_db()
    assert asked.state == "filed"
    assert [one["status"] for one in send(town.worker, find, fix, look)] == ["already"] * 3
    assert Incident.objects.count() == 3


def test_a_report_sent_by_form_and_again_by_the_queue_is_one_report(town: Town) -> None:
    item = queued("incidents.report", class_said="sr.litter", text="路边一堆")
    worker = client(town, "worker")
    said = {
        "class_said": "sr.litter",
        "text": "路边一堆",
        "place_1": LON,
        "place_2": LAT,
        "place_4": "gps",
        "client_uuid": item["uuid"],
    }
    assert worker.post("/work/report/", said | {"photos": upload(6)}).status_code == 302
    (answer,) = send(town.worker, item)
    assert (
        answer["status"] == "superseded" and "已经收到" in answer["message"] and Report.objects.count() == 1
    )


def test_a_late_confirmation_is_kept_as_a_note(town: Town) -> None:
    asked = report(town, class_said="sr.litter")
    order = WorkOrder.objects.get(subject=asked.subject)
    dispatch.accept_order(by=town.worker, order=order.pk)
    actions.decline_incident(by=town.chief, incident=asked.pk, text="重复反映")
    (answer,) = send(
        town.worker, queued("incidents.confirm", order=order.pk, base=2, found="1", text="确有一堆")
    )
    assert answer["status"] == "superseded"
    assert "确有一堆" in Move.objects.get(reason="superseded").text
    asked.refresh_from_db()
    assert asked.state == "declined"
    (far,) = send(town.far, queued("incidents.confirm", order=order.pk, base=2, found="1", text="x"))
    assert far["status"] == "refused"


def test_the_phone_knows_the_classes(town: Town) -> None:
    kept = sync.shell(town.worker)["sources"]
    assert {"code": "sr.litter", "name": "市容环境 · 暴露垃圾"} in kept[
        "classes"
    ] and "/work/report/" in kept["pages"]
    assert sync.shell(town.officer)["sources"]["classes"] == []
