"""From the first field to the receipt: drafts kept and resumed, signed, handed in."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from linli.areas.queries import located
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, can, require
from linli.onestop import facts, placing, reading, rules
from linli.onestop.actions import scans, steps
from linli.onestop.actions.advance import advance, read_case
from linli.onestop.actions.lookups import ask_all
from linli.onestop.catalogue import Definition, Material
from linli.onestop.conditions import Household
from linli.onestop.glossary import glossary
from linli.onestop.models import Application, ItemVersion, Member, Slot
from linli.onestop.resuming import resume_code, resume_hash
from linli.people import queries as people
from linli.people.models import Consent, Person, Tie
from linli.people.rules import age_on

CONSENT = "onestop.check"
MOST_MEMBERS = 30


@dataclass(frozen=True, slots=True)
class Given:
    """What is written in a draft. Every part left None stays as it was.

    `facts`: of the case; `members`: person id -> what is told of them (`relation` and facts of the glossary);
    `papers`: material code -> attachment ids; `commit`: codes given by commitment.
    """

    form: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] | None = None
    members: Mapping[int, Mapping[str, Any]] | None = None
    papers: Mapping[str, Sequence[int]] | None = None
    commit: Sequence[str] = ()
    lon: float | None = None
    lat: float | None = None

    def digest(self, *more: object) -> bytes:
        said = [
            self.form,
            self.facts,
            self.members,
            self.papers,
            list(self.commit),
            self.lon,
            self.lat,
            *more,
        ]
        body = json.dumps(said, sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(body.encode()).digest()[:16]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft and the code to go on with it elsewhere."""

    application: int
    code: str
    repeated: bool = False


def version_for(item: str, day: datetime | None = None) -> ItemVersion:
    """The edition of an item in force on a day. Raises Refused 404."""
    on = timezone.localdate(day)
    rows = ItemVersion.objects.select_related("item").filter(item__code=item, state="published")
    found = rows.filter(validity__contains=on).first()
    if found is None:
        raise Refused("没有这个事项，或者它现在不受理。", code="no_item", status=404)
    return found


def save_draft(
    *, by: Actor, item: str = "", person: int | None = None, application: int | None = None,
    given: Given | None = None, client_uuid: str = "", channel: str = "self", authority: str = "",
    base_version: int | None = None,
) -> Draft:  # fmt: skip
    """Keeps a draft from its first field on. A new one names item and person; an old one `application`.

    By the applicant's own account, a guardian's, or whoever may assist there (with their authority). The same client
    UUID with the same content gets the first answer. Raises Refused 403, 404, 409, 422 with all defects at once.
    """
    said = given or Given()
    if application is not None:
        return _go_on(by, application, said, base_version)
    sent = _uuid(client_uuid)
    content = said.digest(item, person)
    try:
        with transaction.atomic():
            return _begin(by, item, person or 0, said, sent, content, channel, authority)
    except IntegrityError as clash:
        if "one_application_a_client_uuid" not in str(clash) and "resume" not in str(clash):
            raise
    first = Application.objects.get(sender=by.ref, client_uuid=sent)
    if bytes(first.content) != content:
        raise Refused("这份草稿此前已收到，但内容不同。请刷新后再填。", code="uuid_reused", status=409)
    return Draft(first.pk, resume_code(by.ref, sent), repeated=True)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text) if text else uuid.uuid4()
    except ValueError:
        raise Refused(
            "client_uuid 不是有效的 UUID。", code="bad_uuid", fields={"client_uuid": ["请改正"]}
        ) from None


def _begin(
    by: Actor,
    item: str,
    number: int,
    said: Given,
    sent: uuid.UUID,
    content: bytes,
    channel: str,
    authority: str,
) -> Draft:
    version = version_for(item)
    person = Person.objects.filter(pk=number, merged_into=None, died=None).first()
    if person is None:
        raise Refused("没有找到申请人。", code="no_person", fields={"person": ["请先登记申请人"]}, status=404)
    agent, authority = _agent(by, person, authority)
    home = people.home_of(person)
    row = Application(
        item=version.item,
        version=version,
        person=person,
        household=home.household if home else None,
        agent_id=agent,
        authority=authority[:200],
        channel=channel if channel in dict(Application._meta.get_field("channel").choices or ()) else "self",
        sender=by.ref,
        client_uuid=sent,
        content=content,
        resume=resume_hash(resume_code(by.ref, sent)),
        **located(said.lon, said.lat, code=person.area or settings.LINLI_COUNTY),
    )
    row.save()
    _write(by, row, said, people_of(person, version))
    steps.keep(by, row, "save", "", timezone.now(), channel=row.channel)
    return Draft(row.pk, resume_code(by.ref, sent))


def people_of(person: Person, version: ItemVersion) -> list[tuple[Person, str]]:
    """Whom a new draft starts with: the household's members for a household's matter, else the applicant."""
    home = people.home_of(person)
    if reading.definition_of(version).one_open_per != "household" or home is None:
        return [(person, "本人")]
    others = home.household.members.filter(until=None, person__died=None).exclude(person=person)
    return [
        (person, "本人"),
        *((m.person, m.relation) for m in others.select_related("person").order_by("id")),
    ]


def _agent(by: Actor, person: Person, authority: str) -> tuple[int | None, str]:
    """Nobody when the applicant acts; else the account that acts and by what right. Raises Refused 403, 422."""
    if by.account is not None and by.account == person.account_id:
        require(by, "onestop.apply")
        return None, ""
    guards = Tie.objects.filter(person=person, kind="guardian", ended=None, other__account=by.account)
    if by.account is not None and guards.exists():
        require(by, "onestop.apply")
        return by.account, authority.strip() or "监护人"
    require(by, "onestop.assist", area=person.area)
    said = steps.must_say(authority, "authority", "请写明代办依据，例如“本人到窗口口述”或委托书编号")
    return by.account, said


@transaction.atomic
def _go_on(by: Actor, application: int, said: Given, base_version: int | None) -> Draft:
    row = steps.locked(application)
    steps.require_applicant(by, row)
    steps.move(row, "save")
    steps.check_version(row, base_version)
    _write(by, row, said, [])
    row.row_version += 1  # every field typed saves: the record has the beginning and the submission
    row.save(update_fields=["row_version"])
    return Draft(row.pk, resume_code(row.sender, row.client_uuid))


def _write(by: Actor, row: Application, said: Given, start: Sequence[tuple[Person, str]]) -> None:
    """Puts what was given into the rows; names every unknown fact, member and material at once."""
    definition = reading.definition_of(row.version)
    wrong = _wrong(definition, said)
    if wrong:
        raise Refused("填写的内容有误，请按提示改正。", code="wrong_draft", fields=wrong)
    if said.form is not None:
        row.form = json.dumps(dict(said.form), ensure_ascii=False, sort_keys=True)
    if said.facts is not None:
        row.facts = {**row.facts, **said.facts}
    row.save(update_fields=["form", "facts"])
    for person, relation in start:
        _member(row, person, relation, {})
    for number, told in (said.members or {}).items():
        found = Person.objects.filter(pk=number, merged_into=None, died=None).first()
        if found is None:
            raise Refused("没有找到家庭成员。", code="no_member", fields={"members": ["请先登记该成员"]})
        said_of = {name: value for name, value in told.items() if name != "relation"}
        _member(row, found, str(told.get("relation", "")), said_of)
    steps.keep_files(by, row, [number for files in (said.papers or {}).values() for number in files])
    _papers(row, definition, said)


def _wrong(definition: Definition, said: Given) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    known, codes = glossary().facts, {one.code: one for one in definition.materials}
    told = [said.facts or {}, *(said.members or {}).values()]
    names = {name for one in told for name in one if name not in known and name != "relation"}
    if names:
        wrong["facts"] = [f"没有登记过的事实：{'、'.join(sorted(names))}"]
    if len(said.members or {}) > MOST_MEMBERS:
        wrong["members"] = [f"家庭成员最多 {MOST_MEMBERS} 人，请核对"]
    lost = [code for code in (*(said.papers or {}), *said.commit) if code not in codes]
    if lost:
        wrong["papers"] = [f"本事项没有这些材料：{'、'.join(lost)}"]
    barred = [codes[c].name for c in said.commit if c in codes and codes[c].obtain != "commit"]
    if barred:
        wrong["commit"] = [f"不能以告知承诺代替：{'、'.join(barred)}"]
    return wrong


def _member(row: Application, person: Person, relation: str, told: Mapping[str, Any]) -> None:
    today = timezone.localdate()
    age = age_on(person.birth, today) if person.birth else None
    known = {**told, **rules.facts_of_person(person.birth, today, age)}
    member, made = Member.objects.get_or_create(
        application=row, person=person, defaults={"relation": relation[:16], "facts": known}
    )
    if not made:
        member.facts = {**member.facts, **known}
        member.relation = relation[:16] or member.relation
        member.save(update_fields=["facts", "relation"])


def _papers(row: Application, definition: Definition, said: Given) -> None:
    by_code = {one.code: one for one in definition.materials}
    for code, files in (said.papers or {}).items():
        scans.note_papers(_slot(row, by_code[code], "submit", "met" if files else "waiting", list(files)))
    for code in said.commit:
        _slot(row, by_code[code], "commit", "committed", [])


def _slot(row: Application, one: Material, way: str, state: str, files: list[int]) -> Slot:
    values = {"name": one.name, "way": way, "state": state, "files": files}
    slot, _ = Slot.objects.update_or_create(application=row, material=one.code, defaults=values)
    return slot


@transaction.atomic
def submit(
    *, by: Actor, application: int, signed: bool, despite_missing: bool = False, base_version: int | None = None,
    at: datetime | None = None,
) -> Application:  # fmt: skip
    """提交: the case gets its number, its intake task an owner, and departments are asked for what they know.

    `signed`: form and authorisation are signed by the applicant; every member's authorisation must be on record.
    Papers still wanting are all named (422 `incomplete`); `despite_missing` hands in all the same, to be told at the
    window. A second time: the same answer. Raises Refused 403, 404, 409 when another case for this is open.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_applicant(by, row)
    if row.state == "submitted" and row.submitted_at is not None:
        return row
    before = steps.move(row, "submit")
    steps.check_version(row, base_version)
    case = read_case(row)
    _must_be_signed(row, case.definition, signed)
    slots = _checklist(row, case.definition, case.household)
    missing = _missing(case.definition, case.household, slots)
    if missing and not despite_missing:
        raise Refused(
            f"材料不完整：缺少{'、'.join(missing)}。请补齐后再提交。", code="incomplete",
            fields={"papers": [f"请提供{name}" for name in missing]},
        )  # fmt: skip
    _number(row, case.definition, now)
    row.signed = row.signed or now
    _flag_kin(row)
    try:
        with transaction.atomic():
            steps.keep(by, row, "submit", before, now, missing=len(missing))
    except IntegrityError as clash:
        if "one_open_per" not in str(clash):
            raise
        raise Refused(
            "这件事已有一个在办的办件，不能重复申请；可在“我的办件”查看进度。",
            code="already_open",
            status=409,
        ) from None
    sources = {one.code: one.source for one in case.definition.materials}
    ask_all(row, [slot for slot in slots if slot.way == "share" and slot.state == "waiting"], sources, now)
    case.household = reading.household_of(row)
    advance(SYSTEM, case, now)
    return row


def _must_be_signed(row: Application, definition: Definition, signed: bool) -> None:
    """Consents of all members are looked up and tied to the case; whoever has given none is named."""
    wrong: dict[str, list[str]] = {}
    if not signed:
        wrong["signed"] = ["请本人（或代办人）签署申请表"]
    shares = any(one.obtain == "share" for one in definition.materials)
    for member in row.members.select_related("person") if shares else ():
        found = Consent.objects.filter(person=member.person_id, purpose=CONSENT, withdrawn=None).first()
        if found is None or (found.until and found.until < timezone.localdate()):
            wrong.setdefault("members", []).append(f"{member.person.masked_name}还没有签署核对授权书")
        elif member.consent_id != found.pk:
            member.consent = found
            member.save(update_fields=["consent"])
    if wrong:
        raise Refused("还有人没有签署。请签署后再提交。", code="unsigned", fields=wrong)


def _checklist(row: Application, definition: Definition, household: Household) -> list[Slot]:
    """A line a needed material; forms count as met by the signature, shared ones wait for their source."""
    there = {slot.material: slot for slot in row.slots.all()}
    for one in rules.materials_needed(definition, household):
        if one.code not in there:
            state = "met" if one.obtain == "form" else "waiting"
            there[one.code] = _slot(row, one, one.obtain, state, [])
    return list(there.values())


def lines_of(slots: Sequence[Slot], *, pending: bool = False) -> dict[str, rules.Line]:
    """The checklist for `rules`; with `pending`, a source still asked counts as there."""
    return {
        s.material: rules.Line(
            s.material, s.way, "shared" if pending and s.way == "share" and s.state == "waiting" else s.state
        )
        for s in slots
    }


def _missing(definition: Definition, household: Household, slots: Sequence[Slot]) -> list[str]:
    return rules.missing_materials(definition, household, lines_of(slots, pending=True), tolerate=True)


def _number(row: Application, definition: Definition, now: datetime) -> None:
    """BJ-<county>-<day>-<n>, n from a sequence: gaps are allowed, nothing to queue on (joints.md section 4)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('onestop_application_number')")
        (serial,) = cursor.fetchone()
    county = row.county or settings.LINLI_COUNTY
    row.number = f"BJ-{county}-{timezone.localtime(now):%Y%m%d}-{serial}"
    row.submitted_at = now
    per = definition.one_open_per
    if per == "household" and row.household_id:
        row.once = f"{definition.code}:h{row.household_id}"
    elif per != "none":
        row.once = f"{definition.code}:p{row.person_id}"
    lead = placing.office_of(f"dept:{definition.lead}")
    row.unit = placing.unit_of(lead, row.area) if lead else ""


def _flag_kin(row: Application) -> None:
    """近亲属备案: a member is tied to somebody who works for the county, or said so."""
    kin = placing.kept_out_of(row)
    own = {row.person.account_id, row.agent_id}
    row.kin = row.kin or bool(row.facts.get("kin_of_official")) or placing.officials_among(kin - own)
    if row.kin:
        row.facts = {**row.facts, "kin_of_official": True}


@transaction.atomic
def withdraw_application(*, by: Actor, application: int, reason: str) -> Application:
    """撤件: by the applicant or their agent, at any time before the decision; open work stops."""
    row, now = steps.locked(application), timezone.now()
    if not steps.may_speak_for(by, row) and not can(by, "onestop.assist", area=row.area):
        require(by, "onestop.assist", area=row.area, subject=row.subject)
    before = steps.move(row, "withdraw")
    said = steps.must_say(reason, "reason", "请写明撤件的原因")
    steps.close_tasks(row, now)
    told = [steps.case_fact(facts.ApplicationClosed, row, cause="withdrawn")]
    return steps.keep(by, row, "withdraw", before, now, text=said, told=told if row.number else None)
