from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from linli.kernel.web.models import BackgroundRun, Once
from linli.kernel.web.tests import pages

pytestmark = pytest.mark.django_db
GOOD = {
    "name": "张建国",
    "phone": "13800001234",
    "place_0": "金沙北路 108 号",
    "urgent": "no",
    "words": "井盖松动",
}
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 100


def photo(name="a.jpg", content=JPEG, kind="image/jpeg"):
    return SimpleUploadedFile(name, content, kind)


def test_the_page_has_label_hint_error_field_in_that_order(client):
    html = client.post("/t/report/", {**GOOD, "phone": "12"}).content.decode()
    block = html[html.index('id="field-phone"') :]
    order = [
        block.index(word)
        for word in (
            "联系电话</label>",
            "用于告诉您",
            "联系电话应为 11 位手机号",
            '<input type="text" name="phone"',
        )
    ]
    assert order == sorted(order)


def test_all_defects_are_listed_at_once_with_links(client):
    answer = client.post("/t/report/", {"urgent": "no"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "还有 4 处需要修改" in html
    for link in (
        'href="#id_name">您的姓名：请填写您的姓名',
        'href="#id_place_0">地点：请填写地点',
        'href="#id_words"',
    ):
        assert link in html


def test_what_was_typed_survives_a_defect(client):
    assert "张建国" in client.post("/t/report/", {**GOOD, "phone": ""}).content.decode()


def test_a_good_form_is_done_and_leads_on(client):
    answer = client.post("/t/report/", GOOD)
    assert (answer.status_code, answer["Location"]) == (302, "/t/done/")
    assert pages.SENT[0]["place"].words == "金沙北路 108 号"


def test_a_form_sent_twice_is_done_once(client):
    form = {**GOOD, "client_uuid": str(uuid4())}
    first, second = client.post("/t/report/", form), client.post("/t/report/", form)
    assert (first["Location"], len(pages.SENT)) == (second["Location"], 1)


def test_the_same_uuid_with_other_content_is_refused(client):
    form = {**GOOD, "client_uuid": str(uuid4())}
    client.post("/t/report/", form)
    answer = client.post("/t/report/", {**form, "words": "另一件事"})
    assert answer.status_code == 409
    assert "与上次不同" in answer.content.decode()
    assert len(pages.SENT) == 1


def test_a_uuid_of_somebody_else_is_a_different_one(client, wang):
    form = {**GOOD, "client_uuid": str(uuid4())}
    client.post("/t/report/", form)
    client.force_login(wang)
    client.post("/t/report/", form)
    assert len(pages.SENT) == 2


def test_a_refused_form_can_be_sent_again_after_repair(client):
    form = {**GOOD, "client_uuid": str(uuid4())}
    answer = client.post("/t/report/", {**form, "words": "拒绝"})
    assert answer.status_code == 422
    assert "此处由邻县管理" in answer.content.decode()
    assert not Once.objects.exists()
    assert client.post("/t/report/", form).status_code == 302


def test_a_field_checks_itself_when_left(client):
    ask = {"HTTP_HX_REQUEST": "true"}
    wrong = client.post("/t/report/", {"phone": "12", "_check": "phone"}, **ask)
    html = wrong.content.decode()
    assert wrong.status_code == 422
    assert "11 位手机号" in html
    assert "<html" not in html
    assert "您的姓名" not in html
    assert client.post("/t/report/", {"phone": "13800001234", "_check": "phone"}, **ask).status_code == 200
    assert not pages.SENT


def test_an_unknown_field_cannot_be_asked_about(client):
    assert "<html" in client.post("/t/report/", {"_check": "secret"}, HTTP_HX_REQUEST="true").content.decode()


def test_wrong_fields_are_tied_to_their_words_for_screen_readers(client):
    html = client.post("/t/report/", {**GOOD, "phone": "12"}).content.decode()
    assert 'aria-describedby="id_phone_helptext id_phone_error"' in html
    assert 'id="id_phone_error"' in html
    assert 'aria-invalid="true"' in html


def test_somebody_who_was_overtaken_is_told_who_changed_what(client):
    run = BackgroundRun.objects.create(code="x", title="x", done=3)
    shown = client.get("/t/note/").content.decode()
    assert 'name="base_version" value="3"' in shown
    BackgroundRun.objects.filter(pk=run.pk).update(done=4)
    answer = client.post("/t/note/", {"message": "新说明", "base_version": "3"})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "李敏在您填写期间修改了说明" in html
    assert "新说明" in html
    assert 'name="base_version" value="4"' in html
    assert client.post("/t/note/", {"message": "新说明", "base_version": "4"}).status_code == 302


def test_a_place_may_be_words_or_a_point(client):
    point = {"place_0": "", "place_1": "113.63", "place_2": "28.14", "place_3": "gcj02", "place_4": "pin"}
    client.post("/t/report/", {**GOOD, **point})
    place = pages.SENT[0]["place"]
    assert (place.lon, place.lat, place.system, place.source) == (113.63, 28.14, "gcj02", "pin")


def test_a_made_up_source_or_system_counts_for_nothing(client):
    client.post("/t/report/", {**GOOD, "place_3": "mars", "place_4": "gps"})
    place = pages.SENT[0]["place"]
    assert (place.system, place.source, place.lon) == ("wgs84", "address", None)


@pytest.mark.parametrize(
    ("boxes", "wanted"),
    [(("2026", "11", "22"), "2026-11-22"), (("2026年3月5日", "", ""), "2026-03-05"), (("", "", ""), "None")],
)
def test_a_day_is_read_from_three_boxes_or_one(client, boxes, wanted):
    client.post("/t/report/", {**GOOD, **{f"day_{n}": part for n, part in enumerate(boxes)}})
    assert str(pages.SENT[0]["day"]) == wanted


def test_a_day_that_is_none_says_how_to_write_one(client):
    html = client.post("/t/report/", {**GOOD, "day_0": "2026", "day_1": "2", "day_2": "30"}).content.decode()
    assert "发生日期不是一个日子，请按 2026 年 11 月 22 日这样填写" in html


@pytest.mark.parametrize(
    ("typed", "code"), [("集里街道", "430181002"), ("430181002", "430181002"), ("荷花", "430181003")]
)
def test_a_choice_is_found_by_label_code_or_part(client, typed, code):
    client.post("/t/report/", {**GOOD, "street": typed})
    assert pages.SENT[0]["street"] == code


def test_an_ambiguous_choice_says_so(client):
    assert "“街道”对应 3 项" in client.post("/t/report/", {**GOOD, "street": "街道"}).content.decode()


def test_several_photos_arrive_together(client):
    client.post("/t/report/", {**GOOD, "photos": [photo("a.jpg"), photo("b.jpg")]})
    assert [f.name for f in pages.SENT[0]["photos"]] == ["a.jpg", "b.jpg"]


def test_each_wrong_photo_is_named(client):
    files = [photo("a.exe", kind="application/x-msdownload"), photo("b.jpg", b""), photo(), photo("d.jpg")]
    html = client.post("/t/report/", {**GOOD, "photos": files}).content.decode()
    for said in ("选了 4 张，最多 3 张", "“a.exe”不是照片", "“b.jpg”是空文件"):
        assert said in html
    assert not pages.SENT


def test_a_form_page_asks_no_database(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):  # the roles nobody needs a grant for
        client.get("/t/report/")
