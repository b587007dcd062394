"""民情日记: writing at the door, households waiting for a visit, promises waiting to be kept."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.kernel.actor import require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.people import actions, queries, rules
from linli.people.forms import NoteForm, RouteForm
from linli.people.models import Household, VisitNote
from linli.people.pages.households import COLUMNS, note_line
from linli.people.pages.parts import STAFF, area_filter, keep_photos

DAYS = (
    ("30", gettext_lazy("30 天")),
    ("60", gettext_lazy("60 天")),
    ("90", gettext_lazy("90 天")),
    ("180", gettext_lazy("半年")),
)


def new_note(request: HttpRequest, number: int) -> HttpResponse:
    """Made for a phone at a door; the same form works offline as `people.note`."""
    by = caller(request)
    home = queries.household_of(by, number)
    require(by, "people.note", area=home.area)
    form = NoteForm(request.POST or None, request.FILES or None, request=request)
    form.page_lead, form.draft = f"{home} · {areas.area_path(home.area)}", f"note-{number}"
    form.cancel_url = back = reverse("people:household", args=[number])
    wanted = ("heard", "asked", "promised", "promise_due")

    def act(values: dict[str, Any]) -> str:
        files = keep_photos(by, values["photos"], f"people.household:{number}", values["client_uuid"])
        actions.write_note(by=by, household=number, files=files, **{name: values[name] for name in wanted})
        return back

    return form_page(request, form, act)


@require_POST
def kept(request: HttpRequest, number: int) -> HttpResponse:
    note = actions.keep_promise(by=caller(request), note=number)
    return HttpResponseRedirect(reverse("people:household", args=[note.household_id]))


def route(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    note = queries.note_of(by, number)
    require(by, "people.note", area=note.household.area)
    form = RouteForm(request.POST or None, request=request, initial={"text": note.asked or note.heard})
    form.cancel_url = back = reverse("people:household", args=[note.household_id])

    def act(values: dict[str, Any]) -> str:
        actions.route_note(by=by, note=number, to=values["to"], text=values["text"])
        return back

    return form_page(request, form, act, context=STAFF)


class NotVisitedTable(Table):
    code = "people.not_visited"
    title = gettext_lazy("待走访住户")
    order = "since"
    columns = (
        *COLUMNS[:-1],
        Column(
            "days",
            gettext_lazy("未走访天数"),
            get=lambda row: _days(row),
            kind="num",
            phone="tail",
            sort="since",
        ),
    )
    empty = Empty(gettext_lazy("都走访过了"), gettext_lazy("这段时间内每一户都有走访记录。"))

    def __init__(self, request: HttpRequest, rows: Any) -> None:
        self.filters = (
            Filter(
                "days",
                gettext_lazy("多久没走访"),
                kind="choice",
                options=DAYS,
                apply=lambda found, _value: found,
            ),
            area_filter(caller(request)),
            Filter("kind", gettext_lazy("类型"), kind="choice", options=tuple(rules.HOUSEHOLD_KINDS.items())),
        )
        super().__init__(request, rows)


def _days(row: Household) -> int:
    last = timezone.localdate(row.visited_at) if row.visited_at else None
    return rules.days_without_visit(last, timezone.localdate(row.created), timezone.localdate())


@require_safe
def not_visited(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "people.view")
    asked = request.GET.get("days", "")
    days = int(asked) if asked in dict(DAYS) else 30
    return NotVisitedTable(request, queries.households_not_visited(viewer, days)).answer()


class PromiseTable(Table):
    code = "people.promises"
    title = gettext_lazy("答应的事")
    order = "promise_due"
    columns = (
        Column("household", gettext_lazy("住户"), get="household.__str__", phone="head",
               link=lambda row: reverse("people:household", args=[row.household_id])),
        Column("promised", gettext_lazy("答应了什么"), get=note_line),
        Column("promise_due", gettext_lazy("答应的日期"), kind="day", sort="promise_due"),
        Column("late", gettext_lazy("状态"), get=lambda row: _late(row), kind="chip", phone="tail",
               tone=lambda row: "bad" if row.promise_due < timezone.localdate() else "ok"),
        Column("by", gettext_lazy("走访人"), get=lambda row: str(row.by or "")),
        Column("grid", gettext_lazy("网格"), get=lambda row: areas.area_path(row.household.area)),
    )  # fmt: skip
    empty = Empty(gettext_lazy("没有未兑现的承诺"))


def _late(row: VisitNote) -> str:
    left = (row.promise_due - timezone.localdate()).days if row.promise_due else 0
    return _("已过 %d 天") % -left if left < 0 else _("还有 %d 天") % left


@require_safe
def promises(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "people.view")
    return PromiseTable(request, queries.promises_open(viewer).order_by()).answer()
