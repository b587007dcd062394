"""The administrator's pages of time: which days are worked, in which hours somebody is on duty."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from linli.kernel import Refused
from linli.kernel.deadlines import actions, queries
from linli.kernel.deadlines.forms import WEEK, DayForm, DropForm, DutyForm, YearForm
from linli.kernel.deadlines.models import STATUSES
from linli.kernel.deadlines.notice_text import windows_words
from linli.kernel.deadlines.workdays import FIRST_YEAR, LAST_YEAR
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table

STAFF = {"base": "web/base.html"}
YEAR_WORDS = {"cited": "有据", "known": "已公布", "provisional": "暂定"}
YEAR_TONES = {"cited": "done", "known": "done", "provisional": "warn"}
TONES = {"cited": "done", "known": "ok", "to_confirm": "warn"}


class DayTable(Table):
    code = "deadlines.days"
    title = "工作日历"
    order = "-day"
    columns = (
        Column("day", "日期", kind="day", sort="day", phone="head"),
        Column("working", "安排", get=lambda row: "上班" if row.working else "休息", phone="tail"),
        Column("name", "名称"),
        Column("source", "依据"),
        Column("status", "状态", get="get_status_display", kind="chip", tone=lambda row: TONES[row.status]),
        Column(
            "act",
            "办理",
            get=lambda row: "撤销",
            link=lambda row: reverse("deadlines:drop_day", args=[row.day.isoformat()]),
            export=False,
        ),
    )
    filters = (
        Filter("year", "年份", "day__year"),
        Filter("working", "安排", kind="choice", options=(("1", "上班"), ("0", "休息"))),
        Filter("status", "状态", kind="choice", options=tuple(STATUSES)),
        Filter("source", "依据", "source__icontains", more=True),
    )
    empty = Empty("没有符合条件的更正", "日历按国务院年度通知和法定节假日计算；确有不同安排时再更正。")


class DutyTable(Table):
    code = "deadlines.duty_hours"
    title = "工作时"
    order = "-valid_from"
    columns = (
        Column("area", "区域", get=lambda row: row.area or "全县默认", sort="area", phone="head"),
        Column("windows", "值班时段", get=lambda row: windows_words(row.windows)),
        Column("follows", "节假日", get=lambda row: "不值班" if row.follows_calendar else "照常"),
        Column("valid_from", "生效日期", kind="day", sort="valid_from", phone="tail"),
        Column("source", "依据"),
        Column("status", "状态", get="get_status_display", kind="chip", tone=lambda row: TONES[row.status]),
    )
    filters = (
        Filter("area", "区域代码（含下级）", "area__startswith"),
        Filter("status", "状态", kind="choice", options=tuple(STATUSES)),
    )
    empty = Empty("还没有设置工作时", "未设置的区域按程序默认：每天 08:30–17:30。")


@login_required
@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    viewer, now = caller(request), queries.today(timezone.now()).year
    years = [
        {"row": one, "words": YEAR_WORDS[one.status], "tone": YEAR_TONES[one.status]}
        for one in queries.years_seen(viewer, now - 1, min(now + 2, LAST_YEAR))
    ]
    return DayTable(request, queries.corrections(viewer)).answer("deadlines/calendar.html", {"years": years})


@login_required
@require_GET
def year(request: HttpRequest, year: int) -> HttpResponse:
    viewer = caller(request)
    days = queries.days_seen(viewer, year) if FIRST_YEAR <= year <= LAST_YEAR else None
    if days is None:
        raise Refused("没有这一年的日历。", code="no_year", status=404)
    one = queries.years_seen(viewer, year, year)
    seen = next(row for row in one if row.year == year)
    context = {
        "title": f"{year} 年日历",
        "seen": seen,
        "days": days,
        "words": YEAR_WORDS[seen.status],
        "tone": YEAR_TONES[seen.status],
    }
    return render(request, "deadlines/year.html", context)


@login_required
def new_day(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    queries.corrections(viewer)
    form = DayForm(request.POST or None, request=request)
    form.cancel_url = back = reverse("deadlines:calendar")

    def act(said: dict[str, Any]) -> str:
        given = {name: said[name] for name in ("day", "name", "source", "status")}
        actions.set_day(by=viewer, working=said["working"] == "1", **given)
        messages.success(request, "已保存更正，相关在办时限正在重算。")
        return back

    return form_page(request, form, act, context=STAFF)


@login_required
def drop_day(request: HttpRequest, day: str) -> HttpResponse:
    viewer = caller(request)
    row = next((one for one in queries.corrections(viewer) if one.day.isoformat() == day), None)
    if row is None:
        raise Refused("这一天没有更正，无需撤销。", code="no_day", status=404)
    form = DropForm(request.POST or None)
    form.page_title = f"撤销更正：{row.day} {row.name}"
    form.cancel_url = back = reverse("deadlines:calendar")

    def act(said: dict[str, Any]) -> str:
        actions.drop_day(by=viewer, day=row.day, reason=said["reason"])
        messages.success(request, "更正已撤销，相关在办时限正在重算。")
        return back

    return form_page(request, form, act, context=STAFF)


@login_required
def new_year(request: HttpRequest) -> HttpResponse:
    """Two taps: the first shows how the notice was read, the second (`confirmed`) writes it."""
    viewer = caller(request)
    queries.corrections(viewer)
    form = YearForm(request.POST or None)
    form.cancel_url = back = reverse("deadlines:calendar")
    if request.method == "POST" and "confirmed" not in request.POST and form.is_valid():
        said = form.cleaned_data
        return render(
            request,
            "deadlines/year_check.html",
            {"form": form, "said": said, "title": form.page_title, **STAFF},
        )

    def act(said: dict[str, Any]) -> str:
        given = {name: said[name] for name in ("year", "source", "off", "working")}
        given["working"] = given["working"] or []
        actions.import_year(by=viewer, **given)
        messages.success(request, f"{said['year']} 年安排已生效，相关在办时限正在重算。")
        return back

    return form_page(request, form, act, context=STAFF)


@login_required
@require_GET
def duty_hours(request: HttpRequest) -> HttpResponse:
    return DutyTable(request, queries.duty_hours(caller(request))).answer("deadlines/duty_hours.html")


@login_required
def new_duty_hours(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    queries.duty_hours(viewer)
    usual = {f"day_{weekday}": "08:30-12:00 14:00-17:30" for weekday, _ in WEEK[:5]}
    form = DutyForm(request.POST or None, initial=usual)
    form.cancel_url = back = reverse("deadlines:duty_hours")

    def act(said: dict[str, Any]) -> str:
        names = ("windows", "valid_from", "source", "follows_calendar", "status")
        try:
            actions.set_duty_hours(by=viewer, area=said["area"].strip(), **{n: said[n] for n in names})
        except Refused as refused:
            if wrong := refused.fields.pop("windows", None):
                refused.fields["day_1"] = wrong
            raise
        messages.success(request, "工作时已保存，相关在办时限正在重算。")
        return back

    return form_page(request, form, act, context=STAFF)
