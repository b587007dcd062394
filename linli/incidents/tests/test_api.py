"""Programs report, follow, rate and work through /api/v1; the seed's call is answered byte for byte."""

import json
import uuid

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.dispatch.models import WorkOrder
from linli.incidents import actions, door
from linli.incidents.models import Incident, Report
from linli.incidents.tests.callers import bearer, event, fields_of, post, token_of, told
from linli.incidents.tests.conftest import GRID, LAT, LON, TOWN, Town
from linli.kernel.bus.jobs import drain

EVENT, REPORTS = "/api/event/report", "/api/v1/reports"


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


def test_an_event_is_reported_in_the_promised_words(town: Town, client: Client) -> None:
    answer = post(client, EVENT, event())
    number = Report.objects.get().pk
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content == f"事件上报成功,ID: {number}".encode()
    assert len(answer["X-Tracking-Code"]) == 10
    assert client.get(f"/api/v1/tracking/{answer['X-Tracking-Code']}").json()["report"] == number


@pytest.mark.parametrize("name", ["type", "location", "description"])
@pytest.mark.parametrize("value", [None, "", "  \n", {}, [], True, "\x00\x01"])
def test_a_blank_field_is_invalid_event_data(town: Town, client: Client, name: str, value: object) -> None:
    answer = post(client, EVENT, event(**{name: value}))
    assert (answer.status_code, answer.content) == (400, "事件数据无效".encode())
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", ["type", "location", "description"])
def test_a_missing_field_is_invalid_event_data(town: Town, client: Client, name: str) -> None:
    body = event()
    del body[name]
    assert post(client, EVENT, body).content == "事件数据无效".encode()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "[1]",
        '"文字"',
        "null",
        '{"type": NaN}',
        b"\xff\xfe\xfd",
        "[" * 100_000,
        "type=1",
        '{"a": 1e' + "9" * 5000 + "}",
    ],
)
def test_what_is_not_a_json_object_is_invalid_event_data(
    town: Town, client: Client, raw: str | bytes
) -> None:
    answer = post(client, EVENT, raw)
    assert (answer.status_code, answer.content) == (400, "事件数据无效".encode())


@pytest.mark.parametrize(
    "location",
    [
        f"{LON},{LAT}",
        f"{LON}，{LAT}",
        f"{LAT},{LON}",
        {"lon": LON, "lat": LAT},
        {"lng": str(LON), "lat": str(LAT)},
        {"longitude": LON, "latitude": LAT},
        {"type": "Point", "coordinates": [LON, LAT]},
        [LON, LAT],
    ],
)
def test_a_location_is_read_however_it_is_written(town: Town, client: Client, location: object) -> None:
    assert post(client, EVENT, event(location=location)).status_code == 200
    report = Report.objects.get()
    assert report.grid == GRID and report.lon == pytest.approx(LON) and report.lat == pytest.approx(LAT)


@pytest.mark.parametrize(
    "location", ["人民路口", "0,0", "999,999", {"lon": "x", "lat": 1}, {"a": 1}, {"lon": 113.6}]
)
def test_a_place_that_is_no_point_is_kept_as_words(town: Town, client: Client, location: object) -> None:
    assert post(client, EVENT, event(location=location)).status_code == 200
    assert Report.objects.get().place_words


def test_an_unknown_type_is_a_hint(town: Town, client: Client) -> None:
    assert post(client, EVENT, event(type="奇怪的事")).status_code == 200
    report = Report.objects.get()
    assert report.class_said == "奇怪的事" and report.incident.class_code == ""


def test_a_grid_workers_token_files_at_once(town: Town, client: Client) -> None:
    assert post(client, EVENT, event(), **bearer(token_of(town, "worker"))).status_code == 200
    report = Report.objects.get()
    assert (report.channel, report.account_id) == ("grid", town.worker.account)
    assert report.incident.state == "filed"


def test_a_wrong_token_is_told_apart_from_none(town: Town, client: Client) -> None:
    answer = post(client, EVENT, event(), **bearer("linli_wrong"))
    assert (
        answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer" and not Report.objects.exists()
    )


def test_the_open_call_can_be_bound_to_tokens_or_closed(
    town: Town, client: Client, settings: LazySettings
) -> None:
    settings.LINLI_EVENT_API = "token"
    assert post(client, EVENT, event()).status_code == 401
    assert post(client, EVENT, event(), **bearer(token_of(town, "resident"))).status_code == 200
    settings.LINLI_EVENT_API = "off"
    assert post(client, EVENT, event()).status_code == 404


def test_the_seed_call_needs_no_csrf_mark_and_only_posts(town: Town) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert post(strict, EVENT, event()).status_code == 200
    assert strict.get(EVENT).status_code == 405


def test_nobodys_cookie_speaks_for_them_in_the_seed_call(town: Town) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(town.accounts["worker"])
    assert post(browser, EVENT, event()).status_code == 200
    assert Report.objects.get().account_id is None


def test_visitors_are_slowed_down_and_told_when_to_come_back(
    town: Town, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(door.limits()["limits"], "report", [[60, 2]])
    assert [post(client, EVENT, event()).status_code for _ in range(3)] == [200, 200, 429]
    answer = post(client, EVENT, event())
    assert answer["Retry-After"] == "60" and answer["Content-Type"] == "text/plain; charset=utf-8"
    assert post(client, REPORTS, told())["Retry-After"] == "60"
    assert post(client, EVENT, event(), **bearer(token_of(town, "resident"))).status_code == 200


def test_a_report_is_answered_with_number_and_code(town: Town, client: Client) -> None:
    answer = post(client, REPORTS, told())
    body = answer.json()
    assert answer.status_code == 201 and body["state"] == "confirming" and body["warnings"] == []
    assert body["number"].startswith("430181-") and len(body["tracking_code"]) == 10


def test_a_report_sent_twice_is_taken_once(town: Town, client: Client) -> None:
    body = told()
    first, again = post(client, REPORTS, body), post(client, REPORTS, body)
    assert again.status_code == 201 and again.json() == first.json()
    clash = post(client, REPORTS, {**body, "description": "换了内容"})
    assert clash.status_code == 409 and clash.json()["code"] == "uuid_reused"
    assert Report.objects.count() == 1


def test_every_defect_is_named_at_once(town: Town, client: Client) -> None:
    body = {
        "client_uuid": "x", "description": 5, "phone": "12", "location": {"lon": 1}, "photos": ["nix"], "anonymous": "ja",
        "captured_at": "gestern", "join": -1, "answers": [1],
    }  # fmt: skip
    answer = post(client, REPORTS, body)
    assert answer.status_code == 422
    assert set(fields_of(answer)) == set(body)


def test_a_report_costs_few_queries(town: Town, client: Client) -> None:
    post(client, REPORTS, told())  # fills what is kept in memory
    with CaptureQueriesContext(connection) as asked:
        assert post(client, REPORTS, told()).status_code == 201
    assert len(asked) <= 15


def test_a_token_costs_no_query_once_it_is_known(town: Town, client: Client) -> None:
    key = bearer(token_of(town, "resident"))
    post(client, REPORTS, told(), **key)
    with CaptureQueriesContext(connection) as asked:
        assert post(client, REPORTS, told(), **key).status_code == 201
    assert len(asked) <= 15


def test_a_session_needs_the_csrf_mark(town: Town) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(town.accounts["resident"])
    answer = post(strict, REPORTS, told())
    assert answer.status_code == 403 and answer.json()["code"] == "csrf" and not Report.objects.exists()


def test_an_own_report_is_read_by_account_or_code_only(town: Town, client: Client) -> None:
    mine = post(client, REPORTS, told(), **bearer(token_of(town, "resident"))).json()
    path = f"{REPORTS}/{mine['report']}"
    assert client.get(path, headers=bearer(token_of(town, "resident"))).json()["number"] == mine["number"]
    assert client.get(path, headers={"X-Tracking-Code": mine["tracking_code"]}).status_code == 200
    for stranger in ({}, {"X-Tracking-Code": "2222222222"}, bearer(token_of(town, "far"))):
        assert client.get(path, headers=stranger).status_code == 404


def test_a_wrong_code_is_answered_alike_and_slowed_down(
    town: Town, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(door.limits()["limits"], "track", [[60, 2]])
    said = [client.get(f"/api/v1/tracking/{code}") for code in ("2222222222", "好")]
    assert said[0].status_code == 404 and said[0].content == said[1].content
    assert client.get("/api/v1/tracking/3333333333").status_code == 429


def filed(town: Town) -> Incident:
    """A grid worker's own find, with the department."""
    client = Client()
    answer = post(client, REPORTS, told(), **bearer(token_of(town, "worker")))
    return Incident.objects.get(pk=answer.json()["incident"])


def test_a_list_is_cut_to_its_reader_and_filtered(town: Town, client: Client) -> None:
    case = filed(town)
    chief = bearer(token_of(town, "chief"))
    found = client.get("/api/v1/incidents", headers=chief).json()["items"]
    assert [one["number"] for one in found] == [case.number]
    for query in (
        f"?area={TOWN}",
        "?state=filed,working",
        "?class=sr.litter",
        f"?near={LON},{LAT},50",
        "?since=2020-01-01T00:00:00Z",
    ):
        assert client.get(f"/api/v1/incidents{query}", headers=chief).json()["items"], query
    for query in (
        "?area=430181002",
        "?state=closed",
        "?class=fac.manhole",
        f"?near={LON + 0.01},{LAT},50",
        "?since=2199-01-01",
    ):
        assert not client.get(f"/api/v1/incidents{query}", headers=chief).json()["items"], query
    assert client.get("/api/v1/incidents", headers=bearer(token_of(town, "far"))).json()["items"] == []
    assert client.get("/api/v1/incidents").status_code == 401


def test_wrong_filters_are_named_at_once(town: Town, client: Client) -> None:
    query = "?area=1&state=x&class=a%20b&near=1,2&since=x&limit=0&cursor=%2B"
    answer = client.get(f"/api/v1/incidents{query}", headers=bearer(token_of(town, "chief")))
    assert answer.status_code == 422
    assert set(fields_of(answer)) == {"area", "state", "class", "near", "since", "limit", "cursor"}


def test_pages_follow_one_another_without_gap(town: Town, client: Client) -> None:
    for _ in range(5):
        post(client, REPORTS, told())
    chief, found, cursor = bearer(token_of(town, "chief")), [], ""
    while cursor is not None:
        page = client.get(f"/api/v1/incidents?limit=2&cursor={cursor}", headers=chief).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert found == list(Incident.objects.order_by("-id").values_list("pk", flat=True))


def test_a_list_of_a_hundred_runs_few_queries(town: Town, client: Client) -> None:
    for _ in range(100):
        actions.report_incident(by=town.resident, telling=_telling())
    chief = bearer(token_of(town, "chief"))
    client.get("/api/v1/incidents?limit=1", headers=chief)
    with CaptureQueriesContext(connection) as asked:
        assert len(client.get("/api/v1/incidents?limit=100", headers=chief).json()["items"]) == 100
    assert len(asked) <= 12


def _telling() -> object:
    from linli.incidents.rules import Telling

    return Telling(
        text="路灯不亮", sender="t", client_uuid=uuid.uuid4(), lon=LON, lat=LAT, class_said="fac.streetlight"
    )


def test_a_case_shows_staff_everything_and_its_reporter_no_name(town: Town, client: Client) -> None:
    mine = post(client, REPORTS, told()).json()
    path = f"/api/v1/incidents/{mine['incident']}"
    whole = client.get(path, headers=bearer(token_of(town, "clerk"))).json()
    assert whole["timeline"][0]["action"] == "report" and not whole["own"]
    told_me = client.get(path, headers={"X-Tracking-Code": mine["tracking_code"]}).json()
    assert told_me["own"] and {step["who"] for step in told_me["timeline"]} <= {"", "报事人"}
    assert client.get(path).status_code == 404
    assert client.get(path, headers=bearer(token_of(town, "far"))).status_code == 404


def closed(town: Town, client: Client) -> dict:
    """A resident's report, done and checked."""
    mine = post(client, REPORTS, told()).json()
    worker, officer = bearer(token_of(town, "worker")), bearer(token_of(town, "officer"))
    confirm = WorkOrder.objects.get(subject=f"incidents.incident:{mine['incident']}")
    assert post(client, f"/api/v1/orders/{confirm.pk}/accept", {}, **worker).status_code == 200
    done = post(
        client, f"/api/v1/orders/{confirm.pk}/handle", {"outcome": "确有垃圾", "found": True}, **worker
    )
    assert done.status_code == 200, done.content
    drain()
    order = WorkOrder.objects.get(subject=confirm.subject, kind="incident.handle")
    handler = officer if order.unit == "430181-CG" else worker
    for verb, body in (
        ("accept", {}),
        ("arrive", {"lon": LON, "lat": LAT}),
        ("handle", {"outcome": "已清运"}),
    ):
        answer = post(client, f"/api/v1/orders/{order.pk}/{verb}", body, **handler)
        assert answer.status_code == 200, answer.content
    drain()
    actions.check_incident(by=town.checker, incident=mine["incident"], passed=True, text="干净了")
    return mine


def test_a_case_is_worked_and_rated_through_the_api(town: Town, client: Client) -> None:
    mine = closed(town, client)
    path, code = f"/api/v1/incidents/{mine['incident']}/rating", {"X-Tracking-Code": mine["tracking_code"]}
    assert post(client, path, {"resolved": True, "stars": 5}).status_code == 404
    assert set(fields_of(post(client, path, {}, **code))) == {"resolved", "stars"}
    rated = post(client, path, {"resolved": False, "stars": 2, "reasons": ["slow"]}, **code)
    assert rated.status_code == 201 and rated.json()["state"] == "working"
    assert post(client, path, {"resolved": True, "stars": 5}, **code).status_code == 409


def test_an_order_moved_on_meanwhile_is_a_conflict(town: Town, client: Client) -> None:
    case = filed(town)
    order = WorkOrder.objects.get(subject=case.subject)
    officer = bearer(token_of(town, "officer"))
    shown = client.get(f"/api/v1/orders/{order.pk}", headers=officer).json()
    base = {"base_version": shown["version"]}
    assert post(client, f"/api/v1/orders/{order.pk}/accept", base, **officer).json()["state"] == "accepted"
    late = post(client, f"/api/v1/orders/{order.pk}/arrive", base, **officer)
    assert late.status_code == 409 and late.json()["code"] == "stale"


def test_an_order_is_returned_with_reason_and_proposal(town: Town, client: Client) -> None:
    order = WorkOrder.objects.get(subject=filed(town).subject)
    officer, path = bearer(token_of(town, "officer")), f"/api/v1/orders/{order.pk}/return"
    assert set(fields_of(post(client, path, {"propose": "nobody"}, **officer))) == {"propose"}
    assert set(fields_of(post(client, path, {}, **officer))) == {"reason", "text"}
    answer = post(client, path, {"reason": "not_ours", "text": "属物业", "propose": "430181-ZJ"}, **officer)
    assert answer.status_code == 200 and answer.json()["state"] == "disputed"


def test_a_stranger_sees_and_moves_no_order(town: Town, client: Client) -> None:
    order = WorkOrder.objects.get(subject=filed(town).subject)
    far = bearer(token_of(town, "far"))
    assert client.get("/api/v1/orders", headers=far).json()["items"] == []
    assert client.get(f"/api/v1/orders/{order.pk}", headers=far).status_code == 404
    assert post(client, f"/api/v1/orders/{order.pk}/accept", {}, **far).status_code == 404
    assert post(client, f"/api/v1/orders/{order.pk}/accept", {}).status_code == 401
    narrow = bearer(token_of(town, "officer", ("incidents.view",)))
    assert post(client, f"/api/v1/orders/{order.pk}/accept", {}, **narrow).status_code in (403, 404)


def test_orders_are_listed_for_their_people(town: Town, client: Client) -> None:
    order = WorkOrder.objects.get(subject=filed(town).subject)
    officer = bearer(token_of(town, "officer"))
    for query in ("", "?mine=true", "?state=dispatched", "?kind=incident.handle"):
        assert [
            one["id"] for one in client.get(f"/api/v1/orders{query}", headers=officer).json()["items"]
        ] == [order.pk]


def test_classes_are_there_with_their_questions(town: Town, client: Client) -> None:
    found = {one["code"]: one for one in client.get("/api/v1/classes").json()["items"]}
    assert len(found) > 60 and found["sr.litter"]["questions"]


def test_every_answer_is_documented(town: Town, client: Client) -> None:
    paths = json.loads(client.get("/api/v1/openapi.json").content)["paths"]
    ours = {
        path: one
        for path, one in paths.items()
        if path.split("/")[3] in ("reports", "incidents", "orders", "classes", "tracking")
    }
    assert len(ours) == 13
    for path, verbs in ours.items():
        for verb, said in verbs.items():
            assert "401" in said["responses"], (path, verb)
            if verb == "post":
                assert {"400", "413", "422"} <= set(said["responses"]) and said["requestBody"]
