"""The administrator's classes and the classifier's card."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from linli.dispatch.models import URGENCIES
from linli.incidents import catalogue, class_sheet
from linli.incidents.actions import learning
from linli.incidents.actions.catalogue import PLAIN, STATUS, publish_class, retire_class
from linli.incidents.forms_admin import ClassForm, WhyForm
from linli.incidents.models import IncidentClass, ModelVersion
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.deadlines.rules import Limit
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.sheets import write_sheet
from linli.kernel.web.tables import Column, Empty, Filter, Table

SHOWN_MODELS = 20
TABS = [
    ("类别", "classes", "incidents.classes"),
    ("承诺时限", "promises", "incidents.classes"),
    ("派遣规则", "routing", "incidents.routing"),
    ("终审裁定", "rulings", "incidents.routing"),
    ("分类模型", "model", "incidents.model"),
]
FIGURES = {
    "held_out_accuracy": "交叉检验准确率",
    "macro_f1": "最新五分之一更正上的宏平均 F1",
    "macro_f1_before": "当时在用模型的宏平均 F1",
    "held_back": "用于比较的更正（条）",
}


def tabs(viewer: Actor, here: str) -> list[dict[str, Any]]:
    """The neighbouring pages this viewer may open."""
    return [
        {"label": label, "url": reverse(f"incidents_admin:{name}"), "here": name == here}
        for label, name, verb in TABS
        if can(viewer, verb)
    ]


def status_tone(status: str) -> str:
    return "warn" if status == "to_confirm" else "plain"


def labels(milestones: list[dict[str, str]]) -> str:
    return "，".join(f"{step['name']} {Limit.parse(step['limit']).zh}" for step in milestones) or "按通用时限"


def keeper(request: HttpRequest) -> Actor:
    """Whoever keeps the county's class list; raises Refused 403."""
    viewer = caller(request)
    require(viewer, "incidents.classes", area=settings.LINLI_COUNTY)
    return viewer


class Classes(Table):
    """The small classes in force, or those taken out of it."""

    code, title, order = "incidents.classes", "类别", "code"
    columns = (
        Column("name", "小类", phone="head", sort="name", link=lambda row: reverse("incidents_admin:class", args=[row.code])),
        Column("code", "代码", sort="code"),
        Column("large", "大类", "large_name"),
        Column("domain", "领域", phone="none"),
        Column("urgency", "紧急程度", lambda row: row.get_urgency_display()),
        Column("limit", "处置时限", lambda row: labels(row.milestones)),
        Column("check", "核查方式", lambda row: row.get_check_mode_display(), phone="none"),
        Column("version", "版本", kind="num", phone="none"),
        Column("status", "依据状态", lambda row: STATUS.get(row.status, row.status), kind="chip", phone="tail", tone=lambda row: status_tone(row.status)),
    )  # fmt: skip
    empty = Empty("没有符合条件的类别", "换一个筛选条件，或新增类别。", "新增类别", "/admin/classes/new/")

    def __init__(self, request: HttpRequest, rows: QuerySet) -> None:
        larges = sorted({(row.large, row.large_name) for row in catalogue.classes.get().values()})
        self.filters = (
            Filter("q", "名称或代码", apply=lambda found, q: found.filter(Q(name__icontains=q) | Q(code__icontains=q))),
            Filter("large", "大类", kind="choice", options=tuple(larges)),
            Filter("urgency", "紧急程度", kind="choice", options=tuple(URGENCIES)),
            Filter("status", "依据状态", kind="choice", options=tuple(STATUS.items())),
            Filter("state", "在用或停用", kind="choice", options=(("retired", "已停用"),), apply=lambda found, _: found),
        )  # fmt: skip
        super().__init__(request, rows)


def classes_shown(state: str) -> QuerySet[IncidentClass]:
    """In force; with `retired` the last version of each class that has none in force."""
    active = IncidentClass.objects.filter(active=True)
    if state != "retired":
        return active
    gone = IncidentClass.objects.exclude(code__in=active.values("code")).order_by("code", "-version")
    return IncidentClass.objects.filter(pk__in=gone.distinct("code").values("pk"))


def classes(request: HttpRequest) -> HttpResponse:
    viewer = keeper(request)
    table = Classes(request, classes_shown(request.GET.get("state", "")))
    return table.answer("incidents/admin/classes.html", {"tabs": tabs(viewer, "classes")})


def class_sheet_file(request: HttpRequest) -> HttpResponse:
    """All classes in force in the columns the import reads."""
    keeper(request)
    rows = [
        class_sheet.write_cells(row) for row in IncidentClass.objects.filter(active=True).order_by("code")
    ]
    heads = [column.label for column in class_sheet.COLUMNS]
    cells = [[row[column.key] for column in class_sheet.COLUMNS] for row in rows]
    name = f"类别-{timezone.localdate():%Y%m%d}.xlsx"
    return FileResponse(write_sheet("类别", heads, cells), as_attachment=True, filename=name)


def _versions(code: str) -> list[IncidentClass]:
    rows = list(IncidentClass.objects.filter(code=code).order_by("-version"))
    if not rows:
        raise Refused("没有这个类别。", code="no_class", status=404)
    return rows


def class_page(request: HttpRequest, code: str) -> HttpResponse:
    """The newest version in full, and what each version changed."""
    viewer = keeper(request)
    rows = _versions(code)
    heads = {column.key: column.label for column in class_sheet.COLUMNS}
    cells = [class_sheet.write_cells(row) for row in rows]
    history = [
        {"row": row, "status": STATUS.get(row.status, row.status), "changed": [heads[name] for name in PLAIN if now[name] != past[name]]}
        for row, now, past in zip(rows, cells, [*cells[1:], None], strict=True)
        if past is not None
    ] + [{"row": rows[-1], "status": STATUS.get(rows[-1].status, rows[-1].status), "changed": []}]  # fmt: skip
    context = {
        "title": rows[0].name,
        "row": rows[0],
        "facts": [(heads[name], cells[0][name]) for name in PLAIN if name not in ("milestones", "status")],
        "steps": [(step["name"], Limit.parse(step["limit"]).zh) for step in rows[0].milestones],
        "status": STATUS.get(rows[0].status, rows[0].status),
        "history": history,
        "tabs": tabs(viewer, "classes"),
    }
    return render(request, "incidents/admin/class.html", context)


def class_edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """A new version of a class, or with no code a new class."""
    viewer = keeper(request)
    row = _versions(code)[0] if code else None
    form = ClassForm(request.POST or None, row=row, request=request)

    def run(said: dict[str, Any]) -> str:
        if row and form.stale(row.version):
            form.refresh(row.version)
            raise Refused(
                "这个类别刚被他人修改。您填的内容还在，请核对后再次提交。", code="stale", status=409
            )
        if not row and IncidentClass.objects.filter(code=said["code"]).exists():
            taken = "这个代码已有类别（可能已停用），请到该类别页修改"
            raise Refused("代码已被使用", code="taken", fields={"code": [taken]})
        made = publish_class(by=viewer, code=said["code"], **form.said())
        messages.success(request, f"已发布第 {made.version} 版，今后的事件按新版本办理")
        return reverse("incidents_admin:class", args=[made.code])

    return form_page(request, form, run, context={"base": "web/base.html"})


def class_retire(request: HttpRequest, code: str) -> HttpResponse:
    viewer = keeper(request)
    row = _versions(code)[0]
    form = WhyForm(request.POST or None)
    form.page_title, form.submit_label = f"停用类别：{row.name}", "停用"
    form.page_lead = "停用后不再用于新的事件；已有事件和历史版本保留。再次发布即恢复。"
    form.cancel_url = reverse("incidents_admin:class", args=[code])

    def run(said: dict[str, Any]) -> str:
        retire_class(by=viewer, code=code, why=said["why"])
        messages.success(request, f"已停用“{row.name}”")
        return reverse("incidents_admin:classes")

    return form_page(request, form, run, context={"base": "web/base.html"})


def model_page(request: HttpRequest) -> HttpResponse:
    """The model in use with its figures, those before it, and whether people correct it more than they did."""
    viewer = caller(request)
    require(viewer, "incidents.model", area=settings.LINLI_COUNTY)
    now = timezone.now()
    weekly = learning.corrections_by_week(now)
    spans = [f"{age * 7 + 6} 至 {age * 7} 天前" for age in reversed(range(1, len(weekly)))]
    versions = list(ModelVersion.objects.order_by("-id")[:SHOWN_MODELS])
    active = ModelVersion.objects.filter(active=True).first()
    context = {
        "title": "分类模型",
        "active": model_card(active) if active else None,
        "versions": [model_card(row) for row in versions if not row.active],
        "weekly": list(zip([*spans, "最近 7 天"], weekly, strict=True)),
        "drift": learning.drift(weekly),
        "rules": model_rules(),
        "tabs": tabs(viewer, "model"),
    }
    return render(request, "incidents/admin/model.html", context)


def model_card(row: ModelVersion) -> dict[str, Any]:
    """What the page says of one version."""
    fell = row.figures.get("classes_that_fell", [])
    names = {code: known.name for code, known in catalogue.classes.get().items()}
    return {
        "row": row,
        "ready": learning.file_of(row) is not None,
        "figures": [(label, row.figures[name]) for name, label in FIGURES.items() if name in row.figures],
        "fell": "、".join(names.get(code, code) for code in fell),
        "examples": row.trained_on.get("examples", 0),
        "corrections": row.trained_on.get("corrections", 0),
    }


def model_rules() -> list[str]:
    """The numbers by which a model is taken, all of them ours and to be confirmed."""
    return [
        f"最新五分之一的更正至少 {learning.LEAST_HELD_BACK} 条才比较",
        f"本县自设的类别，例句和更正合计至少 {learning.LEAST_OWN} 条才学",
        f"宏平均 F1 下降不超过 {learning.FALL_ALL}，任何一个小类下降不超过 {learning.FALL_CLASS}，才启用",
        f"一周更正超过前 {learning.WEEKS} 周中位数的 {learning.DRIFT:g} 倍时提示漂移",
    ]


@require_POST
def model_roll_back(request: HttpRequest, number: int) -> HttpResponse:
    learning.roll_back(by=caller(request), version=number)
    messages.success(request, f"已换回第 {number} 号模型")
    return HttpResponseRedirect(reverse("incidents_admin:model"))
