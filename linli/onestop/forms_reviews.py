"""How a case is reviewed."""

from typing import Any

from django import forms

from linli.kernel.web.forms import Form
from linli.onestop.reviewing import book


class ReviewForm(Form):
    page_title, submit_label = "评价这次办事", "提交评价"
    level = forms.TypedChoiceField(coerce=int, widget=forms.RadioSelect, label="您满意吗")
    reasons = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, required=False, label="哪里不满意", help_text="满意的不用选"
    )
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=500, label="想说的话"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"].choices = list(book().levels.items())  # type: ignore[attr-defined]
        self.fields["reasons"].choices = list(book().reasons.items())  # type: ignore[attr-defined]
