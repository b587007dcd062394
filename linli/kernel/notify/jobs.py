"""What the worker does for notices."""

from datetime import timedelta

from django.utils import timezone

from linli.kernel.bus.registry import daily, every
from linli.kernel.notify import actions
from linli.kernel.notify.models import Notice, Outbox
from linli.kernel.notify.registry import delivery


@every(1.0)
def deliver() -> int:
    """Sends what is due; any number of workers may run it at once."""
    return actions.deliver_due()


@daily("03:20")
def forget_old() -> int:
    """Deletes settled notices and the demo's outbox after their time."""
    limit = timezone.now() - timedelta(days=delivery().keep_days)
    Outbox.objects.filter(created_at__lt=limit).delete()
    settled = Notice.objects.filter(created_at__lt=limit, state__in=["sent", "read", "failed"])
    return settled.delete()[0]
