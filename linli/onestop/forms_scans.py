"""What was read from a photo, looked over; what a clerk found on the original."""

from typing import Any

from django import forms

from linli.dispatch.forms import area
from linli.kernel.web.forms import Form
from linli.onestop.scans.papers import Field


class ReadingForm(Form):
    """One input a field; what was typed before stands in it, else what was read soundly."""

    page_title, submit_label, cancel_label = "核对从照片读出的内容", "核对无误，填入申请表", "返回"

    def __init__(self, *args: Any, offers: list[tuple[str, Field, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, field, value, hint in offers:
            self.fields[key] = forms.CharField(
                label=field.offer, initial=value, help_text=hint, required=False, max_length=100
            )


class CheckForm(Form):
    page_title, submit_label = "登记核对情况", "登记"
    note = forms.CharField(
        label="核对情况", max_length=200, widget=area(2), help_text="例如“已对照原件，照片反光，号码一致”"
    )
