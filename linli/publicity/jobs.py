"""What the clock does: notices begin at midnight, end to the second, are photographed on their last day."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from linli.kernel.bus.registry import daily, every
from linli.publicity import actions, rules
from linli.publicity.models import Objection
from linli.publicity.telling import tell_rulers


@every(1.0)
def end_notices() -> int:
    """The moment somebody's days are over the matter may go on: nobody waits for a night job."""
    return actions.end_due()


@every(30.0)
def begin_notices() -> int:
    return actions.begin_due()


@every(60.0)
def call_for_last_photos() -> int:
    return actions.call_for_end_photos()


@daily("00:20")
def count_again() -> int:
    """Ends that rest on holidays not yet published."""
    return actions.recount_provisional()


@daily("08:35")
def remind_of_answers() -> int:
    """Objections to be answered within two days, or overdue: those who rule are told, once a day."""
    now = timezone.now()
    waiting = Objection.objects.filter(state="open", due_at__lte=now + timedelta(days=2))
    told = 0
    for row in waiting.select_related("notice").order_by("due_at")[:500]:
        with transaction.atomic():
            told += tell_rulers(row, "publicity.unanswered", f"unanswered:{row.pk}:{rules.local_day(now)}")
    return told
