"""The desk, the case page, the spot and the checker: what each shows, what each does, whom each refuses."""

import io
import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from linli.dispatch import actions as dispatch
from linli.dispatch.actions import Assignee, Said
from linli.dispatch.models import Move, Ruling, WorkOrder
from linli.incidents import actions, bulk, queries, showing
from linli.incidents.models import Incident, Report
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import COMMUNITY, COUNTY, GRID, LAT, LON, TOWN, Town
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import anonymous
from linli.kernel.bus.jobs import drain
from linli.kernel.files.actions import store_file
from linli.kernel.ledger.models import Entry
from linli.kernel.web import sync
from linli.kernel.web.models import BackgroundRun

TOP = [["sr.litter", 0.81], ["sr.dirty_road", 0.12], ["env.air", 0.01]]


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path / "files"


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


def test_the_desk_shows_the_most_pressing_case_with_what_the_system_thought(town: Town) -> None:
    row = waiting(town, name="王小明", phone="13800138000")
    page = html(client(town, "clerk").get("/desk/"))
    assert row.number in page and "暴露垃圾" in page and "81%" in page and "没人清" in page
    assert "派 城管执法局" in page and "按派遣规则" in page and "测试：全部派城管" in page
    assert "王**" in page and "138****8000" in page and "13800138000" not in page
    for key in ("1", "2", "f", "c", "d"):
        assert f'data-key="{key}"' in page
    assert 'data-key="3"' not in page  # a third class of one per cent is not offered


def test_one_key_files_with_the_class_chosen_and_says_where_it_went(town: Town) -> None:
    row = waiting(town)
    answer = triage(town, row, act="file", picked="sr.dirty_road")
    assert answer.status_code == 302 and answer["Location"] == "/desk/"
    row.refresh_from_db()
    assert (row.state, row.class_code, row.unit) == ("filed", "sr.dirty_road", "430181-CG")
    assert row.corrections.get().after == "sr.dirty_road"
    told = html(client(town, "clerk").get("/desk/"))
    assert "没有待受理的事件" in told


def test_a_typed_class_beats_the_button_and_a_named_unit_the_rules(town: Town) -> None:
    row = waiting(town)
    said = {
        "act": "file",
        "picked": "sr.litter",
        "class_code": "路灯照明",
        "unit": "住建局",
        "text": "路灯归住建",
    }
    answer = triage(town, row, **said)
    assert answer.status_code == 302, html(answer)
    row.refresh_from_db()
    assert row.class_code == "fac.streetlight" and row.unit == "430181-ZJ"
    assert row.routing == {"by": "dispatcher", "text": "路灯归住建"}


def test_the_desk_confirms_declines_refers_and_merges(town: Town) -> None:
    rows = [waiting(town) for _ in range(5)]
    assert triage(town, rows[0], act="confirm").status_code == 302
    bare = triage(town, rows[1], act="decline")
    assert bare.status_code == 422 and "请写明不予立案的理由" in html(bare)
    assert triage(town, rows[1], act="decline", text="属小区内部事务").status_code == 302
    unknown = triage(town, rows[2], act="refer", text="邻里纠纷")
    assert unknown.status_code == 422 and "请选择" in html(unknown)
    assert triage(town, rows[2], act="refer", room="mediation", text="邻里纠纷").status_code == 302
    assert triage(town, rows[3], act=f"merge:{rows[4].pk}").status_code == 302
    assert triage(town, rows[4], act="dance").status_code == 422
    states = [Incident.objects.get(pk=row.pk).state for row in rows]
    assert states == ["confirming", "declined", "closed", "merged", "reported"]
    assert Incident.objects.get(pk=rows[4].pk).reports_count == 2


def test_of_two_clerks_at_once_the_second_is_told_and_keeps_what_was_typed(town: Town) -> None:
    row = waiting(town)
    seen = row.version
    assert triage(town, row, act="confirm", base=seen).status_code == 302
    late = triage(town, row, "chief", act="decline", text="不属本县事权", base=seen)
    page = html(late)
    assert late.status_code == 409 and "王受理" in page and "核实" in page and "不属本县事权" in page
    row.refresh_from_db()
    assert row.state == "confirming" and f'name="base_version" value="{row.version}"' in page


def test_suggested_duplicates_stand_beside_with_their_reasons(town: Town) -> None:
    first = filed(town)
    second = waiting(town)
    why = "距 12 米 · 同类 · 1 小时前"
    Incident.objects.filter(pk=second.pk).update(
        suggestions=[{"incident": first.pk, "number": first.number, "title": first.title, "why": why}]
    )
    page = html(client(town, "clerk").get(f"/desk/?case={second.pk}"))
    assert why in page and f'value="merge:{first.pk}" data-key="m"' in page


def test_the_queue_is_narrowed_by_the_address(town: Town) -> None:
    web, call = (
        waiting(town, text="网页来的垃圾问题"),
        waiting(town, text="电话来的垃圾问题", channel="phone"),
    )
    page = html(client(town, "clerk").get("/desk/?channel=phone"))
    assert call.title in page and web.title not in page
    assert "都已受理" not in html(client(town, "clerk").get("/desk/?place=淮川"))
    assert "没有符合条件的" in html(client(town, "clerk").get("/desk/?place=集里&urgency=critical"))


def test_a_click_on_the_map_places_a_case(town: Town) -> None:
    row = waiting(town, lon=None, lat=None)
    chief = client(town, "chief")
    said = {
        "base_version": row.version,
        "place_0": "",
        "place_1": LON,
        "place_2": LAT,
        "place_3": "wgs84",
        "place_4": "pin",
        "area": "",
        "next": "/desk/",
    }
    answer = chief.post(f"/incidents/{row.pk}/locate/", said)
    assert answer.status_code == 302 and answer["Location"] == "/desk/", html(answer)
    row.refresh_from_db()
    assert row.grid == GRID and row.place_source == "pin"
    bare = chief.post(f"/incidents/{row.pk}/locate/", {"base_version": row.version})
    assert bare.status_code == 422 and "请在地图上选点" in html(bare)


def test_maps_hold_open_cases_of_ones_own_area(town: Town) -> None:
    row = waiting(town)
    points = client(town, "clerk").get("/desk/points.json").json()["features"]
    assert [one["properties"]["url"] for one in points] == [f"/desk/?case={row.pk}"]
    shapes = client(town, "clerk").get("/desk/areas.json").json()["features"]
    assert [one["properties"]["code"] for one in shapes] == [COMMUNITY]
    assert {
        one["properties"]["code"] for one in client(town, "chief").get("/desk/areas.json").json()["features"]
    } >= {TOWN}


def test_a_caller_is_typed_in_and_hears_of_it_not_the_typist(town: Town) -> None:
    clerk = client(town, "clerk")
    said = {
        "channel": "phone",
        "text": "三号楼路灯不亮",
        "area": "淮川街道一社区",
        "class_said": "路灯照明",
        "name": "李女士",
        "phone": "13900001111",
    }
    wrong = clerk.post("/desk/new/", said | {"phone": "12", "area": ""})
    assert (
        wrong.status_code == 422 and "手机号应为 11 位数字" in html(wrong) and "三号楼路灯不亮" in html(wrong)
    )
    answer = clerk.post(
        "/desk/new/", said | {"area": COMMUNITY, "photos": upload(), "client_uuid": str(uuid.uuid4())}
    )
    assert answer.status_code == 302, html(answer)
    told = Report.objects.get()
    assert (told.account, told.phone, told.channel, told.community) == (
        None,
        "13900001111",
        "phone",
        COMMUNITY,
    )
    assert len(told.files) == 1
    assert "查询码" in html(clerk.get(answer["Location"]))


def test_lists_filter_search_and_export(town: Town) -> None:
    one, other = waiting(town, text="金沙北路井盖丢失"), filed(town, text="人民路垃圾成堆")
    chief = client(town, "chief")
    page = html(chief.get("/desk/all/?q=井盖"))
    assert one.title in page and other.title not in page
    assert other.title in html(chief.get("/desk/open/")) and one.title not in html(chief.get("/desk/open/"))
    assert one.title in html(chief.get("/desk/all/?state=reported&place=淮川&channel=web"))
    assert other.title in html(chief.get("/desk/all/?class=暴露垃圾"))
    actions.ask_confirm(by=town.chief, incident=one.pk)
    assert one.title in html(chief.get("/desk/confirming/"))
    sheet = chief.get("/desk/all/?export=xlsx")
    assert sheet.status_code == 200 and b"".join(sheet.streaming_content)[:2] == b"PK"


def test_returned_orders_stand_on_the_dispatch_tab(town: Town) -> None:
    row = filed(town)
    dispatch.return_order(
        by=town.officer, order=lead(row).pk, said=Said(reason="not_ours", text="归水利"), propose="430181-SL"
    )
    page = html(client(town, "clerk").get("/desk/orders/"))
    assert row.title in page and "水利局" in page and f"/orders/{lead(row).pk}/" in page
    filed(town, text="又一堆垃圾")
    form = html(client(town, "clerk").get(f"/orders/{lead(row).pk}/dispatch/"))
    assert "同类" in form and "又一堆垃圾" in form and "归水利" in form and 'value="水利局"' in form


def test_a_ruling_is_remembered_for_the_class_and_place(town: Town) -> None:
    row = filed(town)
    order, said = lead(row).pk, Said(reason="not_ours", text="不归我们")
    dispatch.return_order(by=town.officer, order=order, said=said)
    dispatch.dispatch_order(by=town.chief, order=order, to=Assignee("430181-CG"), said=Said(text="仍归城管"))
    dispatch.return_order(by=town.officer, order=order, said=said)
    version = WorkOrder.objects.get(pk=order).version
    post = {"base_version": version, "unit": "水利局", "text": "河道垃圾归水利", "remember": "on"}
    assert client(town, "chief").post(f"/orders/{order}/rule/", post).status_code == 302
    ruling = Ruling.objects.get()
    assert (ruling.topic, ruling.area, ruling.unit) == ("sr.litter", COMMUNITY, "430181-SL")


def test_the_case_page_tells_the_whole_story_to_staff(town: Town) -> None:
    row = handled(town)
    near = filed(town, lon=LON + 0.001)
    page = html(client(town, "clerk").get(f"/incidents/{row.pk}/"))
    for words in (
        row.number,
        "核查中",
        "市容环境 · 暴露垃圾",
        "已清运",
        "处置前",
        "处置后",
        "派遣说明",
        "按派遣规则",
        "李网格（网格员）",
        "陈经办（经办）",
    ):
        assert words in page, words
    assert near.title in page and "距 98 米" in page
    points = client(town, "clerk").get(f"/incidents/{row.pk}/near.json").json()["features"]
    assert [one["properties"]["id"] for one in points] == [row.pk, near.pk]


def test_acts_on_a_case_are_those_its_viewer_may_do_now(town: Town) -> None:
    row = filed(town)

    def acts(who: str) -> set[str]:
        return {act.code for act in client(town, who).get(f"/incidents/{row.pk}/").context["acts"]}

    assert acts("chief") >= {"reclass", "split", "whistle", "merge", "refer", "void", "contact", "locate"}
    assert "void" not in acts("clerk") and "file" not in acts("clerk")
    assert acts("officer") == set() and acts("worker") == set()
    dispatch.accept_order(by=town.officer, order=lead(row).pk)
    assert acts("officer") == {"whistle"}  # the lead may call others out
    assert f"/incidents/{row.pk}/whistle/" in html(client(town, "officer").get(f"/orders/{lead(row).pk}/"))


def test_every_act_of_the_case_page_works(town: Town) -> None:
    chief = client(town, "chief")

    def act(row: Incident, code: str, **said: Any) -> Incident:
        base = Incident.objects.get(pk=row.pk).version
        page = chief.get(f"/incidents/{row.pk}/{code}/")
        assert page.status_code == 200, (code, page.status_code)
        answer = chief.post(f"/incidents/{row.pk}/{code}/", {"base_version": base, **said})
        assert answer.status_code == 302, (code, html(answer))
        return Incident.objects.get(pk=row.pk)

    row, other = filed(town), filed(town, text="另一处垃圾")
    assert act(row, "reclass", class_code="道路不洁").class_code == "sr.dirty_road"
    assert act(row, "contact", text="已电话告知").responded_at
    act(row, "whistle", unit_1="水利局", unit_2="住建局", text="请协助清淤")
    assert WorkOrder.objects.filter(subject=row.subject, role="assist").count() == 2
    act(row, "split", class_1="暴露垃圾", unit_1="水利局", text_1="先清河边")
    assert row.children.get().unit == "430181-SL" and "先清河边" in html(chief.get(f"/incidents/{row.pk}/"))
    assert act(other, "merge", into=row.number).merged_into_id == row.pk
    assert act(other, "unmerge", text="并错了").merged_into_id is None
    assert act(other, "file", class_code="暴露垃圾").state == "filed"
    assert act(other, "refer", room="outside", text="属邻县").cause == "referred"
    assert act(waiting(town), "confirm").state == "confirming"
    assert act(waiting(town), "decline", text="重复反映").state == "declined"
    assert act(filed(town, text="第三处"), "void", text="误报").state == "void"
    closed = handled(town)
    actions.check_incident(by=town.checker, incident=closed.pk, passed=True, text="干净")
    assert act(closed, "reopen", text="又堆起来了").round == 2


def test_a_stale_act_on_a_case_is_a_409_and_a_wrong_state_too(town: Town) -> None:
    row = filed(town)
    chief, seen = client(town, "chief"), row.version
    actions.reclass_incident(by=town.clerk, incident=row.pk, class_code="sr.stall")
    for code, said in (
        ("reclass", {"class_code": "道路不洁"}),
        ("contact", {"text": "已电话告知"}),
        ("void", {"text": "误报了"}),
    ):
        late = chief.post(f"/incidents/{row.pk}/{code}/", {"base_version": seen, **said})
        assert late.status_code == 409 and "王受理" in html(late) and next(iter(said.values())) in html(late)
    assert chief.get(f"/incidents/{row.pk}/unmerge/").status_code == 409
    wrong = chief.post(f"/incidents/{row.pk}/merge/", {"base_version": seen, "into": "随便哪件"})
    assert wrong.status_code == 422 and "请写事件编号" in html(wrong)


def test_a_reporters_number_is_read_with_a_reason_and_never_where_hidden(town: Town) -> None:
    row = waiting(town, name="王小明", phone="13800138000")
    told, clerk = row.reports.get(), client(town, "clerk")
    url = f"/incidents/{row.pk}/reports/{told.pk}/reveal/"
    assert clerk.post(url, {"reason": " "}).status_code == 422
    before = Entry.objects.count()
    assert "13800138000" in html(clerk.post(url, {"reason": "回访办理情况"}))
    assert Entry.objects.count() == before + 1
    assert client(town, "officer").post(url, {"reason": "好奇"}).status_code in (403, 404)
    Incident.objects.filter(pk=row.pk).update(hide_reporter=True)
    assert clerk.post(url, {"reason": "回访"}).status_code == 403
    page = html(clerk.get(f"/incidents/{row.pk}/"))
    assert "信息已隐去" in page and "王**" not in page
    with pytest.raises(Refused):
        actions.reveal_reporter(by=town.far, report=told.pk, reason="x")


def test_the_checker_sees_before_and_after_and_closes_with_a_cause(town: Town) -> None:
    row = handled(town)
    checker = client(town, "checker")
    assert row.title in html(checker.get("/check/"))
    page = html(checker.get(f"/check/{row.pk}/"))
    assert "处置后照片 1" in page and "照片没有拍摄位置" in page and "垃圾清净" in page
    bare = checker.post(f"/check/{row.pk}/", {"base_version": row.version, "passed": "0"})
    assert bare.status_code == 422 and "请填写核查情况" in html(bare)
    fail = {"base_version": row.version, "passed": "0", "text": "还有残留", "cause": "fixed"}
    assert checker.post(f"/check/{row.pk}/", fail).status_code == 302
    assert checker.post(f"/check/{row.pk}/", fail).status_code == 409
    dispatch.handle_order(by=town.officer, order=lead(row).pk, outcome="再清一遍")
    drain()
    row.refresh_from_db()
    passed = {"base_version": row.version, "passed": "1", "text": "干净了", "cause": "natural"}
    assert checker.post(f"/check/{row.pk}/", passed).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.cause) == ("closed", "natural")


def test_nobody_checks_a_case_he_handled(town: Town) -> None:
    row = handled(town)
    Grant.objects.create(account=town.accounts["officer"], role_id="checker", area=COUNTY)
    officer = client(town, "officer")
    page = html(officer.get(f"/check/{row.pk}/"))
    assert "不能由您核查" in page and "通过，结案" not in page
    said = {"base_version": row.version, "passed": "1", "text": "我看行"}
    assert officer.post(f"/check/{row.pk}/", said).status_code == 403


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


def test_many_cases_are_decided_in_the_background(town: Town) -> None:
    rows, gone = [waiting(town) for _ in range(3)], filed(town)
    actions.void_incident(by=town.chief, incident=gone.pk, text="误报")
    chief = client(town, "chief")
    ids = [row.pk for row in (*rows, gone)]
    ask = chief.post("/desk/all/", {"act": "dispatch", "ids": ids})
    assert ask.status_code == 302
    url = ask["Location"]
    assert rows[0].title in html(chief.get(url))
    assert chief.post(url, {"unit": "水利局"}).status_code == 422
    Incident.objects.filter(pk__in=ids).exclude(state="void").update(class_code="sr.litter", large="sr")
    started = chief.post(url, {"unit": "水利局", "text": "河道专项"})
    assert started.status_code == 302 and started["Location"].startswith("/runs/")
    run = BackgroundRun.objects.get()
    bulk.run_bulk(str(run.pk))
    run.refresh_from_db()
    assert (run.state, run.done, run.failed) == ("done", 3, 1)
    assert {Incident.objects.get(pk=row.pk).unit for row in rows} == {"430181-SL"}
    assert "完成 3 项" in html(chief.get(started["Location"]))


def test_bulk_reclass_merge_and_refer_run_as_their_starter(town: Town) -> None:
    rows = [filed(town) for _ in range(4)]
    chief = client(town, "chief")
    for act, chosen, said in (
        ("reclass", rows, {"class_code": "道路不洁", "text": ""}),
        ("merge", rows[:2], {"into": rows[1].number, "text": ""}),
        ("refer", rows[2:], {"room": "outside", "text": "属邻县"}),
    ):
        ids = "".join(f"&ids={row.pk}" for row in chosen)
        answer = chief.post(f"/desk/bulk/?act={act}{ids}", said)
        assert answer.status_code == 302, html(answer)
        run = BackgroundRun.objects.latest("at")
        bulk.run_bulk(str(run.pk))
        run.refresh_from_db()
        assert run.failed == 0, run.faults
    states = [Incident.objects.get(pk=row.pk).state for row in rows]
    assert states == ["merged", "filed", "closed", "closed"]
    assert Incident.objects.get(pk=rows[1].pk).class_code == "sr.dirty_road"


def test_bulk_work_is_for_those_who_may(town: Town) -> None:
    row = waiting(town)
    assert client(town, "clerk").get(f"/desk/bulk/?act=refer&ids={row.pk}").status_code == 403
    chief = client(town, "chief")
    assert chief.get("/desk/bulk/?act=dance&ids=1").status_code == 404
    assert chief.get("/desk/bulk/?act=refer").status_code == 422
    assert 'name="ids"' in html(chief.get("/desk/all/")) and 'name="ids"' not in html(
        client(town, "clerk").get("/desk/all/")
    )


def test_a_stranger_is_refused_every_page(town: Town) -> None:
    row, done = waiting(town), handled(town)
    desk = [
        "/desk/",
        "/desk/confirming/",
        "/desk/orders/",
        "/desk/open/",
        "/desk/all/",
        "/desk/new/",
        "/desk/bulk/?act=refer&ids=1",
        "/desk/areas.json",
        "/desk/points.json",
        "/check/",
    ]
    own = [
        f"/incidents/{row.pk}/",
        f"/incidents/{row.pk}/near.json",
        f"/incidents/{row.pk}/file/",
        f"/incidents/{row.pk}/void/",
        f"/check/{done.pk}/",
    ]
    far, resident, nobody = client(town, "far"), client(town, "resident"), Client()
    for url in desk:
        assert {far.get(url).status_code, resident.get(url).status_code, nobody.get(url).status_code} == {
            403
        }, url
    for url in own:
        assert far.get(url).status_code == 404, url
        assert resident.get(url).status_code in (403, 404) and nobody.get(url).status_code in (403, 404), url
    assert far.post(f"/incidents/{row.pk}/void/", {"text": "x"}).status_code == 404
    assert (
        far.post(f"/incidents/{row.pk}/reports/{row.reports.get().pk}/reveal/", {"reason": "x"}).status_code
        == 404
    )
    assert client(town, "clerk").get(f"/incidents/{row.pk}/void/").status_code == 403


def test_a_hundred_cases_cost_few_queries(town: Town) -> None:
    for n in range(100):
        row = (
            filed(town, text=f"第{n}堆垃圾没有清", lon=LON + n / 10_000)
            if n % 2
            else waiting(town, text=f"第{n}堆垃圾")
        )
        if n % 4 == 1:
            Incident.objects.filter(pk=row.pk).update(state="checking")
        if n % 10 == 3:
            dispatch.return_order(
                by=town.officer, order=lead(row).pk, said=Said(reason="not_ours", text="不归我们")
            )
    chief, checker = client(town, "chief"), client(town, "checker")
    for url in (
        "/desk/",
        "/desk/open/",
        "/desk/all/",
        "/desk/orders/",
        "/desk/confirming/",
        "/desk/points.json",
        "/desk/areas.json",
    ):
        assert count(chief, url) <= 12, url
    assert count(client(town, "clerk"), "/desk/") <= 12
    assert count(checker, "/check/") <= 12
    assert count(client(town, "worker"), "/work/report/") <= 12


def test_single_cases_cost_few_queries(town: Town) -> None:
    row = handled(town)
    assert count(client(town, "clerk"), f"/incidents/{row.pk}/") <= 13
    assert count(client(town, "checker"), f"/check/{row.pk}/") <= 12
    order = lead(row)
    assert count(client(town, "officer"), f"/orders/{order.pk}/") <= 12


def test_the_clock_of_a_case_speaks_in_words(town: Town) -> None:
    row = filed(town)
    now = timezone.now()
    assert showing.case_chip(row).words.startswith("还剩")
    row.due_at = now - timedelta(days=9)
    assert showing.case_chip(row, now).state == "bad" and "已超" in showing.case_chip(row, now).words
    row.state = "void"
    assert showing.case_chip(row).words == "已作废"
    row.state, row.closed_at, row.handled_at = "closed", now, now
    assert showing.case_chip(row).words == "按期办结"


def test_a_case_of_another_town_is_not_among_the_like(town: Town) -> None:
    row, other = filed(town), filed(town, text="第二堆")
    assert queries.like_cases(town.chief, "sr.litter", GRID, besides=row.pk) == [other]
    assert queries.like_cases(town.far, "sr.litter", GRID) == [] and queries.near_same(town.far, row) == []
    assert queries.common_classes(town.worker) == ["sr.litter"] and queries.common_classes(town.far) == []
    assert [one.pk for one in queries.orders_of(row)] == [lead(row).pk] and len(queries.told_in(row)) == 1
