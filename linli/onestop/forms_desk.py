"""What officials fill in: intake, opinions, decisions, hand-overs."""

from decimal import Decimal
from typing import Any

from django import forms

from linli.dispatch.forms import area
from linli.kernel.web.fields import PhotosField
from linli.kernel.web.forms import Form
from linli.onestop.models.work import OPINIONS


class AssistForm(Form):
    page_title, submit_label = "窗口代录", "开始代录"
    page_lead = "与网上自助申请是同一份办件。请先核验申请人身份。"
    item = forms.ChoiceField(label="事项")
    number = forms.CharField(
        label="申请人身份证号", max_length=18, widget=forms.TextInput({"autocomplete": "off"})
    )
    authority = forms.CharField(
        label="代办依据", max_length=200, initial="本人到窗口口述", help_text="或写委托书编号"
    )

    def __init__(self, *args: Any, items: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = items  # type: ignore[attr-defined]


class TolerateForm(Form):
    page_title, submit_label = "受理", "受理"
    tolerate = forms.MultipleChoiceField(
        label="容缺受理",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="勾选允许以后补交的材料",
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if choices:
            self.fields["tolerate"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["tolerate"]


class SupplementForm(Form):
    page_title, submit_label = "一次性告知", "发出告知"
    page_lead = "清单上缺的材料会自动列入。补正只能要求一次，请把全部问题一次写完。"
    defects = forms.CharField(label="其他问题", required=False, widget=area(5), help_text="每行一条")


class DeclineForm(Form):
    page_title, submit_label = "不予受理", "作出决定"
    reason = forms.CharField(label="理由", widget=area(3), max_length=1000)
    basis = forms.CharField(
        label="依据", max_length=200, help_text="文件名称、文号和条款；待核实的规定不能作依据"
    )
    right_place = forms.CharField(label="应向何处申请", max_length=200, help_text="本县均不办理的，写“无”")


class DeliverForm(Form):
    page_title, submit_label = "登记送达", "登记"
    how = forms.CharField(label="送达方式", max_length=64, help_text="例如当面签收、邮寄签收")


class OpinionForm(Form):
    """办理: fields a task does not need are left out."""

    page_title, submit_label = "办理", "提交意见"
    opinion = forms.ChoiceField(label="意见", choices=OPINIONS, widget=forms.RadioSelect)
    finding = forms.CharField(label="核实情况", required=False, widget=area(3), max_length=2000)
    reason = forms.CharField(
        label="理由", required=False, widget=area(3), max_length=2000, help_text="不同意的必须写明"
    )
    second = forms.ChoiceField(label="另一名调查人员", required=False)
    place = forms.CharField(label="调查地点", required=False, max_length=200)
    seen = forms.CharField(label="调查情况", required=False, widget=area(4), max_length=4000)
    signed = forms.BooleanField(label="被调查人已签字", required=False)
    remote = forms.CharField(label="电话或视频调查的原因", required=False, max_length=200)
    photos = PhotosField(label="佐证照片", required=False)

    SURVEY = ("second", "place", "seen", "signed", "remote")

    def __init__(self, *args: Any, people: list[tuple[str, str]] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if people is None:
            for name in self.SURVEY:
                del self.fields[name]
        else:
            self.fields["second"].choices = [("", "请选择"), *people]  # type: ignore[attr-defined]


class BackForm(Form):
    page_title, submit_label = "退回", "退回"
    page_lead = "退回后开始新的一轮，之后的步骤须重新办理。"
    to = forms.ChoiceField(label="退回到哪一步")
    reason = forms.CharField(label="理由", widget=area(3), max_length=1000)

    def __init__(self, *args: Any, steps: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = steps  # type: ignore[attr-defined]


class HandOnForm(Form):
    page_title, submit_label = "转办", "转办"
    to = forms.ChoiceField(label="转给")
    reason = forms.CharField(label="理由", widget=area(2), max_length=1000)

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = people  # type: ignore[attr-defined]


class ExtendForm(Form):
    page_title, submit_label = "延长法定时限", "延长"
    ground = forms.ChoiceField(label="规定的事由", widget=forms.RadioSelect)

    def __init__(self, *args: Any, grounds: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ground"].choices = [(one, one) for one in grounds]  # type: ignore[attr-defined]


class DecisionForm(Form):
    """Each finding that must be answered has its own field; `departments` in the order of the page."""

    def __init__(self, *args: Any, departments: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.departments = departments
        for at, name in enumerate(departments):
            self.fields[f"answer_{at}"] = forms.CharField(
                label=f"对{name}核实情况的回应",
                max_length=500,
                widget=area(2),
                error_messages={"required": f"请填写对{name}核实情况的回应"},
            )

    @property
    def answers(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"answer_{at}"] for at, name in enumerate(self.departments)}


class ApproveForm(DecisionForm):
    page_title, submit_label = "审核确认", "确认"
    amount = forms.DecimalField(label="核定金额（元）", min_value=Decimal(0), max_digits=12, decimal_places=2)
    reason = forms.CharField(label="说明", required=False, widget=area(3), max_length=2000)

    def __init__(self, *args: Any, pays: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not pays:
            del self.fields["amount"]

    @property
    def fen(self) -> int | None:
        amount = self.cleaned_data.get("amount")
        return None if amount is None else int(amount * 100)


class RefuseForm(DecisionForm):
    page_title, submit_label = "不予确认", "作出决定"
    page_lead = "须写明理由、依据的规定和不符的事实，告知书会同时写明救济途径。"
    ground = forms.ChoiceField(
        label="理由属于",
        choices=[("means", "收入不符（以核算表为据）"), ("other", "其他：财产、户籍、材料不实等")],
        widget=forms.RadioSelect,
        help_text="核算表里有待核实的数值或问题时，收入不能作为理由",
    )
    reason = forms.CharField(label="理由", widget=area(4), max_length=2000)
    basis = forms.CharField(
        label="依据", max_length=200, help_text="文件名称、文号和条款；待核实的规定不能作依据"
    )

    def __init__(self, *args: Any, on_means: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not on_means:
            del self.fields["ground"]


class PublishForm(Form):
    page_title, submit_label = "发布", "发布这一版"
    page_lead = "须由编辑人以外的另一人发布。在办的办件仍按原来的版本办理。"
    valid_from = forms.DateField(
        label="生效日期", required=False, help_text="留空为今天", widget=forms.DateInput({"type": "date"})
    )
