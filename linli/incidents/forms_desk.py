"""Forms of the desk, the case page, the checker and the grid worker's report."""

import re
from typing import Any

from django import forms

from linli.areas import queries as areas
from linli.dispatch.forms import area, fill, units
from linli.dispatch.models import URGENCIES, WorkOrder
from linli.incidents import catalogue, rules
from linli.incidents.actions.filing import REFER_ROOMS
from linli.incidents.models import Incident
from linli.kernel.actor import Actor
from linli.kernel.web.fields import PhotosField, PlaceField, SearchChoiceField
from linli.kernel.web.forms import Form

URGENCY = [("", "按类别"), *URGENCIES]
TYPED = [("phone", "电话"), ("hotline", "12345 热线"), ("window", "窗口"), ("media", "媒体")]
CHECK_TEXT = "现场情况与处置结果是否一致"


def classes() -> list[tuple[str, str]]:
    """(code, `大类 · 小类`) by large class."""
    rows = sorted(catalogue.classes.get().values(), key=lambda row: (row.large, row.code))
    return [(row.code, f"{row.large_name} · {row.name}") for row in rows]


def class_name(code: str) -> str:
    found = catalogue.class_of(code)
    return found.name if found else code


class CaseForm(Form):
    """An act on one case."""

    def __init__(self, *args: Any, case: Incident, **kwargs: Any) -> None:
        super().__init__(*args, base_version=case.version, **kwargs)
        self.case = case
        self.cancel_url = f"/incidents/{case.pk}/"
        for name, options in (("class_code", classes), ("unit", units)):
            field = self.fields.get(name)
            if isinstance(field, SearchChoiceField):
                fill(field, options())


class TriageForm(CaseForm):
    """The desk's one form: class by button or by search, then one of several buttons (`act`)."""

    picked = forms.CharField(required=False, max_length=48, label="建议类别")
    class_code = SearchChoiceField(label="其他类别", choices=(), required=False)
    urgency = forms.ChoiceField(label="紧急程度", choices=URGENCY, required=False)
    unit = SearchChoiceField(label="指定承办单位", choices=(), required=False)
    room = forms.ChoiceField(label="转办去向", choices=[("", "请选择"), *REFER_ROOMS.items()], required=False)
    text = forms.CharField(label="说明或理由", widget=area(2), required=False, max_length=2000)
    act = forms.CharField(max_length=40, label="操作")

    def chosen(self) -> str:
        """The class to file with: what was typed beats the button."""
        return self.cleaned_data.get("class_code") or self.cleaned_data.get("picked") or ""


class FileForm(CaseForm):
    page_title, submit_label, dense = "立案", "立案并派遣", True
    class_code = SearchChoiceField(label="类别", choices=())
    urgency = forms.ChoiceField(label="紧急程度", choices=URGENCY, required=False)
    unit = SearchChoiceField(label="指定承办单位", choices=(), required=False, help_text="不填则按派遣规则")
    text = forms.CharField(label="说明", widget=area(2), required=False, max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("class_code", self.case.class_code)


class ReclassForm(CaseForm):
    page_title, submit_label = "改类", "改类"
    page_lead = "改正后的类别用于今后的自动判断。正在办理的工单不变单位和时限。"
    class_code = SearchChoiceField(label="正确的类别", choices=())
    text = forms.CharField(label="说明", widget=area(2), required=False, max_length=500)


class NoteForm(CaseForm):
    """Whatever needs a reason and no more."""

    text = forms.CharField(label="说明", widget=area(), max_length=2000)


class AskConfirmForm(CaseForm):
    page_title, submit_label = "派网格员核实", "派核实"
    text = forms.CharField(label="要核实什么", widget=area(2), required=False, max_length=500)


class DeclineForm(NoteForm):
    page_title, submit_label = "不予立案", "不予立案"
    page_lead = "理由会告诉报事人；报事人可以提出一次异议，由值班长答复。"


class ContactForm(NoteForm):
    page_title, submit_label = "联系报事人", "保存联系记录"
    page_lead = "记录与报事人的通话，算作首次响应。"


class VoidForm(NoteForm):
    page_title, submit_label = "作废", "作废"
    page_lead = "作废的案卷保留，不再办理。"


class ReopenForm(NoteForm):
    page_title, submit_label = "重办", "重办"


class UnmergeForm(NoteForm):
    page_title, submit_label = "撤销并案", "撤销并案"


class ReferForm(NoteForm):
    page_title, submit_label = "转办", "转办"
    room = forms.ChoiceField(label="转到", choices=list(REFER_ROOMS.items()), widget=forms.RadioSelect)
    field_order = ["room", "text"]


class LocateForm(CaseForm):
    page_title, submit_label = "补定位置", "保存位置"
    place = PlaceField(label="位置", required=False, help_text="点“在地图上选点”，或在下面选村（社区）")
    area = SearchChoiceField(label="村（社区）或网格", choices=(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [pair for level in ("community", "grid") for pair in areas.choices(level, self.case.street)]
        fill(self.fields["area"], known)


class MergeForm(CaseForm):
    page_title, submit_label = "并案", "并入"
    page_lead = "报事人都随之并入，仍会收到进展；30 天内可以撤销。"
    into = forms.CharField(
        label="并入哪一件", max_length=40, help_text="写事件编号，例如 430181-20261122-00017"
    )
    text = forms.CharField(label="说明", widget=area(2), required=False, max_length=500)

    def clean_into(self) -> int:
        found = re.fullmatch(r"(?:\d{6}-\d{8}-)?(\d{1,12})", self.cleaned_data["into"].strip())
        if not found:
            raise forms.ValidationError("请写事件编号，例如 430181-20261122-00017")
        return int(found[1])


class SplitForm(CaseForm):
    """Up to three parts, each with its class and, where wanted, its unit."""

    page_title, submit_label, dense = "拆分", "拆分", True
    page_lead = "每个子事项单独派单；子事项都办完，本件才进入核查。"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for at in (1, 2, 3):
            for name, field in (
                (
                    f"class_{at}",
                    SearchChoiceField(label=f"子事项 {at} 类别", choices=classes(), required=at == 1),
                ),
                (f"unit_{at}", SearchChoiceField(label="承办单位", choices=units(), required=False)),
                (f"text_{at}", forms.CharField(label="内容", required=at == 1, max_length=500)),
            ):
                self.fields[name] = field

    def parts(self) -> list[tuple[str, str, str]]:
        said = self.cleaned_data
        rows = [(said[f"class_{at}"], said[f"unit_{at}"], said[f"text_{at}"]) for at in (1, 2, 3)]
        return [row for row in rows if row[0] or row[2]]


class WhistleForm(CaseForm):
    page_title, submit_label = "吹哨", "吹哨"
    page_lead = "被吹哨的单位各得一张协办工单。"
    unit_1 = SearchChoiceField(label="单位", choices=())
    unit_2 = SearchChoiceField(label="单位", choices=(), required=False)
    unit_3 = SearchChoiceField(label="单位", choices=(), required=False)
    text = forms.CharField(label="需要协助什么", widget=area(), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for at in (1, 2, 3):
            fill(self.fields[f"unit_{at}"], units())

    def chosen(self) -> list[str]:
        said = self.cleaned_data
        return list(dict.fromkeys(said[f"unit_{at}"] for at in (1, 2, 3) if said[f"unit_{at}"]))


class NewReportForm(Form):
    """A report typed in for somebody on the phone or at the window."""

    page_title, submit_label, dense, draft = "登记上报", "登记", True, "desk-report"
    page_lead = "替来电、来访的人登记。电话只用于回访和告知进展。"
    cancel_url = "/desk/"
    channel = forms.ChoiceField(label="来源", choices=TYPED, widget=forms.RadioSelect, initial="phone")
    text = forms.CharField(label="反映的情况", widget=area(4), max_length=20_000)
    place = PlaceField(required=False)
    area = SearchChoiceField(label="村（社区）", choices=(), required=False)
    class_said = SearchChoiceField(label="类别", choices=(), required=False, help_text="不填由系统判断")
    name = forms.CharField(label="称呼", max_length=30, required=False)
    phone = forms.CharField(label="来电号码", max_length=20, required=False)
    anonymous = forms.BooleanField(label="要求匿名", required=False)
    photos = PhotosField(required=False)

    def __init__(self, *args: Any, viewer: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("channel", "text", "place"):
            self.fields[name].whole = True  # type: ignore[attr-defined]
        fill(self.fields["class_said"], classes())
        prefixes = areas.scopes_of(viewer, "incidents.triage")
        fill(
            self.fields["area"], [pair for prefix in prefixes for pair in areas.choices("community", prefix)]
        )


class QuickReportForm(Form):
    """The grid worker's own find: a picture, a class, the place where the phone is."""

    page_title, submit_label, draft = "上报", "提交上报", "field-report"
    photos = PhotosField(label="照片", required=False)
    class_said = forms.ChoiceField(label="类别", required=False, widget=forms.RadioSelect)
    other_class = SearchChoiceField(label="其他类别", choices=(), required=False)
    place = PlaceField(required=False)
    text = forms.CharField(label="情况", widget=area(2), required=False, max_length=4000)
    fixed = forms.BooleanField(label="当场已处理", required=False)
    outcome = forms.CharField(label="怎么处理的", widget=area(2), required=False, max_length=2000)

    def __init__(self, *args: Any, common: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chips = [(code, class_name(code)) for code in common]
        self.fields["class_said"].choices = chips  # type: ignore[attr-defined]
        fill(self.fields["other_class"], classes())


class ConfirmForm(Form):
    """核实: is it there, and what is it."""

    page_title, submit_label = "核实", "提交核实结果"
    found = forms.ChoiceField(
        label="核实结果", choices=[("1", "属实"), ("0", "不属实")], widget=forms.RadioSelect
    )
    class_code = SearchChoiceField(
        label="类别", choices=(), required=False, help_text="属实时填写；已正确的不用改"
    )
    text = forms.CharField(label="现场情况", widget=area(3), max_length=2000)
    photos = PhotosField(label="现场照片", required=False)
    lon = forms.FloatField(widget=forms.HiddenInput, required=False)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, order: WorkOrder, class_code: str, **kwargs: Any) -> None:
        super().__init__(*args, base_version=order.version, **kwargs)
        fill(self.fields["class_code"], classes())
        self.initial.setdefault("class_code", class_code)
        self.cancel_url = f"/orders/{order.pk}/"


class CheckForm(Form):
    """核查: passed with a cause, or not with a reason."""

    page_title, submit_label = "核查", "提交核查结果"
    text = forms.CharField(label="核查情况", help_text=CHECK_TEXT, widget=area(3), max_length=2000)
    cause = forms.ChoiceField(
        label="结案原因", choices=list(rules.CAUSES.items()), initial="fixed", required=False
    )
    photos = PhotosField(label="核查照片", required=False)
    passed = forms.ChoiceField(label="核查结果", choices=[("1", "通过"), ("0", "不通过")])


class BulkForm(Form):
    """What one decision for many cases needs; the fields of the act only."""

    page_title, submit_label = "批量办理", "开始办理"
    cancel_url = "/desk/all/"
    class_code = SearchChoiceField(label="改为", choices=())
    unit = SearchChoiceField(label="承办单位", choices=())
    into = forms.CharField(label="并入哪一件", max_length=40, help_text="写事件编号")
    room = forms.ChoiceField(label="转到", choices=list(REFER_ROOMS.items()))
    text = forms.CharField(label="说明或理由", widget=area(2), max_length=1000)
    NEEDS = {"reclass": ("class_code",), "dispatch": ("unit",), "merge": ("into",), "refer": ("room",)}

    def __init__(self, *args: Any, act: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wanted = {*self.NEEDS[act], "text", "client_uuid", "base_version"}
        for name in set(self.fields) - wanted:
            del self.fields[name]
        for name, options in (("class_code", classes), ("unit", units)):
            if name in self.fields:
                fill(self.fields[name], options())
        self.fields["text"].required = act in ("dispatch", "refer")

    clean_into = MergeForm.clean_into
