"""What reporters hear at each step: to the account, else to the phone they left; an anonymous one reads by code."""

from linli.areas import queries as areas
from linli.incidents.models import Incident, Report
from linli.kernel.notify.actions import notify


def inform_reporters(
    incident: int, template: str, *, report: int | None = None, first_incident: int | None = None
) -> int:
    """Queues one notice a reporter (of one report, or of those who came by a merge). Returns how many.

    The client key makes a repeated reaction send nothing twice.
    """
    row = Incident.objects.get(pk=incident)
    reports = Report.objects.filter(incident=row)
    if report:
        reports = reports.filter(pk=report)
    if first_incident:
        reports = reports.filter(first_incident=first_incident)
    context = context_of(row)
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
                client_key=f"{template}:{row.pk}:{row.round}:{one.pk}",
            )
            sent += 1
    return sent


def context_of(row: Incident) -> dict[str, str]:
    """Plain words for a template; nothing private."""
    return {
        "number": row.number,
        "title": "您反映的事项" if row.private else row.title,
        "unit": areas.unit_names().get(row.unit, ""),
        "outcome": "" if row.private else row.outcome[:60],
    }
