import pytest

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.ledger import actions, queries, rules
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db


def test_a_proof_stands_for_itself(auditor: Actor) -> None:
    for number in range(9):
        actions.record(subject=f"test.thing:{number}", verb="touch", by=SYSTEM)
    actions.sequence()
    proof = queries.proof_of(auditor, Entry.objects.get(seq=4).pk)
    leaf = rules.leaf_hash(proof["entry"].encode())
    assert leaf.hex() == proof["leaf_hash"]
    path = [bytes.fromhex(step) for step in proof["audit_path"]]
    assert rules.verify_inclusion(leaf, 4, 9, path, bytes.fromhex(proof["root_hash"]))
    assert queries.heads(auditor)[0].hex == proof["root_hash"]


def test_an_entry_without_a_place_has_no_proof_yet(auditor: Actor) -> None:
    actions.record(subject="test.thing:1", verb="touch", by=SYSTEM)
    with pytest.raises(Refused) as refused:
        queries.proof_of(auditor, Entry.objects.get().pk)
    assert refused.value.status == 409
    with pytest.raises(Refused) as refused:
        queries.proof_of(auditor, 0)
    assert refused.value.status == 404


def test_one_subjects_history_is_found(auditor: Actor) -> None:
    for subject in ("test.thing:1", "test.thing:2", "test.thing:1"):
        actions.record(subject=subject, verb="touch", by=SYSTEM)
    assert queries.entries(auditor, subject="test.thing:1").count() == 2
    assert queries.entries(auditor, log="poll:1").count() == 0


def test_a_stranger_sees_nothing_of_the_record(stranger: Actor) -> None:
    for ask in (queries.entries, queries.heads, lambda viewer: queries.proof_of(viewer, 1)):
        with pytest.raises(Refused) as refused:
            ask(stranger)
        assert refused.value.status == 403
