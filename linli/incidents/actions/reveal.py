"""Reading a reporter's name and number: with a reason, recorded; never where the reporter is hidden."""

from dataclasses import dataclass

from linli.incidents.actions.steps import must_say
from linli.incidents.models import Report
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger.actions import record


@dataclass(frozen=True, slots=True)
class Reporter:
    name: str
    phone: str


def reveal_reporter(*, by: Actor, report: int, reason: str) -> Reporter:
    """Raises Refused 403 for whoever may not triage there and for a hidden reporter, 422 without a reason."""
    row = Report.objects.select_related("incident").filter(pk=report).first()
    if row is None:
        raise Refused("没有这份上报。", code="no_report", status=404)
    require(by, "incidents.triage", area=row.incident.area, subject=row.incident.subject)
    if row.incident.hide_reporter or row.anonymous:
        raise Refused("这件事的报事人信息已隐去，任何人不能查看。", code="hidden", status=403)
    must_say(reason, "reason", "请写明查看理由")
    record(
        subject=row.incident.subject,
        verb="reveal_reporter",
        by=by,
        fields={"report": row.pk},
        personal={"reason": reason.strip()[:200]},
    )
    return Reporter(row.name, row.phone)
