"""What is filled in about a result document: how it is wanted, the receipt, the parcel, why it is void."""

from typing import Any

from django import forms

from linli.dispatch.forms import area
from linli.kernel.web.fields import PhotosField
from linli.kernel.web.forms import Form
from linli.onestop import outlet


class CheckForm(Form):
    page_title, submit_label = "文书核验", "核验"
    page_lead = "输入文书上的编号和核验码，只告诉您这份文书是不是真的、现在是否有效。"
    number = forms.CharField(
        label="文书编号", max_length=40, help_text="例如 JG-430181-20260301-12", widget=forms.TextInput({"autocomplete": "off"})
    )  # fmt: skip
    code = forms.CharField(
        label="核验码",
        max_length=16,
        help_text="8 位字母和数字，不分大小写",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )


class WishForm(Form):
    page_title, submit_label = "怎样领取", "保存"
    way = forms.ChoiceField(label="领取方式", choices=list(outlet.WAYS.items()), widget=forms.RadioSelect)
    address = forms.CharField(
        label="邮寄地址", required=False, max_length=200, widget=area(2), help_text="选择邮寄的，写明收件人、电话和地址"
    )  # fmt: skip


class HandOverForm(Form):
    page_title, submit_label = "登记领取", "登记领取"
    page_lead = "请核验领取人的身份证，并请其在回执上签字。"
    receiver = forms.CharField(label="领取人姓名", max_length=60)
    agent = forms.BooleanField(label="他人代领", required=False)
    authority = forms.CharField(
        label="代领依据", required=False, max_length=200, help_text="代领的必须填写，例如委托书编号"
    )
    signature = PhotosField(label="签字回执照片", most=2)


class ParcelForm(Form):
    page_title, submit_label = "登记邮寄", "登记寄出"
    courier = forms.CharField(label="快递公司", max_length=32)
    tracking = forms.CharField(label="运单号", max_length=40, widget=forms.TextInput({"autocomplete": "off"}))


class ArrivedForm(Form):
    page_title, submit_label = "登记邮寄结果", "登记"
    outcome = forms.ChoiceField(
        label="结果", choices=[("1", "已签收"), ("0", "退回窗口")], widget=forms.RadioSelect
    )
    receiver = forms.CharField(label="签收人", required=False, max_length=60)


class ReissueForm(Form):
    page_title, submit_label = "重新出具", "重新出具"
    page_lead = "原文书作废，按新编号重新出具；更正的，说明会印在新文书上。"
    why = forms.ChoiceField(
        label="原因",
        choices=[pair for pair in outlet.WHY.items() if pair[0] != "revoked"],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label="说明", widget=area(2), max_length=200)


class RevokeForm(Form):
    page_title, submit_label = "撤销文书", "撤销"
    page_lead = "撤销后不再重新出具，会通知申请人救济途径。"
    reason = forms.CharField(label="理由和依据", widget=area(3), max_length=200)


class ReuseForm(Form):
    """One tick a paper: consent is given for this case only."""

    page_title, submit_label = "用以前交过的材料", "同意并使用"
    page_lead = "这些材料您以前交过，还在有效期内。勾选即同意在本次办件中再用一次；不勾选的不会使用。"
    papers = forms.MultipleChoiceField(label="同意再次使用", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], own: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["papers"].choices = choices  # type: ignore[attr-defined]
        if not own:
            self.fields["evidence"] = forms.CharField(
                label="本人如何同意", max_length=120, help_text="例如“本人当面同意”"
            )
