import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linli.kernel.ledger import rules

# The eight leaves and roots of the reference test data of Certificate Transparency (RFC 6962).
LEAVES = [bytes.fromhex(text) for text in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]]
LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 70


def reference(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, written as the standard writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + reference(leaves[:split]) + reference(leaves[split:])).digest()


def data(size: int) -> list[bytes]:
    return [f"leaf {number}".encode() for number in range(size)]


def grown(leaves: list[bytes], cuts: list[int] | None = None) -> dict[tuple[int, int], bytes]:
    """The nodes after appending in several runs, as the sequencer does."""
    nodes: dict[tuple[int, int], bytes] = {}
    ends = sorted({0, *(cut for cut in cuts or [] if cut < len(leaves)), len(leaves)})
    for start, end in zip(ends, ends[1:], strict=False):
        hashes = [rules.leaf_hash(leaf) for leaf in leaves[start:end]]
        for level, index, digest in rules.grow(start, hashes, lambda a, b: nodes[a, b]):
            nodes[level, index] = digest
    return nodes


def reader(nodes: dict[tuple[int, int], bytes]) -> rules.Read:
    return lambda level, index: nodes[level, index]


TREE = grown(data(MOST))
ALL_ROOTS = [reference(data(size)) for size in range(MOST + 1)]


def test_the_published_vectors_of_rfc_6962_hold() -> None:
    nodes = grown(LEAVES)
    assert [rules.root(size, reader(nodes)).hex() for size in range(1, 9)] == ROOTS
    assert rules.root(0, reader({})) == hashlib.sha256(b"").digest()


@given(size=st.integers(0, MOST), cuts=st.lists(st.integers(1, MOST), max_size=5))
@settings(deadline=None)
def test_a_tree_grown_in_any_steps_has_the_reference_root(size: int, cuts: list[int]) -> None:
    assert rules.root(size, reader(grown(data(size), cuts))) == ALL_ROOTS[size]


def test_every_leaf_of_every_tree_is_proved_and_no_other_leaf_is() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            path = rules.inclusion_proof(index, size, reader(TREE))
            leaf = rules.leaf_hash(f"leaf {index}".encode())
            assert rules.verify_inclusion(leaf, index, size, path, ALL_ROOTS[size])
            assert not rules.verify_inclusion(rules.leaf_hash(b"forged"), index, size, path, ALL_ROOTS[size])
            assert size == 1 or not rules.verify_inclusion(
                leaf, (index + 1) % size, size, path, ALL_ROOTS[size]
            )


def test_every_tree_is_proved_a_prefix_of_every_later_one_and_of_no_forged_one() -> None:
    forged = [leaf + b"!" if number == 0 else leaf for number, leaf in enumerate(data(MOST))]
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            path = rules.consistency_proof(old, new, reader(TREE))
            assert rules.verify_consistency(old, new, ALL_ROOTS[old], ALL_ROOTS[new], path)
            assert not rules.verify_consistency(old, new, reference(forged[:old]), ALL_ROOTS[new], path)


@given(old=st.integers(1, MOST), new=st.integers(1, MOST), flip=st.integers(0, 10**6))
@settings(deadline=None)
def test_a_bent_proof_proves_nothing(old: int, new: int, flip: int) -> None:
    old, new = min(old, new), max(old, new)
    path = rules.consistency_proof(old, new, reader(TREE))
    if path:
        place, bit = flip % len(path), flip % 256
        path[place] = (int.from_bytes(path[place]) ^ (1 << bit)).to_bytes(32)
        assert not rules.verify_consistency(old, new, ALL_ROOTS[old], ALL_ROOTS[new], path)


def test_a_proof_that_cannot_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        rules.inclusion_proof(5, 5, reader(TREE))
    with pytest.raises(ValueError, match="no consistency proof"):
        rules.consistency_proof(6, 5, reader(TREE))


def test_a_leaf_is_the_same_whatever_the_order_of_its_fields() -> None:
    assert (
        rules.canonical({"b": 1, "a": "县"})
        == rules.canonical({"a": "县", "b": 1})
        == '{"a":"县","b":1}'.encode()
    )


@pytest.mark.parametrize("value", [1.5, b"x", {1: "a"}, [0.1], datetime(2026, 1, 1)])
def test_a_leaf_carries_text_and_whole_numbers_only(value: object) -> None:
    with pytest.raises(TypeError):
        rules.canonical({"field": value} if not isinstance(value, dict) else value)


def test_the_last_microsecond_is_not_lost() -> None:
    at = datetime(2026, 11, 22, 13, 14, 15, 999999, tzinfo=UTC)
    assert rules.microseconds(at) % 1_000_000 == 999999


def test_the_same_value_under_two_salts_cannot_be_matched() -> None:
    assert rules.salted("张三", b"a" * 16) != rules.salted("张三", b"b" * 16)
