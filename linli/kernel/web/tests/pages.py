"""A little town of pages that uses every part of the frame, for tests and for looking at."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.web import rules
from linli.kernel.web.bulk import bulk_answer
from linli.kernel.web.caller import caller
from linli.kernel.web.fields import DayField, PhotosField, PlaceField, SearchChoiceField
from linli.kernel.web.forms import Form, form_page, refuse_stale
from linli.kernel.web.models import BackgroundRun
from linli.kernel.web.pages import offline_page
from linli.kernel.web.registry import MapGround, NavEntry, register_ground, register_nav
from linli.kernel.web.tables import BulkAct, Column, Empty, Filter, Table

STREETS = (("430181001", "关口街道"), ("430181002", "集里街道"), ("430181003", "荷花街道"))


class ReportForm(Form):
    page_title = "上报身边的问题"
    page_lead = "拍一张照片，写清地点和情况，约 1 分钟。"
    submit_label = "提交上报"
    draft = "report"
    name = django_forms.CharField(label="您的姓名", max_length=30)
    phone = django_forms.RegexField(
        r"^1\d{10}$",
        label="联系电话",
        help_text="用于告诉您办理进度",
        error_messages={"invalid": "联系电话应为 11 位手机号"},
    )
    place = PlaceField()
    street = SearchChoiceField(label="所在街道", choices=STREETS, required=False)
    day = DayField(label="发生日期", required=False)
    urgent = django_forms.ChoiceField(
        label="是否紧急",
        choices=[("no", "不急"), ("yes", "有危险")],
        widget=django_forms.RadioSelect,
        initial="no",
    )
    words = django_forms.CharField(label="情况说明", widget=django_forms.Textarea(attrs={"rows": 4}))
    photos = PhotosField(required=False, most=3)


class NoteForm(Form):
    page_title = "修改说明"
    message = django_forms.CharField(label="说明", max_length=300)


class RunTable(Table):
    code, title, order = "tests.runs", "事件", "-at"
    page = 5
    live_kinds, live_subject = "bus", "web.run"
    columns = (
        Column("title", "事件", phone="head", link=lambda row: f"/runs/{row.pk}/"),
        Column("ended", "时限", kind="clock", phone="tail", sort="ended", start="at"),
        Column("code", "类别", kind="chip", tone=lambda row: "warn" if row.code == "fire" else "plain"),
        Column("at", "上报时间", kind="time", sort="at"),
        Column("total", "人数", kind="num", phone="none", sort="total"),
    )
    filters = (
        Filter("q", "关键词", long=True, apply=lambda rows, value: rows.filter(title__contains=value)),
        Filter("code", "类别", kind="choice", options=(("fire", "消防"), ("road", "道路"))),
        Filter("from", "上报自", field="at__gte", kind="day"),
        Filter("to", "上报至", field="at__lte", kind="day"),
        Filter("total", "人数", more=True),
    )
    bulk = (BulkAct("remind", "催办"), BulkAct("close", "批量作废", danger=True))
    live_row = "/t/row/0/"
    empty = Empty("没有符合条件的事件", "可以放宽筛选条件，或上报一件新的。", "上报", "/t/report/")


SENT: list[dict[str, Any]] = []


def report(request: HttpRequest) -> HttpResponse:
    def act(said: dict[str, Any]) -> str:
        if said["words"] == "拒绝":
            raise Refused("本网格已暂停上报。", code="closed", fields={"place": ["此处由邻县管理"]})
        SENT.append(said)
        return "/t/done/"

    form = ReportForm(request.POST or None, request.FILES or None, request=request)
    return form_page(request, form, act)


def note(request: HttpRequest) -> HttpResponse:
    """Changes the message of the newest run, unless somebody else did meanwhile."""
    run = BackgroundRun.objects.latest("at")

    def act(said: dict[str, Any]) -> str:
        refuse_stale(form, current=run.done, who="李敏", what="说明")
        BackgroundRun.objects.filter(pk=run.pk).update(message=said["message"], done=run.done + 1)
        return "/t/done/"

    form = NoteForm(request.POST or None, request=request, base_version=run.done)
    return form_page(request, form, act)


def done(request: HttpRequest) -> HttpResponse:
    return HttpResponse("好")


def listing(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return bulk_answer(request, {"remind": "tests.remind"})
    mine = BackgroundRun.objects.exclude(code="tests.remind")
    return RunTable(request, mine).answer()


def row(request: HttpRequest, ident: UUID) -> HttpResponse:
    return RunTable(request, BackgroundRun.objects.all()).row_answer(ident)


def refuse(request: HttpRequest, status: int) -> HttpResponse:
    if status == 500:
        raise RuntimeError("made to fail")
    raise Refused("这件事由上一级办理。", code="elsewhere", status=status)


def detail(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    steps = [
        {
            "what": "居民上报",
            "at": now - timedelta(hours=5),
            "who": "张*",
            "role": "居民",
            "reason": "路口井盖松动，晚上看不清。",
        },
        {"what": "派单", "at": now - timedelta(hours=4), "who": "王敏", "role": "派遣员"},
        {
            "what": "催办",
            "tone": "bad",
            "at": now - timedelta(hours=1),
            "who": "系统",
            "clock": rules.clock(now - timedelta(minutes=9), now),
        },
        {"what": "办结", "tone": "future"},
    ]
    person = {"id": 1, "name": "欧阳建国", "number": "430181195203040012", "reveal_url": "/t/done/"}
    return render(
        request, "web_tests/detail.html", {"steps": steps, "person": person, "title": "井盖松动", "now": now}
    )


def board(request: HttpRequest) -> HttpResponse:
    return render(request, "web_tests/board.html", _board() | {"title": "全市网格态势"})


def wall(request: HttpRequest) -> HttpResponse:
    return render(request, "web_tests/wall.html", _board() | {"title": "全市网格态势"})


def _board() -> dict[str, Any]:
    tiles = [("今日事件", "128", "件", "较昨日多 6"), ("平均响应", "27", "分钟", "目标不超过 30")]
    tiles += [("化解率", "97.8", "%", "本月 412 / 421"), ("满意度", "96.1", "%", "回访 1,038 人")]
    days = [(f"{n} 日", 96 + n * 7 % 40, 90 + n * 5 % 40) for n in range(16, 23)]
    spot = {"areas": "/t/areas.json", "points": "/t/points.json", "risk": True, "title": "风险网格与事件"}
    return {"tiles": tiles, "days": days, "map": spot | {"bounds": "113.2,27.9,114.2,28.5"}}


def areas(request: HttpRequest) -> JsonResponse:
    """A chequered county of 600 grids."""
    features = []
    for n in range(600):
        x, y = 113.2 + n % 30 / 30, 27.9 + n // 30 * 0.03
        ring = [[x, y], [x + 1 / 30, y], [x + 1 / 30, y + 0.03], [x, y + 0.03], [x, y]]
        level = max(0, 3 - (abs(n % 30 - 14) + abs(n // 30 - 9)) // 4)
        shown = {"code": f"430181{n:09}", "name": f"第 {n} 网格", "level": level}
        if n % 97 == 14:
            shown["label"] = "关口街道"
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": shown, "geometry": geometry})
    return JsonResponse({"type": "FeatureCollection", "features": features})


def points(request: HttpRequest) -> JsonResponse:
    features = [
        {
            "type": "Feature",
            "properties": {"id": n, "name": f"事件 {n}", "tone": "bad" if n % 9 == 0 else ""},
            "geometry": {"type": "Point", "coordinates": [113.3 + n * 37 % 80 / 100, 28 + n * 17 % 45 / 100]},
        }
        for n in range(300)
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


def phone(request: HttpRequest) -> HttpResponse:
    return offline_page(
        render(
            request,
            "web_tests/phone.html",
            {
                "title": "今日工单",
                "now": timezone.now(),
                "due": timezone.now() + timedelta(hours=2),
                "late": timezone.now() - timedelta(minutes=20),
            },
        )
    )


def whoami(request: HttpRequest) -> HttpResponse:
    return HttpResponse(caller(request).ref)


urlpatterns = [
    path("t/report/", report, name="t_report"),
    path("t/note/", note),
    path("t/done/", done),
    path("t/list/", listing, name="t_list"),
    path("t/refuse/<int:status>/", refuse),
    path("t/row/<uuid:ident>/", row),
    path("t/detail/", detail),
    path("t/board/", board, name="t_board"),
    path("t/wall/", wall),
    path("t/areas.json", areas, name="t_areas"),
    path("t/points.json", points),
    path("t/phone/", phone, name="t_phone"),
    path("t/who/", whoami),
]
ENTRIES = [
    NavEntry("态势", "t_board", order=1),
    NavEntry("事件", "t_list", order=2),
    NavEntry("台账", "t_done_never", order=3),
    NavEntry("上报", "t_report", audience="resident"),
    NavEntry("上报", "t_report", audience="field", icon="report", order=2),
    NavEntry("今日", "t_phone", audience="field", icon="today", order=1),
    NavEntry("审计", "t_report", verb="web.audit", order=9),
]
register_nav(*ENTRIES)
register_ground(MapGround("t_areas", "113.2,27.9,114.2,28.5"))
