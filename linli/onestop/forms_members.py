"""What a family member fills in to authorise look-ups, and what a window adds for a signed sheet."""

from typing import Any

from django import forms

from linli.kernel.web.fields import PhotosField
from linli.kernel.web.forms import Form

ANSWERS = [("sign", "同意核对"), ("refuse", "不同意")]


class AuthoriseForm(Form):
    """同意 or 不同意. Who came by a link shows by the last digits that they are the one."""

    page_title, submit_label = "核对授权", "签署"
    tail = forms.CharField(
        label="本人身份证号后六位",
        max_length=10,
        help_text="没有登记身份证号的，填出生日期八位数字，例如 19610302",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    answer = forms.ChoiceField(label="您的决定", choices=ANSWERS, widget=forms.RadioSelect)

    def __init__(self, *args: Any, link: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not link:
            del self.fields["tail"]


class SheetForm(Form):
    page_title, submit_label = "登记纸质授权书", "登记"
    page_lead = "请先核验本人身份，看着本人签字，再拍下签好的授权书。"
    papers = PhotosField(label="签字的授权书")
