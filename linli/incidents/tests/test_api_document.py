"""The OpenAPI document holds: whatever is sent, no call breaks and no answer is undocumented."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import product

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
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


@contextmanager
def one_connection() -> Iterator[None]:
    """The test's own transaction outlives each request, as with Django's test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("who", ["", "chief", "officer"])
def test_no_call_breaks_and_no_answer_is_undocumented(
    town: Town, client: Client, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("report", "track", "rate"):
        monkeypatch.setitem(door.limits()["limits"], name, [[60, 10_000]])
    cache.clear()
    for _ in range(2):
        post(client, "/api/v1/reports", told())
    headers = {"Authorization": f"Bearer {token_of(town, who)}"} if who else {}
    with one_connection():
        assert _try_all(headers) == 13


def _try_all(headers: dict[str, str]) -> int:
    """Calls every operation with made-up values; returns how many operations there are."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application()).include(
        path_regex=OURS
    )
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation, mode in product(operations, GenerationMode):

        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def call(case: schemathesis.Case) -> None:
            case.validate_response(case.call(headers=headers), checks=PROMISES)

        with suppress(Unsatisfiable):  # a call without any input cannot be sent wrongly
            call()
    return len(operations)
