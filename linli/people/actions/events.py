"""What the field registers in two taps: who came, who left, who was born, who died; and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.identity.fields import blind
from linli.kernel.ledger.actions import record
from linli.people import rules
from linli.people.actions.persons import (
    CLERK,
    codes_from,
    locked_household,
    locked_person,
    register_person,
)
from linli.people.facts import PersonDied, PersonMoved
from linli.people.models import Household, LifeEvent, Member, Person

Files = Sequence[int]


def _sound(on: date, evidence: str, files: Files) -> None:
    """Every event has a day that has come, and something to show for it."""
    wrong = {}
    if on > timezone.localdate():
        wrong["on"] = ["日期在今天之后，请改正"]
    if not evidence.strip() and not files:
        wrong["evidence"] = ["请拍照，或写明凭据，例如证件名称和编号"]
    if wrong:
        raise Refused("登记内容有误，请按提示改正。", code="wrong_event", fields=wrong)


@transaction.atomic
def move_in(
    *, by: Actor, household: int, number: str = "", person: int | None = None, relation: str = "",
    on: date | None = None, evidence: str = "", files: Files = (), kind: str = "moved_in",
) -> LifeEvent:  # fmt: skip
    """Somebody known comes to live here, from anywhere in the county; found by `person` or by full identity number.

    Whoever can show the card may move its holder in: the mover need not be able to see where they lived.
    """
    home = locked_household(household)
    require(by, "people.change", area=home.area)
    day = on or timezone.localdate()
    _sound(day, evidence, files)
    row = _found(by, number, person)
    if row.died is not None:
        raise Refused("此人已登记死亡，不能迁入；若登记有误，请由社区干部撤销。", code="dead", status=409)
    before, headed = _leave(row, day)
    if before is not None and before.household_id == home.pk:
        raise Refused("此人已经是本户成员。", code="lives_here", status=409)
    member = Member.objects.create(household=home, person=row, relation=relation.strip()[:16], since=day)
    from_area, values = row.area, codes_from(home)
    _place(row, values)
    if home.head_id is None:
        Household.objects.filter(pk=home.pk).update(head=row)
    was = {"member": member.pk, "before": before.pk if before else None, "headed": headed, "codes": from_area}
    event = _event(by, kind, row, home, day, evidence, files, was)
    tell(PersonMoved(person=row.pk, area=home.area, before=from_area, household=home.pk, on=day.isoformat()))
    return event


def _found(by: Actor, number: str, person: int | None) -> Person:
    plain = rules.plain_number(number)
    if plain:
        pk = Person.objects.filter(number_index=blind(plain)).values_list("pk", flat=True).first()
        if pk is None:
            said = "没有登记过此身份证号，请改用“登记新成员”"
            raise Refused(f"{said}。", code="unknown_number", fields={"number": [said]}, status=404)
        return locked_person(pk)
    row = locked_person(person or 0)
    require(by, "people.view", area=row.area)
    return row


def _leave(person: Person, day: date) -> tuple[Member | None, bool]:
    """Ends where somebody lives now. Returns that membership, and whether they headed the household."""
    headed = False
    member = Member.objects.select_for_update().filter(person=person, until=None).first()
    if member is not None:
        member.until = max(day, member.since)
        member.save(update_fields=["until"])
        headed = bool(Household.objects.filter(pk=member.household_id, head=person).update(head=None))
    return member, headed


def _place(person: Person, codes: dict[str, str]) -> None:
    for name, code in codes.items():
        setattr(person, name, code)
    person.save(update_fields=list(codes))


def _event(
    by: Actor, kind: str, person: Person, home: Household | None, day: date, evidence: str, files: Files,
    was: dict[str, Any],
) -> LifeEvent:  # fmt: skip
    event = LifeEvent.objects.create(
        kind=kind,
        person=person,
        household=home,
        on=day,
        evidence=evidence.strip()[:200],
        files=list(files),
        was=was,
        by_id=by.account,
    )
    fields = {"event": event.pk, "kind": kind, "on": day.isoformat(), "files": " ".join(map(str, files))}
    record(subject=f"people.person:{person.pk}", verb=kind, by=by, fields=fields)
    return event


@transaction.atomic
def move_out(
    *, by: Actor, person: int, on: date | None = None, evidence: str = "", files: Files = ()
) -> LifeEvent:
    """Somebody leaves without a new place known: no household, no area below the county until they move in."""
    row = locked_person(person)
    require(by, "people.change", area=row.area)
    day = on or timezone.localdate()
    _sound(day, evidence, files)
    before, headed = _leave(row, day)
    if before is None:
        raise Refused("此人现在没有住处记录，无需迁出。", code="lives_nowhere", status=409)
    area = row.area
    _place(row, {**codes_from(None), "county": row.county})
    was = {"before": before.pk, "headed": headed, "codes": area}
    event = _event(by, "moved_out", row, before.household, day, evidence, files, was)
    tell(PersonMoved(person=row.pk, area="", before=area, on=day.isoformat()))
    return event


@transaction.atomic
def register_tenant(
    *, by: Actor, household: int, number: str, name: str = "", phone: str = "", on: date | None = None,
    evidence: str = "", files: Files = (),
) -> LifeEvent:  # fmt: skip
    """A tenant comes: moved in when the county knows the number, else registered anew."""
    if Person.objects.filter(number_index=blind(rules.plain_number(number))).exists() and number.strip():
        return move_in(
            by=by,
            household=household,
            number=number,
            relation="租客",
            on=on,
            evidence=evidence,
            files=files,
            kind="tenant",
        )
    return _register(
        by, "tenant", household, on, evidence, files, name=name, number=number, phone=phone, relation="租客"
    )


@transaction.atomic
def register_birth(
    *, by: Actor, household: int, name: str, birth: date, sex: str, number: str = "", relation: str = "",
    evidence: str = "", files: Files = (),
) -> LifeEvent:  # fmt: skip
    """A child is born into a household; the identity number may follow later."""
    given = {"name": name, "birth": birth, "sex": sex, "number": number, "relation": relation}
    return _register(by, "birth", household, birth, evidence, files, **given)


def _register(
    by: Actor, kind: str, household: int, on: date | None, evidence: str, files: Files, **given: Any
) -> LifeEvent:
    day = on or timezone.localdate()
    _sound(day, evidence, files)
    row = register_person(by=by, household=household, since=day, how=kind, **given)
    member = row.memberships.get(until=None)
    return _event(by, kind, row, member.household, day, evidence, files, {"member": member.pk, "new": True})


@transaction.atomic
def register_death(*, by: Actor, person: int, on: date, evidence: str = "", files: Files = ()) -> LifeEvent:
    """A death. The record stays; every room learns of it by PersonDied."""
    row = locked_person(person)
    require(by, "people.change", area=row.area)
    _sound(on, evidence, files)
    if row.died is not None:
        raise Refused("此人已登记死亡。", code="dead", status=409)
    if row.birth and on < row.birth:
        raise Refused(
            "死亡日期早于出生日期。", code="wrong_event", fields={"on": ["日期早于出生日期，请改正"]}
        )
    before, headed = _leave(row, on)
    row.died = on
    row.save(update_fields=["died"])
    was = {"before": before.pk if before else None, "headed": headed, "codes": row.area}
    event = _event(by, "death", row, before.household if before else None, on, evidence, files, was)
    tell(PersonDied(person=row.pk, area=row.area, on=on.isoformat()))
    return event


@transaction.atomic
def undo_event(*, by: Actor, event: int, reason: str) -> LifeEvent:
    """Takes a wrong registration back within seven days; a clerk's act, with a reason.

    Refused when something was registered on top of it: that goes first.
    """
    row = LifeEvent.objects.select_for_update(of=("self",)).filter(pk=event).first()
    if row is None:
        raise Refused("没有这条登记。", code="no_event", status=404)
    person = locked_person(row.person_id)
    require(by, CLERK, area=row.was.get("codes") or person.area)
    if row.undone is not None:
        raise Refused("这条登记已经撤销。", code="undone", status=409)
    if timezone.now() - row.at > rules.UNDO_WITHIN:
        raise Refused("登记已超过 7 天，不能撤销；请按实际情况重新登记。", code="too_late", status=409)
    if LifeEvent.objects.filter(person=person, undone=None, pk__gt=row.pk).exists():
        raise Refused("此后又有新的登记，请先撤销后一条。", code="not_last", status=409)
    if (
        row.was.get("before")
        and Member.objects.filter(pk=row.was["before"], household__closed__isnull=False).exists()
    ):
        raise Refused("原来的住户已销户，不能撤销；请改为重新登记迁入。", code="home_closed", status=409)
    if not reason.strip():
        raise Refused("请写明撤销理由。", code="no_reason", fields={"reason": ["请写明撤销理由"]})
    row.undone, row.undone_by_id, row.undo_reason = timezone.now(), by.account, reason.strip()[:200]
    row.save(update_fields=["undone", "undone_by", "undo_reason"])
    _put_back(row, person)
    record(
        subject=f"people.person:{person.pk}",
        verb="undo_event",
        by=by,
        fields={"event": row.pk, "kind": row.kind},
    )
    return row


def _put_back(event: LifeEvent, person: Person) -> None:
    now_area = person.area
    if event.was.get("member"):
        Member.objects.filter(pk=event.was["member"]).delete()
        Household.objects.filter(head=person).update(head=None)
    before = Member.objects.filter(pk=event.was.get("before") or 0).select_related("household").first()
    if before is not None:
        before.until = None
        before.save(update_fields=["until"])
        if event.was.get("headed"):
            Household.objects.filter(pk=before.household_id, head=None).update(head=person)
    if event.kind == "death":
        person.died = None
        person.save(update_fields=["died"])
        tell(PersonDied(person=person.pk, area=now_area, on=event.on.isoformat(), undone=True))
        return
    _place(person, codes_from(before.household) if before else {**codes_from(None), "county": person.county})
    tell(PersonMoved(person=person.pk, area=person.area, before=now_area, on=event.on.isoformat()))
