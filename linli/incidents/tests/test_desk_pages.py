"""The desk: what it shows, what one key does, whom it refuses."""

import uuid
from typing import Any

import pytest
from django.test import Client

from linli.dispatch import actions as dispatch
from linli.dispatch.actions import Assignee, Said
from linli.dispatch.models import Ruling, WorkOrder
from linli.incidents import actions, bulk
from linli.incidents.models import Incident, Report
from linli.incidents.tests.conftest import COMMUNITY, GRID, LAT, LON, TOWN, Town
from linli.incidents.tests.scenes import client, count, filed, handled, html, lead, triage, upload, waiting
from linli.kernel.web.models import BackgroundRun


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path / "files"


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
