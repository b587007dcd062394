"""Asking departments for what they know already, and taking in what they answer (数据共享)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record
from linli.onestop import facts, flow, reading
from linli.onestop.actions import steps
from linli.onestop.actions.advance import advance, open_tasks, read_case
from linli.onestop.conditions import Condition, Household, holds
from linli.onestop.glossary import glossary
from linli.onestop.models import Application, Lookup, Member, Slot

RESULTS = ("match", "mismatch", "absent")
FAILURES = ("failed", "timed_out")
PURPOSE = "核对办件材料"


def ask_all(row: Application, slots: list[Slot], sources: Mapping[str, str], now: datetime) -> int:
    """One question a shared line and authorised member, told as LookupRequested. Returns how many.

    A line needed because of one member (残疾人证) is asked of that member: nobody else has such a record, and no
    record would make the line fail.
    """
    members = [m for m in row.members.all() if m.consent_id]
    whens = {one.code: one.when for one in reading.definition_of(row.version).materials}
    rows = [
        Lookup(slot=slot, member=member, consent_id=member.consent_id, source=sources[slot.material],
               purpose=f"{PURPOSE}：{slot.name}"[:120], requested_at=now)
        for slot in slots
        for member in _concerned(row, whens.get(slot.material), members)
    ]  # fmt: skip
    made = Lookup.objects.bulk_create(rows)
    told = [_asked(row, lookup) for lookup in made]
    if told:
        tell(*told)
    return len(made)


def _concerned(row: Application, when: Condition | None, members: list[Member]) -> list[Member]:
    """The members for whom a condition holds by themselves; all where it is about the case."""
    own = [m for m in members if holds(when, Household(row.facts, [m.facts]))]
    return own or members


def _asked(row: Application, lookup: Lookup) -> facts.LookupRequested:
    return facts.LookupRequested(
        lookup=lookup.pk,
        application=row.pk,
        subject=row.subject,
        person=lookup.member.person_id,
        consent=lookup.consent_id,
        source=lookup.source,
        material=lookup.slot.material,
        purpose=lookup.purpose,
        area=row.area,
    )


@transaction.atomic
def record_lookup(
    *, by: Actor, lookup: int, result: str, evidence: bytes = b"", values: Mapping[str, Any] | None = None,
    note: str = "", at: datetime | None = None,
) -> Lookup:  # fmt: skip
    """What a department answered: match, mismatch or absent; failed or timed_out when it did not.

    `evidence`: the SHA-256 of the answer as received. `values`: facts of the glossary about this member. The same
    answer again changes nothing; an answer after a failure counts (a late source). A mismatch that comes after
    acceptance raises a task. Raises Refused 403, 404, 409 for another answer after the first, 422.
    """
    require(by, "onestop.exchange")
    wrong = _wrong(result, evidence, values or {})
    if wrong:
        raise Refused("答复有误，请按提示改正。", code="wrong_answer", fields=wrong)
    number = Lookup.objects.filter(pk=lookup).values_list("slot__application", flat=True).first()
    if number is None:
        raise Refused("没有这次核对请求。", code="no_lookup", status=404)
    row, now = steps.locked(number), steps.moment(at)
    found = Lookup.objects.select_for_update(of=("self",)).select_related("slot", "member").get(pk=lookup)
    if found.state == "answered":
        return _again(found, result)
    found.state = "answered" if result in RESULTS else result
    found.result = result if result in RESULTS else ""
    found.evidence, found.answered_at, found.note = evidence or None, now, note.strip()[:200]
    found.save()
    record(
        subject=row.subject, verb="onestop.record_lookup", by=by,
        fields={"lookup": found.pk, "source": found.source, "result": result},
    )  # fmt: skip
    changed = _learn(found.member, values or {})
    _after(by, row, found, changed, now)
    return found


def _again(found: Lookup, result: str) -> Lookup:
    if found.result != result:
        raise Refused("这次核对已有不同的答复。", code="answered", status=409)
    return found


def _wrong(result: str, evidence: bytes, values: Mapping[str, Any]) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if result not in (*RESULTS, *FAILURES):
        wrong["result"] = ["结果应是 match、mismatch、absent、failed 或 timed_out"]
    if result in RESULTS and len(evidence) != 32:
        wrong["evidence"] = ["请附答复原文的 SHA-256（32 字节）"]
    unknown = [name for name in values if name not in glossary().facts]
    if unknown:
        wrong["values"] = [f"没有登记过的事实：{'、'.join(unknown)}"]
    elif any(not isinstance(value, bool | int | str) for value in values.values()):
        wrong["values"] = ["事实的值应是是否、整数或文字"]
    return wrong


def _learn(member: Member, values: Mapping[str, Any]) -> bool:
    fresh = {**member.facts, **values}
    if fresh == member.facts:
        return False
    member.facts = fresh
    member.save(update_fields=["facts"])
    return True


def _after(by: Actor, row: Application, found: Lookup, changed: bool, now: datetime) -> None:
    """The line's new state; once the case is accepted, a task for a mismatch and whatever new facts ask for."""
    slot, good = found.slot, answer_is_good(found)
    if slot.state in ("waiting", "failed", "shared"):
        slot.state = state_of(slot)
        slot.save(update_fields=["state", "changed"])
    if row.state != "accepted":
        return
    case = read_case(row)
    if found.state == "answered" and not good:
        one = flow.Wanted(
            "mismatch", slot.material, f"核对不符：{slot.name}", "extra", "town.officer", case.row.start
        )
        known = {(t.step, t.branch) for t in case.tasks if t.round == row.round}
        open_tasks(case, [one] if one.key not in known else [], now)
    if changed or not good:
        row.row_version += 1
        advance(by, case, now)


def answer_is_good(lookup: Lookup) -> bool:
    """A match; or no record, where that is an answer (no house, no car)."""
    if lookup.state != "answered":
        return False
    return lookup.result == "match" or (
        lookup.result == "absent" and lookup.slot.material in glossary().absence_answers
    )


def state_of(slot: Slot) -> str:
    """shared when every member's question is well answered, waiting while one is out, else failed."""
    rows = list(slot.lookups.select_related("slot"))
    if rows and all(answer_is_good(one) for one in rows):
        return "shared"
    bad = any(one.state in FAILURES or (one.state == "answered" and not answer_is_good(one)) for one in rows)
    return "failed" if bad or not rows else "waiting"
