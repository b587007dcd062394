"""评价: what the person concerned says; silence is not satisfaction."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.dispatch import facts
from linli.dispatch.models import Rating, WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import record


@transaction.atomic
def rate_subject(
    *,
    by: Actor,
    rater: str,
    subject: str,
    round: int,
    resolved: bool,
    stars: int,
    reasons: Sequence[str] = (),
    text: str = "",
) -> Rating:
    """Writes one rating; the room has checked that `rater` is concerned. Raises Refused 409 for a second one."""
    if not 1 <= stars <= 5:
        raise Refused("请选择 1 到 5 颗星", code="stars", fields={"stars": ["请选择 1 到 5 颗星"]})
    try:
        with transaction.atomic():
            rating = Rating.objects.create(
                subject=subject,
                round=round,
                rater=rater,
                resolved=resolved,
                stars=stars,
                reasons=list(reasons),
                text=text[:500],
                at=timezone.now(),
            )
    except IntegrityError:
        raise Refused("您已经评价过了，谢谢。", code="already_rated", status=409) from None
    record(subject=subject, verb="rate", by=by, fields={"resolved": resolved, "stars": stars, "round": round})
    order = WorkOrder.objects.filter(subject=subject, role="lead").order_by("-id").first()
    if order:
        tell(
            facts.OrderRated(
                order.pk,
                order.kind,
                subject,
                order.unit,
                order.area,
                order.mode,
                order.urgency,
                order.role,
                resolved,
                stars,
            )
        )
    return rating
