"""The forms of receivers and of data sources."""

from typing import Any

from django import forms

from linli.exchange.catalogue import fact_choices
from linli.kernel.web.forms import Form


class WebhookForm(Form):
    page_lead = "只送编号、代码和状态，不送姓名、电话、地址和事由；保密类别的事件及其工单一律不送。"
    submit_label = "保存"
    cancel_url = "/system/webhooks/"
    name = forms.CharField(label="接收方名称", max_length=60, help_text="例如“县应急指挥平台”")
    url = forms.CharField(
        label="接收网址",
        max_length=500,
        help_text="以 https:// 开头，由接收方提供",
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    area = forms.CharField(
        label="区域代码",
        max_length=15,
        help_text="只送该区域及下级的消息：6 位县、9 位镇街、12 位村居、15 位网格",
    )
    facts = forms.MultipleChoiceField(label="送哪些消息", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["facts"].choices = fact_choices()  # type: ignore[attr-defined]


class OffForm(Form):
    submit_label = "停用"
    reason = forms.CharField(
        label="停用原因", max_length=200, help_text="停用后不再推送；未送达的消息保留，可在启用后重发"
    )


class RotateForm(Form):
    page_lead = "生成新密钥后，24 小时内新旧两个签名同时发送，接收方请在此期间换用新密钥。"
    submit_label = "更换密钥"


class SourceForm(Form):
    page_lead = "修改后，等待中的查询改送新的网址。"
    submit_label = "保存"
    url = forms.CharField(
        label="接口网址",
        max_length=500,
        help_text="由数据部门提供，例如 https://10.1.2.3/share；http 只能用于政务内网地址",
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label="签名密钥",
        max_length=120,
        required=False,
        help_text="由数据部门提供，以 whsec_ 开头；已有密钥的，留空不变",
        widget=forms.PasswordInput({"autocomplete": "new-password", "spellcheck": "false"}),
    )
    timeout = forms.IntegerField(label="等候秒数", help_text="每次查询最多等多久，1 至 60 秒")


class SourceOffForm(Form):
    submit_label = "停用"
    reason = forms.CharField(
        label="停用原因", max_length=200, help_text="停用后不再查询；等待中的材料改由申请人自行上传"
    )
