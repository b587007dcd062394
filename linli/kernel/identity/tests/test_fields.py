import base64
import json
from pathlib import Path

import pytest
from django.core.exceptions import FieldError
from django.db import connection

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.identity import fields
from linli.kernel.identity.actions import rotate_keys
from linli.kernel.identity.fields import Keys, blind, new_ring
from linli.kernel.identity.models import Account
from linli.kernel.ledger.models import Entry


@pytest.fixture
def ring(tmp_path: Path, settings: object):
    """A key ring of this test's own."""
    settings.LINLI_KEYS = tmp_path / "keys" / "personal.json"
    fields.keys.cache_clear()
    yield settings.LINLI_KEYS
    fields.keys.cache_clear()


@pytest.mark.parametrize("cipher", ["aes", "sm4"])
def test_a_sealed_value_opens_only_in_its_own_column_and_untouched(cipher: str) -> None:
    keys = Keys(new_ring(cipher))
    sealed = keys.seal("13800000001", "account.phone")
    assert "138" not in sealed and sealed != keys.seal("13800000001", "account.phone")
    assert keys.open(sealed, "account.phone") == "13800000001"
    mark, key, body = sealed.split(":")
    raw = bytearray(base64.b64decode(body))
    raw[-1] ^= 1
    for forged, bound in (
        (sealed, "account.card"),
        (f"{mark}:{key}:{base64.b64encode(raw).decode()}", "account.phone"),
    ):
        with pytest.raises(Refused):
            keys.open(forged, bound)


def test_the_ring_is_made_once_and_readable_by_its_owner_only(ring: Path) -> None:
    first = fields.keys().keys
    assert ring.stat().st_mode & 0o777 == 0o600
    fields.keys.cache_clear()
    assert fields.keys().keys == first


@pytest.mark.django_db
def test_a_phone_is_ciphertext_in_the_table_and_found_by_its_blind_index(ring: Path) -> None:
    Account.objects.create(username="a1", phone="13800000001", phone_index=blind("13800000001"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, phone_index FROM identity_account")
        phone, index = cursor.fetchone()
    assert phone.startswith("1:1:") and len(bytes(index)) == 16
    assert Account.objects.get(phone_index=blind(" 1380000 0001 ")).phone == "13800000001"


@pytest.mark.django_db
def test_an_encrypted_column_answers_only_whether_it_is_empty(ring: Path) -> None:
    Account.objects.create(username="a1", phone="13800000001")
    Account.objects.create(username="a2")
    assert Account.objects.get(phone="").username == "a2"
    with pytest.raises(FieldError):
        Account.objects.filter(phone="13800000001").exists()


@pytest.mark.django_db
def test_rotation_seals_everything_anew_and_nothing_is_lost(ring: Path) -> None:
    for number in range(7):
        Account.objects.create(username=f"a{number}", phone=f"1380000000{number}")
    old = fields.keys()
    assert rotate_keys(by=SYSTEM)["identity_account.phone"] == 7
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM identity_account WHERE phone LIKE '1:2:%'")
        assert cursor.fetchone()[0] == 7
    assert {row.phone for row in Account.objects.all()} == {f"1380000000{number}" for number in range(7)}
    assert fields.keys().blind("x") == old.blind("x")
    assert set(json.loads(ring.read_text())["keys"]) == {"1", "2"}
    assert rotate_keys(by=SYSTEM, fresh=False)["identity_account.phone"] == 0
    assert Entry.objects.filter(verb="rotate_keys").count() == 2


@pytest.mark.django_db
def test_a_running_process_reads_values_sealed_by_a_key_it_has_not_met(ring: Path) -> None:
    before = fields.keys()
    fields.add_key()
    Account.objects.create(username="a1", phone="13800000001")
    fields.keys.cache_clear()
    fresh = fields.keys()
    assert "2" in fresh.keys and "2" not in before.keys
    sealed = fresh.seal("x", "t.c")
    fields.keys.cache_clear()
    old_view = fields.keys()
    del old_view.keys["2"]
    assert fields.unseal(sealed, "t.c") == "x"


@pytest.mark.django_db
def test_a_stranger_may_not_rotate_keys(stranger: Actor) -> None:
    with pytest.raises(Refused) as refused:
        rotate_keys(by=stranger)
    assert refused.value.status == 403
