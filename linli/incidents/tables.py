"""Lists of the residents' side."""

from django.urls import reverse

from linli.incidents import rules
from linli.incidents.models import OPEN, Report
from linli.kernel.web.tables import Column, Empty, Table

TONES = {"closed": "done", "declined": "bad", "void": "paused", "merged": "paused"}


def tone(row: Report) -> str:
    return TONES.get(row.incident.state, "ok" if row.incident.state in OPEN else "plain")


class MyReports(Table):
    """One's own reports, newest first."""

    code, title, order = "incidents.my_reports", "我的上报", "-id"
    page = 20
    export = False
    columns = (
        Column(
            "what",
            "事项",
            lambda row: rules.title_of(row.text) or "照片上报",
            phone="head",
            link=lambda row: reverse("incidents:my_report", args=[row.pk]),
        ),
        Column(
            "state",
            "状态",
            lambda row: rules.STATE_WORDS[row.incident.state],
            kind="chip",
            phone="tail",
            tone=tone,
        ),
        Column("number", "编号", "incident.number"),
        Column("received_at", "上报时间", kind="time"),
        Column("promised", "承诺办结", lambda row: row.incident.promised_at, kind="time"),
    )
    empty = Empty("还没有上报过", "看到身边的问题，拍张照片告诉我们。", "我要上报", "/report/")
