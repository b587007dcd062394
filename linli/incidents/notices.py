"""What reporters hear at each step: to the account, else to the phone they left; an anonymous one reads by code."""

from datetime import datetime

from linli.areas import queries as areas
from linli.incidents.models import Incident, Report
from linli.kernel.notify.actions import notify
from linli.kernel.web.rules import moment_words


def inform_reporters(
    incident: int,
    template: str,
    *,
    report: int | None = None,
    first_incident: int | None = None,
    until: datetime | None = None,
    once: str = "",
) -> int:
    """Queues one notice a reporter (of one report, or of those who came by a merge). Returns how many.

    The client key makes a repeated reaction send nothing twice; `once` tells apart what may happen again within a
    round. `until` is the moment the template speaks of.
    """
    row = Incident.objects.get(pk=incident)
    reports = Report.objects.filter(incident=row)
    if report:
        reports = reports.filter(pk=report)
    if first_incident:
        reports = reports.filter(first_incident=first_incident)
    context = context_of(row, until)
    sent = 0
    for one in reports.order_by("id"):
        to = one.account_id or one.phone
        if to:
            notify(
                to=to,
                template=template,
                context=context,
                subject=row.subject,
                urgent=row.urgency == "critical",
                client_key=f"{template}:{row.pk}:{row.round}:{one.pk}" + (f":{once}" if once else ""),
            )
            sent += 1
    return sent


def context_of(row: Incident, until: datetime | None = None) -> dict[str, str]:
    """Plain words for a template; nothing private."""
    return {
        "number": row.number,
        "title": "您反映的事项" if row.private else row.title,
        "unit": areas.unit_names().get(row.unit, ""),
        "outcome": "" if row.private else row.outcome[:60],
        "until": moment_words(until) if until else "另行通知",
    }
