"""Words to those who rule objections."""

from django.utils import timezone

from linli.kernel.deadlines.queries import calendar_for
from linli.kernel.deadlines.rules import words
from linli.kernel.notify.actions import notify
from linli.publicity import queries
from linli.publicity.models import Objection


def tell_rulers(row: Objection, template: str, key: str) -> int:
    """One in-app notice for each who rules here; says nothing of who objected. Returns how many."""
    notice = row.notice
    left = words(row.due_at, timezone.now(), calendar_for(notice.county), "wd")
    context = {"title": notice.title, "number": notice.number, "left": left}
    told = sorted(queries.rulers(notice))
    for account in told:
        notify(to=account, template=template, context=context, subject=row.ref, client_key=f"{key}:{account}")
    return len(told)
