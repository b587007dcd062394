"""Who of a case has authorised look-ups, and what they are asked to agree to, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils import timezone

from linli.onestop import reading, rules
from linli.onestop.models import Application, Member, Signing
from linli.people.models import Consent, Person, Tie
from linli.people.rules import age_on

PURPOSE = "onestop.check"
VERB = "onestop.sign"  # what the pass of a one-time link opens, on one member of one case
GROWN = 14  # PIPL art. 31: below, the guardian agrees
WORDS = {
    "signed": ("已授权", "ok"),
    "refused": ("不同意授权", "bad"),
    "withdrawn": ("已撤回授权", "bad"),
    "invited": ("已邀请，还没有签", "warn"),
    "unasked": ("还没有邀请", "warn"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One member and how far their authorisation is; `state` is a key of WORDS."""

    member: Member
    state: str
    signing: Signing | None
    consent: Consent | None

    @property
    def words(self) -> str:
        return WORDS[self.state][0]

    @property
    def tone(self) -> str:
        return WORDS[self.state][1]


def consent_of(person: int, today: date | None = None) -> Consent | None:
    """The consent in force to ask departments about somebody."""
    found = Consent.objects.filter(person=person, purpose=PURPOSE, withdrawn=None).first()
    return (
        found if found and (found.until is None or found.until >= (today or timezone.localdate())) else None
    )


def standing_of(row: Application) -> list[Standing]:
    """A line a member, the applicant first; two queries."""
    members = list(row.members.select_related("person", "signing"))
    members.sort(key=lambda one: (one.person_id != row.person_id, one.pk))
    return standings(members)


def standings(members: Sequence[Member]) -> list[Standing]:
    """How far each one's authorisation is, in one query for all."""
    people = [one.person_id for one in members]
    today = timezone.localdate()
    open_ones = Consent.objects.filter(person__in=people, purpose=PURPOSE, withdrawn=None)
    held = {one.person_id: one for one in open_ones if one.until is None or one.until >= today}
    return [_standing(one, held.get(one.person_id)) for one in members]


def _standing(member: Member, consent: Consent | None) -> Standing:
    signing = getattr(member, "signing", None)
    if consent is not None:
        return Standing(member, "signed", signing, consent)
    if signing is not None and signing.refused_at is not None:
        return Standing(member, "refused", signing, None)
    if member.consent_id or (signing is not None and (signing.signed_at or signing.withdrawn_at)):
        return Standing(member, "withdrawn", signing, None)
    return Standing(member, "invited" if signing and signing.invited else "unasked", signing, None)


def unsigned(rows: Iterable[Standing]) -> list[Standing]:
    return [one for one in rows if one.state != "signed"]


def is_child(person: Person) -> bool:
    return bool(person.birth) and age_on(person.birth, timezone.localdate()) < GROWN


def guardian_of(person: Person) -> Person | None:
    """Who agrees for a child: the first registered guardian who is alive."""
    ties = Tie.objects.filter(
        person=person, kind="guardian", ended=None, other__died=None, other__isnull=False
    )
    first = ties.select_related("other").order_by("rank", "id").first()
    return first.other if first else None


def signer_of(person: Person) -> Person | None:
    """Themselves, or the guardian of a child; None where a child has no guardian on record."""
    return guardian_of(person) if is_child(person) else person


@dataclass(frozen=True, slots=True)
class Asked:
    """One department is asked one thing."""

    source: str
    what: str


def asked_of(row: Application) -> list[Asked]:
    """Which departments would be asked what about a member of this case."""
    definition = reading.definition_of(row.version)
    needed = rules.materials_needed(definition, reading.household_of(row))
    return [Asked(one.source or "有关部门", one.name) for one in needed if one.obtain == "share"]


def asked_me(account: int, most: int = 50) -> list[Member]:
    """Cases of others in which this account answers for somebody: asked or answered before; the newest first."""
    wards = Tie.objects.filter(kind="guardian", ended=None, other__account=account).values("person")
    mine = Q(person__account=account) | Q(person__in=wards)
    asked = Q(signing__isnull=False) | Q(consent__isnull=False)
    rows = Member.objects.filter(mine, asked).exclude(application__person__account=account)
    return list(
        rows.select_related("person", "signing", "application__item", "application__person").order_by("-id")[
            :most
        ]
    )
