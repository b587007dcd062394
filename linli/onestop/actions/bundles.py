"""一件事: one form and one set of papers fill several cases, each of which stays a case with its own clock and office."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.files.models import Attachment
from linli.kernel.ledger.actions import record
from linli.kernel.notify.actions import notify
from linli.onestop import bundling, glossary, queries_shelf, reading, signing
from linli.onestop.actions import steps
from linli.onestop.actions.drafts import Given, save_draft, submit, version_for
from linli.onestop.catalogue import Material
from linli.onestop.conditions import Household
from linli.onestop.models import Application, Bundle, BundlePart
from linli.onestop.rules import case_facts, materials_needed
from linli.people import actions as people
from linli.people.models import Person

ENDED = ("declined", "refused", "lapsed", "withdrawn", "ended")
EDITABLE = ("offered", "draft")


def kind_of(code: str) -> bundling.Kind:
    """Raises Refused 404."""
    found = bundling.kinds().get(code)
    if found is None:
        raise Refused("没有这个一件事。", code="no_bundle", status=404)
    return found


def locked(bundle: int) -> Bundle:
    """The row, locked. Raises Refused 404."""
    rows = Bundle.objects.select_for_update(of=("self",)).select_related("person", "about")
    row = rows.filter(pk=bundle).first()
    if row is None:
        raise Refused("没有找到这件事。", code="no_bundle", status=404)
    return row


def require_speaker(by: Actor, row: Bundle) -> None:
    """The applicant, whoever drew it up for them, or a window there. Raises Refused 403."""
    own = {row.agent_id, row.person.account_id if row.person else None} - {None}
    if by.account is None or by.account not in own:
        require(by, "onestop.assist", area=row.area, subject=row.subject)


def _codes(person: Person) -> dict[str, str]:
    return {name: getattr(person, name) for name in ("grid", "community", "street", "county")}


@transaction.atomic
def start_bundle(
    *, by: Actor, code: str, person: int, about: int | None = None, authority: str = "", client_uuid: str = ""
) -> Bundle:  # fmt: skip
    """Begins a bundle for a resident (by themselves), or at a window with their authority. Sent twice: the first.

    `about`: the newborn, or the dead; never the applicant. One that was offered about the same person is taken up.
    Raises Refused 403, 404, 409 when one is under way, 422.
    """
    kind = kind_of(code)
    who = Person.objects.filter(pk=person, died=None, merged_into=None).first()
    if who is None:
        raise Refused("没有找到申请人。", code="no_person", status=404)
    if by.account is not None and by.account == who.account_id:
        require(by, "onestop.apply")
        agent = None
    else:
        require(by, "onestop.assist", area=who.area)
        agent, authority = by.account, steps.must_say(authority, "authority", "请写明代办依据")
    other = Person.objects.filter(pk=about, merged_into=None).exclude(pk=who.pk).first() if about else None
    if about and other is None:
        raise Refused(f"请选择{kind.about}。", code="no_about", fields={"about": [f"请选择{kind.about}"]})
    sent = uuid.UUID(client_uuid) if client_uuid else uuid.uuid4()
    if first := Bundle.objects.filter(sender=by.ref, client_uuid=sent).first():
        return first
    offered = Bundle.objects.filter(code=code, about=other, state="offered").first() if other else None
    row = offered or Bundle(code=code, edition=kind.edition, about=other, sender=by.ref, client_uuid=sent)
    row.person, row.agent_id, row.authority, row.state = who, agent, authority[:200], "draft"
    for name, value in _codes(who).items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refused("这件事已经有人在办，不用再办一份。", code="already_open", status=409) from None
    _record(by, row, "start_bundle")
    return row


def _record(by: Actor, row: Bundle, verb: str, **fields: object) -> None:
    record(
        subject=row.subject,
        verb=f"onestop.{verb}",
        by=by,
        fields={"code": row.code, "state": row.state, **fields},
    )


@transaction.atomic
def save_bundle(
    *, by: Actor, bundle: int, facts: Mapping[str, Any] | None = None, form: Mapping[str, Any] | None = None,
    papers: Mapping[str, Sequence[int]] | None = None,
) -> Bundle:  # fmt: skip
    """Keeps what was filled in; a paper is tied to the bundle and used in every case that asks for it."""
    row = locked(bundle)
    require_speaker(by, row)
    _must_be_open(row)
    kind = kind_of(row.code)
    known = {name for name, _ in kind.questions} | set(glossary.glossary().facts)
    wrong = [name for name in facts or {} if name not in known]
    if wrong:
        raise Refused(
            "填写的内容有误。", code="unknown_facts", fields={"facts": [f"没有登记过：{'、'.join(wrong)}"]}
        )
    row.facts = {**row.facts, **(facts or {})}
    if form is not None:
        row.form = json.dumps({**_form(row), **form}, ensure_ascii=False, sort_keys=True)
    for code, files in (papers or {}).items():
        steps.keep_files(by, row, files)
        row.papers = {**row.papers, code: list(files)}
    row.state = "draft"
    row.save()
    return row


def _must_be_open(row: Bundle) -> None:
    if row.state not in EDITABLE or row.person is None:
        raise Refused("这件事已经提交或已结束，不能再改。", code="moved_on", status=409)


def _form(row: Bundle) -> dict[str, Any]:
    return json.loads(row.form) if row.form else {}


def papers_of(row: Bundle) -> dict[str, Material]:
    """Papers the family hands in, each once however many items ask for it: code -> material."""
    found: dict[str, Material] = {}
    for part in bundling.parts_for(kind_of(row.code), row.facts):
        definition = reading.definition_of(version_for(part.item))
        for one in materials_needed(definition, Household(case_facts(row.facts), [dict(row.facts)])):
            if one.obtain == "submit":
                found.setdefault(one.code, one)
    return found


@transaction.atomic
def submit_bundle(*, by: Actor, bundle: int, signed: bool) -> Bundle:
    """Hands it in: a case an item, those that wait for another come by themselves. One that cannot go in yet says why
    and holds up no other. Twice: the first answer. Raises Refused 403, 404, 409, 422 `unsigned`, `nothing`.
    """
    row = locked(bundle)
    require_speaker(by, row)
    if row.state in ("submitted", "done"):
        return row
    _must_be_open(row)
    if not signed:
        raise Refused("请先勾选同意。", code="unsigned", fields={"signed": ["请核对后勾选同意"]})
    parts = bundling.parts_for(kind_of(row.code), row.facts)
    if not parts:
        raise Refused(
            "按您填的情况，没有要办的事项。", code="nothing", fields={"facts": ["请至少选一项要办的"]}
        )
    row.state, row.submitted_at = "submitted", timezone.now()
    row.save()
    BundlePart.objects.bulk_create(
        BundlePart(bundle=row, item=one.item, place=place, after=one.after) for place, one in enumerate(parts)
    )
    _authorise(by, row)
    _record(by, row, "submit_bundle", parts=len(parts))
    _go_on(by, row)
    return row


def _authorise(by: Actor, row: Bundle) -> None:
    """The applicant's own consent by their own account, and the newborn's by them as guardian; others sign themselves."""
    who = row.person
    if who is None or by.account is None or by.account != who.account_id:
        return
    if not signing.consent_of(who.pk):
        people.give_consent(by=by, person=who.pk, purpose=signing.PURPOSE, evidence="一件事申请时本人同意")
    child = row.about
    guardian = (
        signing.guardian_of(child) if child and child.died is None and signing.is_child(child) else None
    )
    if child and guardian and guardian.pk == who.pk and not signing.consent_of(child.pk):
        people.give_consent(
            by=SYSTEM, person=child.pk, purpose=signing.PURPOSE, given_by="guardian", evidence="一件事申请时监护人同意"
        )  # fmt: skip


def _go_on(by: Actor, row: Bundle) -> None:
    """Begins every part whose turn it is; closes the bundle when all are over."""
    parts = list(row.parts.all())
    wanted, done = [one.item for one in parts], {one.item for one in parts if one.state == "done"}
    ended = {one.item for one in parts if one.state in ("ended", "dropped")}
    known = {one.item: one for one in kind_of(row.code).parts}
    for one in parts:
        spec = known.get(one.item)
        if one.state in ("waiting", "stuck") and one.after in ended:
            one.state, one.why = "dropped", "前一件没有办成"
            one.save(update_fields=["state", "why"])
        elif one.state in ("waiting", "stuck") and spec and bundling.ready(spec, wanted, done):
            _begin(by, row, one, spec)
    if all(one.state in ("done", "ended", "dropped") for one in parts):
        row.state, row.closed_at = "done", timezone.now()
        row.save(update_fields=["state", "closed_at"])
        _record(SYSTEM, row, "close_bundle")


def _begin(by: Actor, row: Bundle, part: BundlePart, spec: bundling.Part) -> None:
    """A case of its own, handed in; what keeps it from going in is said on the part."""
    try:
        with transaction.atomic():
            part.application = part.application or _draft(row, spec)
            part.save(update_fields=["application"])
            _copy_papers(row, part.application)
    except Refused as refused:
        part.state, part.why = "stuck", _words(refused)
        part.save(update_fields=["state", "why"])
        return
    try:
        with transaction.atomic():
            submit(by=SYSTEM, application=part.application.pk, signed=True)
        part.state, part.why = "open", ""
    except Refused as refused:
        part.state, part.why = "stuck", _words(refused)
    part.save(update_fields=["state", "why"])


def _words(refused: Refused) -> str:
    said = [one for rows in refused.fields.values() for one in rows]
    return "；".join(said or [refused.message])[:400]


def _draft(row: Bundle, spec: bundling.Part) -> Application:
    """Drawn up for the applicant, or for the newborn with the applicant as their agent."""
    child = row.about if spec.whose == "about" and row.about and row.about.died is None else None
    who = child or row.person
    assert who is not None
    kind = kind_of(row.code)
    form = {**_form(row), "说明": kind.zh}
    if row.about is not None:
        form[kind.about] = row.about.name
    sent = uuid.uuid5(row.client_uuid, spec.item)
    known = {name: value for name, value in row.facts.items() if name in glossary.glossary().facts}
    made = save_draft(
        by=SYSTEM, item=spec.item, person=who.pk, given=Given(form=form, facts=known), client_uuid=str(sent),
        channel="bundle", authority=row.authority or f"{kind.zh}：家属申请",
    )  # fmt: skip
    case = Application.objects.get(pk=made.application)
    agent = row.agent_id or (row.person.account_id if child and row.person else None)
    if agent is not None:
        case.agent_id = agent
        case.save(update_fields=["agent"])
    return case


def _copy_papers(row: Bundle, case: Application) -> None:
    """What was handed once stands in each case that asks for it, whole by itself."""
    wanted = {one.code for one in reading.definition_of(case.version).materials}
    papers: dict[str, list[int]] = {}
    for code, files in row.papers.items():
        if code not in wanted or case.slots.filter(material=code).exclude(files=[]).exists():
            continue
        found = Attachment.objects.filter(pk__in=files)
        names = {one.pk: uuid.uuid5(uuid.NAMESPACE_OID, f"{case.subject}:{one.pk}") for one in found}
        made = [queries_shelf.copied(one, case, one.owner_id, names[one.pk]) for one in found]
        papers[code] = [one.pk for one in Attachment.objects.bulk_create(made)]
    if papers and case.state == "draft":
        save_draft(by=SYSTEM, application=case.pk, given=Given(papers=papers))


@transaction.atomic
def retry_bundle(*, by: Actor, bundle: int) -> Bundle:
    """What could not go in is tried again, after somebody signed or a paper came."""
    row = locked(bundle)
    require_speaker(by, row)
    if row.state == "submitted":
        _go_on(by, row)
    return row


@transaction.atomic
def decline_bundle(*, by: Actor, bundle: int) -> Bundle:
    """The family wants nothing of it; kept, not offered again about this person."""
    row = locked(bundle)
    require_speaker(by, row)
    if row.state not in EDITABLE:
        raise Refused("这件事已经提交，不能再取消；可以逐件撤回。", code="moved_on", status=409)
    row.state, row.closed_at = "declined", timezone.now()
    row.save(update_fields=["state", "closed_at"])
    _record(by, row, "decline_bundle")
    return row


@transaction.atomic
def follow_case(*, application: int, cause: str) -> None:
    """ApplicationClosed of a part: what waited for it begins, or is dropped."""
    part = BundlePart.objects.filter(application=application).first()
    if part is None:
        return
    row = locked(part.bundle_id)
    part.refresh_from_db()
    if part.state in ("done", "ended"):
        return
    part.state = "done" if cause in ("done", "referred") else "ended"
    part.save(update_fields=["state"])
    _go_on(SYSTEM, row)


def handed_in(*, application: int) -> None:
    """A part that was stuck and whose draft somebody handed in by itself is under way."""
    BundlePart.objects.filter(application=application, state="stuck").update(state="open", why="")


@transaction.atomic
def offer_bundle(*, code: str, about: int, to: Person | None) -> Bundle | None:
    """After a birth or a death: shown to the family, told once, never to the dead. None when there is one already."""
    who = Person.objects.filter(pk=about, merged_into=None).first()
    if who is None or Bundle.objects.filter(code=code, about=who).exclude(state="void").exists():
        return None
    kind = kind_of(code)
    row = Bundle.objects.create(
        code=code, edition=kind.edition, person=to, about=who, state="offered", sender=SYSTEM.ref, **_codes(to or who)
    )  # fmt: skip
    _record(SYSTEM, row, "offer_bundle", told=to is not None)
    target: int | str | None = (
        (to.account_id or to.phone or None) if to is not None and to.died is None else None
    )
    if target is not None:
        notify(to=target, template="onestop.bundle_offered", context={"bundle": kind.zh, "words": kind.offer},
               subject=row.subject, client_key=f"bundle:{row.pk}")  # fmt: skip
    return row


def void_bundles(*, about: int) -> int:
    """A death that was registered wrongly: what was only offered is taken back."""
    return Bundle.objects.filter(about=about, state="offered").update(state="void", closed_at=timezone.now())
