"""Persons: known once, corrected, merged, linked to an account."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.utils import timezone

from linli.areas.rules import COLUMNS
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.bus.actions import tell
from linli.kernel.identity.fields import blind
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record
from linli.people import rules
from linli.people.facts import AgeReached, PersonRegistered
from linli.people.models import AgeTold, Household, LifeEvent, Member, Person, Placed

AGES = Path(__file__).parents[1] / "data" / "ages.yaml"
CLERK = "people.import"  # the verb community clerks hold and grid workers do not
CORRECTABLE = ("name", "number", "phone", "birth", "sex", "nation", "registered_place", "party_member")


def codes_from(place: Placed | None) -> dict[str, str]:
    """The four code columns of where somebody lives; all empty for nowhere."""
    return {name: getattr(place, name) if place else "" for name in COLUMNS.values()}


def require_register(by: Actor, area: str) -> None:
    """Registering is for the field, and for whoever imports whole registers."""
    if not can(by, CLERK, area=area):
        require(by, "people.change", area=area)


def locked_household(number: int) -> Household:
    found = Household.objects.select_for_update(of=("self",)).filter(pk=number, closed=None).first()
    if found is None:
        raise Refused("没有找到这一户，或者它已销户。", code="no_household", status=404)
    return found


def locked_person(number: int) -> Person:
    found = Person.objects.select_for_update(of=("self",)).filter(pk=number, merged_into=None).first()
    if found is None:
        raise Refused("没有找到这个人，或者记录已并入他人。", code="no_person", status=404)
    return found


@transaction.atomic
def register_person(
    *, by: Actor, household: int, name: str, number: str = "", phone: str = "", birth: date | None = None,
    sex: str = "", nation: str = "", registered_place: str = "", party_member: bool = False,
    relation: str = "", since: date | None = None, how: str = "register", demo: bool = False,
) -> Person:  # fmt: skip
    """Somebody new in a household. Birth and sex follow from the identity number (GB 11643) when given.

    Raises Refused(409) when the number is known already, without saying whose or where it is.
    """
    home = locked_household(household)
    require_register(by, home.area)
    values = sound_values(
        name=name, number=number, phone=phone, birth=birth, sex=sex, nation=nation,
        registered_place=registered_place, party_member=party_member,
    )  # fmt: skip
    refuse_known_number(values["number"])
    person = Person(**values, **codes_from(home), demo=demo)
    seal(person)
    person.save()
    Member.objects.create(
        household=home, person=person, relation=relation.strip()[:16], since=since or timezone.localdate()
    )
    if home.head_id is None:
        Household.objects.filter(pk=home.pk).update(head=person)
    fields = {"household": home.pk, "how": how}
    record(subject=f"people.person:{person.pk}", verb="register_person", by=by, fields=fields)
    tell(PersonRegistered(person=person.pk, area=home.area, household=home.pk, how=how))
    return person


def sound_values(**given: Any) -> dict[str, Any]:
    """The person's columns from what was written, or Refused with every defect at once."""
    values = {**given, "name": given["name"].strip(), "number": rules.plain_number(given["number"])}
    values["phone"] = rules.plain_phone(given["phone"])
    checked = {key: values[key] for key in ("name", "number", "phone", "birth", "sex")}
    if wrong := rules.person_faults(**checked, today=timezone.localdate()):
        raise Refused("人员信息有误，请按提示改正。", code="wrong_person", fields=wrong)
    if values["number"]:
        values["birth"] = rules.birth_of(values["number"])
        values["sex"] = rules.sex_of(values["number"])
    values["nation"] = values["nation"].strip()[:16]
    values["registered_place"] = values["registered_place"].strip()[:120]
    return values


def refuse_known_number(number: str, but: int | None = None) -> None:
    if number and Person.objects.filter(number_index=blind(number)).exclude(pk=but).exists():
        said = "此身份证号已登记。若本人搬来，请改用“迁入”；若是重复登记，请由社区干部合并"
        raise Refused(f"{said}。", code="number_known", fields={"number": [said]}, status=409)


def seal(person: Person) -> None:
    """The blind indexes beside the encrypted values."""
    person.number_index = blind(person.number) if person.number else None
    person.phone_index = blind(person.phone) if person.phone else None


@transaction.atomic
def correct_person(*, by: Actor, person: int, **changes: Any) -> Person:
    """Puts wrong entries right; only the columns of CORRECTABLE. The ledger keeps which, not what."""
    row = locked_person(person)
    require(by, "people.change", area=row.area, subject=f"people.person:{row.pk}")
    if strange := set(changes) - set(CORRECTABLE):
        raise TypeError(f"not correctable: {sorted(strange)}")
    before = {name: getattr(row, name) for name in CORRECTABLE}
    if "number" in changes and rules.plain_number(changes["number"]) != before["number"]:
        changes = {"birth": None, "sex": "", **changes}
    values = sound_values(**{**before, **changes})
    refuse_known_number(values["number"], but=row.pk)
    changed = sorted(name for name in CORRECTABLE if values[name] != before[name])
    if not changed:
        return row
    for name in changed:
        setattr(row, name, values[name])
    seal(row)
    row.version += 1
    row.save()
    record(
        subject=f"people.person:{row.pk}", verb="correct_person", by=by, fields={"columns": " ".join(changed)}
    )
    return row


@transaction.atomic
def link_account(*, by: Actor, person: int, account: int | None) -> Person:
    """Says which account somebody signs in with; None takes the link away."""
    row = locked_person(person)
    require(by, CLERK, area=row.area)
    if account is not None:
        if not Account.objects.filter(pk=account, is_active=True).exists():
            raise Refused(
                "没有这个账号，或账号已停用。", code="no_account", fields={"account": ["没有这个账号"]}
            )
        if Person.objects.filter(account=account).exclude(pk=row.pk).exists():
            raise Refused("这个账号已关联他人，请先解除。", code="account_linked", status=409)
    row.account_id = account
    row.save(update_fields=["account"])
    record(subject=f"people.person:{row.pk}", verb="link_account", by=by, fields={"account": account or 0})
    return row


@transaction.atomic
def merge_persons(*, by: Actor, keep: int, drop: int, reason: str) -> Person:
    """Two records of one human become one: everything of `drop` hangs on `keep`, empty entries are filled from it.

    Refused for different identity numbers or birth dates, and without a reason.
    """
    if keep == drop:
        raise Refused("请选择两条不同的记录。", code="same_record", fields={"drop": ["请选择另一条记录"]})
    first, second = (locked_person(pk) for pk in sorted((keep, drop)))
    kept, gone = (first, second) if first.pk == keep else (second, first)
    require(by, CLERK, area=kept.area)
    require(by, CLERK, area=gone.area)
    fault = rules.same_person_fault(kept.number, gone.number, kept.birth, gone.birth)
    if kept.account_id and gone.account_id:
        fault = "两条记录各关联了一个账号，请先解除其中一个"
    if fault:
        raise Refused(f"{fault}。", code="not_same_person", fields={"drop": [fault]})
    if not reason.strip():
        raise Refused("请写明合并理由。", code="no_reason", fields={"reason": ["请写明合并理由"]})
    _fill_from(kept, gone)
    _hang_over(kept, gone)
    fields = {"dropped": gone.pk, "reason": reason.strip()[:200]}
    record(subject=f"people.person:{kept.pk}", verb="merge_persons", by=by, fields=fields)
    return kept


def _fill_from(kept: Person, gone: Person) -> None:
    for name in ("number", "phone", "birth", "sex", "nation", "registered_place", "account_id"):
        if not getattr(kept, name):
            setattr(kept, name, getattr(gone, name))
    kept.party_member = kept.party_member or gone.party_member
    gone.number, gone.account_id, gone.merged_into = "", None, kept
    gone.merged_on = timezone.localdate()
    seal(gone)
    gone.save()  # before the one that takes its number and account over
    seal(kept)
    kept.version += 1
    kept.save()


def _hang_over(kept: Person, gone: Person) -> None:
    home = kept.memberships.filter(until=None).first()
    today = timezone.localdate()
    if home is not None:  # somebody lives in one household: the kept record's is right
        for member in gone.memberships.filter(until=None):
            member.until = max(today, member.since)
            member.save(update_fields=["until"])
    gone.memberships.update(person=kept)
    gone.ties.exclude(other=kept).update(person=kept)
    gone.tied_from.exclude(person=kept).update(other=kept)
    open_purposes = kept.consents.filter(withdrawn=None).values("purpose")
    gone.consents.exclude(purpose__in=open_purposes, withdrawn=None).update(person=kept)
    Household.objects.filter(head=gone).update(head=kept)
    if kept.events.filter(kind="death", undone=None).exists():
        gone.events.filter(kind="death", undone=None).update(
            undone=timezone.now(), undo_reason="合并重复记录"
        )
    LifeEvent.objects.filter(person=gone).update(person=kept)
    if kept.memberships.filter(until=None).exists() and not kept.area:
        where = codes_from(kept.memberships.get(until=None).household)
        Person.objects.filter(pk=kept.pk).update(**where)


@cache
def ages_told() -> tuple[tuple[int, ...], int]:
    """The ages of data/ages.yaml and how many days back a missed run is made good."""
    written = yaml.safe_load(AGES.read_text("utf-8"))
    return tuple(written["ages"]), int(written["days_back"])


def tell_ages(*, today: date | None = None) -> int:
    """Tells AgeReached for every birthday of data/ages.yaml not told yet. Returns how many."""
    day = today or timezone.localdate()
    ages, days_back = ages_told()
    return sum(_tell_age(age, day, days_back) for age in ages)


@transaction.atomic
def _tell_age(age: int, today: date, days_back: int) -> int:
    span = rules.born_between(age, today, days_back)
    born = Person.objects.filter(died=None, merged_into=None, birth__range=span)
    told = AgeTold.objects.filter(age=age, person__in=born).values_list("person", flat=True)
    facts = [
        AgeReached(person=person.pk, area=person.area, age=age, on=on.isoformat())
        for person in born.exclude(pk__in=list(told)).only("birth", *COLUMNS.values())
        if person.birth and (on := rules.turned(person.birth, age, today, days_back))
    ]
    AgeTold.objects.bulk_create([AgeTold(person_id=fact.person, age=age) for fact in facts])
    if facts:
        tell(*facts)
    return len(facts)
