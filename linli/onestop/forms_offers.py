"""How an answer to an offer is given: by the person with one button, or taken down by somebody who is with them."""

from django import forms

from linli.dispatch.forms import OrderForm
from linli.kernel.web.fields import PhotosField
from linli.kernel.web.forms import Form

SAID = [("yes", "愿意，帮我申请"), ("no", "不需要")]


class AnswerForm(Form):
    """At the window: the person is there, and signs."""

    page_title, submit_label = "记录本人的答复", "记录"
    page_lead = "请当面读给本人听，由本人决定。愿意的，请本人在确认书上签字并拍照；不能替本人决定。"
    answer = forms.ChoiceField(label="本人怎么说", choices=SAID, widget=forms.RadioSelect)
    photos = PhotosField(label="本人签字的确认书", required=False)


class DoorForm(OrderForm):
    """At the door, on the phone. Field names are those of the offline schema."""

    page_title, submit_label = "上门告知", "办结"
    page_lead = "请当面读给本人听，由本人决定。愿意的，请本人在确认书上签字并拍照；不能替本人决定。"
    answer = forms.ChoiceField(label="本人怎么说", choices=SAID, widget=forms.RadioSelect)
    photos = PhotosField(label="本人签字的确认书", required=False)
