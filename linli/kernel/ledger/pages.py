"""The auditor's pages: the record, one subject's history, a proof to take away."""

import json

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from linli.kernel.ledger import queries
from linli.kernel.ledger.models import Entry
from linli.kernel.web.caller import caller
from linli.kernel.web.registry import NavEntry, register_nav
from linli.kernel.web.tables import Column, Empty, Filter, Table

register_nav(
    NavEntry(
        "存证",
        "ledger:entries",
        verb="ledger.view",
        order=910,
        group="system.records",
        words="谁在什么时候办了什么，按顺序记录，不能改动，可逐条验证。",
    )
)


def _fields(row: Entry) -> str:
    return "；".join(f"{name}：{value}" for name, value in row.fields.items() if value not in ("", None))


def _history(row: Entry) -> str:
    return f"{reverse('ledger:entries')}?subject={row.subject}"


def _place(row: Entry) -> str:
    return f"{row.log} 第 {row.seq} 号" if row.seq is not None else "等待编号"


class EntryTable(Table):
    code = "ledger.entries"
    title = "存证"
    order = "-id"
    columns = (
        Column(
            "id", "编号", kind="num", phone="tail", link=lambda row: reverse("ledger:proof", args=[row.pk])
        ),
        Column("at", "时间", kind="time"),
        Column("subject", "对象", phone="head", link=_history),
        Column("verb", "行为"),
        Column("by", "办理人"),
        Column("fields", "内容", get=_fields),
        Column("place", "存证位置", get=_place),
    )
    filters = (
        Filter("subject", "对象"),
        Filter("verb", "行为"),
        Filter("by", "办理人"),
        Filter("log", "存证簿"),
        Filter("from", "起始日期", "at__gte", kind="day"),
        Filter("to", "截止日期", "at__lte", kind="day"),
    )
    empty = Empty("没有符合条件的记录", "换一个筛选条件试试。")


@login_required
@require_GET
def entries(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    return EntryTable(request, queries.entries(viewer)).answer(
        "ledger/entries.html", {"heads": queries.heads(viewer)}
    )


@login_required
@require_GET
def proof(request: HttpRequest, entry: int) -> HttpResponse:
    """A file that anybody can check with SHA-256 alone (RFC 9162 section 2.1.3.2), offline and without us."""
    body = json.dumps(queries.proof_of(caller(request), entry), ensure_ascii=False, indent=1)
    answer = HttpResponse(body, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="ledger-{entry}.json"'
    return answer
