"""The forms of granting."""

from typing import Any

from django import forms

from linli.kernel.access.models import Role
from linli.kernel.web.fields import DayField
from linli.kernel.web.forms import Form


class GrantForm(Form):
    page_title = "授权"
    page_lead = "角色 × 区域 × 单位。授权只决定能办理哪些事项，不能代替办理程序，也不包含投票、付款和结案。"
    submit_label = "授权"
    role = forms.ChoiceField(label="角色")
    area = forms.CharField(
        label="区域代码", max_length=15, help_text="6 位县、9 位镇街、12 位村居、15 位网格"
    )
    unit = forms.CharField(
        label="单位代码", max_length=32, required=False, help_text="只办理某单位的事项时填写"
    )
    until = DayField(label="截止日期", required=False, help_text="不填为长期有效")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(
            Role.objects.filter(implicit="").order_by("code").values_list("code", "zh")
        )


class EndForm(Form):
    page_title = "结束授权"
    submit_label = "结束授权"
    reason = forms.CharField(
        label="理由", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class RoleForm(Form):
    page_lead = "每行一项，写成“房间.动作”，例如 incidents.view。修改记入存证，升级程序时不会被覆盖。"
    submit_label = "保存"
    verbs = forms.CharField(
        label="可办事项", required=False, widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"})
    )


class RevokeForm(Form):
    page_lead = "撤销后立即失效，并记入存证。"
    submit_label = "撤销许可"
    reason = forms.CharField(label="理由", max_length=200, widget=forms.Textarea(attrs={"rows": 3}))


class BarForm(Form):
    page_title = "设置回避或封存"
    page_lead = "设置后，该账号不论有什么角色，都不能查看和办理这一事项，立即生效。"
    submit_label = "设置"
    username = forms.CharField(label="账号名", max_length=150, help_text="要回避的人的登录账号名")
    subject = forms.CharField(
        label="事项", max_length=64, help_text="事项编号，写成“房间.类别:号码”，例如 incidents.incident:17；存证和许可列表里可以查到"
    )  # fmt: skip
    why = forms.ChoiceField(
        label="种类", choices=[("kin", "亲属回避"), ("sealed", "封存")], widget=forms.RadioSelect
    )
    area = forms.ChoiceField(label="管理区域", help_text="由哪一级的值班长管理和解除")
    reason = forms.CharField(label="理由", max_length=200, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, areas: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = areas


class LiftForm(Form):
    page_lead = "解除后，该账号按其角色恢复查看和办理，立即生效，并记入存证。"
    submit_label = "解除"
    reason = forms.CharField(label="理由", max_length=200, widget=forms.Textarea(attrs={"rows": 3}))
