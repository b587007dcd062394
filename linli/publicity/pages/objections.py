"""Objections, for those who rule them: what waits, one objection with its ruling, who it was (with a reason)."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page, inline_answer
from linli.kernel.web.tables import Column, Empty, Table
from linli.publicity import actions, queries
from linli.publicity.forms import DeskObjectionForm, RuleForm
from linli.publicity.models import Objection
from linli.publicity.pages.desk import STAFF


class ObjectionTable(Table):
    """What waits for a ruling; nothing in it says who objected, nor why."""

    code, title, order = "publicity.objections", "公示异议", "due_at"
    columns = (
        Column(
            "title",
            "公示",
            "notice.title",
            phone="head",
            link=lambda row: reverse("publicity:objection", args=[row.pk]),
        ),
        Column("number", "编号", "notice.number", phone="none"),
        Column("area", "地区", lambda row: areas.area_path(row.notice.area)),
        Column("kind", "方式", lambda row: "实名" if row.real_name else "匿名"),
        Column("late", "期限内", lambda row: "逾期，按反映" if row.late else "期限内"),
        Column("received_at", "收到时间", kind="time"),
        Column("due_at", "答复时限", kind="clock", phone="tail", sort="due_at", start="received_at"),
    )
    empty = Empty("没有待裁定的异议", "收到异议时会通知您。")


@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if not queries.ruling_scopes(viewer):
        raise Refused("您没有裁定公示异议的权限。", code="not_allowed", status=403)
    return ObjectionTable(request, queries.unruled(viewer)).answer()


def objection(request: HttpRequest, number: int) -> HttpResponse:
    """One objection and the form of its ruling."""
    by = caller(request)
    row = queries.objection_for(by, number)
    back = reverse("publicity:desk_notice", args=[row.notice_id])
    form = RuleForm(request.POST if request.method == "POST" else None)
    form.cancel_url = back

    def act(said: dict[str, Any]) -> str:
        actions.rule_objection(by=by, objection=row.pk, upheld=said["upheld"] == "1", reasons=said["reasons"])
        messages.success(request, "已裁定，答复已发给异议人")
        return reverse("publicity:objection", args=[row.pk])

    return form_page(request, form, act, template="publicity/objection.html", context=_context(by, row, back))


def _context(by: Any, row: Objection, back: str) -> dict[str, Any]:
    return {
        "title": "公示异议",
        "base": "web/base.html",
        "objection": row,
        "notice": row.notice,
        "where": areas.area_path(row.notice.area),
        "back": back,
        "may_reveal": queries.may_rule(by, row.notice, "publicity.reveal"),
    }


@require_POST
def reveal(request: HttpRequest, number: int) -> HttpResponse:
    """Who objected: with a reason, and a record."""
    by = caller(request)
    found = actions.reveal_objector(by=by, objection=number, reason=request.POST.get("reason", ""))
    labels = {"name": "姓名", "phone": "手机号", "against": "涉及的工作人员"}
    context = {
        "title": "异议人",
        "values": [(labels[name], found[name]) for name in labels],
        "back": reverse("publicity:objection", args=[number]),
    }
    return render(request, "publicity/revealed.html", context)


def take_down(request: HttpRequest, number: int) -> HttpResponse:
    """登记异议 said at the window, on the phone or on paper."""
    by = caller(request)
    row = queries.notice_for(by, number)
    if not queries.may_rule(by, row, "publicity.receive"):
        raise Refused("您没有登记异议的权限。", code="not_allowed", status=403)
    form = DeskObjectionForm(request.POST if request.method == "POST" else None)
    form.page_lead = f"{row.title} {row.number}"
    form.cancel_url = reverse("publicity:desk_notice", args=[number])
    status = 200
    if request.method == "POST":
        if (fragment := inline_answer(request, form)) is not None:
            return fragment
        status = 422
        if form.is_valid():
            said = form.said | {"channel": form.cleaned_data["channel"]}
            said["client_uuid"] = said["client_uuid"] or uuid4()
            try:
                receipt = actions.object_to_notice(by=by, notice=number, said=actions.Objecting(**said))
                context = {
                    "title": "异议已登记",
                    "code": receipt.code,
                    "late": receipt.late,
                    "about": row.title,
                    "back": form.cancel_url,
                }
                return render(request, "publicity/objected.html", context)
            except Refused as refused:
                status = refused.status
                form.take(refused)
    return render(request, "web/form.html", {"form": form, **STAFF}, status=status)
