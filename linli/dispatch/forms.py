"""The forms of orders. Field names are those of the offline schemas, so that a form and a queued act say the same."""

import uuid
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from linli.areas import queries as areas
from linli.dispatch import evidence
from linli.dispatch.actions.asks import GROUNDS
from linli.dispatch.actions.catalogue import ACTS, MOST_RUNGS, POSTS, STAGES
from linli.dispatch.models import URGENCIES, WorkOrder
from linli.dispatch.queries import people_of_unit
from linli.dispatch.wording import WHO, who_words
from linli.kernel.actor import Actor
from linli.kernel.files.actions import store_file
from linli.kernel.identity.models import Account
from linli.kernel.web.fields import DayField, PhotosField, SearchChoiceField
from linli.kernel.web.forms import Form

LIMITS = [
    ("2 dh", "2 工作时"),
    ("4 dh", "4 工作时"),
    ("1 wd", "1 工作日"),
    ("2 wd", "2 工作日"),
    ("3 wd", "3 工作日"),
    ("5 wd", "5 工作日"),
    ("7 wd", "7 工作日"),
    ("3 ch", "3 小时（不分昼夜）"),
    ("8 ch", "8 小时（不分昼夜）"),
]
TELLABLE = [*WHO, "post:duty_officer@street", "post:duty_chief@county", "post:leader@county"]


def area(rows: int = 3, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


def units() -> list[tuple[str, str]]:
    return sorted(areas.unit_names().items(), key=lambda pair: pair[1])


def fill(field: forms.Field, options: list[tuple[str, str]]) -> None:
    """Gives a search field its options; they change while the program runs."""
    field.options = field.widget.options = options  # type: ignore[attr-defined]


def keep_photos(by: Actor, files: list[UploadedFile], sending: uuid.UUID | None) -> list[uuid.UUID]:
    """Stores photos sent with a form; the same form again stores nothing new. Returns their keys."""
    sending = sending or uuid.uuid4()
    return [
        store_file(
            by=by, name=file.name or "photo", data=file.read(), client_uuid=uuid.uuid5(sending, f"{at}")
        ).key
        for at, file in enumerate(files)
    ]


class OrderForm(Form):
    """An act on one order; `lon`, `lat` are the phone's position when JavaScript could get it."""

    dense = False
    lon = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-180, max_value=180)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-90, max_value=90)

    def __init__(self, *args: Any, order: WorkOrder, **kwargs: Any) -> None:
        super().__init__(*args, base_version=order.version, **kwargs)
        self.order = order
        self.cancel_url = f"/orders/{order.pk}/"


class AcceptForm(OrderForm):
    page_title, submit_label = "接单", "接单"


class ArriveForm(OrderForm):
    page_title, submit_label = "到场", "到场"
    text = forms.CharField(label="现场情况", widget=area(), required=False, max_length=2000)
    photos = PhotosField(label="现场照片", required=False)


class MilestoneForm(OrderForm):
    page_title, submit_label = "完成本阶段", "完成本阶段"
    text = forms.CharField(label="完成情况", widget=area(), max_length=2000)
    photos = PhotosField(label="阶段照片", required=False)


class HandleForm(OrderForm):
    page_title, submit_label = "办结", "办结"
    page_lead = "写清怎么处置的。处置后的照片请在现场拍，核查时会与处置前并排看。"
    outcome = forms.CharField(label="处置结果", widget=area(4), max_length=4000)
    photos = PhotosField(label="处置后照片", required=False)


class NoteForm(OrderForm):
    page_title, submit_label = "记录", "保存记录"
    text = forms.CharField(label="记录内容", widget=area(), max_length=2000)
    photos = PhotosField(required=False)


class ReturnForm(OrderForm):
    page_title, submit_label = "退回工单", "退回"
    page_lead = "每张工单只能退回一次，须在接单时限内。第二次退回由值班长终审。"
    reason = forms.ChoiceField(
        label="退回原因", choices=list(evidence.RETURN_REASONS.items()), widget=forms.RadioSelect
    )
    text = forms.CharField(
        label="依据", help_text="写明职责清单条目、权属或现场情况", widget=area(), max_length=2000
    )
    propose = SearchChoiceField(label="建议承办单位", choices=(), required=False)
    photos = PhotosField(label="证据照片", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fill(self.fields["propose"], [pair for pair in units() if pair[0] != self.order.unit])


class AskForm(OrderForm):
    page_title, submit_label = "申请延期或缓办", "提交申请"
    page_lead = "须在时限之内提出，由值班长审批；审批前时限照常计算。"
    what = forms.ChoiceField(
        label="申请事项",
        choices=[("extend", "延期"), ("suspend", "缓办")],
        widget=forms.RadioSelect,
        initial="extend",
    )
    limit = forms.ChoiceField(
        label="延长多久",
        choices=[("", "请选择"), *LIMITS],
        required=False,
        help_text="延期时填写，不超过原时限",
    )
    ground = forms.ChoiceField(
        label="缓办事由", choices=[("", "请选择"), *GROUNDS.items()], required=False, help_text="缓办时填写"
    )
    until = DayField(label="复核日期", required=False, help_text="缓办时填写，90 天之内")
    reason = forms.CharField(label="理由", widget=area(), max_length=200)


class ReassignForm(OrderForm):
    page_title, submit_label = "指定经办人", "指定"
    person = forms.ChoiceField(label="经办人", widget=forms.RadioSelect)
    text = forms.CharField(label="说明", widget=area(2), required=False, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = people_of_unit(self.order.unit)
        self.fields["person"].choices = [(str(one.pk), str(one)) for one in people]  # type: ignore[attr-defined]


class DispatchForm(OrderForm):
    page_title, submit_label = "派遣", "派遣"
    unit = SearchChoiceField(label="承办单位", choices=())
    text = forms.CharField(label="派遣依据", widget=area(2), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = units()
        fill(self.fields["unit"], known)
        proposed = self.order.explanation.get("proposed") or ""
        if proposed in dict(known):
            self.initial.setdefault("unit", proposed)


class RuleForm(DispatchForm):
    page_title, submit_label = "终审裁定", "作出终审裁定"
    page_lead = "终审后承办单位不能再退回。"
    remember = forms.BooleanField(
        label="今后本区域同类事项照此派遣",
        required=False,
        initial=True,
        help_text="裁定优先于派遣规则，可随时终止",
    )


class TextForm(OrderForm):
    """An act that wants nothing but its reason."""

    text = forms.CharField(label="理由", widget=area(), max_length=2000)


class RecallForm(TextForm):
    page_title, submit_label = "收回工单", "收回"


class ResumeForm(TextForm):
    page_title, submit_label = "恢复办理", "恢复办理"


class VerifyForm(OrderForm):
    page_title, submit_label = "核查", "提交核查结果"
    passed = forms.ChoiceField(
        label="核查结果", choices=[("1", "通过"), ("0", "不通过，返工")], widget=forms.RadioSelect
    )
    text = forms.CharField(label="核查情况", widget=area(), max_length=2000)


class DecideForm(Form):
    """批准 or 不准 one request for more time; two buttons send it."""

    decision = forms.CharField(label="审批意见", max_length=200, widget=forms.TextInput)
    granted = forms.ChoiceField(choices=[("1", "批准"), ("0", "不准")], label="审批结果")


class ClockForm(Form):
    """The limits of one stage for every urgency, as texts such as `15 min`, `0.5 dh`, `1 wd`."""

    page_title, submit_label = "修改时限", "保存为新版本"
    page_lead = (
        "写数字和单位：min 分钟、h 小时、ch 紧急工作时、dh 工作时、wd 工作日、d 天。正在办理的工单不受影响。"
    )
    cancel_url = "/admin/clocks/"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, words in URGENCIES:
            self.fields[f"limit_{code}"] = forms.CharField(label=words, required=False, max_length=16)
        self.fields["source"] = forms.CharField(label="依据", max_length=120, help_text="文件名称和文号")


class LadderForm(Form):
    """A ladder's rungs, one fieldset a rung; an empty line is left out."""

    page_title, submit_label = "修改催办督办阶梯", "保存为新版本"
    cancel_url = "/admin/ladders/"
    source = forms.CharField(label="依据", max_length=120, help_text="文件名称和文号")
    rungs = forms.CharField(required=False, widget=forms.HiddenInput)

    def lines(self, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rungs to show: what was typed, else `shown`; always two empty lines more."""
        given = self.typed() if self.is_bound else shown
        return [*given, *({} for _ in range(min(2, max(0, MOST_RUNGS - len(given)))))]

    def typed(self) -> list[dict[str, Any]]:
        """Every line with anything in it, as the action takes it."""
        found = []
        for at in range(MOST_RUNGS):
            percent = self.data.get(f"share_{at}", "").strip().rstrip("%％")
            seconds = self.data.get(f"seconds_{at}", "").strip()
            who = self.data.getlist(f"who_{at}") if hasattr(self.data, "getlist") else []
            act = self.data.get(f"act_{at}", "")
            if not (percent or seconds or who):
                continue
            line: dict[str, Any] = {"who": who, "act": act, "stage": self.data.get(f"stage_{at}", "")}
            if percent:
                line["share"] = _number(percent) / 100
            if seconds:
                line["seconds"] = int(_number(seconds))
            found.append({**line, "ignores_quiet": bool(self.data.get(f"quiet_{at}"))})
        return found


def _number(text: str) -> float:
    """0 for what is no number: the action then names the line."""
    try:
        return float(text)
    except ValueError:
        return 0.0


class DutyForm(Form):
    page_title, submit_label, cancel_url = "排班", "保存", "/duty/"
    dense = True
    person = SearchChoiceField(label="值班人员", choices=())
    post = forms.ChoiceField(label="岗位", choices=list(POSTS.items()))
    area = SearchChoiceField(label="区域", choices=())
    backup = SearchChoiceField(label="备岗", choices=(), required=False)
    start = forms.DateTimeField(label="开始", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    end = forms.DateTimeField(label="结束", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))

    def __init__(self, *args: Any, viewer: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = Account.objects.filter(kind="staff", is_active=True).order_by("name", "id")
        people = [(str(one.pk), f"{one}（{one.username}）") for one in staff]
        fill(self.fields["person"], people)
        fill(self.fields["backup"], people)
        prefixes = areas.scopes_of(viewer, "dispatch.rule") or areas.scopes_of(viewer, "dispatch.handover")
        places = [
            pair
            for prefix in prefixes
            for level in ("county", "street", "community")
            for pair in areas.choices(level, prefix)
        ]
        fill(self.fields["area"], places)


LADDER_WORDS = {
    "acts": ACTS,
    "who": [(code, who_words) for code in TELLABLE],
    "stages": {"": "各环节", **{code: STAGES[code] for code in ("dispatch", "accept", "handle", "check")}},
}
