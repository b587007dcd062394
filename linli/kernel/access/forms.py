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
