"""Open311 GeoReport v2 in both formats: a city's apps report and follow, and never meet a private class."""

import json
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.incidents import actions
from linli.incidents.models import Incident, IncidentClass
from linli.incidents.tests.callers import post, token_of
from linli.incidents.tests.conftest import GRID, LAT, LON, Town

BASE = "/open311/v2"


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


def xml(answer: Any) -> ElementTree.Element:
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


def given(key: str, **more: Any) -> dict[str, Any]:
    return {
        "api_key": key,
        "service_code": "sr.litter",
        "lat": LAT,
        "long": LON,
        "description": "桥头垃圾成堆",
        **more,
    }


def made(town: Town, client: Client, **more: Any) -> str:
    answer = client.post(f"{BASE}/requests.json", given(token_of(town, "resident"), **more))
    assert answer.status_code == 201, answer.content
    return json.loads(answer.content)[0]["service_request_id"]


def test_discovery_names_the_standard_and_both_formats(town: Town, client: Client) -> None:
    said = client.get(f"{BASE}/discovery.json").json()
    assert said["endpoints"][0]["specification"].endswith("GeoReport_v2")
    assert [one.text for one in xml(client.get(f"{BASE}/discovery.xml")).iter("format")] == [
        "application/json",
        "text/xml",
    ]


def test_services_leave_private_classes_out(town: Town, client: Client) -> None:
    said = {one["service_code"] for one in client.get(f"{BASE}/services.json").json()}
    private = set(IncidentClass.objects.filter(private=True).values_list("code", flat=True))
    assert private and not private & said and "sr.litter" in said
    assert {one.text for one in xml(client.get(f"{BASE}/services.xml")).iter("service_code")} == said
    code = min(private)
    assert client.get(f"{BASE}/services/{code}.json").status_code == 404


def test_a_service_tells_its_questions(town: Town, client: Client) -> None:
    said = client.get(f"{BASE}/services/sr.litter.json").json()
    assert [one["code"] for one in said["attributes"]] == ["q1", "q2"]
    tree = xml(client.get(f"{BASE}/services/sr.litter.xml"))
    assert tree.tag == "service_definition" and len(tree.findall("attributes/attribute")) == 2


def test_a_request_is_made_and_read_back_in_both_formats(town: Town, client: Client) -> None:
    key = token_of(town, "resident")
    ident = made(
        town, client, media_url="https://example.org/a.jpg", **{"attribute[q1]": "一大堆", "first_name": "甲"}
    )
    case = Incident.objects.get(pk=ident)
    assert (case.grid, case.channel, case.class_code) == (
        GRID,
        "open311",
        "sr.litter",
    ) and "一大堆" in case.text
    one = client.get(f"{BASE}/requests/{ident}.json", {"api_key": key}).json()[0]
    assert (
        one["status"] == "open"
        and one["detailed_status"] == case.state
        and "桥头垃圾成堆" in one["description"]
    )
    assert one["media_url"] == "https://example.org/a.jpg" and "媒体" not in one["description"]
    tree = xml(client.get(f"{BASE}/requests/{ident}.xml", {"api_key": key}))
    assert (
        tree.findtext("request/service_request_id") == ident
        and tree.findtext("request/media/media_url") == one["media_url"]
    )
    assert client.get(f"{BASE}/tokens/{ident}.json").json() == [{"service_request_id": ident, "token": ident}]


def test_a_stranger_reads_no_words_of_a_reporter(town: Town, client: Client) -> None:
    ident = made(town, client)
    for key in ({}, {"api_key": token_of(town, "far")}):
        one = client.get(f"{BASE}/requests/{ident}.json", key).json()[0]
        assert one["description"] == "暴露垃圾" and "桥头" not in json.dumps(one, ensure_ascii=False)


def test_an_xml_answer_to_a_post_is_xml(town: Town, client: Client) -> None:
    tree = xml(client.post(f"{BASE}/requests.xml", given(token_of(town, "resident"))))
    assert tree.tag == "service_requests" and tree.findtext("request/service_request_id")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"api_key": ""}, 403),
        ({"api_key": "linli_wrong"}, 403),
        ({"service_code": ""}, 400),
        ({"service_code": "no.such"}, 404),
        ({"lat": "", "long": ""}, 400),
        ({"lat": ""}, 400),
        ({"lat": "nan"}, 400),
        ({"lat": "0", "long": "0"}, 400),
        ({"address_id": "999999"}, 400),
        ({"media_url": "javascript:alert(1)"}, 400),
        ({"phone": "12"}, 400),
        ({"jurisdiction_id": "elsewhere"}, 404),
        ({"client_uuid": "x"}, 400),
        ({"description": "长" * 30_000}, 413),
    ],
)
def test_a_wrong_request_is_refused_in_the_asked_format(
    town: Town, client: Client, more: dict, status: int
) -> None:
    body = given(token_of(town, "resident"), **more)
    answer = client.post(f"{BASE}/requests.json", body)
    assert answer.status_code == status
    assert answer.json()[0]["code"] == status and answer.json()[0]["description"]
    tree = xml(client.post(f"{BASE}/requests.xml", body))
    assert (
        tree.tag == "errors"
        and tree.findtext("error/code") == str(status)
        and tree.findtext("error/description")
    )
    assert not Incident.objects.exists()


def test_private_classes_never_appear(town: Town, client: Client) -> None:
    ident = made(town, client)
    code = IncidentClass.objects.filter(private=True).values_list("code", flat=True)[0]
    refused = client.post(f"{BASE}/requests.json", given(token_of(town, "resident"), service_code=code))
    assert refused.status_code == 404
    Incident.objects.filter(pk=ident).update(private=True)
    key = {"api_key": token_of(town, "resident")}
    assert client.get(f"{BASE}/requests.json", key).json() == []
    assert client.get(f"{BASE}/requests/{ident}.json", key).status_code == 404
    assert client.get(f"{BASE}/servicerequestupdates.json", key).json() == []


def test_ended_cases_are_closed_whatever_ended_them(town: Town, client: Client) -> None:
    ids = [made(town, client, description=f"第{n}件") for n in range(4)]
    actions.decline_incident(by=town.chief, incident=int(ids[0]), text="不属实")
    actions.merge_incident(by=town.chief, incident=int(ids[1]), into=int(ids[3]))
    actions.void_incident(by=town.chief, incident=int(ids[2]), text="重复录入")
    states = {one["service_request_id"]: one["status"] for one in client.get(f"{BASE}/requests.json").json()}
    assert states == dict(zip(ids, ["closed", "closed", "closed", "open"], strict=True))
    assert {one["service_request_id"] for one in client.get(f"{BASE}/requests.json?status=open").json()} == {
        ids[3]
    }
    assert len(client.get(f"{BASE}/requests.json?status=closed").json()) == 3


def test_lists_are_narrowed_and_paged(town: Town, client: Client) -> None:
    ids = [made(town, client, description=f"第{n}件") for n in range(5)]

    def listed(query: str) -> list[str]:
        return [one["service_request_id"] for one in client.get(f"{BASE}/requests.json?{query}").json()]

    assert listed(f"service_request_id={ids[0]},{ids[2]}") == [ids[2], ids[0]]
    assert listed("page_size=2&page=2") == [ids[2], ids[1]]
    assert listed("service_code=fac.manhole") == []
    Incident.objects.filter(pk=ids[0]).update(received_at=timezone.now() - timedelta(days=91))
    assert ids[0] not in listed("") and len(listed("")) == 4
    old = (timezone.now() - timedelta(days=100)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert listed(f"start_date={old}")[-1] == ids[0]
    assert (
        listed("updated_after=2199-01-01T00:00:00Z") == []
        and len(listed("updated_before=2199-01-01T00:00:00Z")) == 4
    )
    for wrong in (
        "start_date=x",
        "status=half",
        "page=0",
        "page_size=1001",
        "service_request_id=a",
        "start_date=2026-02-02&end_date=2026-01-01",
    ):
        answer = client.get(f"{BASE}/requests.json?{wrong}")
        assert answer.status_code == 400 and answer.json()[0]["code"] == 400, wrong


def test_updates_tell_each_step(town: Town, client: Client) -> None:
    ident = made(town, client)
    actions.decline_incident(by=town.chief, incident=int(ident), text="现场没有发现")
    steps = client.get(f"{BASE}/requests/{ident}/updates.json").json()
    assert [one["detailed_status"] for one in steps] == ["confirming", "declined"] and steps[-1][
        "status"
    ] == "closed"
    everyone = client.get(f"{BASE}/servicerequestupdates.json").json()
    assert (
        everyone
        == steps
        == client.get(f"{BASE}/servicerequestupdates.json?service_request_id={ident}").json()
    )
    tree = xml(client.get(f"{BASE}/servicerequestupdates.xml"))
    assert [one.text for one in tree.iter("update_id")] == [one["update_id"] for one in steps]


def test_many_are_taken_at_once_and_each_answered(town: Town, client: Client) -> None:
    key = token_of(town, "resident")
    answer = post(client, f"{BASE}/requests.json", [given(key), given(key, service_code="no.such"), "x"])
    assert answer.status_code == 201
    assert [one.get("code") for one in answer.json()] == [None, 404, 400] and Incident.objects.count() == 1
    assert post(client, f"{BASE}/requests.json", []).status_code == 400
    assert post(client, f"{BASE}/requests.json", "[").status_code == 400


def test_words_that_xml_cannot_carry_do_not_break_it(town: Town, client: Client) -> None:
    ident = made(town, client, description="坏\x0b字 <script>&😀")
    Incident.objects.filter(pk=ident).update(text="坏\x0b字 <script>&😀")
    tree = xml(client.get(f"{BASE}/requests/{ident}.xml", {"api_key": token_of(town, "resident")}))
    assert tree.findtext("request/description") == "坏字 <script>&😀"


def test_another_method_or_format_is_refused(town: Town, client: Client) -> None:
    assert client.delete(f"{BASE}/services.json").json()[0]["code"] == 405
    assert client.get(f"{BASE}/services.yaml").status_code == 404
    assert client.get(f"{BASE}/services", headers={"Accept": "text/xml"})["Content-Type"].startswith(
        "text/xml"
    )
    assert client.get(f"{BASE}/services.json?jurisdiction_id=nowhere").status_code == 404


def test_a_list_runs_few_queries(town: Town, client: Client) -> None:
    for n in range(20):
        made(town, client, description=f"第{n}件")
    client.get(f"{BASE}/requests.json")
    with CaptureQueriesContext(connection) as asked:
        assert len(client.get(f"{BASE}/requests.json").json()) == 20
    assert len(asked) <= 4
