"""The desk: the triage queue beside a map, the lists behind its tabs, a report typed in."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.models import Area
from linli.dispatch import queries as orders
from linli.dispatch.models import URGENCIES
from linli.dispatch.pages.frame import base_version, posted, renewing
from linli.dispatch.pages.units import RaisedTable
from linli.dispatch.wording import explain
from linli.incidents import actions, bulk, catalogue, forms_desk, photos, queries, rules, showing
from linli.incidents.models import CHANNELS, OPEN, STATES, Incident
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.search.queries import match
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form, form_page
from linli.kernel.web.tables import BulkAct, Cell, Column, Empty, Filter, Table

SHOWN = 60
MOST_POINTS = 1000
TABS = (
    ("triage", "待受理", "/desk/"),
    ("confirming", "核实中", "/desk/confirming/"),
    ("orders", "待派遣与退回", "/desk/orders/"),
    ("open", "办理中", "/desk/open/"),
    ("all", "全部", "/desk/all/"),
)
FIELDS = {"description": "text", "location": "place", "photos": "photos"}


def _by_area(rows: QuerySet, value: str) -> QuerySet:
    """An area code or part of a name: `430181001`, `淮川`."""
    codes = [value] if value.isdigit() else [code for code, path in _places() if value in path]
    return areas_filter(rows, codes)


def _places() -> list[tuple[str, str]]:
    return [*areas.choices("street", ""), *areas.choices("community", "")]


def areas_filter(rows: QuerySet, codes: list[str]) -> QuerySet:
    streets = [code for code in codes if len(code) == 9]
    communities = [code for code in codes if len(code) == 12]
    grids = [code for code in codes if len(code) == 15]
    return (
        rows.filter(street__in=streets) | rows.filter(community__in=communities) | rows.filter(grid__in=grids)
    )


def _class_options() -> tuple[tuple[str, str], ...]:
    return tuple(forms_desk.classes())


class IncidentTable(Table):
    """Cases with their clocks; one query a page."""

    code, title, order = "incidents.all", "事件", "-id"
    columns = (
        Column("title", "事件", phone="head", link=lambda row: f"/incidents/{row.pk}/"),
        Column("due_at", "时限", kind="clock", phone="tail", sort="due_at"),
        Column("state", "状态", kind="chip", get=lambda row: rules.STATE_WORDS[row.state], tone=lambda row: showing.TONES.get(row.state, "plain")),
        Column("class", "类别", get=lambda row: showing.class_words(row.class_code)),
        Column("urgency", "紧急程度", kind="chip", get=lambda row: showing.URGENCY_WORDS[row.urgency], tone=lambda row: showing.URGENCY_TONES[row.urgency]),
        Column("place", "地点", get=lambda row: areas.area_path(row.area) if row.street else "未定位"),
        Column("unit", "承办单位", get=lambda row: showing.unit_name(row.unit) if row.unit else "—"),
        Column("channel", "来源", get=lambda row: showing.CHANNEL_WORDS[row.channel], phone="none"),
        Column("received_at", "接报", kind="time", phone="none", sort="id"),
    )  # fmt: skip
    filters = (
        Filter("q", "搜索", long=True, apply=lambda rows, value: match(rows, value)),
        Filter("place", "地点", apply=_by_area),
        Filter("unplaced", "定位", kind="choice", options=(("1", "未定位"),), apply=lambda rows, _: rows.filter(grid="")),
        Filter("urgency", "紧急程度", kind="choice", options=tuple(URGENCIES)),
        Filter("late", "时限", kind="choice", options=(("1", "已超时"),), apply=lambda rows, _: rows.filter(due_at__lt=timezone.now(), state__in=OPEN)),
        Filter("state", "状态", kind="choice", options=tuple(STATES), more=True),
        Filter("channel", "来源", kind="choice", options=tuple(CHANNELS), more=True),
        Filter("class", "类别", field="class_code", apply=lambda rows, value: rows.filter(class_code__in=_codes(value)), more=True),
        Filter("from", "接报自", field="received_at__gte", kind="day", more=True),
        Filter("to", "接报至", field="received_at__lte", kind="day", more=True),
    )  # fmt: skip
    empty = Empty("没有符合条件的事件", "可以放宽筛选条件，或登记一件新的。", "登记上报", "/desk/new/")

    def _cell(self, column: Column, row: Any) -> Cell:
        cell = super()._cell(column, row)
        if column.kind == "clock":
            cell.clock = showing.case_chip(row)
        return cell

    def sheet(self) -> HttpResponse:
        """The sheet has room for the numbers."""
        self.columns = (Column("number", "编号"), *self.columns, Column("text", "情况"))
        return super().sheet()


def _codes(value: str) -> list[str]:
    return [code for code, words in forms_desk.classes() if value == code or value in words]


class ConfirmingTable(IncidentTable):
    code, title, order = "incidents.confirming", "核实中", "due_at"
    empty = Empty("没有正在核实的事件", "派网格员核实的事件会列在这里。")


class OpenTable(IncidentTable):
    code, title, order = "incidents.open", "办理中", "due_at"
    empty = Empty("没有正在办理的事件", "立案之后的事件会列在这里。")


def require_desk(viewer: Actor) -> None:
    if not viewer.scopes("incidents.triage"):
        raise Refused("受理台给值班员、受理员和派遣员用。您没有这项权限。", code="not_allowed", status=403)


def _tabs(here: str) -> list[dict[str, Any]]:
    return [{"label": label, "url": url, "here": code == here} for code, label, url in TABS]


def _may_bulk(viewer: Actor) -> bool:
    return bool(viewer.scopes("dispatch.bulk"))


def listing(request: HttpRequest, tab: str) -> HttpResponse:
    """One of the tabs that are lists; a POST goes to the page that asks what a bulk act needs."""
    viewer = caller(request)
    require_desk(viewer)
    if request.method == "POST":
        ids = "".join(f"&ids={one}" for one in request.POST.getlist("ids") if one.isdigit())
        return HttpResponseRedirect(f"/desk/bulk/?act={request.POST.get('act', '')}{ids}")
    if tab == "orders":
        rows = orders.to_dispatch(viewer).select_related("person")
        table: Table = RaisedTable(request, rows)
    elif tab == "confirming":
        table = ConfirmingTable(request, queries.open_incidents(viewer).filter(state="confirming"))
    elif tab == "open":
        rows = queries.open_incidents(viewer).filter(state__in=["filed", "working", "checking"])
        table = OpenTable(request, rows)
    else:
        table = IncidentTable(request, queries.seen(viewer))
    if tab != "orders" and _may_bulk(viewer):
        table.bulk = tuple(BulkAct(code, words.removeprefix("批量")) for code, words in bulk.WORDS.items())
    return table.answer("incidents/desk/list.html", {"tabs": _tabs(tab)})


def _queue(viewer: Actor, request: HttpRequest) -> QuerySet[Incident]:
    rows = queries.triage_queue(viewer)
    get = request.GET
    if get.get("channel") in dict(CHANNELS):
        rows = rows.filter(channel=get["channel"])
    if get.get("urgency") in dict(URGENCIES):
        rows = rows.filter(urgency=get["urgency"])
    if place := get.get("place", "").strip()[:40]:
        rows = _by_area(rows, place)
    if get.get("unplaced"):
        rows = rows.filter(grid="")
    return rows


def triage(request: HttpRequest) -> HttpResponse:
    """The queue and the one case to decide now."""
    viewer = caller(request)
    require_desk(viewer)
    rows = list(_queue(viewer, request)[: SHOWN + 1])
    wanted = request.GET.get("case", "")
    chosen = next((row for row in rows if str(row.pk) == wanted), None)
    if chosen is None and wanted.isdigit():
        chosen = queries.seen(viewer).filter(pk=int(wanted)).first()
        if chosen and chosen.state != "reported" and request.method == "GET":
            messages.warning(
                request, f"{chosen.number} 已有人先办理，现在是“{rules.STATE_WORDS[chosen.state]}”。"
            )
            chosen = None
    chosen = chosen or (rows[0] if rows else None)
    kept = request.GET.copy()
    kept.pop("case", None)
    context = {
        "title": "受理台",
        "tabs": _tabs("triage"),
        "rows": [showing.line(row) for row in rows[:SHOWN]],
        "count": f"{SHOWN}+" if len(rows) > SHOWN else len(rows),
        "channels": [(code, words, code == request.GET.get("channel")) for code, words in CHANNELS],
        "urgencies": [(code, words, code == request.GET.get("urgency")) for code, words in URGENCIES],
        "place": request.GET.get("place", ""),
        "unplaced": bool(request.GET.get("unplaced")),
        "kept": f"&{kept.urlencode()}" if kept else "",
        "filtered": bool(kept),
        "chosen": chosen,
    }
    if chosen is None:
        form = Form(None)
        return form_page(
            request, form, lambda said: "/desk/", template="incidents/desk/triage.html", context=context
        )
    return _triage_case(request, viewer, chosen, context)


def _triage_case(request: HttpRequest, viewer: Actor, row: Incident, context: dict[str, Any]) -> HttpResponse:
    form = forms_desk.TriageForm(posted(request)[0], case=row)
    back = "/desk/" + (f"?{context['kept'][1:]}" if context["kept"] else "")

    def run(said: dict[str, Any]) -> str:
        with renewing(form, lambda: Incident.objects.values_list("version", flat=True).get(pk=row.pk)):
            messages.success(request, decide(viewer, row, form, said))
        return back

    reports = queries.told_in(row)
    pictures = queries.photos_of(row, [report.pk for report in reports])
    offered = showing.candidates(row)
    picked = request.POST.get("picked") or (
        offered[0]["code"] if row.guess.get("sure") or row.class_code else ""
    )
    context |= {
        "case": showing.line(row),
        "source": showing.SOURCE_WORDS[row.place_source],
        "told": showing.told(row),
        "offered": offered,
        "picked": picked if offered else "",
        "reporters": showing.reporters(viewer, row, reports),
        "photos": [picture_of(photo) for photo in pictures],
        "may_refer": True,
        "chief": row.routing.get("ask") == "duty_chief",
        "bounds": bounds_of(row, viewer),
    }
    return form_page(request, form, run, template="incidents/desk/triage.html", context=context)


def picture_of(photo: Any) -> dict[str, Any]:
    from linli.dispatch.wording import picture

    return picture(photo)


def bounds_of(row: Incident | None, viewer: Actor) -> str:
    """What the map shows at first: the case's surroundings, else the viewer's own area."""
    if row is not None and row.lon is not None and row.lat is not None:
        return f"{row.lon - 0.02:.5f},{row.lat - 0.015:.5f},{row.lon + 0.02:.5f},{row.lat + 0.015:.5f}"
    scopes = [code for code in areas.scopes_of(viewer, "incidents.view") if len(code) > 6]
    box = Area.objects.filter(code=scopes[0]).values_list("lon", "lat").first() if scopes else None
    if not box or box[0] is None:
        return ""
    wide = 0.1 if len(scopes[0]) == 9 else 0.03
    return f"{box[0] - wide:.5f},{box[1] - wide:.5f},{box[0] + wide:.5f},{box[1] + wide:.5f}"


def decide(viewer: Actor, row: Incident, form: forms_desk.TriageForm, said: dict[str, Any]) -> str:
    """Runs the button that was pressed; returns the words that say what happened."""
    act, _, target = said["act"].partition(":")
    base, text = base_version(said), said["text"]
    if act == "file":
        done = actions.file_incident(
            by=viewer,
            incident=row.pk,
            class_code=form.chosen(),
            urgency=said["urgency"],
            unit=said["unit"],
            text=text,
            base_version=base,
        )
        return f"{row.number} 已立案，派{showing.unit_name(done.unit)}（{explain(done.routing)}）"
    if act == "confirm":
        actions.ask_confirm(by=viewer, incident=row.pk, text=text, base_version=base)
        return f"{row.number} 已派网格员核实"
    if act == "decline":
        actions.decline_incident(by=viewer, incident=row.pk, text=text, base_version=base)
        return f"{row.number} 不予立案，已告知报事人"
    if act == "merge" and target.isdigit():
        into = queries.incident_for(viewer, int(target))
        actions.merge_incident(by=viewer, incident=row.pk, into=into.pk, text=text, base_version=base)
        return f"{row.number} 已并入 {into.number}"
    if act == "refer":
        actions.refer_incident(by=viewer, incident=row.pk, room=said["room"], text=text, base_version=base)
        return f"{row.number} 已转办"
    raise Refused("请按一个操作按钮。", code="no_act", fields={"act": ["请按一个操作按钮"]})


def areas_json(request: HttpRequest) -> JsonResponse:
    """Outlines for the desk's map: the viewer's communities, or the towns of a whole county."""
    viewer = caller(request)
    require_desk(viewer)
    prefixes = areas.scopes_of(viewer, "incidents.triage")
    wide = any(len(code) <= 6 for code in prefixes)
    rows = Area.objects.filter(level="street" if wide else "community", active=True, outline__isnull=False)
    rows = areas.reachable(viewer, "incidents.triage", rows).order_by("code")
    features = [
        {
            "type": "Feature",
            "properties": {"code": row.code, "name": row.name, "label": row.name},
            "geometry": row.outline,
        }
        for row in rows
    ]
    answer = JsonResponse({"type": "FeatureCollection", "features": features})
    answer["Cache-Control"] = "private, max-age=600"
    return answer


def points_json(request: HttpRequest) -> JsonResponse:
    """Open cases as points, the newest first; late or critical ones marked."""
    viewer = caller(request)
    require_desk(viewer)
    now = timezone.now()
    rows = queries.open_incidents(viewer).filter(lon__isnull=False).order_by("-id")
    rows = rows.only("id", "title", "lon", "lat", "state", "due_at", "urgency", "private")[:MOST_POINTS]
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": row.pk,
                "name": f"{row.title}，{rules.STATE_WORDS[row.state]}",
                "url": f"/desk/?case={row.pk}" if row.state == "reported" else f"/incidents/{row.pk}/",
                "tone": "bad" if row.due_at < now or row.urgency == "critical" else "",
            },
            "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
        }
        for row in rows
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


def renamed(refused: Refused, names: dict[str, str]) -> Refused:
    """A refusal with an action's field names put into those of the form."""
    fields = {names.get(name, name): said for name, said in refused.fields.items()}
    return Refused(refused.message, code=refused.code, fields=fields, status=refused.status)


def telling_of(viewer: Actor, said: dict[str, Any], files: tuple[int, ...], channel: str) -> rules.Telling:
    """What a report form said, as intake takes it."""
    place = said.get("place")
    return rules.Telling(
        text=said["text"],
        sender=viewer.ref,
        client_uuid=said["client_uuid"] or uuid.uuid4(),
        channel=channel,
        class_said=said.get("class_said") or "",
        place_words=place.words if place else "",
        lon=place.lon if place else None,
        lat=place.lat if place else None,
        crs=place.system if place else "wgs84",
        place_source=place.source if place and place.lon is not None else "",
        area=said.get("area") or "",
        name=said.get("name") or "",
        phone=said.get("phone") or "",
        anonymous=bool(said.get("anonymous")),
        captured_at=timezone.now(),
        files=files,
    )


def new_report(request: HttpRequest) -> HttpResponse:
    """电话、热线、窗口: typed in by the desk for somebody else."""
    viewer = caller(request)
    require_desk(viewer)
    require(viewer, "incidents.report")
    form = forms_desk.NewReportForm(*posted(request), request=request, viewer=viewer)

    def run(said: dict[str, Any]) -> str:
        kept, faults = photos.keep(viewer, said["photos"], said["client_uuid"] or uuid.uuid4())
        if faults:
            raise Refused("照片有问题", code="bad_photos", fields={"photos": faults})
        files = tuple(photo.pk for photo in kept)
        try:
            receipt = actions.report_incident(
                by=viewer, telling=telling_of(viewer, said, files, said["channel"])
            )
        except Refused as refused:
            raise renamed(refused, FIELDS) from None
        words = f"已登记 {receipt.number}，查询码 {receipt.tracking}，请告诉来电人。"
        messages.success(request, words)
        return f"/incidents/{receipt.incident}/" if can(viewer, "incidents.view") else "/desk/"

    context = {"base": "web/base.html", "county": settings.LINLI_COUNTY, "catalogue": catalogue}
    return form_page(request, form, run, context=context)
