"""The administrator's routing rules, tried on past cases before they are saved, and the remembered rulings."""

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from linli.areas import queries as areas
from linli.dispatch.actions import end_ruling
from linli.dispatch.models import URGENCIES, Ruling
from linli.incidents import catalogue, rules
from linli.incidents.actions.catalogue import STATUS
from linli.incidents.actions.routing import (
    LEVELS,
    MOST_TRIED,
    PLACE,
    RouteChange,
    change_of,
    dry_run_routes,
    end_route,
    set_route,
    wrong_route,
)
from linli.incidents.forms_admin import RouteForm, WhyForm, change_from, functions, topics
from linli.incidents.models import RoutingRule
from linli.incidents.pages_admin import status_tone, tabs
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form, form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table

SHOWN_CASES = 100
FIELDS = (*PLACE, "function", "unit", "level", "basis", "status")


def keeper(request: HttpRequest) -> Actor:
    viewer = caller(request)
    require(viewer, "incidents.routing")
    return viewer


def owner_words(function: str, unit: str, level: str, named: dict[str, str]) -> str:
    """Who a rule sends work to, in words; `named`: function -> label."""
    if level == "grid":
        return "所在网格的网格员"
    if unit:
        return areas.unit_names().get(unit, unit)
    return f"{named.get(function, function)} · {LEVELS.get(level, level)}"


def asked_words(row: RoutingRule) -> str:
    """What a rule asks beyond class, area and urgency; marked when its class asks that question no more."""
    asked_of = catalogue.class_of(row.topic)
    gone = row.question and not row.valid_to and (asked_of is None or row.question not in asked_of.questions)
    words = rules.condition_words(row.question, row.answered, row.hours)
    return f"{words}（该类别已不再这样提问）" if gone else words


class Routes(Table):
    """The rules in force, or all versions."""

    code, title, order = "incidents.routing", "派遣规则", "topic"
    empty = Empty("没有符合条件的规则", "没有规则的事件由指挥中心先接。", "新增规则", "/admin/routing/edit/")

    def __init__(self, request: HttpRequest, rows: QuerySet) -> None:
        named, known = dict(topics()), dict(functions())
        self.columns = (
            Column("topic", "类别", lambda row: named.get(row.topic, row.topic) or "全部类别", phone="head", sort="topic", link=edit_url),
            Column("area", "区域", lambda row: areas.area_path(row.area) or "全县", sort="area"),
            Column("urgency", "紧急程度", lambda row: dict(URGENCIES).get(row.urgency, "不限"), phone="none"),
            Column("asked", "条件", asked_words),
            Column("owner", "承办", lambda row: owner_words(row.function, row.unit, row.level, known)),
            Column("assist", "协办", lambda row: "、".join(known.get(one, one) for one in row.assist), phone="none"),
            Column("basis", "依据", phone="none"),
            Column("version", "版本", kind="num", phone="none"),
            Column("valid_from", "生效", kind="time", phone="none"),
            Column("valid_to", "终止", kind="time", phone="none"),
            Column("edited_by", "修改人", phone="none"),
            Column("status", "依据状态", lambda row: STATUS.get(row.status, row.status), kind="chip", phone="tail", tone=lambda row: status_tone(row.status)),
        )  # fmt: skip
        self.filters = (
            Filter("topic", "类别", kind="choice", options=tuple(topics())),
            Filter("area", "区域", kind="choice", options=tuple(areas.choices("street")), apply=lambda found, code: found.filter(area__startswith=code)),
            Filter("hours", "时段", kind="choice", options=tuple(rules.HOURS.items())),
            Filter("status", "依据状态", kind="choice", options=tuple(STATUS.items())),
            Filter("state", "版本", kind="choice", options=(("all", "含已终止"),), apply=lambda found, _: found),
        )  # fmt: skip
        super().__init__(request, rows)


def edit_url(row: RoutingRule) -> str:
    return "" if row.valid_to else f"/admin/routing/edit/?route={row.pk}"


def routing(request: HttpRequest) -> HttpResponse:
    viewer = keeper(request)
    rows = RoutingRule.objects.all()
    table = Routes(request, rows if request.GET.get("state") == "all" else rows.filter(valid_to=None))
    return table.answer("incidents/admin/routing.html", {"tabs": tabs(viewer, "routing")})


def _open_route(number: str) -> RoutingRule:
    row = (
        RoutingRule.objects.filter(pk=number, valid_to=None).first()
        if number.isascii() and number.isdigit()
        else None
    )
    if row is None:
        raise Refused("没有这条规则，或者它已终止。", code="no_route", status=404)
    return row


def route_edit(request: HttpRequest) -> HttpResponse:
    """Says what the rule shall be; the dry run comes next, nothing is saved here."""
    keeper(request)
    number = request.GET.get("route", "")
    row = _open_route(number) if number else None
    form = RouteForm(request.POST or None, row=row, request=request)

    def run(said: dict[str, Any]) -> str:
        if wrong := wrong_route(change_from(said)):
            raise Refused("派遣规则有误", code="wrong_route", fields=wrong)
        query = QueryDict(mutable=True)
        query.update({name: said[name] for name in FIELDS})
        query.setlist("assist", said["assist"])
        query["on"] = str(_current(change_from(said)))
        return f"{reverse('incidents_admin:route_check')}?{query.urlencode()}"

    context = {"base": "web/base.html", "row": row}
    return form_page(request, form, run, template="incidents/admin/route_edit.html", context=context)


def _current(change: RouteChange) -> int:
    """The id of the open rule this change would replace; 0 when there is none."""
    row = RoutingRule.objects.filter(**change.place, valid_to=None).first()
    return row.pk if row else 0


def _asked(query: QueryDict) -> tuple[RouteChange, str]:
    """The change the address asks for, and its status word."""
    if "end" in query:
        row = _open_route(query["end"])
        return change_of(row, end=True), row.status
    said = {name: query.get(name, "") for name in FIELDS}
    change = change_from({**said, "assist": query.getlist("assist")})
    wrong = wrong_route(change)
    if wrong or said["status"] not in STATUS:
        raise Refused("派遣规则有误，请返回修改", code="wrong_route", fields=wrong)
    return change, said["status"]


def route_check(request: HttpRequest) -> HttpResponse:
    """Where the last cases would go under the change; only from here it is saved."""
    viewer = keeper(request)
    change, status = _asked(request.GET)
    current = _current(change)
    form: Form = WhyForm(request.POST or None) if change.end else Form(request.POST or None)
    form.initial["base_version"] = request.GET.get("on", str(current))
    form.submit_label = "终止规则" if change.end else "保存规则"
    form.cancel_url, form.cancel_label = reverse("incidents_admin:routing"), "不保存"

    def run(said: dict[str, Any]) -> str:
        if form.stale(current):
            form.refresh(current)
            raise Refused("这条规则刚被他人修改。请核对试算结果后再次提交。", code="stale", status=409)
        if change.end:
            end_route(by=viewer, route=current, why=said["why"])
            messages.success(request, "已终止这条规则")
        else:
            plain = asdict(change)
            plain.pop("end")
            set_route(by=viewer, status=status, **plain)
            messages.success(request, "已保存，今后的事件按新规则派遣")
        return reverse("incidents_admin:routing")

    context = {
        "base": "web/base.html",
        "title": "终止规则：试算" if change.end else "派遣规则：试算",
        **_tried(viewer, change),
    }
    return form_page(request, form, run, template="incidents/admin/route_check.html", context=context)


def _tried(viewer: Actor, change: RouteChange) -> dict[str, Any]:
    """The dry run for the page: how many were looked at, which would move."""
    tried = dry_run_routes(by=viewer, changes=[change])
    moved = [one for one in tried if one.before != one.after]
    units, known = areas.unit_names(), catalogue.classes.get()
    rows = [
        {
            "row": one.incident,
            "class": known[one.incident.class_code].name if one.incident.class_code in known else "未定类",
            "place": areas.area_path(one.incident.area),
            "before": units.get(one.before, one.before),
            "after": units.get(one.after, one.after),
        }
        for one in moved[:SHOWN_CASES]
    ]
    named = dict(topics())
    return {
        "looked": len(tried), "most": MOST_TRIED, "moved": len(moved), "rows": rows, "shown": len(rows),
        "facts": [
            ("类别", named.get(change.topic, change.topic) or "全部类别"),
            ("区域", areas.area_path(change.area) or "全县"),
            ("紧急程度", dict(URGENCIES).get(change.urgency, "不限")),
            ("回答", rules.condition_words(change.place["question"], change.place["answered"], "") or "不限"),
            ("时段", rules.HOURS.get(change.hours, "不限")),
            ("承办", "终止后由更宽的规则或指挥中心承接" if change.end else owner_words(change.function, change.unit, change.level, dict(functions()))),
            ("依据", change.basis),
        ],
    }  # fmt: skip


def rulings_seen(viewer: Actor) -> QuerySet[Ruling]:
    """Rulings in force in the viewer's areas, newest first."""
    rows = Ruling.objects.filter(valid_to=None).order_by("-id")
    return areas.reachable(viewer, "incidents.routing", rows, "area")


def rulings(request: HttpRequest) -> HttpResponse:
    viewer = keeper(request)
    return Rulings(request, rulings_seen(viewer), viewer).answer(
        "incidents/admin/rulings.html", {"tabs": tabs(viewer, "rulings")}
    )


class Rulings(Table):
    """What duty chiefs decided; it stands above every rule until somebody ends it."""

    code, title, order = "incidents.rulings", "终审裁定", "-id"
    empty = Empty("没有生效中的裁定", "值班长终审并选择“记住”后，会列在这里。")

    def __init__(self, request: HttpRequest, rows: QuerySet, viewer: Actor) -> None:
        named, units = dict(topics()), areas.unit_names()

        def end(row: Ruling) -> str:
            return (
                reverse("incidents_admin:ruling_end", args=[row.pk])
                if can(viewer, "dispatch.rule", area=row.area)
                else ""
            )

        self.columns = (
            Column("topic", "类别", lambda row: named.get(row.topic, row.topic), phone="head"),
            Column("area", "区域", lambda row: areas.area_path(row.area)),
            Column("unit", "承办单位", lambda row: units.get(row.unit, row.unit)),
            Column("basis", "理由"),
            Column("valid_from", "生效", kind="time"),
            Column("order", "来自工单", lambda row: f"工单 {row.order_id}", link=lambda row: f"/orders/{row.order_id}/"),
            Column("end", "操作", lambda row: "终止" if end(row) else "由值班长终止", link=end, export=False),
        )  # fmt: skip
        super().__init__(request, rows)


def ruling_end(request: HttpRequest, number: int) -> HttpResponse:
    viewer = keeper(request)
    row = rulings_seen(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有这条裁定，或者它已终止。", code="no_ruling", status=404)
    require(viewer, "dispatch.rule", area=row.area)
    form = WhyForm(request.POST or None)
    form.page_title, form.submit_label = f"终止裁定：{dict(topics()).get(row.topic, row.topic)}", "终止裁定"
    form.page_lead = "终止后，同类事件重新按派遣规则派遣。"
    form.cancel_url = reverse("incidents_admin:rulings")

    def run(said: dict[str, Any]) -> str:
        end_ruling(by=viewer, ruling=row.pk, why=said["why"])
        catalogue.routing.forget()
        messages.success(request, "已终止裁定")
        return reverse("incidents_admin:rulings")

    return form_page(request, form, run, context={"base": "web/base.html"})
