"""The whole interface keeps its word: no call breaks, and nothing is answered that the document does not say.

The rooms of incidents try their own operations harder (linli/incidents/tests/test_api_document.py); here is the
rest of /api/v1, every operation with a grid worker's token and without, and the two interfaces without a document.
"""

import json
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from linli.incidents import door
from linli.incidents.tests.callers import EVERYTHING, post, token_of, told
from linli.incidents.tests.conftest import LAT, LON, Town
from linli.incidents.tests.test_api_document import OURS, one_connection

PROMISES = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
]
QUICK: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
# What people, phones and broken programs put where a word, a number or an object is expected.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.text(max_size=60) | st.sampled_from(
    ["暴露垃圾", f"{LON},{LAT}", "\x00", "‮", "NaN", "1e999", "-1", "9" * 40, "😀"]
)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in door.limits()["limits"]:
        monkeypatch.setitem(door.limits()["limits"], name, [[60, 100_000]])


@pytest.fixture
def some_reports(town: Town, client: Client) -> None:
    for _ in range(2):
        assert post(client, "/api/v1/reports", told()).status_code == 201


def broken_promises(headers: dict[str, str]) -> list[str]:
    """Calls every operation that incidents does not try itself; returns what was answered otherwise than said."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    theirs = schema.exclude(path_regex=OURS)
    operations = [found.ok() for found in theirs.get_all_operations()]
    everything = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 7 and len(everything) == len(operations) + 13
    wrong: list[str] = []
    for operation in operations:

        @settings(max_examples=20, **QUICK)
        @given(case=operation.as_strategy())
        def call(case: schemathesis.Case) -> None:
            case.validate_response(case.call(headers=headers), checks=PROMISES)

        try:
            call()
        except BaseExceptionGroup as found:
            wrong += [f"{operation.label}: {one}" for one in found.exceptions]
        except Exception as found:
            wrong.append(f"{operation.label}: {found}")
    return wrong


@pytest.mark.parametrize("who", ["", "worker"])
def test_every_operation_answers_as_the_document_says(town: Town, some_reports: None, who: str) -> None:
    headers = {"Authorization": f"Bearer {token_of(town, who, (*EVERYTHING, 'metrics.*'))}"} if who else {}
    with one_connection():
        wrong = broken_promises(headers)
    assert not wrong, "\n".join(wrong)


@settings(max_examples=80, **QUICK)
@given(
    body=st.binary(max_size=60)
    | JSON.map(json.dumps)
    | st.fixed_dictionaries(
        {}, optional={"type": JSON | WORDS, "location": JSON | WORDS, "description": JSON | WORDS}
    ).map(json.dumps),
    kind=st.sampled_from(
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    ),
)
def seed_call(client: Client, body: Any, kind: str) -> None:
    answer = client.post("/api/event/report", body, content_type=kind)
    assert answer.status_code in (200, 400, 413), (answer.status_code, body)
    said = answer.content.decode()
    assert said.startswith("事件上报成功,ID: ") if answer.status_code == 200 else said, body


def test_the_seed_call_takes_or_refuses_whatever_is_sent(town: Town, client: Client) -> None:
    seed_call(client)


CALLS = ["discovery", "services", "services/sr.litter", "services/x", "requests", "requests/1", "requests/1/updates", "tokens/1", "servicerequestupdates"]  # fmt: skip
ASKED = ["service_request_id", "service_code", "start_date", "end_date", "status", "lat", "long", "radius", "page", "per_page", "jurisdiction_id", "extensions"]  # fmt: skip
TOLD = ["service_code", "lat", "long", "description", "address_string", "email", "first_name", "phone", "media_url", "device_id", "attribute[x]", "api_key"]  # fmt: skip


@settings(max_examples=120, **QUICK)
@given(
    path=st.sampled_from(CALLS),
    form=st.sampled_from([".json", ".xml", ""]),
    said=st.dictionaries(st.sampled_from(ASKED), WORDS, max_size=4),
)
def asked_of_open311(client: Client, path: str, form: str, said: dict[str, str]) -> None:
    answer = client.get(f"/open311/v2/{path}{form}", said)
    assert answer.status_code < 500, (path, form, said)
    assert answer["Content-Type"].startswith("text/xml" if form == ".xml" else "application/json")


@settings(max_examples=80, **QUICK)
@given(
    form=st.sampled_from([".json", ".xml"]), said=st.dictionaries(st.sampled_from(TOLD), WORDS, max_size=6)
)
def told_to_open311(client: Client, form: str, said: dict[str, str]) -> None:
    answer = client.post(f"/open311/v2/requests{form}", said)
    assert answer.status_code < 500, said


def test_open311_answers_every_question_and_every_report(
    town: Town, client: Client, some_reports: None
) -> None:
    asked_of_open311(client)
    told_to_open311(client)
