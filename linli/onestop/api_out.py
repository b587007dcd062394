"""Rows of the room as plain values for /api/v1/onestop."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from linli.areas import queries as areas
from linli.dispatch import wording
from linli.kernel.actor import Actor
from linli.onestop import queries, rules, showing
from linli.onestop.models import Application, Decision, ItemVersion, Lookup, Notice, Slot, Task
from linli.onestop.reading import definition_of


def item_out(row: ItemVersion) -> dict[str, Any]:
    return {
        "code": row.item.code,
        "name": row.item.name,
        "version": row.number,
        "category": row.item.category,
        "life": showing.life_of(row),
        "kind": row.definition.get("kind", ""),
        "lead_department": row.definition.get("lead_department", ""),
    }


def guide_out(row: ItemVersion) -> dict[str, Any]:
    definition, raw = definition_of(row), row.definition
    limits = showing.limits(raw, definition)
    of_member, of_case = showing.asked_facts(definition)
    return item_out(row) | {
        "applicants": raw.get("applicants_zh", ""),
        "one_open_per": definition.one_open_per,
        "promised": limits["promised"],
        "promised_to_confirm": limits["promised_doubt"],
        "statutory": limits["statutory"],
        "statutory_to_confirm": limits["statutory_doubt"],
        "materials": [_material(one) for one in definition.materials],
        "facts": dict(of_member + of_case),
        "stages": showing.stages(definition, raw),
        "publicity": definition.publicity.mode,
        "pays": definition.pays,
        "basis": [
            {"title": one["title"], "number": one["number"], "articles": one["articles"], "to_confirm": one["doubt"]}
            for one in showing.basis_of(raw)
        ],
    }  # fmt: skip


def _material(one: Any) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "way": one.obtain,
        "source": one.source,
        "when": one.when,
        "when_words": showing.condition_words(one.when),
        "one_of": one.one_of,
        "tolerable_days": one.tolerable_days,
    }


def case_out(row: Application) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "item": row.item.code,
        "item_name": row.item.name,
        "state": row.state,
        "state_name": row.get_state_display(),
        "applicant": row.person.masked_name,
        "area": row.area,
        "area_name": areas.area_path(row.area),
        "unit": row.unit,
        "unit_name": areas.unit_names().get(row.unit, ""),
        "round": row.round,
        "submitted_at": row.submitted_at,
        "accepted_at": row.accepted_at,
        "decided_at": row.decided_at,
        "closed_at": row.closed_at,
        "promised_due": row.promised_due,
        "statutory_due": row.statutory_due,
        "version": row.row_version,
    }


def case_whole(row: Application, viewer: Actor, own: bool) -> dict[str, Any]:
    """Everything of one case; what was written only for the applicant's side, names of officials only for offices."""
    slots = list(row.slots.all())
    decision = Decision.objects.filter(application=row).first()
    return case_out(row) | {
        "limits": limits_out(row),
        "form": _written(row) if own else {},
        "facts": row.facts,
        "members": [_member(one) for one in row.members.select_related("person")],
        "checklist": [slot_out(one) for one in slots],
        "progress": progress_out(row),
        "to_do": showing.to_do(row, slots) if own else [],
        "notices": [notice_out(one) for one in row.notices.order_by("id")],
        "decision": decision_out(decision) if decision else None,
        "timeline": steps_out(row, viewer),
    }


def _written(row: Application) -> dict[str, Any]:
    return dict(json.loads(row.form)) if row.form else {}


def limits_out(row: Application) -> dict[str, Any]:
    return asdict(queries.limits_of(row))


def _member(one: Any) -> dict[str, Any]:
    return {
        "person": one.person_id, "name": one.person.masked_name, "relation": one.relation, "facts": one.facts,
        "authorised": one.consent_id is not None,
    }  # fmt: skip


def slot_out(slot: Slot) -> dict[str, Any]:
    return {
        "material": slot.material, "name": slot.name, "way": slot.way, "state": slot.state, "words": showing.slot_words(slot),
        "files": slot.files, "due_at": slot.due_at,
    }  # fmt: skip


def progress_out(row: Application) -> list[dict[str, Any]]:
    lines: Iterable[dict[str, Any]] = showing.parcel(
        row, queries.progress_of(row), queries.route_of(row), areas.unit_names()
    )
    return [
        {
            "name": one["name"], "unit": one.get("unit", ""), "state": one["state"], "round": one.get("round"),
            "opened_at": one.get("from"), "due_at": one.get("due"), "done_at": one.get("done"),
        }
        for one in lines
    ]  # fmt: skip


def notice_out(row: Notice) -> dict[str, Any]:
    return {
        "id": row.pk, "kind": row.kind, "defects": row.defects, "reason": row.reason, "basis": row.basis,
        "remedy": row.remedy, "right_place": row.right_place, "due_at": row.due_at, "made_at": row.made_at,
        "delivered_at": row.delivered_at,
    }  # fmt: skip


def decision_out(row: Decision) -> dict[str, Any]:
    return {
        "outcome": row.outcome, "fen": row.fen, "reason": row.reason, "basis": row.basis, "findings": row.findings,
        "at": row.at,
    }  # fmt: skip


def steps_out(row: Application, viewer: Actor) -> list[dict[str, Any]]:
    """The timeline, the oldest step first."""
    shown = wording.steps(queries.timeline_of(row, viewer), rules.WORDS, {})
    return [
        {"at": one["at"], "what": one["what"], "who": one["who"], "reason": one["reason"]}
        for one in reversed(shown)
    ]


def receipt_out(row: Application, address: str) -> dict[str, Any]:
    return {
        "number": row.number,
        "item_name": row.item.name,
        "applicant": row.person.masked_name,
        "unit_name": areas.unit_names().get(row.unit, ""),
        "submitted_at": row.submitted_at,
        "limits": limits_out(row),
        "checklist": [slot_out(one) for one in row.slots.all()],
        "address": address,
    }


def tracked_out(row: Application) -> dict[str, Any]:
    return {
        "number": row.number,
        "item_name": row.item.name,
        "state": row.state,
        "state_name": row.get_state_display(),
        "limits": limits_out(row),
        "progress": progress_out(row),
        "to_do": showing.to_do(row, row.slots.all()),
    }


def lookup_out(row: Lookup) -> dict[str, Any]:
    return {
        "id": row.pk, "material": row.slot.material, "member": row.member.person.masked_name, "source": row.source,
        "purpose": row.purpose, "state": row.state, "result": row.result, "requested_at": row.requested_at,
        "answered_at": row.answered_at,
    }  # fmt: skip


def failed_out(row: Slot) -> dict[str, Any]:
    return {
        "case": row.application_id, "number": row.application.number, "item_name": row.application.item.name,
        "material": row.material, "name": row.name, "since": row.changed,
    }  # fmt: skip


def task_out(row: Task) -> dict[str, Any]:
    return {
        "id": row.pk,
        "case": row.application_id,
        "number": row.application.number,
        "item_name": row.application.item.name,
        "step": row.step,
        "branch": row.branch,
        "name": row.name,
        "kind": row.kind,
        "round": row.round,
        "unit": row.unit,
        "unit_name": areas.unit_names().get(row.unit, ""),
        "holder": row.holder_id,
        "holder_name": row.holder.name if row.holder else "",
        "state": row.state,
        "opened_at": row.opened_at,
        "due_at": row.due_at,
        "done_at": row.done_at,
        "light": showing.light_of(row) if row.state == "open" else "",
        "urged": row.urged,
        "binding": row.binding,
        "min_people": row.min_people,
        "opinion": row.opinion,
        "finding": row.finding,
        "reason": row.reason,
    }
