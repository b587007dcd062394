"""What is promised, and from how many cases it was learnt: for administrators."""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from linli.areas import queries as areas
from linli.incidents import catalogue, promises
from linli.incidents.models import PromiseEntry
from linli.incidents.pages_admin import labels, tabs
from linli.kernel.actor import require
from linli.kernel.web.caller import caller
from linli.kernel.web.rules import span_words
from linli.kernel.web.tables import Column, Empty, Filter, Table


def _class(row: PromiseEntry) -> str:
    found = catalogue.class_of(row.small)
    return f"{found.large_name} · {found.name}" if found else row.small


def _limit(row: PromiseEntry) -> str:
    found = catalogue.class_of(row.small)
    return labels(found.milestones) if found else "已停用"


def _taken(row: PromiseEntry) -> str:
    return span_words(timedelta(days=row.days)) if row.days is not None else "无法估计，按办理时限"


def _by_class(rows: QuerySet, value: str) -> QuerySet:
    codes = [code for code, row in catalogue.classes.get().items() if value in row.name or value in code]
    return rows.filter(small__in=codes)


class Promises(Table):
    """P80 by class, in the county and in each town with enough cases."""

    code, title, order = "incidents.promises", "承诺时限", "small"
    columns = (
        Column("small", "类别", _class, phone="head", sort="small"),
        Column("area", "范围", lambda row: areas.area_name(row.area) if row.area else "全县", sort="area"),
        Column("days", "80% 办结用时", _taken, phone="tail"),
        Column("cases", "样本", kind="num", sort="cases"),
        Column("observed", "来源", lambda row: "实际办结" if row.observed else "按已办趋势推算"),
        Column("limit", "办理时限", _limit),
        Column("learnt_at", "计算时间", kind="time"),
    )
    filters = (
        Filter("class", "类别", apply=_by_class),
        Filter("area", "镇街代码", "area__startswith"),
        Filter(
            "kind",
            "范围",
            kind="choice",
            options=(("county", "全县"), ("town", "按镇街")),
            apply=lambda rows, value: rows.filter(area="") if value == "county" else rows.exclude(area=""),
        ),
    )
    empty = Empty("还没有可承诺的类别", "同类事件积累到最小样本数后，次日凌晨自动算出；此前按办理时限承诺。")


def promises_page(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "incidents.classes", area=settings.LINLI_COUNTY)
    rule = promises.policy()
    lead = (
        f"近 {rule.window_days:g} 天内同类事件 {rule.share:.0%} 的办结用时，未办结的按仍在办理计入；"
        f"至少 {rule.least_cases} 件才采用，且不晚于办理时限。立案时告知报事人，此后不变。"
    )
    context = {"tabs": tabs(viewer, "promises"), "lead": lead}
    return Promises(request, PromiseEntry.objects.all()).answer("incidents/admin/promises.html", context)
