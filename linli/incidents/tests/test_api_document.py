"""The OpenAPI document holds: whatever is sent, no call breaks and no answer is undocumented."""

import pytest
import schemathesis
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from linli.incidents import door
from linli.incidents.tests.callers import post, token_of, told
from linli.incidents.tests.conftest import Town

OURS = r"^/api/v1/(reports|incidents|orders|classes|tracking)"
PROMISES = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]


@pytest.mark.parametrize("who", ["", "chief", "officer"])
def test_no_call_breaks_and_no_answer_is_undocumented(town: Town, client: Client, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("report", "track", "rate"):
        monkeypatch.setitem(door.limits()["limits"], name, [[60, 10_000]])
    cache.clear()
    for _ in range(2):
        post(client, "/api/v1/reports", told())
    application = get_wsgi_application()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application).include(path_regex=OURS)
    headers = {"Authorization": f"Bearer {token_of(town, who)}"} if who else {}
    called = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=12, deadline=None, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def call(case: schemathesis.Case) -> None:
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=PROMISES)

        call()
        called += 1
    assert called == 13
