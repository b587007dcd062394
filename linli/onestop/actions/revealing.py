"""What is sealed about money, shown once for a reason and on record: a full account, a bank file fetched again."""

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.ledger.actions import record
from linli.onestop.actions import steps
from linli.onestop.actions.batches import Sent, disburse_funds, locked_batch
from linli.onestop.actions.money import held, may_change, require_money
from linli.onestop.models import Entitlement

WHY = "请写明理由，至少 4 个字，例如“核对退汇账户”"


@transaction.atomic
def reveal_account(*, by: Actor, entitlement: int, reason: str) -> Entitlement:
    """The whole account and its holder, for whoever works on such cases there. Raises Refused 403, 404, 422."""
    row = held(entitlement)
    may_change(by, row, "onestop.work")
    said = steps.must_say(reason, "reason", WHY, least=4)
    record(subject=row.subject, verb="onestop.reveal_account", by=by, fields={"fields": "account payee"},
           personal={"reason": said})  # fmt: skip
    return row


@transaction.atomic
def fetch_bank_file(*, by: Actor, batch: int, reason: str) -> Sent:
    """A file already sent, the same bytes once more, for a reason. Raises Refused 403, 404, 409, 422."""
    row = locked_batch(batch)
    require_money(by, row.area)
    if row.state != "sent":
        raise Refused("这一批还没有送银行。", code="moved_on", status=409)
    said = steps.must_say(reason, "reason", WHY, least=4)
    record(subject=row.subject, verb="onestop.fetch_bank_file", by=by,
           fields={"batch": row.number, "file": row.file_hash}, personal={"reason": said})  # fmt: skip
    return disburse_funds(by=by, batch=batch)
