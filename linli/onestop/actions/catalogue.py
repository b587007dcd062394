"""The catalogue: an item edited as a draft, checked, tried out on made-up cases, published by a second person."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger.actions import record
from linli.onestop import checks, executor, reading
from linli.onestop.catalogue import parse
from linli.onestop.glossary import glossary
from linli.onestop.models import Item, ItemVersion
from linli.onestop.shape import faults

VERB = "onestop.catalogue"
SAMPLES = 10  # made-up households a scenario


def digest_of(definition: Mapping[str, Any]) -> str:
    body = json.dumps(definition, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def _locked(version: int) -> ItemVersion:
    found = (
        ItemVersion.objects.select_for_update(of=("self",)).select_related("item").filter(pk=version).first()
    )
    if found is None:
        raise Refused("没有这个事项版本。", code="no_version", status=404)
    return found


def _refuse_faults(faults: checks.Faults) -> None:
    if faults:
        fields: dict[str, list[str]] = {}
        for path, said in faults:
            fields.setdefault(path or "definition", []).append(said)
        raise Refused(f"事项有 {len(faults)} 处不符合要求，请改正。", code="item_faults", fields=fields)


@transaction.atomic
def save_item(*, by: Actor, definition: Mapping[str, Any]) -> ItemVersion:
    """Keeps an item's draft, a new one or the one being edited; its shape must be sound, its publish checks may not be.

    Raises Refused 403, or 422 with every defect of shape by path. Published versions stay as they are.
    """
    require(by, VERB)
    written = copy.deepcopy(dict(definition))
    _refuse_faults(faults(written, glossary()))
    item, _ = Item.objects.get_or_create(
        code=written["code"], defaults={"name": written["name_zh"], "category": written["category"]}
    )
    Item.objects.select_for_update().get(pk=item.pk)
    row = item.versions.filter(state="draft").first()
    if row is None:
        last = item.versions.order_by("-number").values_list("number", flat=True).first() or 0
        row = ItemVersion(item=item, number=last + 1)
    row.definition, row.edited_by_id, row.simulated = written, by.account, {}
    row.findings = [list(one) for one in checks.check(written, glossary())]
    row.save()
    _record(by, row, "save_item")
    return row


@transaction.atomic
def revise_item(*, by: Actor, version: int) -> ItemVersion:
    """修订: a draft that begins as this edition word for word; the one under way, where there is one. Raises Refused 403,
    404."""
    require(by, VERB)
    row = _locked(version)
    draft = row.item.versions.filter(state="draft").first()
    return draft or save_item(by=by, definition=row.definition)


@transaction.atomic
def edit_draft(*, by: Actor, version: int, definition: Mapping[str, Any], seen: str) -> ItemVersion:
    """One change of a draft. `seen`: the digest of the text the editor saw; 409 when somebody changed it meanwhile.

    Raises Refused 403, 404, 409, 422 with every defect of shape by path.
    """
    require(by, VERB)
    row = _locked(version)
    if row.state != "draft":
        raise Refused("已发布的版本不能改，请先修订出新的一版。", code="not_a_draft", status=409)
    if digest_of(row.definition) != seen:
        raise Refused("这一版刚被别人改过，请刷新后再改。", code="stale", status=409)
    if definition.get("code") != row.item.code:
        raise Refused("事项代码不能改。", code="other_item", fields={"code": ["事项代码不能改"]})
    return save_item(by=by, definition=definition)


@transaction.atomic
def drop_draft(*, by: Actor, version: int) -> None:
    """放弃草稿: the edition in force stays as it is. Raises Refused 403, 404, 409 for what is no draft."""
    require(by, VERB)
    row = _locked(version)
    if row.state != "draft":
        raise Refused("只有草稿可以放弃。", code="not_a_draft", status=409)
    _record(by, row, "drop_draft")
    row.delete()


@transaction.atomic
def import_items(*, by: Actor, items: Sequence[Mapping[str, Any]]) -> list[ItemVersion]:
    """Items of a file as drafts, whole or not at all; an item that is in force word for word is left as it is.

    Raises Refused 403, or 422 with the defects of all items at once, by code and path.
    """
    require(by, VERB)
    wrong: dict[str, list[str]] = {}
    for place, one in enumerate(items, 1):
        name = str(one.get("code", "")) if isinstance(one, Mapping) else ""
        for path, said in faults(one, glossary()):
            wrong.setdefault(f"{name or f'第 {place} 个'} {path}".strip(), []).append(said)
    codes = [str(one.get("code")) for one in items if isinstance(one, Mapping)]
    for code in {code for code in codes if codes.count(code) > 1}:
        wrong.setdefault(code, []).append("同一文件里出现两次")
    if wrong:
        raise Refused(
            f"有 {len(wrong)} 处不能导入，请改正后再试；没有写入。", code="item_faults", fields=wrong
        )
    in_force = {
        row.item.code: digest_of(row.definition)
        for row in ItemVersion.objects.filter(state="published").select_related("item").order_by("number")
    }
    return [save_item(by=by, definition=one) for one in items if in_force.get(one["code"]) != digest_of(one)]


def _record(by: Actor, row: ItemVersion, verb: str, **fields: Any) -> None:
    record(
        subject=f"onestop.item:{row.item_id}", verb=f"onestop.{verb}", by=by,
        fields={"item": row.item.code, "version": row.number, "digest": digest_of(row.definition), **fields},
    )  # fmt: skip


@transaction.atomic
def simulate_item(*, by: Actor, version: int, seed: int = 1) -> ItemVersion:
    """Runs a draft through every scenario on made-up households; the result stands on the draft. 422 when a publish
    check fails first."""
    require(by, VERB)
    row = _locked(version)
    if row.state != "draft":
        raise Refused("只有草稿可以模拟。", code="not_a_draft", status=409)
    _refuse_faults(checks.check(row.definition, glossary()))
    runs = try_out(row.definition, seed)
    broken = [said for run in runs for said in run.breaches]
    row.simulated = {
        "seed": seed, "runs": len(runs), "breaches": broken[:50], "digest": digest_of(row.definition),
        "endings": {name: sum(run.ending == name for run in runs) for name in ("closed", "refused", "ended")},
    }  # fmt: skip
    row.save(update_fields=["simulated"])
    _record(by, row, "simulate_item", runs=len(runs), breaches=len(broken))
    return row


def try_out(
    definition: Mapping[str, Any],
    seed: int,
    scenarios: tuple[str, ...] = executor.SCENARIOS,
    samples: int = SAMPLES,
) -> list[executor.Run]:
    """A sound definition through `scenarios` on `samples` made-up households each; the same seed, the same runs."""
    words = glossary()
    item = parse(definition, words)
    runs = []
    for scenario in scenarios:
        for number in range(samples):
            chance = Random(f"{seed}:{item.code}:{scenario}:{number}")
            household = executor.made_up(chance, words.facts)
            runs.append(executor.simulate(item, household, scenario, words, chance))
    return runs


@transaction.atomic
def publish_item(*, by: Actor, version: int, valid_from: date | None = None) -> ItemVersion:
    """发布, by somebody other than the editor, after a simulation without a breach of this very text.

    The edition before stays valid until the day before; running cases keep the version they began with.
    """
    require(by, VERB)
    row, today = _locked(version), timezone.localdate()
    begins = valid_from or today
    if row.state != "draft":
        raise Refused("这一版已经发布或停用。", code="not_a_draft", status=409)
    if by.account is None or by.account == row.edited_by_id:
        raise Refused("须由编辑人以外的另一人发布。", code="second_person", status=403)
    _refuse_faults(checks.check(row.definition, glossary()))
    tried = row.simulated
    if tried.get("digest") != digest_of(row.definition) or tried.get("breaches"):
        raise Refused("请先模拟运行；模拟没有问题才能发布。", code="not_simulated", status=409)
    if begins < today:
        raise Refused("生效日期不能早于今天。", code="past", fields={"valid_from": ["请改为今天或以后"]})
    _give_way(row.item, begins)
    row.state, row.validity = "published", DateRange(begins, None)
    row.published_by_id, row.published_at = by.account, timezone.now()
    row.findings = []
    row.save()
    Item.objects.filter(pk=row.item_id).update(
        name=row.definition["name_zh"], category=row.definition["category"]
    )
    _record(by, row, "publish_item", valid_from=begins.isoformat())
    transaction.on_commit(reading.published.forget)
    return row


def _give_way(item: Item, begins: date) -> None:
    """Editions that would overlap end the day before; one that had not begun is retired."""
    for old in item.versions.select_for_update().filter(state="published"):
        since, until = old.validity.lower, old.validity.upper
        if until is not None and until <= begins:
            continue
        if since >= begins:
            old.state, old.validity = "retired", DateRange(since, since + timedelta(days=1))
        else:
            old.validity = DateRange(since, begins)
        old.save(update_fields=["state", "validity"])


@transaction.atomic
def retire_item(*, by: Actor, version: int, reason: str) -> ItemVersion:
    """停用: no new cases from today on; those under way run to their end."""
    require(by, VERB)
    row = _locked(version)
    said = reason.strip()
    if row.state != "published":
        raise Refused("只有已发布的版本可以停用。", code="not_published", status=409)
    if len(said) < 2:
        raise Refused("请写明停用的理由。", code="say_why", fields={"reason": ["请写明停用的理由"]})
    row.state = "retired"
    row.save(update_fields=["state"])
    _record(by, row, "retire_item", reason=said)
    transaction.on_commit(reading.published.forget)
    return row
