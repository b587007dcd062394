"""Residents report, follow, rate and object on pages that need no JavaScript; nobody reads another's matter."""

import re
import uuid
from io import BytesIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from linli.dispatch.models import Rating
from linli.incidents import actions, door
from linli.incidents.models import Incident, IncidentClass, Report
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import GRID, LAT, LON, TOWN, Town
from linli.kernel.access.queries import anonymous
from linli.kernel.bus.jobs import drain
from linli.kernel.files.models import Attachment


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


def said(**more: Any) -> dict[str, Any]:
    """What a browser sends from the report page."""
    body = {
        "client_uuid": str(uuid.uuid4()), "base_version": "", "place_0": "东门桥头", "place_1": LON, "place_2": LAT, "place_3": "wgs84",
        "place_4": "gps", "area": "", "class_said": "sr.litter", "text": "垃圾堆了三天没人清", "name": "", "phone": "",
    }  # fmt: skip
    return {**body, **more}


def photo(name: str = "a.jpg", colour: str = "red") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def code_on(client: Client) -> str:
    """The tracking code the thank-you page shows."""
    page = client.get("/report/thanks/").content.decode()
    return re.search(r"data-code>(\w{10})<", page)[1]  # type: ignore[index]


def reported(client: Client, **more: Any) -> Report:
    answer = client.post("/report/", said(**more))
    assert answer.status_code == 302, answer.content.decode()
    return Report.objects.latest("id")


# home


def test_home_offers_residents_their_few_ways(town: Town, client: Client) -> None:
    page = client.get("/").content.decode()
    for address in ("/report/", "/track/", "/map/", "/accounts/login/"):
        assert f'href="{address}' in page
    client.force_login(town.accounts["resident"])
    assert 'href="/my/reports/"' in client.get("/").content.decode()


def test_staff_are_sent_where_their_work_is(town: Town) -> None:
    from linli.incidents.pages import PLACES, place_of

    assert place_of(town.resident) == "" == place_of(anonymous())
    assert {path for _, path in PLACES} == {"/work/", "/desk/", "/unit/", "/check/", "/board/"}
    assert place_of(town.worker) in ("/work/", "")


# reporting


def test_a_resident_reports_and_gets_number_and_code(town: Town, client: Client) -> None:
    row = reported(client)
    assert (row.grid, row.place_source, row.channel) == (GRID, "gps", "web") and row.place_words == "东门桥头"
    page = client.get("/report/thanks/").content.decode()
    assert row.incident.number in page and "查询码" in page
    assert not client.get("/report/thanks/").headers.get("Set-Cookie")


def test_the_thank_you_page_is_this_browsers_own(town: Town, client: Client) -> None:
    reported(client)
    assert Client().get("/report/thanks/")["Location"] == "/track/"


def test_a_double_submit_is_one_report(town: Town, client: Client) -> None:
    body = said()
    first, second = client.post("/report/", body), client.post("/report/", body)
    assert first.status_code == second.status_code == 302 and Report.objects.count() == 1


def test_the_same_form_with_other_content_is_a_conflict(town: Town, client: Client) -> None:
    body = said()
    client.post("/report/", body)
    answer = client.post("/report/", {**body, "text": "别的内容", "asked": "1"})
    assert answer.status_code == 409 and "别的内容" in answer.content.decode() and Report.objects.count() == 1


def test_a_mistake_keeps_everything_photos_too(town: Town, client: Client) -> None:
    body = said(phone="12", name="老李", anonymous="on")
    answer = client.post("/report/", {**body, "photos": [photo()]})
    page = answer.content.decode()
    assert answer.status_code == 422 and "手机号应为" in page and "老李" in page and "垃圾堆了三天" in page
    key = re.search(r'name="kept" value="([^"]+)"', page)[1]  # type: ignore[index]
    again = client.post("/report/", {**body, "phone": "", "kept": [key]})
    assert again.status_code == 302
    row, file = Report.objects.get(), Attachment.objects.get()
    assert row.files == [file.pk] and file.subject == f"incidents.report:{row.pk}"


def test_a_kept_photo_can_be_left_out(town: Town, client: Client) -> None:
    page = client.post("/report/", {**said(phone="12"), "photos": [photo()]}).content.decode()
    key = re.search(r'name="kept" value="([^"]+)"', page)[1]  # type: ignore[index]
    client.post("/report/", said(kept=[key], drop=[key]))
    assert Report.objects.get().files == []


def test_photos_of_another_are_not_taken(town: Town, client: Client) -> None:
    other = Client()
    other.force_login(town.accounts["resident"])
    page = other.post("/report/", {**said(phone="12"), "photos": [photo()]}).content.decode()
    key = re.search(r'name="kept" value="([^"]+)"', page)[1]  # type: ignore[index]
    client.post("/report/", said(kept=[key]))
    assert Report.objects.get().files == []


def test_an_empty_report_says_what_is_missing(town: Town, client: Client) -> None:
    answer = client.post("/report/", said(text=" "))
    page = answer.content.decode()
    assert answer.status_code == 422 and 'href="#id_text"' in page and "请写明发生了什么" in page


def test_a_photo_alone_is_a_report(town: Town, client: Client) -> None:
    assert client.post("/report/", {**said(text=""), "photos": [photo()]}).status_code == 302
    assert len(Report.objects.get().files) == 1


def test_danger_shows_the_emergency_numbers_and_is_still_taken(town: Town, client: Client) -> None:
    page = client.post("/report/", said(text="楼道起火了", phone="1")).content.decode()
    assert re.search(r"data-danger role", page) and "tel:119" in page
    row = reported(client, text="楼道起火了，有人被困")
    assert row.incident.urgency == "critical"
    assert "tel:110" in client.get("/report/thanks/").content.decode()


def test_the_emergency_note_is_hidden_without_danger(town: Town, client: Client) -> None:
    assert re.search(r"data-danger hidden role", client.get("/report/").content.decode())


def test_a_neighbouring_case_is_offered_and_joined(town: Town, client: Client) -> None:
    first = reported(client)
    body = said(text="桥头好多垃圾")
    page = client.post("/report/", body).content.decode()
    assert "也遇到了" in page and "垃圾堆了三天" not in page  # another's words are not shown
    assert Report.objects.count() == 1
    client.post("/report/", {**body, "asked": "1", "join": str(first.incident_id)})
    second = Report.objects.latest("id")
    assert second.incident_id == first.incident_id and second.followed


def test_not_the_same_matter_is_a_case_of_its_own(town: Town, client: Client) -> None:
    first = reported(client)
    second = reported(client, text="另一堆垃圾", asked="1", join="")
    assert second.incident_id != first.incident_id


def test_a_private_matter_is_never_offered_nor_joined(town: Town, client: Client) -> None:
    first = reported(client)
    Incident.objects.update(private=True)
    answer = client.post("/report/", said(asked="1", join=str(first.incident_id)))
    assert answer.status_code == 422 and Report.objects.count() == 1
    assert client.post("/report/", said()).status_code == 302


def test_a_community_can_be_chosen_instead_of_a_point(town: Town, client: Client) -> None:
    row = reported(client, place_0="", place_1="", place_2="", area="淮川街道 一社区")
    assert row.community == TOWN + "001" and row.lon is None


def test_questions_of_the_class_are_asked_and_kept(town: Town, client: Client) -> None:
    question = IncidentClass.objects.get(code="sr.litter", active=True).questions[0]
    assert question in client.get("/report/?class=sr.litter").content.decode()
    row = reported(client, ask0="两米高")
    assert f"{question} 两米高" in row.text


def test_a_visitor_reporting_too_often_keeps_what_was_typed(
    town: Town, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(door.limits()["limits"], "report", [[60, 1]])
    client.post("/report/", said())
    answer = client.post("/report/", said(text="第二件事"))
    assert answer.status_code == 429 and "第二件事" in answer.content.decode()


def test_the_form_is_guarded_against_forged_requests(town: Town) -> None:
    assert Client(enforce_csrf_checks=True).post("/report/", said()).status_code == 403


def test_the_report_page_runs_few_queries(town: Town, client: Client) -> None:
    client.get("/report/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/report/")
    assert len(asked) <= 2
    with CaptureQueriesContext(connection) as asked:
        client.post("/report/", said())
    assert len(asked) <= 20


# following


def tracked(client: Client) -> Client:
    """Another browser that has typed the code in."""
    other = Client()
    assert other.post("/track/", {"code": code_on(client).lower()})["Location"] == "/track/case/"
    return other


def test_a_code_opens_the_case_without_an_account(town: Town, client: Client) -> None:
    row = reported(client)
    page = tracked(client).get("/track/case/").content.decode()
    assert row.incident.number in page and "垃圾堆了三天" in page and "办理经过" in page


def test_every_wrong_code_is_answered_alike(town: Town, client: Client) -> None:
    pages = [client.post("/track/", {"code": code}) for code in ("2222222222", "错", "X" * 40)]
    assert {page.status_code for page in pages} == {404}
    assert all(
        "没有找到这个查询码" in page.content.decode() or "请核对查询码" in page.content.decode()
        for page in pages
    )
    assert Client().get("/track/case/")["Location"] == "/track/"


def test_trying_codes_is_slowed_down(town: Town, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(door.limits()["limits"], "track", [[60, 1]])
    assert [client.post("/track/", {"code": "2222222222"}).status_code for _ in range(2)] == [404, 429]


def test_a_forged_cookie_opens_nothing(town: Town, client: Client) -> None:
    reported(client)
    other = Client()
    other.cookies["linli_code"] = f'"{Report.objects.get().pk}|AAAAAAAAAA"'
    assert other.get("/track/case/")["Location"] == "/track/"


def closed_case(town: Town, by: Any) -> Report:
    """A report whose case went to its end."""
    from linli.dispatch import actions as dispatch
    from linli.dispatch.models import WorkOrder

    telling = Telling(
        text="路口垃圾",
        sender=by.ref,
        client_uuid=uuid.uuid4(),
        lon=LON,
        lat=LAT,
        class_said="sr.litter",
        place_source="pin",
    )
    receipt = actions.report_incident(by=by, telling=telling)
    confirm = WorkOrder.objects.get(subject=f"incidents.incident:{receipt.incident}")
    dispatch.accept_order(by=town.worker, order=confirm.pk)
    actions.confirm_incident(by=town.worker, order=confirm.pk, found=True, text="属实")
    order = WorkOrder.objects.get(subject=confirm.subject, kind="incident.handle")
    handler = town.officer if order.unit == "430181-CG" else town.worker
    dispatch.accept_order(by=handler, order=order.pk)
    drain()
    dispatch.handle_order(by=handler, order=order.pk, outcome="已清运")
    drain()
    actions.check_incident(by=town.checker, incident=receipt.incident, passed=True, text="干净了")
    drain()
    return Report.objects.get(pk=receipt.report)


def test_the_timeline_names_units_and_no_person(town: Town, client: Client) -> None:
    row = closed_case(town, town.resident)
    client.force_login(town.accounts["resident"])
    page = client.get(f"/my/reports/{row.pk}/").content.decode()
    assert "城管执法局" in page and "已清运" in page
    for name in ("李网格", "陈经办", "孙核查"):
        assert name not in page


def test_a_promise_is_shown_as_a_date_with_its_weekday(town: Town, client: Client) -> None:
    row = reported(client)
    actions.file_incident(by=town.clerk, incident=row.incident_id)
    page = tracked(client).get("/track/case/").content.decode()
    assert re.search(r"承诺办结</dt><dd><b>\d{4}年\d{1,2}月\d{1,2}日 周[一二三四五六日] \d\d:\d\d", page)


def test_a_reporter_rates_once_and_not_solved_reopens(town: Town, client: Client) -> None:
    row = closed_case(town, town.resident)
    client.force_login(town.accounts["resident"])
    path = f"/my/reports/{row.pk}/rate/"
    wrong = client.post(path, {"client_uuid": str(uuid.uuid4())})
    assert wrong.status_code == 422 and "请选择问题解决了吗" in wrong.content.decode()
    vote = {
        "client_uuid": str(uuid.uuid4()),
        "base_version": "",
        "resolved": "no",
        "stars": "2",
        "reasons": ["half"],
        "text": "又堆起来了",
    }
    assert client.post(path, vote)["Location"] == f"/my/reports/{row.pk}/"
    assert client.post(path, vote)["Location"] == f"/my/reports/{row.pk}/"
    rating = Rating.objects.get()
    assert (rating.resolved, rating.stars, rating.reasons) == (False, 2, ["half"])
    row.incident.refresh_from_db()
    assert row.incident.state == "working"


def test_a_decline_can_be_objected_to_once_with_a_code(town: Town, client: Client) -> None:
    row = reported(client)
    actions.decline_incident(by=town.clerk, incident=row.incident_id, text="现场没有发现")
    other = tracked(client)
    page = other.get("/track/case/").content.decode()
    assert "现场没有发现" in page and "提出异议" in page
    assert other.post("/track/object/", {"text": "", "client_uuid": ""}).status_code == 422
    assert (
        other.post("/track/object/", {"text": "一直都在", "client_uuid": str(uuid.uuid4())})["Location"]
        == "/track/case/"
    )
    row.incident.refresh_from_db()
    assert row.incident.state == "reported"
    actions.decline_incident(by=town.clerk, incident=row.incident_id, text="仍未发现")
    assert 'id="object"' not in other.get("/track/case/").content.decode()


def test_a_stranger_follows_nothing(town: Town, client: Client) -> None:
    row = closed_case(town, town.resident)
    client.force_login(town.accounts["far"])
    assert client.get(f"/my/reports/{row.pk}/").status_code == 404
    assert client.post(f"/my/reports/{row.pk}/rate/", {"resolved": "yes", "stars": "5"}).status_code == 404
    assert client.post(f"/my/reports/{row.pk}/object/", {"text": "x"}).status_code == 404
    assert Client().get(f"/my/reports/{row.pk}/").status_code == 404


def test_a_follower_of_a_merged_case_reads_the_joint_one(town: Town, client: Client) -> None:
    row = reported(client)
    other = actions.report_incident(
        by=town.resident, telling=Telling(text="别处", sender="x", lon=LON, lat=LAT, class_said="sr.litter")
    )
    actions.merge_incident(by=town.chief, incident=row.incident_id, into=other.incident)
    page = tracked(client).get("/track/case/").content.decode()
    assert "合并办理" in page and other.number in page


def test_a_case_page_runs_few_queries(town: Town, client: Client) -> None:
    row = closed_case(town, town.resident)
    client.force_login(town.accounts["resident"])
    client.get(f"/my/reports/{row.pk}/")
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/my/reports/{row.pk}/")
    assert len(asked) <= 10


# lists


def test_my_reports_are_mine_and_cheap(town: Town, client: Client) -> None:
    assert client.get("/my/reports/")["Location"].startswith("/accounts/login/")
    for _ in range(15):
        actions.report_incident(
            by=town.resident,
            telling=Telling(text="我的事", sender="m", lon=LON, lat=LAT, class_said="sr.litter"),
        )
    actions.report_incident(
        by=town.worker, telling=Telling(text="别人的事", sender="o", lon=LON, lat=LAT, class_said="sr.litter")
    )
    client.force_login(town.accounts["resident"])
    client.get("/my/reports/")
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/my/reports/").content.decode()
    assert page.count("我的事") == 15 and "别人的事" not in page and len(asked) <= 12


def test_the_inbox_leads_to_the_own_report_and_is_marked_read(town: Town, client: Client) -> None:
    row = closed_case(town, town.resident)
    client.force_login(town.accounts["resident"])
    page = client.get("/inbox/").content.decode()
    assert "已办结，请您评价" in page and f'href="/my/reports/{row.pk}/"' in page and "未读" in page
    with CaptureQueriesContext(connection) as asked:
        client.get("/inbox/")
    assert len(asked) <= 12
    assert "未读" not in client.post("/inbox/", follow=True).content.decode().replace("没有未读", "")
    other = Client()
    other.force_login(town.accounts["far"])
    assert "还没有消息" in other.get("/inbox/").content.decode()
    assert Client().get("/inbox/")["Location"].startswith("/accounts/login/")
