"""The public map: open matters by class and place, without a word of anybody."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.incidents.models import Incident
from linli.incidents.tests.conftest import LAT, LON, Town
from linli.incidents.tests.test_pages import reported


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


def test_the_map_shows_no_words_and_nothing_private(town: Town, client: Client) -> None:
    row = reported(client, text="张三家门口，电话 13800138000", name="李四", phone="13900139000")
    for page in (client.get("/map/").content.decode(), client.get("/map/points.json").content.decode()):
        assert "暴露垃圾" in page
        for personal in ("张三", "13800138000", "李四", "13900139000", "东门桥头"):
            assert personal not in page
    point = client.get("/map/points.json").json()["features"][0]["geometry"]["coordinates"]
    assert point == [round(LON, 4), round(LAT, 4)]
    Incident.objects.filter(pk=row.incident_id).update(private=True)
    assert client.get("/map/points.json").json()["features"] == []
    assert "暴露垃圾" not in client.get("/map/").content.decode()


def test_the_map_is_filtered_and_cheap(town: Town, client: Client) -> None:
    reported(client)
    assert len(client.get("/map/points.json?state=open&large=sr").json()["features"]) == 1
    assert client.get("/map/points.json?state=closed").json()["features"] == []
    assert client.get("/map/points.json?large=fac").json()["features"] == []
    with CaptureQueriesContext(connection) as asked:
        client.get("/map/")
    assert len(asked) <= 4


def test_the_map_draws_the_towns(town: Town, client: Client) -> None:
    names = {one["properties"]["name"] for one in client.get("/map/areas.json").json()["features"]}
    assert names == {"淮川街道", "集里街道"}
