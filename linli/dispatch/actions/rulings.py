"""终审: after a second return a duty chief decides, and the decision is remembered above routing rules."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from linli.dispatch import clocks, facts
from linli.dispatch.actions.orders import Assignee, unitless
from linli.dispatch.actions.steps import Said, require_on, step
from linli.dispatch.models import Ruling, WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import Actor


@transaction.atomic
def rule_order(
    *, by: Actor, order: int, to: Assignee, said: Said, topic: str = "", area: str = ""
) -> WorkOrder:
    """Decides a disputed order for good. `topic` (a class code) and `area` make it a remembered ruling."""

    def change(row: WorkOrder, now: datetime) -> None:
        row.unit, row.person_id, row.final = to.unit, to.person, True
        row.explanation = {"by": "ruling", "text": said.text}
        row.round += 1
        clocks.start(row, "accept", now)

    row = step(
        by=by,
        order=order,
        action="rule",
        may=lambda actor, row: require_on(actor, "dispatch.rule", unitless(row)),
        said=said,
        given={"unit": to.unit},
        change=change,
        tells=facts.OrderRuled,
    )
    if topic:
        now, place = timezone.now(), area or row.community or row.county
        Ruling.objects.filter(topic=topic, area=place, valid_to=None).update(valid_to=now)
        Ruling.objects.create(
            topic=topic, area=place, unit=to.unit, basis=said.text, order=row, valid_from=now
        )
    return row


@transaction.atomic
def end_ruling(*, by: Actor, ruling: int, why: str) -> None:
    """Ends a remembered ruling, so that routing rules speak again."""
    from linli.kernel.actor import require
    from linli.kernel.ledger.actions import record

    row = Ruling.objects.select_for_update().get(pk=ruling)
    require(by, "dispatch.rule", area=row.area)
    if not why.strip():
        raise Refused("请写明终止裁定的理由", code="missing", fields={"why": ["请写明终止裁定的理由"]})
    row.valid_to = timezone.now()
    row.save(update_fields=["valid_to"])
    record(subject=f"dispatch.ruling:{ruling}", verb="end", by=by, fields={"why": why})
