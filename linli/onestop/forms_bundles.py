"""一件事: what is asked once for several cases."""

import json
from typing import Any

from django import forms

from linli.kernel.web.fields import PhotosField
from linli.kernel.web.forms import Form
from linli.onestop.bundling import Kind
from linli.onestop.catalogue import Material
from linli.onestop.models import Bundle


class BeginForm(Form):
    page_title, submit_label = "为谁办", "开始填写"
    about = forms.ChoiceField(label="为谁办", widget=forms.RadioSelect)

    def __init__(self, *args: Any, kind: Kind, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page_title = kind.zh
        self.fields["about"].label = kind.about
        self.fields["about"].choices = people  # type: ignore[attr-defined]
        if people:
            self.fields["about"].initial = people[0][0]


class HelpForm(Form):
    """At a window, for somebody who is there."""

    page_title, submit_label = "代办一件事", "开始填写"
    page_lead = "请先核验申请人身份。逝者不能是申请人。"
    code = forms.ChoiceField(label="一件事")
    number = forms.CharField(
        label="申请人身份证号", max_length=18, widget=forms.TextInput({"autocomplete": "off"})
    )
    about = forms.CharField(
        label="孩子或逝者的身份证号", max_length=18, required=False, widget=forms.TextInput({"autocomplete": "off"}),
        help_text="孩子还没有身份证号的不用填",
    )  # fmt: skip
    authority = forms.CharField(label="代办依据", max_length=200, initial="本人到窗口口述")

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = kinds  # type: ignore[attr-defined]


class FactsForm(Form):
    """Which of the matters the family needs, and how to reach them."""

    submit_label = "保存并继续"
    facts = forms.MultipleChoiceField(
        label="符合您家情况的请勾选", required=False, widget=forms.CheckboxSelectMultiple
    )
    contact = forms.CharField(
        label="联系电话", max_length=20, widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"})
    )

    def __init__(self, *args: Any, kind: Kind, row: Bundle, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page_title = kind.zh
        self.fields["facts"].choices = list(kind.questions)  # type: ignore[attr-defined]
        self.fields["facts"].initial = [name for name, _ in kind.questions if row.facts.get(name)]
        self.fields["contact"].initial = (json.loads(row.form) if row.form else {}).get("联系电话", "")


class HandInForm(Form):
    """Every paper once, and one signature for all."""

    page_title, submit_label = "交材料并提交", "一次提交"
    signed = forms.BooleanField(
        label="所填内容属实；同意办理单位为这几件事核对有关信息；同意一次提交",
        error_messages={"required": "请核对后勾选同意"},
    )

    def __init__(self, *args: Any, papers: dict[str, Material], row: Bundle, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, one in papers.items():
            had = len(row.papers.get(code, []))
            later = f"可以先提交，{one.tolerable_days} 个工作日内补交" if one.tolerable_days else ""
            hint = f"已上传 {had} 张，不用再传" if had else later
            self.fields[f"paper_{code}"] = PhotosField(
                label=one.name, required=False, help_text=hint or "拍清楚四个角"
            )
        self.order_fields([name for name in self.fields if name != "signed"])
