"""Shapes and words of the forms of people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kernel.web.fields import DayField, PhotosField, PlaceField
from linli.kernel.web.forms import Form
from linli.people import ports, rules

SEXES = [("", gettext_lazy("按身份证号")), *rules.SEXES.items()]


class HouseholdForm(Form):
    page_title = gettext_lazy("登记住户")
    submit_label = gettext_lazy("登记")
    place = PlaceField(label=gettext_lazy("住址"))
    area = forms.CharField(
        label=gettext_lazy("网格代码"),
        max_length=15,
        required=False,
        help_text=gettext_lazy("没有在地图上点位置时填写"),
    )
    kind = forms.ChoiceField(label=gettext_lazy("住户类型"), choices=list(rules.HOUSEHOLD_KINDS.items()))
    number = forms.CharField(label=gettext_lazy("户号"), max_length=32, required=False)
    door_hint = forms.CharField(
        label=gettext_lazy("入户提示"), max_length=200, required=False,
        help_text=gettext_lazy("门禁、备用钥匙等，加密保存，查看留痕"),
    )  # fmt: skip


class DwellingForm(Form):
    page_title = gettext_lazy("更正住址")
    submit_label = gettext_lazy("保存")
    place = PlaceField(label=gettext_lazy("住址"))
    area = forms.CharField(label=gettext_lazy("网格代码"), max_length=15, required=False)
    door_hint = forms.CharField(
        label=gettext_lazy("入户提示"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("不填则保持原样"),
    )


class PersonForm(Form):
    page_title = gettext_lazy("登记新成员")
    submit_label = gettext_lazy("登记")
    dense = True
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=50)
    number = forms.CharField(
        label=gettext_lazy("身份证号"),
        max_length=22,
        required=False,
        help_text=gettext_lazy("填写后自动带出出生日期和性别"),
    )
    phone = forms.CharField(label=gettext_lazy("电话"), max_length=20, required=False)
    birth = DayField(label=gettext_lazy("出生日期"), required=False)
    sex = forms.ChoiceField(label=gettext_lazy("性别"), choices=SEXES, required=False)
    nation = forms.CharField(label=gettext_lazy("民族"), max_length=16, required=False)
    registered_place = forms.CharField(label=gettext_lazy("户籍地"), max_length=120, required=False)
    relation = forms.ChoiceField(label=gettext_lazy("与户主关系"), choices=[(r, r) for r in rules.RELATIONS])
    party_member = forms.BooleanField(label=gettext_lazy("中共党员"), required=False)

    def clean(self) -> dict[str, Any]:
        """What the rules say of the person, told together with what is missing."""
        values = super().clean() or self.cleaned_data
        checked = {name: values.get(name) or "" for name in ("name", "number", "phone", "sex")}
        checked["number"] = rules.plain_number(checked["number"])
        checked["phone"] = rules.plain_phone(checked["phone"])
        wrong = rules.person_faults(**checked, birth=values.get("birth"), today=timezone.localdate())
        for name in wrong.keys() - self.errors.keys():
            if name != "name" or self.fields["name"].required:
                self.add_error(name, wrong[name])
        return values


class CorrectForm(PersonForm):
    """Sealed values are not shown back: an empty box leaves what is kept."""

    page_title = gettext_lazy("更正信息")
    submit_label = gettext_lazy("保存")
    page_lead = gettext_lazy("姓名、身份证号、电话留空表示不改；改动只记录改了哪几项。")
    relation = None  # type: ignore[assignment]
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=50, required=False)


class EventForm(Form):
    """The second tap: the day, and what shows it. Further fields by kind."""

    on = DayField(label=gettext_lazy("日期"))
    evidence = forms.CharField(
        label=gettext_lazy("凭据"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("证件名称和编号；或者拍照"),
    )
    photos = PhotosField(required=False, most=3)

    def __init__(self, *args: Any, kind: str, who: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page_title = f"{rules.EVENTS[kind]}：{who}" if who else rules.EVENTS[kind]
        self.submit_label = _("确认登记")


class ArrivalForm(EventForm):
    number = forms.CharField(label=gettext_lazy("身份证号"), max_length=22)
    field_order = ["number", "relation", "on", "evidence", "photos"]
    relation = forms.ChoiceField(label=gettext_lazy("与户主关系"), choices=[(r, r) for r in rules.RELATIONS])


class TenantForm(EventForm):
    number = forms.CharField(label=gettext_lazy("身份证号"), max_length=22)
    name = forms.CharField(
        label=gettext_lazy("姓名"),
        max_length=50,
        required=False,
        help_text=gettext_lazy("已登记过的人不用填"),
    )
    phone = forms.CharField(label=gettext_lazy("电话"), max_length=20, required=False)
    field_order = ["number", "name", "phone", "on", "evidence", "photos"]


class BirthForm(EventForm):
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=50)
    sex = forms.ChoiceField(label=gettext_lazy("性别"), choices=list(rules.SEXES.items()))
    relation = forms.ChoiceField(
        label=gettext_lazy("与户主关系"), choices=[(r, r) for r in rules.RELATIONS[2:]]
    )
    field_order = ["name", "sex", "on", "relation", "evidence", "photos"]


EVENT_FORMS = {
    "moved_in": ArrivalForm, "moved_out": EventForm, "tenant": TenantForm, "birth": BirthForm, "death": EventForm,
}  # fmt: skip


class NoteForm(Form):
    page_title = gettext_lazy("民情日记")
    submit_label = gettext_lazy("保存日记")
    heard = forms.CharField(
        label=gettext_lazy("听到什么"), widget=forms.Textarea({"rows": 3}), max_length=2000, required=False
    )
    asked = forms.CharField(
        label=gettext_lazy("有什么诉求"), widget=forms.Textarea({"rows": 3}), max_length=2000, required=False
    )
    promised = forms.CharField(
        label=gettext_lazy("答应了什么"), widget=forms.Textarea({"rows": 2}), max_length=2000, required=False
    )
    promise_due = DayField(label=gettext_lazy("答应的日期"), required=False)
    photos = PhotosField(required=False, most=3)


class RouteForm(Form):
    page_title = gettext_lazy("转办诉求")
    submit_label = gettext_lazy("转办")
    to = forms.ChoiceField(label=gettext_lazy("转到哪里"), choices=())
    text = forms.CharField(label=gettext_lazy("内容"), widget=forms.Textarea({"rows": 3}), max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(one.code, one.label) for one in ports.note_targets()]  # type: ignore[attr-defined]


class TieForm(Form):
    page_title = gettext_lazy("增加关系人")
    submit_label = gettext_lazy("保存")
    kind = forms.ChoiceField(label=gettext_lazy("关系"), choices=list(rules.TIE_KINDS.items()))
    relation = forms.CharField(
        label=gettext_lazy("称谓"), max_length=32, required=False, help_text=gettext_lazy("例如女儿、邻居")
    )
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=50)
    phone = forms.CharField(label=gettext_lazy("电话"), max_length=20)
    rank = forms.IntegerField(label=gettext_lazy("联系先后"), min_value=1, max_value=99, initial=1)


class ConsentForm(Form):
    page_title = gettext_lazy("登记同意")
    submit_label = gettext_lazy("登记")
    purpose = forms.ChoiceField(label=gettext_lazy("用途"), choices=list(rules.PURPOSES.items()))
    given_by = forms.ChoiceField(
        label=gettext_lazy("由谁同意"),
        choices=[
            ("self", gettext_lazy("本人")),
            ("guardian", gettext_lazy("监护人")),
            ("kin", gettext_lazy("近亲属")),
        ],
    )
    evidence = forms.CharField(label=gettext_lazy("凭据"), max_length=200, required=False)
    photos = PhotosField(required=False, most=3)
    until = DayField(label=gettext_lazy("有效期至"), required=False)


class MergeForm(Form):
    page_title = gettext_lazy("合并重复记录")
    submit_label = gettext_lazy("合并到此人")
    page_lead = gettext_lazy("另一条记录的关系、同意、走访和登记都会并到这里，不能拆回。")
    drop = forms.IntegerField(
        label=gettext_lazy("另一条记录的编号"),
        min_value=1,
        help_text=gettext_lazy("在另一人的页面上可以看到"),
    )
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=200)


class CloseForm(Form):
    page_title = gettext_lazy("销户")
    submit_label = gettext_lazy("销户")
    page_lead = gettext_lazy(
        "销户后不再列出，走访和登记记录保留。还有成员的，请先逐人登记迁出或死亡；并入他户的，成员一并迁入。"
    )
    why = forms.ChoiceField(label=gettext_lazy("原因"), choices=list(rules.CLOSINGS.items()))
    into = forms.IntegerField(
        label=gettext_lazy("并入哪一户的编号"),
        min_value=1,
        required=False,
        help_text=gettext_lazy("只有并入他户时填写，编号在那一户的页面上"),
    )
    text = forms.CharField(
        label=gettext_lazy("依据"), max_length=200, help_text=gettext_lazy("例如迁移证、拆迁协议的编号")
    )


class UndoForm(Form):
    page_title = gettext_lazy("撤销登记")
    submit_label = gettext_lazy("撤销")
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=200)


class FindForm(Form):
    page_title = gettext_lazy("查找居民")
    submit_label = gettext_lazy("查找")
    words = forms.CharField(
        label=gettext_lazy("身份证号或电话"), max_length=22,
        help_text=gettext_lazy("须填完整；姓名和号码加密保存，不能按一部分查"),
    )  # fmt: skip
