"""Ways to call the room from outside, for the tests of its API, Open311 and pages."""

import json
import uuid
from typing import Any

from django.http import HttpResponse
from django.test import Client

from linli.incidents.tests.conftest import LAT, LON, Town
from linli.kernel.access.queries import actor_for
from linli.kernel.identity.actions import issue_token

EVERYTHING = ("incidents.*", "dispatch.*")


def token_of(town: Town, who: str, scopes: tuple[str, ...] = EVERYTHING) -> str:
    """A fresh bearer token of one of the town's accounts."""
    account = town.accounts[who]
    by = actor_for(account.pk, name=account.name)
    return issue_token(by=by, account=account.pk, name="测试", scopes=scopes)[1]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def post(client: Client, path: str, body: Any, **headers: str) -> HttpResponse:
    """A JSON POST; a str body goes as it is."""
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(path, raw, content_type="application/json", headers=headers)  # type: ignore[return-value]


def told(**more: Any) -> dict[str, Any]:
    """The body of a sound report at the town's first grid."""
    body = {
        "client_uuid": str(uuid.uuid4()),
        "class": "sr.litter",
        "description": "小区门口垃圾堆了三天没人清",
        "location": {"lon": LON, "lat": LAT},
    }
    return {**body, **more}


def event(**more: Any) -> dict[str, Any]:
    """The body of the seed's own call."""
    return {"type": "暴露垃圾", "location": f"{LON},{LAT}", "description": "路口垃圾成堆", **more}


def fields_of(answer: HttpResponse) -> dict[str, list[str]]:
    """Field -> reasons of a problem+json answer."""
    assert answer["Content-Type"].startswith("application/problem+json")
    return {one["field"]: one["reasons"] for one in json.loads(answer.content).get("errors", [])}
