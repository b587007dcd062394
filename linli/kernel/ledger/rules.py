"""The Merkle tree of RFC 6962, section 2.1: SHA-256, leaf prefix 0x00, node prefix 0x01."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

EMPTY = hashlib.sha256(b"").digest()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Read = Callable[[int, int], bytes]  # (level, index) -> hash of that complete subtree


class Recorded(Protocol):
    """What a leaf protects of an entry: everything but its place."""

    pk: int
    log: str
    at: datetime
    subject: str
    verb: str
    by: str
    fields: Mapping[str, object]


def canonical(value: Mapping[str, object]) -> bytes:
    """Canonical JSON of strings, integers, booleans, null and nested mappings or lists of them; no floats.

    Raises TypeError for anything else, because two machines may print a float differently.
    """

    def check(part: object) -> None:
        if isinstance(part, Mapping):
            for name, inner in part.items():
                if not isinstance(name, str):
                    raise TypeError(f"ledger field name {name!r} is not text")
                check(inner)
        elif isinstance(part, list | tuple):
            for inner in part:
                check(inner)
        elif part is not None and not isinstance(part, str | int):
            raise TypeError(f"ledger values are text or integers, not {type(part).__name__}")

    check(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def microseconds(at: datetime) -> int:
    """Microseconds since 1970 in whole numbers: a float would lose the last digit, and with it the leaf."""
    return (at - EPOCH) // timedelta(microseconds=1)


def leaf_of(entry: Recorded) -> bytes:
    """The bytes of an entry that the tree protects."""
    return canonical(
        {
            "id": entry.pk,
            "log": entry.log,
            "at": microseconds(entry.at),
            "subject": entry.subject,
            "verb": entry.verb,
            "by": entry.by,
            "fields": entry.fields,
        }
    )


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def salted(value: str, salt: bytes) -> str:
    """How a personal value stands in a leaf: SHA-256(salt ‖ value), hexadecimal."""
    return hashlib.sha256(salt + value.encode()).hexdigest()


def grow(size: int, leaves: Sequence[bytes], read: Read) -> list[tuple[int, int, bytes]]:
    """The nodes (level, index, hash) that appending `leaves` to a tree of `size` completes, leaves included."""
    fresh: dict[tuple[int, int], bytes] = {}

    def get(level: int, index: int) -> bytes:
        return fresh.get((level, index)) or read(level, index)

    for place, leaf in enumerate(leaves, start=size):
        level, index = 0, place
        fresh[level, index] = leaf
        while index % 2 == 1:
            parent = node_hash(get(level, index - 1), get(level, index))
            level, index = level + 1, index // 2
            fresh[level, index] = parent
    return [(level, index, digest) for (level, index), digest in fresh.items()]


def subtree(start: int, end: int, read: Read) -> bytes:
    """MTH(D[start:end]) of RFC 6962, `start` a multiple of the largest power of two below the width."""
    width = end - start
    if width == 0:
        return EMPTY
    if width & (width - 1) == 0 and start % width == 0:
        level = width.bit_length() - 1
        return read(level, start >> level)
    split = 1 << ((width - 1).bit_length() - 1)
    return node_hash(subtree(start, start + split, read), subtree(start + split, end, read))


def root(size: int, read: Read) -> bytes:
    return subtree(0, size, read)


def inclusion_proof(index: int, size: int, read: Read) -> list[bytes]:
    """PATH(index, D[size]): the audit path of one leaf, RFC 6962 section 2.1.1."""

    def path(place: int, start: int, end: int) -> list[bytes]:
        if end - start <= 1:
            return []
        split = 1 << ((end - start - 1).bit_length() - 1)
        if place < split:
            return [*path(place, start, start + split), subtree(start + split, end, read)]
        return [*path(place - split, start + split, end), subtree(start, start + split, read)]

    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    return path(index, 0, size)


def consistency_proof(old: int, new: int, read: Read) -> list[bytes]:
    """PROOF(old, D[new]): that the first tree is a prefix of the second, RFC 6962 section 2.1.2."""

    def proof(old: int, start: int, end: int, whole: bool) -> list[bytes]:
        width = end - start
        if old == width:
            return [] if whole else [subtree(start, end, read)]
        split = 1 << ((width - 1).bit_length() - 1)
        if old <= split:
            return [*proof(old, start, start + split, whole), subtree(start + split, end, read)]
        return [*proof(old - split, start + split, end, False), subtree(start, start + split, read)]

    if not 0 <= old <= new:
        raise ValueError(f"no consistency proof from {old} to {new}")
    return [] if old in (0, new) else proof(old, 0, new, True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """RFC 9162 section 2.1.3.2: recompute the root from a leaf and its path."""
    if index >= size:
        return False
    place, last, digest = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place % 2 == 1 or place == last:
            digest = node_hash(step, digest)
            while place % 2 == 0 and place != 0:
                place, last = place >> 1, last >> 1
        else:
            digest = node_hash(digest, step)
        place, last = place >> 1, last >> 1
    return last == 0 and digest == expected


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2: recompute both roots from a consistency proof."""
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place % 2 == 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place % 2 == 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while place % 2 == 0 and place != 0:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
