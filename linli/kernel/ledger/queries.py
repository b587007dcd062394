"""Reading and checking the record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger import rules
from linli.kernel.ledger.models import Entry, Head, Node


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a full check of one log found; `broken` holds sentences, empty when all is well."""

    log: str
    size: int
    waiting: int
    root: str
    broken: tuple[str, ...]


def entries(viewer: Actor, *, subject: str = "", log: str = "") -> QuerySet[Entry]:
    """Entries newest first, for an auditor."""
    require(viewer, "ledger.view")
    rows = Entry.objects.order_by("-id")
    rows = rows.filter(subject=subject) if subject else rows
    return rows.filter(log=log) if log else rows


def logs() -> list[str]:
    """Every log there is; reads one index entry a log, not every row."""
    found: list[str] = []
    while (
        row := Entry.objects.filter(log__gt=found[-1] if found else "").order_by("log").first()
    ) is not None:
        found.append(row.log)
    return found


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The latest tree head of a log: its size, root in hexadecimal, and when it was made."""

    log: str
    size: int
    hex: str
    at: datetime


def heads(viewer: Actor) -> list[TreeHead]:
    """The latest head of each log, for an auditor to write down or publish."""
    require(viewer, "ledger.view")
    rows = Head.objects.order_by("log", "-size").distinct("log")
    return [TreeHead(row.log, row.size, bytes(row.root).hex(), row.at) for row in rows]


def proof_of(viewer: Actor, entry: int) -> dict[str, Any]:
    """The inclusion proof of one entry, as a mapping of text and integers that stands for itself.

    Raises Refused 404 for an unknown entry, 409 for one that has no place yet (it gets one within seconds).
    """
    require(viewer, "ledger.view")
    row = Entry.objects.filter(pk=entry).first()
    if row is None:
        raise Refused("没有这条记录。", code="no_entry", status=404)
    if row.seq is None:
        raise Refused("该记录正在编入存证树，请几秒后再试。", code="waiting", status=409)
    size, path = prove_inclusion(row.log, row.seq)
    root = Head.objects.values_list("root", flat=True).get(log=row.log, size=size)
    return {
        "format": "RFC 6962, SHA-256",
        "log": row.log,
        "entry": rules.leaf_of(row).decode(),
        "leaf_hash": bytes(row.leaf or b"").hex(),
        "leaf_index": row.seq,
        "tree_size": size,
        "audit_path": path,
        "root_hash": bytes(root).hex(),
    }


def _reader(log: str) -> rules.Read:
    def read(level: int, index: int) -> bytes:
        return bytes(Node.objects.values_list("hash", flat=True).get(log=log, level=level, index=index))

    return read


def prove_inclusion(log: str, seq: int, size: int | None = None) -> tuple[int, list[str]]:
    """Tree size and audit path (hex) of the entry at `seq`. Raises ValueError if it is not in that tree."""
    size = size or latest_size(log)
    return size, [step.hex() for step in rules.inclusion_proof(seq, size, _reader(log))]


def prove_consistency(log: str, old: int, new: int | None = None) -> tuple[int, list[str]]:
    """New size and proof (hex) that the tree of size `old` is its prefix."""
    new = new or latest_size(log)
    return new, [step.hex() for step in rules.consistency_proof(old, new, _reader(log))]


def latest_size(log: str) -> int:
    head = Head.objects.filter(log=log).order_by("-size").first()
    return head.size if head else 0


def verify(log: str) -> Verdict:
    """Recomputes every leaf and every stored head of one log from the entries themselves."""
    broken: list[str] = []
    nodes: dict[tuple[int, int], bytes] = {}
    heads = dict(Head.objects.filter(log=log).order_by("size").values_list("size", "root"))

    def read(level: int, index: int) -> bytes:
        return nodes[level, index]

    size = 0
    for entry in Entry.objects.filter(log=log, seq__isnull=False).order_by("seq").iterator(2000):
        if entry.seq != size:
            broken.append(f"第 {size} 号位置缺失（下一条是第 {entry.seq} 号）")
            break
        leaf = rules.leaf_hash(rules.leaf_of(entry))
        if leaf != bytes(entry.leaf or b""):
            broken.append(f"第 {entry.seq} 号记录（编号 {entry.pk}）内容被改动")
        fresh = {(level, index): digest for level, index, digest in rules.grow(size, [leaf], read)}
        nodes.update(fresh)
        for level, index in fresh:  # children of a complete node are not needed any more: memory stays small
            for child in (2 * index, 2 * index + 1):
                nodes.pop((level - 1, child), None)
        size += 1
        if size in heads and rules.root(size, read) != bytes(heads[size]):
            broken.append(f"大小为 {size} 的树根与存证不符")
    if heads and max(heads) != size:
        broken.append(f"存证的树有 {max(heads)} 条，实有 {size} 条")
    waiting = Entry.objects.filter(log=log, seq=None).count()
    return Verdict(
        log, size, waiting, rules.root(size, read).hex() if size else rules.EMPTY.hex(), tuple(broken[:50])
    )
