"""What people fill in: an objection, a posting, an outage, a ruling."""

from typing import Any

from django import forms

from linli.dispatch.forms import OrderForm, area
from linli.kernel.web.fields import PhotosField
from linli.kernel.web.forms import Form
from linli.publicity import rules
from linli.publicity.models import Notice, Objection


class ObjectionForm(Form):
    """提出异议: works without an account and without JavaScript; the UUID is the action's, nothing is kept beside it."""

    page_title, submit_label = "提出异议", "提交异议"
    grounds = forms.CharField(
        label="异议理由",
        widget=area(5),
        max_length=rules.LONGEST_GROUNDS,
        help_text="写明对哪一条有异议、您知道的情况，以及怎样核实",
    )
    real_name = forms.ChoiceField(
        label="怎样提出",
        choices=[("1", "实名，必须书面答复我"), ("0", "匿名，凭查询码看答复")],
        widget=forms.RadioSelect,
        initial="1",
        help_text="无论哪种，申请人和村（社区）都看不到您是谁",
    )
    name = forms.CharField(
        label="姓名",
        max_length=64,
        required=False,
        help_text="实名时填写",
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    phone = forms.CharField(
        label="手机号",
        max_length=20,
        required=False,
        help_text="实名且没有登录时填写，书面答复发到这里",
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"}),
    )
    against = forms.CharField(
        label="涉及的工作人员",
        max_length=200,
        required=False,
        help_text="如果反映的是某位工作人员，写下姓名，他（她）就不能裁定这件异议",
    )

    @property
    def said(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            **{name: given[name] for name in ("grounds", "name", "phone", "against", "client_uuid")},
            "real_name": given["real_name"] == "1",
        }


class DeskObjectionForm(ObjectionForm):
    """What somebody said at the window, on the phone or on paper, written down by a clerk."""

    page_title, submit_label = "登记异议", "登记"
    channel = forms.ChoiceField(
        label="怎样收到的", choices=Objection.CHANNELS[1:], widget=forms.RadioSelect, initial="window"
    )


class AnswerForm(Form):
    page_title, submit_label = "查异议答复", "查询"
    page_lead = "输入提出异议时得到的查询码，不用登录。"
    code = forms.CharField(
        label="查询码",
        max_length=40,
        help_text="12 位字母和数字，不分大小写",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "class": "code-in"}),
    )


class PostForm(OrderForm):
    """The result of a posting order; field names are those of the offline schema."""

    page_title, submit_label = "公示张贴", "已张贴，提交"
    text = forms.CharField(label="张贴情况", widget=area(2), required=False, max_length=2000)
    photos = PhotosField(
        label="张贴照片", help_text="名单全文一张，连同周围环境一张；在现场拍", required=False, most=4
    )


class LastPhotoForm(PostForm):
    page_title, submit_label = "公示期满拍照", "提交"
    photos = PhotosField(label="期满照片", help_text="拍下仍在张贴的名单", required=False, most=4)


class DownForm(Form):
    page_title, submit_label = "登记公示中断", "登记"
    page_lead = "名单被撕、被盖住或网页打不开的每一天都不计入公示期，期满日自动顺延。"
    what = forms.ChoiceField(label="中断的是", widget=forms.RadioSelect)
    since = forms.DateTimeField(
        label="什么时候中断的",
        required=False,
        help_text="不清楚就空着，按现在计",
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(label="发现的情况", widget=area(3), max_length=500)
    photos = PhotosField(label="现场照片", required=False, most=4)

    def __init__(self, *args: Any, notice: Notice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = [(f"poster:{one.pk}", f"纸质名单：{one.place}") for one in notice.postings.order_by("id")]
        self.fields["what"].choices = options + ([("page", "网页")] if notice.listed else [])  # type: ignore[attr-defined]


class RestoreForm(Form):
    page_title, submit_label = "登记恢复公示", "登记"
    until = forms.DateTimeField(
        label="什么时候恢复的",
        required=False,
        help_text="空着按现在计",
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(label="怎样恢复的", widget=area(3), max_length=500)
    photos = PhotosField(label="恢复后照片", required=False, most=4)


class WithdrawForm(Form):
    page_title, submit_label = "撤回公示", "撤回"
    page_lead = "撤回后公示页立即撤下，未完成的张贴工单一并收回，不能再恢复。"
    reason = forms.CharField(label="撤回原因", widget=area(3), max_length=500)


class RuleForm(Form):
    page_title, submit_label = "裁定异议", "提交裁定并答复"
    upheld = forms.ChoiceField(
        label="裁定", choices=[("1", "异议成立"), ("0", "异议不成立")], widget=forms.RadioSelect
    )
    reasons = forms.CharField(
        label="裁定理由",
        widget=area(5),
        max_length=rules.LONGEST_GROUNDS,
        help_text="会作为书面答复原文发给异议人，至少 10 个字",
    )
