"""Family members authorise look-ups themselves: invited, agreed or not, on paper at a window, taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.actions import give_pass, revoke_pass
from linli.kernel.access.models import Pass
from linli.kernel.actor import SYSTEM, Actor, can, require
from linli.kernel.ledger.actions import record
from linli.kernel.notify.actions import notify
from linli.onestop import door, signing
from linli.onestop.actions import lookups, steps
from linli.onestop.models import Application, Lookup, Member, Signing
from linli.people import actions as people
from linli.people.models import Consent, Person
from linli.people.rules import mask_name

LASTS = timedelta(days=7)
MOST_INVITED = 5
HERE = "{secret}"  # stands in an address for the secret of the link
MOVING = ("draft", "submitted", "supplement", "accepted")
WITHDRAWN = "授权已撤回，不再查询"


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation sent; `address` opens the page once, for whoever holds it and knows the member's number."""

    signing: Signing
    address: str
    until: datetime
    told: str  # account | phone | "" when the member has neither


def _locked(member: int) -> tuple[Application, Member, Signing]:
    """The case, the member, and the row of their signature (made at need). Raises Refused 404."""
    found = Member.objects.select_related("person").filter(pk=member).first()
    if found is None:
        raise Refused("没有找到这位家庭成员。", code="no_member", status=404)
    row = steps.locked(found.application_id)
    kept, _ = Signing.objects.select_for_update().get_or_create(member=found)
    return row, found, kept


def _still_moving(row: Application) -> None:
    if row.state not in MOVING:
        raise Refused("办件已经结束，不用再签。", code="moved_on", status=409)


@transaction.atomic
def invite_member(*, by: Actor, member: int, address: str = HERE) -> Invited:
    """邀请签署: a one-time link of seven days, told to the member's account or phone; the one before closes.

    By the applicant, their agent, or a window. `address` holds `{secret}` where the link's secret belongs. Raises
    Refused 403, 404, 409 for who has signed, has said no (nobody is pressed), or was asked five times.
    """
    row, found, kept = _locked(member)
    steps.require_applicant(by, row)
    _still_moving(row)
    if signing.consent_of(found.person_id):
        raise Refused("这位成员已经授权，不用再邀请。", code="signed", status=409)
    if kept.refused_at is not None:
        raise Refused("这位成员已表示不同意，不能再催。本人愿意时可以自己签署。", code="refused", status=409)
    signer = signing.signer_of(found.person)
    if signer is None:
        raise Refused("孩子还没有登记监护人，请先到社区登记监护关系。", code="no_guardian", status=409)
    if kept.invited >= MOST_INVITED:
        raise Refused("已经邀请过多次，请改到窗口签纸质授权书。", code="too_often", status=409)
    _close_link(kept)
    until = timezone.now() + LASTS
    opened, secret = give_pass(
        by=SYSTEM, account=None, subject=kept.subject, verbs=[signing.VERB], reason="家庭成员签署核对授权",
        until=until, area=row.area,
    )  # fmt: skip
    kept.link, kept.invited, kept.invited_at = opened.pk, kept.invited + 1, timezone.now()
    kept.save()
    link = address.replace(HERE, secret)
    told = _tell(row, found, signer, link, until, kept.invited)
    record(
        subject=row.subject, verb="onestop.invite_member", by=by, fields={"member": found.pk, "told": told}
    )
    return Invited(kept, link, until, told)


def _tell(row: Application, member: Member, signer: Person, link: str, until: datetime, turn: int) -> str:
    """By account where there is one, else to the phone; never through the applicant."""
    day = timezone.localtime(until)
    context = {
        "who": mask_name(row.person.name), "item": row.item.name, "link": link,
        "until": f"{day.month} 月 {day.day} 日",
    }  # fmt: skip
    to: int | str | None = signer.account_id or signer.phone or None
    if to is None or signer.died is not None:
        return ""
    key = f"invite:{member.pk}:{turn}"
    notify(to=to, template="onestop.invited", context=context, subject=row.subject, client_key=key)
    return "account" if signer.account_id else "phone"


def _close_link(kept: Signing) -> None:
    if kept.link and Pass.objects.filter(pk=kept.link, revoked=None).exists():
        revoke_pass(by=SYSTEM, pass_id=kept.link, reason="签署已有结果，或已换发新链接")
    kept.link = None


def way_of(by: Actor, member: Member) -> str:
    """How `by` may answer for a member: account, guardian or link; "" for everybody else."""
    person = member.person
    if can(by, signing.VERB, subject=f"onestop.member:{member.pk}") and by.kind == "link":
        return "link"
    if by.account is None:
        return ""
    if not signing.is_child(person):
        return "account" if person.account_id == by.account else ""
    guardian = signing.guardian_of(person)
    return "guardian" if guardian and guardian.account_id == by.account else ""


def _may_answer(by: Actor, row: Application, member: Member) -> str:
    way = way_of(by, member)
    if not way:
        raise Refused("只能由本人（孩子由监护人）签署。", code="not_yours", status=403)
    _still_moving(row)
    return way


def check_tail(by: Actor, member: Member, tail: str) -> None:
    """Who holds a link shows that they are the member: the last six of the number, else the birthday as 19610302.

    Counted outside any transaction, five a day and member. Raises Refused 422, 429, 409 where nothing is on record.
    """
    signer = signing.signer_of(member.person)
    known = signer.number[-6:] if signer and signer.number else ""
    known = known or (f"{signer.birth:%Y%m%d}" if signer and signer.birth else "")
    if not known:
        raise Refused("系统里没有您的证件信息，请到窗口签纸质授权书。", code="unknown", status=409)
    door.count("tail", f"member:{member.pk}")
    if "".join(tail.split()).upper() != known.upper():
        said = "和登记的不一致，请核对后再填"
        raise Refused("没有核对上本人身份。", code="wrong_tail", fields={"tail": [said]})


@transaction.atomic
def sign_member(*, by: Actor, member: int, tail: str = "", at: datetime | None = None) -> Signing:
    """同意并签署, by the member's own account, a child's guardian, or the holder of the link who knows the number."""
    row, found, kept = _locked(member)
    way = _may_answer(by, row, found)
    if way == "link":
        check_tail(by, found, tail)
    number = row.number or f"草稿 {row.pk}"
    own = way == "account"
    said = {"account": "本人账号签署", "guardian": "监护人账号签署", "link": "本人凭一次性链接签署"}[way]
    consent = people.give_consent(
        by=by if own else SYSTEM, person=found.person_id, purpose=signing.PURPOSE,
        given_by="guardian" if signing.is_child(found.person) else "self", evidence=f"{said}，{number}",
    )  # fmt: skip
    return _signed(by, row, found, kept, consent, way, at)


@transaction.atomic
def record_sheet(
    *, by: Actor, member: int, files: Sequence[int], given_by: str = "", at: datetime | None = None
) -> Signing:  # fmt: skip
    """纸质授权书: signed in front of a clerk, who uploads the sheet. Needs `onestop.assist` there and a photograph."""
    row, found, kept = _locked(member)
    require(by, "onestop.assist", area=row.area, subject=row.subject)
    _still_moving(row)
    if not files:
        raise Refused("请上传签字的授权书。", code="no_sheet", fields={"papers": ["请拍下签字的授权书"]})
    steps.keep_files(by, row, files)
    who = given_by or ("guardian" if signing.is_child(found.person) else "self")
    consent = people.give_consent(
        by=SYSTEM, person=found.person_id, purpose=signing.PURPOSE, given_by=who,
        evidence=f"窗口签纸质授权书，{row.number or f'草稿 {row.pk}'}", files=files,
    )  # fmt: skip
    return _signed(by, row, found, kept, consent, "paper", at)


def _signed(
    by: Actor,
    row: Application,
    member: Member,
    kept: Signing,
    consent: Consent,
    way: str,
    at: datetime | None,
) -> Signing:
    now = steps.moment(at)
    _close_link(kept)
    kept.signed_at, kept.how, kept.refused_at, kept.withdrawn_at = now, way, None, None
    kept.recorded_by_id = by.account
    kept.save()
    member.consent = consent
    member.save(update_fields=["consent"])
    steps.note(SYSTEM, row, "sign_member", row.state, now, text=f"{member.person.masked_name}已签署核对授权")
    fields = {"member": member.pk, "consent": consent.pk, "how": way}
    record(subject=row.subject, verb="onestop.sign_member", by=by, fields=fields)
    return kept


@transaction.atomic
def refuse_member(*, by: Actor, member: int, tail: str = "", at: datetime | None = None) -> Signing:
    """不同意: kept, the applicant is told, and nobody may press again. No reason is asked for."""
    row, found, kept = _locked(member)
    if _may_answer(by, row, found) == "link":
        check_tail(by, found, tail)
    if signing.consent_of(found.person_id):
        raise Refused("您此前已经同意。不再同意的，请用“撤回授权”。", code="signed", status=409)
    now = steps.moment(at)
    _close_link(kept)
    kept.refused_at, kept.signed_at = now, None
    kept.save()
    said = f"{found.person.masked_name}不同意核对，有关材料须由家里自行提交"
    steps.note(SYSTEM, row, "refuse_member", row.state, now, text=said)
    record(subject=row.subject, verb="onestop.refuse_member", by=by, fields={"member": found.pk})
    if row.person.account_id and row.person.died is None:
        context = {"item": row.item.name, "who": found.person.masked_name}
        notify(to=row.person.account_id, template="onestop.not_authorised", context=context,
               subject=row.subject, client_key=f"refuse:{found.pk}:{now.isoformat()}")  # fmt: skip
    return kept


@transaction.atomic
def withdraw_member(*, by: Actor, member: int) -> None:
    """撤回授权, as easily as it was given: by the member, the guardian, or at a window for who has no account."""
    row, found, _ = _locked(member)
    if way_of(by, found) not in ("account", "guardian"):
        require(by, "onestop.assist", area=row.area, subject=row.subject)
    consent = signing.consent_of(found.person_id)
    if consent is None:
        raise Refused("现在没有可以撤回的授权。", code="not_signed", status=409)
    own = found.person.account_id is not None and found.person.account_id == by.account
    people.withdraw_consent(by=by if own else SYSTEM, consent=consent.pk)
    record(subject=row.subject, verb="onestop.withdraw_member", by=by, fields={"member": found.pk})


@transaction.atomic
def stop_asking(*, consent: int, at: datetime | None = None) -> int:
    """ConsentWithdrawn: questions still out are closed unanswered and their papers may be handed in. Returns how many."""
    now, closed = steps.moment(at), 0
    for number in Member.objects.filter(consent=consent).values_list("application", flat=True).distinct():
        row = steps.locked(number)
        if row.state not in MOVING:
            continue
        out = Lookup.objects.filter(slot__application=row, consent=consent, state="requested")
        for one in out.select_related("slot"):
            one.state, one.answered_at, one.note = "failed", now, WITHDRAWN
            one.save(update_fields=["state", "answered_at", "note"])
            one.slot.state = lookups.state_of(one.slot)
            one.slot.save(update_fields=["state", "changed"])
            closed += 1
        Signing.objects.filter(member__application=row, member__consent=consent).update(withdrawn_at=now)
        steps.note(SYSTEM, row, "withdraw_member", row.state, now, text="有家庭成员撤回了核对授权")
    return closed
