"""How incidents and reports are titled and linked from other rooms."""

from linli.incidents.models import Incident, Report
from linli.incidents.queries import seen
from linli.kernel.actor import Actor
from linli.kernel.web.subjects import Subject


def _title(number: int, viewer: Actor) -> str:
    row = Incident.objects.filter(pk=number).first()
    if row is None:
        return "已删除的事件"
    return "保密事件" if row.private and not _may_see(number, viewer) else row.title


def _url(number: int, viewer: Actor) -> str:
    return f"/incidents/{number}/"


def _may_see(number: int, viewer: Actor) -> bool:
    return seen(viewer).filter(pk=number).exists()


def _own_report(number: int, viewer: Actor) -> bool:
    row = Report.objects.filter(pk=number).first()
    if row is None:
        return False
    return bool(viewer.account and row.account_id == viewer.account) or _may_see(row.incident_id, viewer)


INCIDENT = Subject("incidents.incident", _title, _url, _may_see)
REPORT = Subject(
    "incidents.report",
    lambda number, viewer: f"上报 {number}",
    lambda number, viewer: f"/my/reports/{number}/",
    _own_report,
)
