"""Forms of the administrator: a class, a routing rule, and the reasons for ending one."""

from dataclasses import fields
from typing import Any

from django import forms

from linli.areas import queries as areas
from linli.areas.models import Unit
from linli.dispatch.models import URGENCIES
from linli.incidents import catalogue, rules
from linli.incidents.actions.catalogue import PLAIN, STATUS
from linli.incidents.actions.routing import LEVELS, RouteChange
from linli.incidents.class_sheet import CHOICES, lines, read_steps, write_steps
from linli.incidents.models import IncidentClass, RoutingRule
from linli.kernel.web.fields import SearchChoiceField
from linli.kernel.web.forms import Form


def lined(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def choices(name: str) -> list[tuple[str, str]]:
    return list(CHOICES[name].items())


class ClassForm(Form):
    """Every field of a class; lists are written a line each."""

    submit_label, dense = "发布新版本", True
    page_lead = "发布后旧版本仍可查看；已立案的事件沿用立案时的版本。"
    cancel_url = "/admin/classes/"

    code = forms.CharField(
        label="小类代码", max_length=48, help_text="大类.小类，例如 sr.litter，发布后不再改"
    )
    name = forms.CharField(label="小类名称", max_length=64)
    large = forms.CharField(label="大类代码", max_length=32, help_text="例如 sr")
    large_name = forms.CharField(label="大类名称", max_length=64)
    kind = forms.ChoiceField(label="部件或事件", choices=choices("kind"))
    domain = forms.CharField(label="领域", max_length=32)
    urgency = forms.ChoiceField(label="紧急程度", choices=choices("urgency"))
    check_mode = forms.ChoiceField(label="核查方式", choices=choices("check_mode"))
    filing = forms.CharField(label="立案条件", widget=lined(2), required=False, max_length=500)
    closing = forms.CharField(label="结案条件", widget=lined(2), required=False, max_length=500)
    milestones = forms.CharField(
        label="处置阶段与时限",
        widget=lined(),
        required=False,
        help_text="每行一个阶段：名称、数量、单位，例如“围挡 3 ch”。单位：min 分钟、h 小时、ch 紧急工作时、dh 工作时、wd 工作日、d 天",
    )
    questions = forms.CharField(
        label="上报时的提问", widget=lined(), required=False, help_text="每行一个问题"
    )
    danger_words = forms.CharField(
        label="危险词", widget=lined(), required=False, help_text="每行一个；描述中出现即按特急办理"
    )
    examples = forms.CharField(
        label="例句",
        widget=lined(4),
        required=False,
        help_text="居民会怎么说，每行一句，句中不用分号；分类模型每晚学习，本县自设的类别至少 5 句",
    )
    skip_confirm = forms.BooleanField(label="类别、定位、照片齐全时可免现场核实", required=False)
    private = forms.BooleanField(label="保密：不上公开地图，只给有关人员看", required=False)
    gb_code = forms.CharField(
        label="国标代码", required=False, max_length=16, help_text="核对国家标准文本后再填"
    )
    source = forms.CharField(label="依据", required=False, max_length=200, help_text="文件名称和文号")
    status = forms.ChoiceField(label="依据状态", choices=choices("status"), initial="to_confirm")

    def __init__(self, *args: Any, row: IncidentClass | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: value for name, value in PLAIN.items() if isinstance(value, str)})
        if row:
            shown = {name: getattr(row, name) for name in PLAIN}
            shown |= {name: "\n".join(shown[name]) for name in ("questions", "danger_words", "examples")}
            shown["milestones"] = write_steps(row.milestones)
            kwargs["initial"] = {**shown, "code": row.code}
            kwargs.setdefault("base_version", row.version)
        super().__init__(*args, **kwargs)
        self.page_title = f"修改类别：{row.name}" if row else "新增类别"
        if row:
            self.fields["code"].disabled = True
            self.cancel_url = f"/admin/classes/{row.code}/"

    def said(self) -> dict[str, Any]:
        """The fields of `publish_class`, after a successful check."""
        said = {name: self.cleaned_data[name] for name in PLAIN}
        said |= {name: lines(said[name]) for name in ("questions", "danger_words", "examples")}
        return {**said, "milestones": read_steps(said["milestones"]), "gb_code": said["gb_code"] or None}


class WhyForm(Form):
    """Ends something; the reason goes into the record."""

    why = forms.CharField(label="理由", widget=lined(2), max_length=500)


def topics() -> list[tuple[str, str]]:
    """Large classes first, then small ones, as `名称（代码）`."""
    known = sorted(catalogue.classes.get().values(), key=lambda row: row.code)
    larges = {row.large: f"{row.large_name}（大类 {row.large}）" for row in known}
    return [*larges.items(), *((row.code, f"{row.name}（{row.code}）") for row in known)]


def questions() -> list[tuple[str, str]]:
    """Every question some small class asks, with the names of those classes: `有多大？（暴露垃圾）`."""
    asked: dict[str, list[str]] = {}
    for row in sorted(catalogue.classes.get().values(), key=lambda row: row.code):
        for question in row.questions:
            asked.setdefault(question, []).append(row.name)
    return [(question, f"{question}（{'、'.join(names)}）") for question, names in asked.items()]


def functions() -> list[tuple[str, str]]:
    """Functions somebody working carries: `城管执法局（CG）`, or the kind of unit where many do."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    rows = Unit.objects.filter(active=True).exclude(function="")
    for function, name, kind, place in rows.values_list("function", "name", "kind", "area"):
        found.setdefault(function, []).append((place, name, kind))
    labels = []
    for function, units in sorted(found.items()):
        place, name, kind = min(units)
        county = len(units) == 1 or len(place) == 6
        labels.append((function, f"{name if county else dict(Unit.KINDS)[kind]}（{function}）"))
    return labels


def working_units() -> list[tuple[str, str]]:
    rows = Unit.objects.filter(active=True).order_by("name").values_list("code", "name")
    return [(code, f"{name}（{code}）") for code, name in rows]


def places(also: str = "") -> list[tuple[str, str]]:
    """Towns and communities; a grid only when the rule already names it."""
    kept = [*areas.choices("street"), *areas.choices("community")]
    return kept if not also or also in dict(kept) else [*kept, (also, areas.area_path(also))]


class RouteForm(Form):
    """One routing rule; sending it leads to the dry run, which saves."""

    submit_label, dense = "下一步：试算", True
    page_lead = (
        "先看最近的事件会怎样改派，再决定是否保存。小类先于大类，小区域先于大区域，再看紧急程度、回答、时段。"
    )
    cancel_url = "/admin/routing/"

    topic = SearchChoiceField(
        label="类别", choices=(), required=False, help_text="空着为全部类别", max_length=100
    )
    area = SearchChoiceField(label="区域", choices=(), required=False, help_text="空着为全县", max_length=100)
    urgency = forms.ChoiceField(label="紧急程度", choices=[("", "不限"), *URGENCIES], required=False)
    question = SearchChoiceField(
        label="提问",
        choices=(),
        required=False,
        max_length=500,
        help_text="该小类上报时的提问；空着为不看回答",
    )
    answered = forms.CharField(
        label="回答包含", required=False, max_length=60, help_text="回答里要有的词；不分大小写和空格"
    )
    hours = forms.ChoiceField(
        label="时段",
        choices=[("", "不限"), *rules.HOURS.items()],
        required=False,
        help_text="派遣的那一刻；工作日与调休按本县日历",
    )
    level = forms.ChoiceField(label="层级", choices=list(LEVELS.items()), initial="county")
    function = SearchChoiceField(
        label="承办职能", choices=(), required=False, max_length=100, help_text="按事件所在区域和层级找到单位"
    )
    unit = SearchChoiceField(
        label="或指定单位", choices=(), required=False, max_length=100, help_text="与职能只填一个"
    )
    assist = forms.MultipleChoiceField(
        label="协办职能", choices=(), required=False, widget=forms.CheckboxSelectMultiple
    )
    basis = forms.CharField(
        label="依据", widget=lined(2), max_length=500, help_text="三定方案或责任清单的条目"
    )
    status = forms.ChoiceField(label="依据状态", choices=list(STATUS.items()), initial="to_confirm")

    def __init__(self, *args: Any, row: RoutingRule | None = None, **kwargs: Any) -> None:
        if row:
            kwargs.setdefault(
                "initial", {name: getattr(row, name) for name in self.base_fields if hasattr(row, name)}
            )
        super().__init__(*args, **kwargs)
        self.page_title = "修改派遣规则" if row else "新增派遣规则"
        known = functions()
        for name, options in (
            ("topic", topics()), ("area", places(row.area if row else "")), ("question", questions()), ("function", known), ("unit", working_units())
        ):  # fmt: skip
            self.fields[name].options = self.fields[name].widget.options = options
        self.fields["assist"].choices = known


def change_from(said: dict[str, Any]) -> RouteChange:
    plain = {one.name: said[one.name] for one in fields(RouteChange) if one.name != "end"}
    return RouteChange(**{**plain, "assist": tuple(said["assist"])})
