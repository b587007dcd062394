"""What everybody may read, without an account and without JavaScript; search engines may not."""

import json
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page, inline_answer
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.publicity import actions, queries, registry, rules
from linli.publicity.door import limit
from linli.publicity.forms import AnswerForm, ObjectionForm
from linli.publicity.models import Notice

RECEIPT, RECEIPT_AGE = "linli_objection", 3600
PAGE = 100  # rows of a list shown at once


def unfindable(answer: HttpResponse) -> HttpResponse:
    """Not for search engines, not for their caches."""
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer


def first_words(row: Notice) -> str:
    """`张* 等 3 户`: the first masked value of the first row, and how many more."""
    line = row.rows[0] if row.rows else {}
    said = next((line[one["key"]] for one in row.columns if line.get(one["key"])), "")
    return f"{said} 等 {len(row.rows)} 行" if len(row.rows) > 1 else said


class PublicTable(Table):
    """Filters by place and kind only: nobody is looked up here by name."""

    code, order, page, export = "publicity.public", "-id", 20, False
    title = "公示"
    columns = (
        Column(
            "title",
            "公示",
            phone="head",
            link=lambda row: reverse("publicity:notice", args=[row.pk]),
        ),
        Column("what", "内容", first_words),
        Column("area", "地区", lambda row: areas.area_path(row.area)),
        Column("ends", "公示期", lambda row: span(row), phone="line"),
        Column("state", "状态", lambda row: state_words(row), kind="chip", phone="tail", tone=lambda row: tone(row)),
    )  # fmt: skip
    empty = Empty("目前没有公示", "换一个地区或种类看看。公示期满的名单会按规定撤下。")

    def __init__(self, request: HttpRequest, rows: Any) -> None:
        town = request.GET.get("town", "")
        kinds = tuple((one.code, one.title) for one in registry.kinds().values() if one.listed)
        self.filters = (
            Filter("town", "乡镇街道", "street", "choice", tuple(areas.choices("street"))),
            *(
                [
                    Filter(
                        "village",
                        "村（社区）",
                        "community",
                        "choice",
                        tuple(areas.choices("community", town)),
                    )
                ]
                if len(town) == 9
                else []
            ),
            Filter("kind", "种类", kind="choice", options=kinds),
        )
        super().__init__(request, rows)


def span(row: Notice) -> str:
    """The period as lists show it."""
    if row.first_day is None:
        return f"张贴次日起 {rules.days_words(row.days, row.day_unit)}"
    return f"{row.first_day} 至 {row.ends}"


def until(row: Notice) -> str:
    return rules.until_words(row.starts, row.ends) or "自张贴次日起 " + rules.days_words(
        row.days, row.day_unit
    )


def state_words(row: Notice) -> str:
    over = row.ends_at is not None and timezone.now() >= row.ends_at and row.open
    return "期满待定" if over else rules.STATES[row.state]


def tone(row: Notice) -> str:
    return {"draft": "warn", "posted": "ok", "running": "ok", "withdrawn": "paused"}.get(row.state, "done")


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Running notices; results that stand publicly below."""
    area = request.GET.get("village") or request.GET.get("town") or ""
    shown = [
        (one, areas.area_path(one.notice.area)) for one in queries.announced(area).order_by("-id")[:PAGE]
    ]
    context = {"base": "web/plain.html", "announced": shown}
    return unfindable(PublicTable(request, queries.public_notices()).answer("publicity/public.html", context))


def lines(columns: list[dict[str, str]], rows: list[dict[str, str]]) -> list[list[tuple[str, str]]]:
    """Rows as templates show them: (label, value) in the order of the columns."""
    return [[(one["label"], row.get(one["key"], "")) for one in columns] for row in rows]


@require_safe
def notice(request: HttpRequest, number: int) -> HttpResponse:
    """One notice: the list while it hangs; afterwards only what was announced, and where to turn."""
    row = queries.public_notice(number)
    told = None if row.open else queries.announcement_of(row)
    shown = row if row.open else told
    start = _page(request)
    columns = shown.columns if shown else []
    every = shown.rows if shown else []
    context = {
        "title": row.title,
        "notice": row,
        "where": areas.area_path(row.area),
        "until": until(row),
        "state": state_words(row),
        "tone": tone(row),
        "days": rules.days_words(row.days, row.day_unit),
        "columns": columns,
        "lines": list(enumerate(lines(columns, every[start : start + PAGE]), start + 1)),
        "total": len(every),
        "more": start + PAGE if start + PAGE < len(every) else None,
        "announced": told,
    }
    return unfindable(render(request, "publicity/notice.html", context))


def _page(request: HttpRequest) -> int:
    given = request.GET.get("from", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0


def object_form(request: HttpRequest, number: int) -> HttpResponse:
    """提出异议. The action keeps the UUID: the frame would keep who sent it beside the address."""
    row, by = queries.notice_to_object_to(number), caller(request)
    form = ObjectionForm(request.POST if request.method == "POST" else None, request=request)
    form.check_url = ""
    form.cancel_url = (
        reverse("publicity:notice", args=[number]) if row.listed else reverse("publicity:public")
    )
    over = rules.late(row.state, row.ends_at, timezone.now())
    context = {"form": form, "notice": row, "where": areas.area_path(row.area), "over": over}
    status = 200
    if request.method == "POST":
        if (fragment := inline_answer(request, form)) is not None:
            return fragment
        status = 422
        if form.is_valid():
            try:
                limit(request, by, "object")
                said = form.said | {"client_uuid": form.said["client_uuid"] or uuid4()}
                receipt = actions.object_to_notice(by=by, notice=number, said=actions.Objecting(**said))
                return _thanked(receipt, row)
            except Refused as refused:
                status = refused.status
                form.take(refused)
    return unfindable(render(request, "publicity/object.html", context, status=status))


def _thanked(receipt: actions.Receipt, row: Notice) -> HttpResponse:
    answer = HttpResponseRedirect(reverse("publicity:objected"))
    value = json.dumps([receipt.code, receipt.late, row.title])
    answer.set_signed_cookie(
        RECEIPT,
        value,
        max_age=RECEIPT_AGE,
        httponly=True,
        samesite="Lax",
        path="/publicity/objected/",
        secure=settings.PRODUCTION,
    )
    return unfindable(answer)


@require_safe
def objected(request: HttpRequest) -> HttpResponse:
    """The code, large; the cookie is this browser's own for an hour."""
    try:
        code, late, title = json.loads(request.get_signed_cookie(RECEIPT, max_age=RECEIPT_AGE))
    except (KeyError, BadSignature, ValueError):
        return HttpResponseRedirect(reverse("publicity:answers"))
    context = {"title": _("异议已收到"), "code": code, "late": late, "about": title}
    return unfindable(render(request, "publicity/objected.html", context))


def answers(request: HttpRequest) -> HttpResponse:
    """What became of one's objection, by the code; the code never stands in an address."""

    def act(given: dict[str, Any]) -> HttpResponse:
        limit(request, caller(request), "answer")
        row = queries.objection_by_code(given["code"])
        context = {"title": _("异议答复"), "objection": row, "notice": row.notice}
        return render(request, "publicity/answer.html", context)

    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        form.data = form.data.copy()
        form.data["client_uuid"] = ""  # looking up is no write: asked twice, answered twice
    return unfindable(form_page(request, form, act))
