"""好差评: the applicant's page, and the offices' list with what was done about the bad ones."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.kernel import Refused
from linli.kernel.actor import require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.onestop import actions, queries, queries_reviews
from linli.onestop.forms_reviews import ReviewForm
from linli.onestop.models import Application
from linli.onestop.pages.frame import PLAIN, STAFF, bound, mine, sign_in
from linli.onestop.reviewing import book


def review(request: HttpRequest, number: int) -> HttpResponse:
    if caller(request).account is None:
        return sign_in(request)
    by, row = mine(request, number)
    if not queries_reviews.reviewable(row):
        raise Refused("这个办件现在不能评价，或已经评价过。", code="not_reviewable", status=404)
    form = ReviewForm(*bound(request))
    form.page_lead = f"{row.item.name} {row.number}"
    form.cancel_url = reverse("onestop:progress", args=[number])

    def act(said: dict[str, Any]) -> str:
        rating = actions.review_case(
            by=by, application=row.pk, level=said["level"], reasons=said["reasons"], text=said["text"]
        )
        bad = rating.stars <= book().bad_up_to
        messages.success(request, "谢谢您的评价" + ("，单位负责人会核实并回复您" if bad else ""))
        return form.cancel_url

    return form_page(request, form, act, context=PLAIN)


def _level(row: Application) -> str:
    return book().levels[row.stars]  # type: ignore[attr-defined]


def _bad(row: Application) -> bool:
    return row.stars <= book().bad_up_to  # type: ignore[attr-defined]


def _answer(row: Application) -> str:
    """What was found; a dash where nothing had to be looked into."""
    return (row.answer or "核实中") if _bad(row) else "—"  # type: ignore[attr-defined]


class ReviewTable(Table):
    code, title, order = "onestop.reviews", "好差评", "-reviewed"
    columns = (
        Column("number", "办件", link=lambda row: reverse("onestop:case", args=[row.pk]), phone="head"),
        Column("item", "事项", "item.name"),
        Column("stars", "评价", _level, kind="chip", tone=lambda row: "bad" if _bad(row) else "ok", phone="tail"),
        Column("why", "原因", lambda row: "、".join(book().reasons.get(one, one) for one in row.why) or "—"),
        Column("said", "申请人的话", lambda row: row.said or "—"),
        Column("answer", "核实结果", _answer),
        Column("reviewed", "评价时间", kind="time"),
    )  # fmt: skip
    filters = (
        Filter(
            "stars",
            "评价",
            kind="choice",
            options=tuple((str(n), words) for n, words in book().levels.items()),
        ),
    )
    empty = Empty("还没有评价", "办件办完后，申请人可以评价 30 天。")


@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, queries.VIEW)
    return ReviewTable(request, queries_reviews.reviews_seen(viewer)).answer(context=STAFF)
