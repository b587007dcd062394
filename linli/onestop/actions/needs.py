"""A case that began from a care need says so, and answers it when it is over: the need is never left hanging."""

import re

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record
from linli.onestop import facts
from linli.onestop.actions import steps
from linli.onestop.models import Application

NEED = re.compile(r"[a-z]+\.[a-z_]+:\d+")


@transaction.atomic
def link_need(*, by: Actor, application: int, need: str) -> Application:
    """Notes the need (`care.need:17`) a case answers: by the applicant, their agent, a window, or another room's
    reaction. Again the same: no change. Raises Refused 403, 404, 409 when it is another's, 422."""
    row = steps.locked(application)
    steps.require_applicant(by, row)
    if not NEED.fullmatch(need) or len(need) > 64:
        raise Refused("需求编号有误。", code="wrong_need", fields={"need": ["应写成 care.need:17"]})
    if row.need == need:
        return row
    if row.need:
        raise Refused("这个办件已对应另一项需求。", code="linked", status=409)
    row.need = need
    row.save(update_fields=["need"])
    record(subject=row.subject, verb="onestop.link_need", by=by, fields={"need": need})
    return row


def answer_need(*, application: int, cause: str) -> bool:
    """ApplicationClosed: tells NeedAnswered where the case began from a need. True when it did."""
    row = Application.objects.select_related("item").get(pk=application)
    if not row.need:
        return False
    tell(facts.NeedAnswered(row.need, row.pk, row.subject, row.area, row.item.code, row.person_id, cause))
    return True
