"""Papers kept for the person who handed them in: used again only with their consent each time, withdrawn by them."""

import uuid
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.files.models import Attachment
from linli.kernel.ledger.actions import record
from linli.onestop import queries_shelf
from linli.onestop.actions import steps
from linli.onestop.actions.drafts import Given, save_draft
from linli.onestop.actions.intake import fill_slot
from linli.onestop.models import Application, Paper, PaperUse


@transaction.atomic
def shelve(*, application: int, at: datetime | None = None) -> int:
    """Papers of an accepted case are noted for their owner, each once. Returns how many were new. Nobody's decision."""
    row, now = steps.locked(application), steps.moment(at)
    if row.accepted_at is None:
        return 0
    reused = set(row.paper_uses.values_list("material", flat=True))
    known = set(row.papers.values_list("material", flat=True)) | reused
    issued = timezone.localdate(row.submitted_at or now)
    fresh = [
        Paper(
            person_id=row.person_id, application=row, material=slot.material, name=slot.name, files=slot.files,
            issued=issued, until=queries_shelf.until_when(slot.material, issued), kept_at=now,
        )
        for slot in row.slots.filter(way="submit", state="met")
        if slot.files and slot.material not in known
    ]  # fmt: skip
    Paper.objects.bulk_create(fresh)
    return len(fresh)


@transaction.atomic
def reuse_paper(
    *, by: Actor, application: int, paper: int, consent: bool, evidence: str = "", at: datetime | None = None
) -> PaperUse:  # fmt: skip
    """沿用: a paper of before stands in for one this case wants, with the person's consent for this very case.

    By the applicant; by an agent or the window with `evidence` of the consent. The files are copied into the case.
    A second time: the same answer. Raises Refused 403, 404, 409, 422.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_applicant(by, row)
    earlier = PaperUse.objects.filter(application=row, paper=paper).first()
    if earlier is not None:
        return earlier
    found = next((one for one in queries_shelf.offers(row) if one.pk == paper), None)
    if found is None:
        raise Refused("这份材料现在不能沿用：已撤回、已过期，或本事项不需要。", code="no_paper", status=404)
    if not consent:
        said = "请勾选同意本次沿用"
        raise Refused(said, code="no_consent", fields={"consent": [said]})
    own = by.account is not None and by.account == row.person.account_id
    words = (
        "本人在网上同意"
        if own
        else steps.must_say(evidence, "evidence", "请写明本人如何同意，例如“当面同意”")
    )
    _put_in(by, row, found)
    used = PaperUse.objects.create(
        paper=found, application=row, material=found.material, consent=words[:120], by_id=by.account, at=now
    )
    _record(by, found, "reuse", case=row.subject)
    return used


def _put_in(by: Actor, row: Application, paper: Paper) -> None:
    files = {one.pk: one for one in Attachment.objects.filter(pk__in=paper.files)}
    made = [
        queries_shelf.copied(files[number], row, by.account, uuid.uuid5(uuid.NAMESPACE_OID, f"{row.subject}:{number}"))
        for number in paper.files
    ]  # fmt: skip
    papers = {paper.material: [one.pk for one in Attachment.objects.bulk_create(made)]}
    if row.state == "draft":
        save_draft(by=by, application=row.pk, given=Given(papers=papers))
    else:
        fill_slot(by=by, application=row.pk, papers=papers)


@transaction.atomic
def withdraw_paper(*, by: Actor, paper: int, at: datetime | None = None) -> Paper:
    """撤回: never offered again. Cases that have it keep their copy. By the person, or a window they asked."""
    row = _locked(paper)
    if by.account is None or by.account != row.person.account_id:
        require(by, "onestop.assist", area=row.person.area)
    if row.withdrawn_at is None:
        row.withdrawn_at = steps.moment(at)
        row.save(update_fields=["withdrawn_at"])
        _record(by, row, "withdraw")
    return row


@transaction.atomic
def date_paper(*, by: Actor, paper: int, issued: date, until: date | None) -> Paper:
    """The dates that stand on the paper, read by whoever has the case it came with. Raises Refused 403, 404, 422."""
    row = _locked(paper)
    steps.require_in_case(by, "onestop.accept", steps.locked(row.application_id))
    if issued > timezone.localdate() or (until is not None and until < issued):
        said = "日期有误：出具日期不晚于今天，有效期不早于出具日期"
        raise Refused(said, code="wrong_dates", fields={"issued": [said]})
    row.issued, row.until = issued, until
    row.save(update_fields=["issued", "until"])
    _record(by, row, "date", issued=issued.isoformat())
    return row


def _locked(paper: int) -> Paper:
    row = Paper.objects.select_for_update(of=("self",)).select_related("person").filter(pk=paper).first()
    if row is None:
        raise Refused("没有这份材料。", code="no_paper", status=404)
    return row


def _record(by: Actor, row: Paper, verb: str, **fields: object) -> None:
    record(
        subject=row.subject, verb=f"onestop.paper_{verb}", by=by, fields={"material": row.material, **fields}
    )
