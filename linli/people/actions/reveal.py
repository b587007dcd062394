"""Showing what is sealed: only with a reason, and never without a record."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger.actions import record
from linli.people.models import Dwelling, Person, Tie

FIELDS = {
    "person": (Person, ("name", "number", "phone")),
    "dwelling": (Dwelling, ("address", "door_hint")),
    "tie": (Tie, ("name", "phone")),
}
LEAST_REASON = 4  # characters


@transaction.atomic
def reveal(*, by: Actor, kind: str, number: int, fields: tuple[str, ...], reason: str) -> dict[str, str]:
    """The plain values of sealed fields. `kind`: person, dwelling or tie; `fields` as in FIELDS.

    The ledger keeps who looked at which fields of whom, and the reason as a salted hash the person may ask about.
    """
    model: Any
    model, allowed = FIELDS[kind]
    row = model.objects.select_related("person", "other").filter(pk=number).first() if kind == "tie" else None
    row = row or model.objects.filter(pk=number).first()
    if row is None:
        raise Refused("没有找到这条记录。", code="not_found", status=404)
    place = row.person if isinstance(row, Tie) else row
    subject = f"people.{kind}:{number}"
    require(by, "people.reveal", area=place.area, subject=subject)
    if not fields or set(fields) - set(allowed):
        raise Refused("没有这一项可以查看。", code="no_field", fields={"fields": ["请选择要查看的内容"]})
    if len(reason.strip()) < LEAST_REASON:
        said = f"请写明查看理由，至少 {LEAST_REASON} 个字，例如“核对低保申请”"
        raise Refused(f"{said}。", code="no_reason", fields={"reason": [said]})
    record(
        subject=subject,
        verb="reveal",
        by=by,
        fields={"fields": " ".join(fields)},
        personal={"reason": reason.strip()},
    )
    return {name: _value(row, name) for name in fields}


def _value(row: Person | Dwelling | Tie, name: str) -> str:
    """A tie to somebody known here has that person's name and phone."""
    own: str = getattr(row, name)
    return own or (getattr(row.other, name) if isinstance(row, Tie) and row.other else own)
