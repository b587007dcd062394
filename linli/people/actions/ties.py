"""Who is what to somebody."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record
from linli.people import rules
from linli.people.actions.persons import locked_person
from linli.people.facts import TieChanged
from linli.people.models import Person, Tie


@transaction.atomic
def set_tie(
    *, by: Actor, person: int, kind: str, tie: int | None = None, relation: str = "", other: int | None = None,
    name: str = "", phone: str = "", rank: int = 1,
) -> Tie:  # fmt: skip
    """Makes a tie, or changes `tie`: to somebody known here (`other`), or by name and phone."""
    row = locked_person(person)
    require(by, "people.change", area=row.area)
    phone = rules.plain_phone(phone)
    known = Person.objects.filter(pk=other, merged_into=None).first() if other is not None else None
    wrong = {}
    if kind not in rules.TIE_KINDS:
        wrong["kind"] = ["请选择关系"]
    if other is not None and (known is None or known.pk == row.pk):
        wrong["other"] = ["请选择另一个已登记的人"]
    if known is None and not name.strip():
        wrong["name"] = ["请填写姓名"]
    if known is None and not phone:
        wrong["phone"] = ["请填写电话，紧急时要打得通"]
    elif phone and (said := rules.phone_fault(phone)):
        wrong["phone"] = [said]
    if wrong:
        raise Refused("关系人信息有误，请按提示改正。", code="wrong_tie", fields=wrong)
    kept = _open_tie(tie, row) if tie is not None else Tie(person=row)
    kept.kind, kept.relation, kept.other = kind, relation.strip()[:32], known
    kept.name, kept.phone, kept.rank = ("" if known else name.strip()[:50]), phone, max(1, min(rank, 99))
    kept.save()
    _tell(by, kept, "set_tie", True)
    return kept


@transaction.atomic
def end_tie(*, by: Actor, tie: int) -> Tie:
    """A tie that no longer holds: a returned key, a guardian who changed."""
    row = Tie.objects.select_for_update(of=("self",)).select_related("person").filter(pk=tie).first()
    if row is None or row.ended is not None:
        raise Refused("没有这条关系，或它已解除。", code="no_tie", status=404)
    require(by, "people.change", area=row.person.area)
    row.ended = timezone.now()
    row.save(update_fields=["ended"])
    _tell(by, row, "end_tie", False)
    return row


def _open_tie(tie: int, person: Person) -> Tie:
    row = Tie.objects.select_for_update(of=("self",)).filter(pk=tie, person=person, ended=None).first()
    if row is None:
        raise Refused("没有这条关系，或它已解除。", code="no_tie", status=404)
    return row


def _tell(by: Actor, tie: Tie, verb: str, active: bool) -> None:
    subject = f"people.person:{tie.person_id}"
    record(
        subject=subject,
        verb=verb,
        by=by,
        fields={"tie": tie.pk, "kind": tie.kind, "other": tie.other_id or 0},
    )
    tell(TieChanged(tie=tie.pk, person=tie.person_id, kind=tie.kind, area=tie.person.area, active=active))
