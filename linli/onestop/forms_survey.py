"""What surveyors fill in on the spot. Field names are those of the offline schemas, so that form and phone agree."""

from typing import Any

from django import forms

from linli.dispatch.forms import OrderForm, area
from linli.kernel.web.fields import PhotosField
from linli.kernel.web.forms import Form
from linli.onestop.surveying import QUESTIONS

TRUE = [("agree", "属实"), ("disagree", "不属实")]


class FindingForm(OrderForm):
    """A single surveyor's result: an inspection, a recheck."""

    page_title, submit_label = "到场查验", "办结"
    opinion = forms.ChoiceField(label="意见", choices=TRUE, widget=forms.RadioSelect)
    finding = forms.CharField(label="查到的情况", widget=area(3), max_length=2000)
    reason = forms.CharField(label="不属实的理由", widget=area(2), max_length=2000, required=False)
    photos = PhotosField(label="现场照片", required=False)


class SurveyForm(OrderForm):
    """入户调查: the whole record; the household signs it and the second surveyor does so under their own account."""

    page_title, submit_label = "入户调查", "签字并交给第二人"
    page_lead = "两人同去，边问边记。问不到的可以空着。填好后由另一名调查人员用自己的账号签字，才算办结。"
    second = forms.ChoiceField(label="另一名调查人员", widget=forms.Select({"data-kind": "number"}))
    place = forms.CharField(label="地点", max_length=200, required=False)
    opinion = forms.ChoiceField(label="意见", choices=TRUE, widget=forms.RadioSelect)
    finding = forms.CharField(label="总的情况", widget=area(3), max_length=2000)
    reason = forms.CharField(label="不属实的理由", widget=area(2), max_length=2000, required=False)
    photos = PhotosField(label="照片（住房、签字的调查表）", required=False)
    signed = forms.BooleanField(label="被调查人已在调查表上签字", required=False)
    remote = forms.CharField(
        label="电话或视频调查的原因", max_length=200, required=False, help_text="到了家里的不用填"
    )
    crew_signed = forms.BooleanField(label="我本人签字：以上是我在现场看到、听到的")

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["second"].choices = [("", "请选择"), *people]  # type: ignore[attr-defined]
        for name, words in QUESTIONS:
            self.fields[name] = forms.CharField(label=words, widget=area(2), max_length=2000, required=False)
        ahead, asked = ["client_uuid", "base_version", "lon", "lat", "second", "place"], dict(QUESTIONS)
        self.order_fields([*ahead, *asked])


class SecondForm(Form):
    """第二调查人: signs the record as it stands, or says what is wrong with it."""

    page_title, submit_label = "核对并签字", "提交"
    answer = forms.ChoiceField(
        label="您的决定",
        choices=[("sign", "记录属实，我签字"), ("object", "有不实之处，退回修改")],
        widget=forms.RadioSelect,
    )
    objection = forms.CharField(
        label="哪里不实", widget=area(3), max_length=400, required=False, help_text="退回修改的必须写明"
    )
