"""/api/v1/metrics tells the same numbers with their definitions."""

import json

import pytest

from linli.incidents.tests.conftest import OTHER, TOWN, Town
from linli.kernel.actor import Actor
from linli.metrics import queries, rules
from linli.metrics.queries import Asked

URL = "/api/v1/metrics"


def test_every_metric_comes_with_its_definition_and_counts(history: int, chief: Actor, visit) -> None:
    body = json.loads(visit(chief, f"{URL}?days=30").content)
    told = {one["code"]: one for one in body["metrics"]}
    found = queries.readings(chief, Asked(30))
    assert set(told) == set(rules.METRICS | rules.COUNTS)
    for code, one in told.items():
        assert (one["value"], one["hit"], one["all"]) == (
            found[code].value,
            found[code].hit,
            found[code].whole,
        )
        assert one["definition"] and one["name"]
    assert told["missed"]["value"] is None
    assert set(told["response"]["clocks"]) == {"duty", "wall"}


@pytest.mark.parametrize("by", ["area", "unit", "large"])
def test_it_splits(history: int, chief: Actor, visit, by: str) -> None:
    body = json.loads(visit(chief, f"{URL}?by={by}").content)
    assert [group["key"] for group in body["groups"]] == list(queries.grouped(chief, Asked(30), by))


def test_a_town_leader_gets_the_town_only(history: int, mayor: Actor, visit) -> None:
    body = json.loads(visit(mayor, f"{URL}?by=area").content)
    assert body["area"] == TOWN and all(group["key"].startswith(TOWN) for group in body["groups"])
    assert visit(mayor, f"{URL}?area={OTHER}").status_code == 404


def test_strangers_and_visitors_get_nothing(town: Town, client, visit) -> None:
    assert client.get(URL).status_code == 401
    assert visit(town.resident, URL).status_code == 403
    assert visit(town.worker, URL).status_code == 403


def test_wrong_parameters_are_named_all_at_once(chief: Actor, visit) -> None:
    answer = visit(chief, f"{URL}?days=5&by=mood")
    assert answer.status_code == 422
    assert {one["field"] for one in json.loads(answer.content)["errors"]} == {"days", "by"}
