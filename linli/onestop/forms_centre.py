"""What is filled in to book a time, by a resident or by a clerk on the phone, and to take a number."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from django import forms
from django.utils import timezone

from linli.kernel.web.forms import Form

DAYS = "一二三四五六日"


def day_words(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{local.month} 月 {local.day} 日 周{DAYS[local.weekday()]}"


def grouped(slots: Iterable[tuple[datetime, int]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Slots under their days, as a select shows them."""
    return [
        (day, [(at.isoformat(), f"{timezone.localtime(at):%H:%M}（余 {free}）") for at, free in rows])
        for day, rows in groupby(slots, key=lambda one: day_words(one[0]))
    ]


class SlotForm(Form):
    page_title, submit_label = "预约", "确认预约"
    at = forms.ChoiceField(label="时间")

    def __init__(self, *args: Any, slots: Iterable[tuple[datetime, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["at"].choices = [("", "请选择"), *grouped(slots)]  # type: ignore[attr-defined]

    def clean_at(self) -> datetime:
        return datetime.fromisoformat(self.cleaned_data["at"])


class BookForm(SlotForm):
    item = forms.ChoiceField(label="办什么事", required=False)

    def __init__(self, *args: Any, items: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = [("", "其他或先咨询"), *items]  # type: ignore[attr-defined]


class PhoneForm(BookForm):
    page_title = "代为预约"
    page_lead = "老年人等来电或当面要求预约的，由窗口代为办理。"
    number = forms.CharField(label="身份证号", max_length=18, widget=forms.TextInput({"autocomplete": "off"}))
    channel = forms.ChoiceField(
        label="渠道", choices=[("phone", "电话"), ("window", "当面")], initial="phone"
    )
    field_order = ("number", "channel", "item", "at")


class MoveForm(SlotForm):
    page_title, submit_label = "改期", "改到这个时间"


class TakeForm(Form):
    page_title, submit_label = "取号", "取号"
    ground = forms.ChoiceField(label="优先事由", required=False, widget=forms.RadioSelect)
    case = forms.CharField(
        label="办件编号", required=False, max_length=40, help_text="为已有办件来的，可以填写"
    )

    def __init__(self, *args: Any, grounds: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ground"].choices = [("", "没有"), *grounds.items()]  # type: ignore[attr-defined]
