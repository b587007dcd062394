"""Bad input, through the page and through the API: each case with its clear answer, and nothing said is lost."""

import html
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from linli.areas.coordinates import wgs84_to_gcj02
from linli.incidents import actions
from linli.incidents.models import Incident, Report
from linli.incidents.tests.callers import bearer, event, fields_of, post, token_of, told
from linli.incidents.tests.conftest import GRID, LAT, LON, Town
from linli.incidents.tests.test_pages import photo
from linli.incidents.tests.test_pages import said as first_said
from linli.kernel.files.models import Attachment

EVENT, REPORTS, PAGE = "/api/event/report", "/api/v1/reports", "/report/"
EVIL = [
    "'; DROP TABLE incidents_report; --",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% debug %}",
    "%s%n\\",
]


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


def said(**more: Any) -> dict[str, Any]:
    """The page's second sending, after the neighbours were shown: what is sent is taken or refused."""
    return first_said(**{"asked": "1", **more})


def newest() -> Report:
    return Report.objects.latest("id")


# where


@pytest.mark.parametrize(("lon", "lat"), [(112.9, 28.2), (-0.12, 51.5), (179.9, -89.9)])
def test_a_point_outside_the_county_is_taken_and_told(
    town: Town, client: Client, lon: float, lat: float
) -> None:
    answer = post(client, REPORTS, told(location={"lon": lon, "lat": lat, "words": "淮川街道东门"}))
    assert answer.status_code == 201 and "范围之外" in answer.json()["warnings"][0]
    row = newest()
    assert "outside_grids" in row.flags and row.street == "430181001" and row.grid == ""
    assert post(client, EVENT, event(location=f"{lon},{lat}")).status_code == 200
    assert client.post(PAGE, said(place_1=lon, place_2=lat)).status_code == 302
    assert "outside_grids" in newest().flags


def test_swapped_coordinates_are_put_right_and_flagged(town: Town, client: Client) -> None:
    answer = post(client, REPORTS, told(location={"lon": LAT, "lat": LON}))
    assert answer.status_code == 201 and "写反" in answer.json()["warnings"][0]
    assert (newest().grid, "swapped" in newest().flags) == (GRID, True)
    assert post(client, EVENT, event(location=f"{LAT},{LON}")).status_code == 200 and newest().grid == GRID
    assert client.post(PAGE, said(place_1=LAT, place_2=LON)).status_code == 302 and newest().grid == GRID


def test_declared_gcj02_is_converted_and_the_system_kept(town: Town, client: Client) -> None:
    lon, lat = wgs84_to_gcj02(LON, LAT)
    for send in (
        lambda: post(client, REPORTS, told(location={"lon": lon, "lat": lat, "system": "gcj02"})).status_code,
        lambda: post(client, EVENT, event(location={"lon": lon, "lat": lat, "crs": "GCJ-02"})).status_code,
        lambda: client.post(PAGE, said(place_1=lon, place_2=lat, place_3="gcj02")).status_code,
    ):
        assert send() in (200, 201, 302)
        row = newest()
        assert row.lon == pytest.approx(LON, abs=1e-6) and row.lat == pytest.approx(LAT, abs=1e-6)
        assert row.source_crs == "gcj02" and "gcj02" in row.flags


@pytest.mark.parametrize(
    "location",
    [{"lon": "NaN", "lat": 1}, {"lon": "inf", "lat": 1}, {"lon": 0, "lat": 0}, {"lon": 999, "lat": 999}, {"lon": 113.6}, {"lon": True, "lat": 1},
     {"lon": 1, "lat": 1, "system": "mars"}, {"lon": [1], "lat": {}}, 5, True, ["a"], {"area": "999999"}],
)  # fmt: skip
def test_an_impossible_point_is_named_by_its_field(town: Town, client: Client, location: object) -> None:
    answer = post(client, REPORTS, told(location=location))
    assert (
        answer.status_code == 422 and set(fields_of(answer)) == {"location"} and not Report.objects.exists()
    )


def test_a_bare_nan_is_not_json(town: Town, client: Client) -> None:
    raw = '{"description": "x", "location": {"lon": NaN, "lat": 28}}'
    assert post(client, REPORTS, raw).status_code == 400
    assert post(client, EVENT, '{"type": "a", "description": "x", "location": [NaN, 28]}').status_code == 400


@pytest.mark.parametrize(("lon", "lat"), [("nan", "28"), ("0", "0"), ("x", "28"), ("1e999", "28")])
def test_an_impossible_point_on_the_page_keeps_the_rest(
    town: Town, client: Client, lon: str, lat: str
) -> None:
    answer = client.post(PAGE, said(place_1=lon, place_2=lat))
    page = answer.content.decode()
    assert answer.status_code == 422 and "垃圾堆了三天没人清" in page and 'href="#id_place' in page


# what


def test_ten_megabytes_of_text_are_too_large_everywhere(town: Town, client: Client) -> None:
    text = "长" * (10 * 1024 * 1024 // 3)
    for answer in (
        post(client, REPORTS, told(description=text)),
        post(client, EVENT, event(description=text)),
    ):
        assert answer.status_code == 413
    page = client.post(PAGE, said(text=text))
    assert page.status_code == 413 and "文字太长" in page.content.decode() and not Report.objects.exists()


def test_more_than_64_kib_of_text_is_413_and_on_the_page_kept(town: Town, client: Client) -> None:
    text = "长" * 22_000
    assert post(client, REPORTS, told(description=text)).status_code == 413
    assert post(client, EVENT, event(description=text)).status_code == 413
    answer = client.post(PAGE, said(text="长" * 20_500))
    assert answer.status_code == 422 and "长" * 20_500 in answer.content.decode()


def test_control_characters_are_taken_out_and_flagged(town: Town, client: Client) -> None:
    wild = "路灯\x00\x07坏了\u0085\ud800啊"
    assert (
        post(client, REPORTS, told(description=wild, name="\x00甲\x1b", location="桥\x00头")).status_code
        == 201
    )
    row = newest()
    assert (
        row.text == "路灯坏了啊"
        and row.name == "甲"
        and row.place_words == "桥头"
        and "control_characters" in row.flags
    )
    assert post(client, EVENT, event(description=wild, type="垃\x00圾")).status_code == 200
    assert newest().text == "路灯坏了啊" and newest().class_said == "垃圾"
    assert client.post(PAGE, said(text="路灯\x07坏了")).status_code == 302 and newest().text == "路灯坏了"
    assert client.post(PAGE, said(text="路灯\x00坏了")).status_code == 422  # Django's own field names it


def test_emoji_and_rare_characters_stay(town: Town, client: Client) -> None:
    text = "😀🏚️ 𠮷野家门口，㙍𠀀"
    assert post(client, REPORTS, told(description=text)).status_code == 201 and newest().text == text
    assert client.post(PAGE, said(text=text)).status_code == 302 and newest().text == text


@pytest.mark.parametrize("evil", EVIL)
def test_code_in_any_field_is_shown_as_text(town: Town, client: Client, evil: str) -> None:
    body = told(
        description=evil + "垃圾",
        name=evil[:60],
        location={"words": evil, "lon": LON, "lat": LAT},
        answers={evil: evil},
        **{"class": evil},
    )
    answer = post(client, REPORTS, body)
    assert answer.status_code == 201 and evil in newest().text
    client.force_login(town.accounts["resident"])
    assert client.post(PAGE, said(text=evil, name=evil[:60], place_0=evil, ask0=evil)).status_code == 302
    page = client.get(f"/my/reports/{newest().pk}/").content.decode()
    assert html.escape(evil) in page and (evil not in page or evil == html.escape(evil))
    again = client.post(PAGE, said(text=evil, name=evil[:60], place_0=evil, phone=evil[:30])).content.decode()
    assert "<script>alert" not in again and "<img src=x" not in again


@pytest.mark.parametrize("evil", EVIL)
def test_code_in_a_query_asks_nothing_of_the_database(town: Town, client: Client, evil: str) -> None:
    key = bearer(token_of(town, "chief"))
    for name in ("state", "class", "area", "since", "near", "cursor", "limit"):
        assert client.get("/api/v1/incidents", {name: evil}, headers=key).status_code == 422, name
    assert client.get("/map/points.json", {"large": evil, "state": evil}).status_code == 200
    assert client.get("/open311/v2/requests.json", {"service_code": evil}).status_code in (400, 404)
    assert client.post("/track/", {"code": evil}).status_code == 404


@pytest.mark.parametrize("raw", [b"", b"[]", b'"x"', b"{", b"\x80\x81", b"[" * 50_000])
def test_what_is_not_a_json_object_is_400(town: Town, client: Client, raw: bytes) -> None:
    answer = post(client, REPORTS, raw)
    assert answer.status_code == 400 and answer["Content-Type"].startswith("application/problem+json")


# photos


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.jpg", b"MZ\x90\x00 program", "image/jpeg"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "image/jpeg"),
        ("a.jpg", b"%PDF-1.7", "image/jpeg"),
        ("a.exe", b"MZ", "application/x-msdownload"),
        ("a.jpg", b"\xff\xd8\xff broken", "image/jpeg"),
        ("a.jpg", b"", "image/jpeg"),
    ],
)
def test_a_wrong_photo_is_named_and_the_rest_kept(
    town: Town, client: Client, name: str, data: bytes, kind: str
) -> None:
    answer = client.post(
        PAGE, {**said(), "photos": [photo("good.jpg"), SimpleUploadedFile(name, data, kind)]}
    )
    page = answer.content.decode()
    assert answer.status_code == 422 and name in page and "垃圾堆了三天没人清" in page
    assert page.count('name="kept"') == 1 and not Report.objects.exists()


@pytest.mark.parametrize(
    "given", ["x", [1], ["nix"], [str(uuid.uuid4())], [True], {"a": 1}, [str(uuid.uuid4())] * 100]
)
def test_photos_that_are_none_are_named(town: Town, client: Client, given: object) -> None:
    answer = post(client, REPORTS, told(photos=given))
    assert answer.status_code == 422 and set(fields_of(answer)) == {"photos"}


def test_a_hundred_files_are_refused_and_none_kept(town: Town, client: Client) -> None:
    answer = client.post(PAGE, {**said(), "photos": [photo(f"{n}.jpg") for n in range(100)]})
    assert (
        answer.status_code == 422
        and "最多 9 张" in answer.content.decode()
        and not Attachment.objects.exists()
    )
    answer = client.post(PAGE, {**said(), "photos": [photo(f"{n}.jpg") for n in range(101)]})
    assert answer.status_code == 413 and "照片太多" in answer.content.decode() and not Report.objects.exists()


def test_a_photo_serves_one_report_only(town: Town, client: Client) -> None:
    page = client.post(PAGE, {**said(phone="1"), "photos": [photo()]}).content.decode()
    key = re.search(r'name="kept" value="([^"]+)"', page)[1]  # type: ignore[index]
    assert post(client, REPORTS, told(photos=[key])).status_code == 201
    second = post(client, REPORTS, told(photos=[key]))
    assert second.status_code == 422 and "已用于其他事项" in fields_of(second)["photos"][0]


# again, and too late


def test_a_replayed_uuid_gets_the_first_answer_or_a_conflict(town: Town, client: Client) -> None:
    body = told()
    first = post(client, REPORTS, body)
    assert post(client, REPORTS, body).json() == first.json()
    assert post(client, REPORTS, {**body, "description": "别的"}).status_code == 409
    form = said()
    assert [client.post(PAGE, form).status_code for _ in range(2)] == [302, 302]
    assert client.post(PAGE, {**form, "text": "别的"}).status_code == 409
    assert Report.objects.count() == 2


def test_two_people_may_happen_on_the_same_uuid(town: Town, client: Client) -> None:
    body = told()
    assert post(client, REPORTS, body).status_code == 201
    assert post(client, REPORTS, body, **bearer(token_of(town, "resident"))).status_code == 201
    assert Report.objects.count() == 2


@pytest.mark.parametrize("ident", ["x", "", "1" * 500, "00000000-0000-0000-0000-00000000000g"])
def test_a_form_with_a_broken_uuid_never_fails(town: Town, client: Client, ident: str) -> None:
    answer = client.post(PAGE, {**said(client_uuid=ident), "photos": [photo()]})
    assert answer.status_code in (302, 422)


def test_a_stale_form_joins_no_case_that_has_ended(town: Town, client: Client) -> None:
    client.post(PAGE, said())
    case = Incident.objects.get()
    actions.void_incident(by=town.chief, incident=case.pk, text="误报")
    answer = client.post(PAGE, said(text="也看到了", asked="1", join=str(case.pk)))
    assert (
        answer.status_code == 422
        and "请重新上报" in answer.content.decode()
        and "也看到了" in answer.content.decode()
    )
    assert set(fields_of(post(client, REPORTS, told(join=case.pk)))) == {"join"}


def test_a_stale_rating_of_a_reopened_case_is_a_conflict(town: Town, client: Client) -> None:
    mine = post(client, REPORTS, told()).json()
    path, code = f"/api/v1/incidents/{mine['incident']}/rating", {"X-Tracking-Code": mine["tracking_code"]}
    assert post(client, path, {"resolved": True, "stars": 5}, **code).status_code == 409


@pytest.mark.parametrize(
    "at",
    [
        datetime(1999, 1, 1, tzinfo=UTC),
        datetime.now(UTC) + timedelta(days=400),
        datetime.now(UTC) - timedelta(days=31),
    ],
)
def test_an_absurd_capture_time_is_flagged_and_receipt_counts(
    town: Town, client: Client, at: datetime
) -> None:
    assert post(client, REPORTS, told(captured_at=at.isoformat())).status_code == 201
    row = newest()
    assert "odd_captured_at" in row.flags and abs((datetime.now(UTC) - row.received_at).total_seconds()) < 60


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_no_clock_shows_is_left_out_and_flagged(town: Town, client: Client, at: str) -> None:
    assert post(client, REPORTS, told(captured_at=at)).status_code == 201
    assert newest().captured_at is None and "odd_captured_at" in newest().flags


@pytest.mark.parametrize("at", ["gestern", 5, "2026-13-45T00:00:00Z", ["x"], "2026年"])
def test_what_is_no_time_is_named(town: Town, client: Client, at: object) -> None:
    answer = post(client, REPORTS, told(captured_at=at))
    assert answer.status_code == 422 and set(fields_of(answer)) == {"captured_at"}


@pytest.mark.parametrize("phone", ["12", "电话", "138 0013 8000 9999 00", "<b>"])
def test_a_wrong_phone_is_named(town: Town, client: Client, phone: str) -> None:
    assert set(fields_of(post(client, REPORTS, told(phone=phone)))) == {"phone"}
    assert "手机号应为" in client.post(PAGE, said(phone=phone)).content.decode()


def _huge() -> list[tuple[str, Any]]:
    return [
        ("join", 2**70),
        ("class", "类" * 65),
        ("name", "名" * 65),
        ("answers", "x"),
        ("anonymous", "ja"),
        ("description", ["x"]),
    ]


@pytest.mark.parametrize(("name", "value"), _huge())
def test_a_value_of_the_wrong_shape_is_named(town: Town, client: Client, name: str, value: object) -> None:
    answer = post(client, REPORTS, told(**{name: value}))
    assert answer.status_code == 422 and name in fields_of(answer)
