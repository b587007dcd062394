"""Forgetting people in time: first made anonymous, later deleted; a tombstone and the record's leaves stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from linli.kernel.actor import SYSTEM
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import erase, record
from linli.people.facts import PersonForgotten
from linli.people.models import Household, LifeEvent, Member, Person, Tie, Tombstone
from linli.people.rules import years_before

RULES = Path(__file__).parents[1] / "data" / "retention.yaml"
AT_ONCE = 500  # people a night and reason: a county's backlog is worked off in days, not in one lock
NAMELESS = "已匿名"


@cache
def periods() -> tuple[dict[str, int], int]:
    """Years until somebody is made anonymous, by reason, and from then until they are deleted (data/retention.yaml)."""
    raw = yaml.safe_load(RULES.read_text("utf-8"))
    return {str(why): int(years) for why, years in raw["anonymise_years"].items()}, int(raw["delete_years"])


def _due(why: str, before: date) -> QuerySet[Person]:
    """Whom nobody needs to know by name any more."""
    rows = Person.objects.filter(anonymised=None)
    if why == "died":
        return rows.filter(died__lte=before)
    if why == "merged":
        return rows.filter(merged_into__isnull=False, merged_on__lte=before)
    here = Member.objects.filter(person=OuterRef("pk"), until=None)
    gone = rows.filter(died=None, merged_into=None, account=None, street="").exclude(Exists(here))
    return gone.annotate(left=Max("memberships__until")).filter(left__lte=before)


def forget_persons(*, today: date | None = None) -> tuple[int, int]:
    """Makes anonymous whose time has come, and deletes who was anonymous long enough. Returns both counts."""
    day = today or timezone.localdate()
    years, rest = periods()
    hidden = sum(
        _each(_due(why, years_before(day, number)), why, anonymise, day)
        for why, number in sorted(years.items())
    )
    old = Person.objects.filter(anonymised__lte=years_before(day, rest)).exclude(
        Exists(Person.objects.filter(merged_into=OuterRef("pk")))  # those merged into somebody go before them
    )
    return hidden, _each(old, "", delete, day)


def _each(rows: QuerySet[Person], why: str, act: Any, day: date) -> int:
    found: Iterable[int] = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return sum(act(person, why, day) for person in found)


@transaction.atomic
def anonymise(person: int, why: str, day: date) -> int:
    """Takes everything that names somebody: numbers, name, ties, consents, evidence; the salts of the record too."""
    row = Person.objects.select_for_update(of=("self",)).get(pk=person)
    if row.anonymised:
        return 0
    row.name, row.number, row.phone = NAMELESS, "", ""
    row.number_index = row.phone_index = row.birth = row.account = None
    row.nation = row.registered_place = ""
    row.party_member = False
    row.anonymised, row.anonymised_why = day, why
    row.version += 1
    row.save()
    Tie.objects.filter(Q(person=row) | Q(other=row)).delete()
    row.consents.all().delete()
    LifeEvent.objects.filter(person=row).update(evidence=NAMELESS, files=[], was={})
    erase(by=SYSTEM, subject=f"people.person:{row.pk}")
    record(subject=f"people.person:{row.pk}", verb="anonymise", by=SYSTEM, fields={"why": why})
    tell(PersonForgotten(person=row.pk, area=row.area, how="anonymised"))
    return 1


@transaction.atomic
def delete(person: int, _why: str, day: date) -> int:
    """Removes the row; what stays is that there was somebody of this id, and why and when they were forgotten."""
    row = Person.objects.select_for_update(of=("self",)).get(pk=person)
    Tombstone.objects.create(
        person=row.pk, area=row.area, why=row.anonymised_why, anonymised=row.anonymised, deleted=day
    )
    Household.objects.filter(head=row).update(head=None)
    area = row.area
    row.delete()
    record(subject=f"people.person:{person}", verb="delete", by=SYSTEM, fields={})
    tell(PersonForgotten(person=person, area=area, how="deleted"))
    return 1
