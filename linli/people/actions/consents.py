"""What somebody agreed to, and taking it back as easily (PIPL art. 15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record
from linli.people import rules
from linli.people.actions.persons import locked_person
from linli.people.facts import ConsentWithdrawn
from linli.people.models import Consent

GIVERS = dict(Consent._meta.get_field("given_by").choices or ())


@transaction.atomic
def give_consent(
    *, by: Actor, person: int, purpose: str, given_by: str = "self", evidence: str = "",
    files: Sequence[int] = (), until: date | None = None,
) -> Consent:  # fmt: skip
    """Records a consent; a newer one for the same purpose replaces the older. A child under 14 needs the guardian's.

    By whoever registers people there, or by the person's own account for themselves.
    """
    row = locked_person(person)
    own = row.account_id is not None and row.account_id == by.account
    if not own:
        require(by, "people.change", area=row.area)
    today = timezone.localdate()
    wrong = {}
    if purpose not in rules.PURPOSES:
        wrong["purpose"] = ["请选择用途"]
    if given_by not in GIVERS:
        wrong["given_by"] = ["请选择由谁同意"]
    elif given_by == "self" and row.birth and rules.age_on(row.birth, today) < 14:
        wrong["given_by"] = ["不满 14 周岁的，须由监护人同意（个人信息保护法第三十一条）"]
    if not own and not evidence.strip() and not files:
        wrong["evidence"] = ["请写明凭据或上传签字照片"]
    if until and until < today:
        wrong["until"] = ["有效期已过，请改正"]
    if wrong:
        raise Refused("同意书信息有误，请按提示改正。", code="wrong_consent", fields=wrong)
    row.consents.filter(purpose=purpose, withdrawn=None).update(withdrawn=timezone.now())
    consent = Consent.objects.create(
        person=row, purpose=purpose, given_by=given_by, evidence=evidence.strip()[:200] or "本人账号",
        files=list(files), until=until, recorded_by_id=by.account,
    )  # fmt: skip
    fields = {"consent": consent.pk, "purpose": purpose, "given_by": given_by}
    record(subject=f"people.person:{row.pk}", verb="give_consent", by=by, fields=fields)
    return consent


@transaction.atomic
def withdraw_consent(*, by: Actor, consent: int) -> Consent:
    """No reason is asked for. Tells ConsentWithdrawn, on which other rooms stop."""
    row = Consent.objects.select_for_update(of=("self",)).select_related("person").filter(pk=consent).first()
    if row is None:
        raise Refused("没有这份同意书。", code="no_consent", status=404)
    person = row.person
    if person.account_id is None or person.account_id != by.account:
        require(by, "people.change", area=person.area)
    if row.withdrawn is not None:
        raise Refused("这份同意书已经撤回。", code="withdrawn", status=409)
    row.withdrawn = timezone.now()
    row.save(update_fields=["withdrawn"])
    record(subject=f"people.person:{person.pk}", verb="withdraw_consent", by=by, fields={"consent": row.pk})
    tell(ConsentWithdrawn(consent=row.pk, person=person.pk, purpose=row.purpose, area=person.area))
    return row
