"""Residents' forms: reporting, following, rating, objecting."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django import forms
from django.http import QueryDict

from linli.areas import queries as areas
from linli.incidents import catalogue, rules
from linli.incidents.door import one_line
from linli.incidents.models import IncidentClass
from linli.incidents.photos import MOST
from linli.incidents.readings import given_answers, read_point, with_answers
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.files.models import Attachment
from linli.kernel.web.fields import PhotosField, PlaceField, SearchChoiceField
from linli.kernel.web.forms import Form

LONGEST = 20_000  # characters; rules.check_telling counts bytes


@cache
def words() -> dict[str, Any]:
    """data/resident.yaml."""
    return yaml.safe_load((Path(__file__).parent / "data" / "resident.yaml").read_text("utf-8"))


def common_classes() -> list[IncidentClass]:
    """The classes shown as chips, those that are active."""
    return [row for code in words()["common"] if (row := catalogue.class_of(code))]


def danger_words() -> list[str]:
    return sorted({word for row in catalogue.classes.get().values() for word in row.danger_words})


class ClassChips(forms.RadioSelect):
    """Each chip carries its class's questions for report.js."""

    def create_option(self, name: str, value: Any, *args: Any, **more: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **more)
        known = catalogue.class_of(str(value)) if value else None
        if known and known.questions:
            option["attrs"]["data-ask"] = "|".join(known.questions)
        return option


class ReportForm(Form):
    """上报: photo, where, what, who; nothing is compulsory but words or a photo."""

    page_title = "我要上报"
    page_lead = "拍张照片，写清地点和情况，大约一分钟。不用登录，也可以匿名。"
    submit_label = "提交上报"
    draft = "report"
    photos = PhotosField(required=False, most=MOST, label="照片")
    place = PlaceField(required=False, label="在哪里")
    area = SearchChoiceField(
        choices=(), required=False, label="所在村（社区）", help_text="打几个字再从列表中选；已定位的可以不填"
    )
    class_said = forms.ChoiceField(
        widget=ClassChips, required=False, label="是哪类问题", help_text="拿不准就不选，由工作人员判断"
    )
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        max_length=LONGEST,
        label="发生了什么",
        help_text="写明看到的情况、从什么时候开始；有照片的可以只写一句",
    )
    name = forms.CharField(
        max_length=64, required=False, label="怎么称呼您", widget=forms.TextInput({"autocomplete": "name"})
    )
    phone = forms.CharField(
        max_length=32,
        required=False,
        label="联系电话",
        help_text="只用来告诉您进展，只有承办人看得到",
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"}),
    )
    anonymous = forms.BooleanField(required=False, label="匿名上报")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.chosen_code()
        chips = [(row.code, row.name) for row in common_classes()]
        other = catalogue.class_of(chosen)
        if other and chosen not in dict(chips):
            chips.append((other.code, other.name))
        self.fields["class_said"].choices = [*chips, ("", "不确定")]  # type: ignore[attr-defined]
        area = self.fields["area"]
        area.options = area.widget.options = areas.choices("community")  # type: ignore[attr-defined]
        self.kept: list[Attachment] = []

    def chosen_code(self) -> str:
        given = self.data.get("class_said", "") if self.is_bound else self.initial.get("class_said", "")
        return str(given or "")[:48]

    @property
    def questions(self) -> list[tuple[str, str, str]]:
        """(input name, question, answer so far) of the chosen class."""
        known = catalogue.class_of(self.chosen_code())
        asked = enumerate(known.questions) if known else ()
        return [
            (f"ask{n}", question, self.data.get(f"ask{n}", "") if self.is_bound else "")
            for n, question in asked
        ]

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not (given.get("text") or "").strip() and not self.kept and not self.errors.get("photos"):
            self.add_error("text", "请写明发生了什么，或上传一张照片")
        if given.get("phone") and not rules.phone_ok(given["phone"]):
            self.add_error("phone", "手机号应为 11 位数字，座机请带区号；不想留可以空着")
        return given

    def telling(self, by: Actor) -> rules.Telling:
        """What was said, ready for the action. Raises Refused 422 for an impossible point."""
        given = self.cleaned_data
        place, fields, flags = given.get("place"), {}, []
        if place and place.lon is not None:
            try:
                spot = read_point(place.lon, place.lat, place.system, name="place")
            except Refused as refused:
                raise Refused(
                    refused.message, code=refused.code, fields={"place": [refused.message]}
                ) from None
            fields = {"lon": spot.lon, "lat": spot.lat, "crs": spot.system, "place_source": place.source}
            flags = spot.flags
        answers = given_answers({question: said for _, question, said in self.questions})
        return rules.Telling(
            text=with_answers(given.get("text") or "", answers),
            answers=answers,
            sender=by.ref,
            client_uuid=given.get("client_uuid"),
            channel="grid" if "grid_worker" in by.roles else "web",
            class_said=given.get("class_said") or "",
            place_words=one_line(place.words) if place else "",
            area=given.get("area") or "",
            name=given.get("name") or "",
            phone=given.get("phone") or "",
            anonymous=bool(given.get("anonymous")),
            files=tuple(row.pk for row in self.kept),
            flags=tuple(flags),
            join=_joined(self.data),
            **fields,
        )


def _joined(data: QueryDict) -> int | None:
    """The case chosen under “也遇到了？”."""
    given = data.get("join", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 18 else None


class TrackForm(Form):
    page_title = "查询进度"
    page_lead = "输入上报成功时得到的查询码，不用登录。"
    submit_label = "查询"
    code = forms.CharField(
        max_length=40,
        label="查询码",
        help_text="10 位字母和数字，不分大小写",
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "code-in"}
        ),
    )


class RateForm(Form):
    submit_label = "提交评价"
    resolved = forms.ChoiceField(
        choices=[("yes", "解决了"), ("no", "没有解决")],
        widget=forms.RadioSelect,
        label="问题解决了吗",
        help_text="选“没有解决”，会自动重新办理",
    )
    stars = forms.ChoiceField(
        choices=[
            ("5", "★★★★★ 很满意"),
            ("4", "★★★★ 满意"),
            ("3", "★★★ 一般"),
            ("2", "★★ 不满意"),
            ("1", "★ 很不满意"),
        ],
        widget=forms.RadioSelect,
        label="对办理满意吗",
    )
    reasons = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, required=False, label="哪里不满意"
    )
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=500, label="想说的话"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reasons"].choices = list(words()["reasons"].items())  # type: ignore[attr-defined]


class ObjectForm(Form):
    submit_label = "提出异议"
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        label="您的理由",
        help_text="只能提出一次，由值班长答复",
    )
