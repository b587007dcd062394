import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from linli.kernel.actor import SYSTEM
from linli.kernel.ledger import actions, rules
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db


def signed_in(username: str, role: str = "") -> Client:
    """Somebody at a browser; the grant is written straight into access's table, which ledger does not import."""
    row: Any = get_user_model().objects.create(username=username, name=username)
    if role:
        row.grants.create(role_id=role, area="430181")
    client = Client()
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_an_auditor_reads_filters_and_takes_a_proof_away() -> None:
    for number in range(5):
        actions.record(subject=f"test.thing:{number}", verb="touch", by=SYSTEM, fields={"镇": "大瑶"})
    actions.sequence()
    client = signed_in("shenji", "auditor")
    page = client.get(reverse("ledger:entries")).content.decode()
    assert page.count("大瑶") == 5 and "county 第 4 号" in page
    page = client.get(reverse("ledger:entries") + "?subject=test.thing:3").content.decode()
    assert page.count("大瑶") == 1
    row = Entry.objects.get(subject="test.thing:3")
    answer = client.get(reverse("ledger:proof", args=[row.pk]))
    assert "attachment" in answer["Content-Disposition"]
    proof = json.loads(answer.content)
    path = [bytes.fromhex(step) for step in proof["audit_path"]]
    leaf = rules.leaf_hash(proof["entry"].encode())
    assert rules.verify_inclusion(
        leaf, proof["leaf_index"], proof["tree_size"], path, bytes.fromhex(proof["root_hash"])
    )


def test_a_list_of_a_hundred_entries_asks_few_questions(django_assert_max_num_queries: Any) -> None:
    actions.record_many([actions.Deed(f"test.thing:{n}", "touch", "system:linli") for n in range(100)])
    client = signed_in("shenji", "auditor")
    with django_assert_max_num_queries(12):
        assert client.get(reverse("ledger:entries")).status_code == 200
    with django_assert_max_num_queries(12):
        assert client.get(reverse("ledger:proof", args=[Entry.objects.latest("id").pk])).status_code == 409


def test_a_stranger_reads_no_record() -> None:
    actions.record(subject="test.thing:1", verb="touch", by=SYSTEM)
    row = Entry.objects.get()
    client = signed_in("luren")
    for address in (reverse("ledger:entries"), reverse("ledger:proof", args=[row.pk])):
        assert client.get(address).status_code == 403
        assert Client().get(address).status_code == 302
