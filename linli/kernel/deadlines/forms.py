"""The forms of the calendar and of duty hours."""

from typing import Any

from django import forms

from linli.kernel.deadlines.models import STATUSES
from linli.kernel.deadlines.notice_text import NoticeError, read_days, read_windows
from linli.kernel.deadlines.workdays import FIRST_YEAR, LAST_YEAR
from linli.kernel.web.fields import DayField
from linli.kernel.web.forms import Form

WEEK = [(str(number), f"周{word}") for number, word in enumerate("一二三四五六日", 1)]
SOURCE = "写明文件名称和文号，将显示在日历和存证里"


class DayForm(Form):
    page_title = "更正一天"
    page_lead = "更正优先于国务院通知和法定节假日。保存后，跨过这一天的在办时限立即重算，并在工单上记明原因。"
    submit_label = "保存更正"
    day = DayField(label="日期")
    working = forms.ChoiceField(
        label="这一天", choices=[("0", "休息"), ("1", "上班")], widget=forms.RadioSelect
    )
    name = forms.CharField(label="名称", max_length=32, help_text="例如：春节调休、抗洪期间上班")
    source = forms.CharField(label="依据", max_length=200, help_text=SOURCE)
    status = forms.ChoiceField(label="依据状态", choices=STATUSES, initial="cited")


class DropForm(Form):
    page_lead = "撤销后，这一天恢复为通知或法定节假日的安排，相关在办时限立即重算。"
    submit_label = "撤销更正"
    reason = forms.CharField(label="理由", max_length=200, widget=forms.Textarea(attrs={"rows": 3}))


class YearForm(Form):
    page_title = "录入年度放假安排"
    page_lead = (
        "国务院办公厅公布下一年安排后，把放假和调休日期抄到下面。先核对解析结果，再确认生效；"
        "生效后该年不再是“暂定”，相关在办时限立即重算。"
    )
    submit_label = "核对"
    year = forms.IntegerField(label="年份", min_value=FIRST_YEAR, max_value=LAST_YEAR)
    source = forms.CharField(label="依据", max_length=200, help_text="例如：国办发明电〔2026〕7号")
    off = forms.CharField(
        label="放假日期",
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text="每行一个假期，例如：2月5日至11日 春节。周末也要写在起止日期之内",
    )
    working = forms.CharField(
        label="调休上班日期",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="每行一天，例如：2月20日 春节调休",
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name in ("off", "working"):
            if said.get("year") and name in said:
                try:
                    said[name] = read_days(said[name], said["year"])
                except NoticeError as error:
                    for fault in error.faults:
                        self.add_error(name, fault)
        return said


class DutyForm(Form):
    page_title = "设置工作时"
    page_lead = "工作时是“工作时（dh）”时限计时的时间段。按生效日期保留各版本，过去的版本不会被改写。"
    submit_label = "保存"
    area = forms.CharField(
        label="区域代码", required=False, max_length=15, help_text="不填为全县默认；填 6、9、12 或 15 位代码"
    )
    valid_from = DayField(label="生效日期", help_text="同一区域同一天再次保存，视为更正")
    day_1 = forms.CharField(
        label="周一", required=False, help_text="例如：08:30-12:00 14:00-17:30；不填为不值班"
    )
    day_2 = forms.CharField(label="周二", required=False)
    day_3 = forms.CharField(label="周三", required=False)
    day_4 = forms.CharField(label="周四", required=False)
    day_5 = forms.CharField(label="周五", required=False)
    day_6 = forms.CharField(label="周六", required=False)
    day_7 = forms.CharField(label="周日", required=False)
    follows_calendar = forms.BooleanField(
        label="节假日不值班", required=False, help_text="勾选后，放假日不计工作时，调休上班日照常计时"
    )
    source = forms.CharField(label="依据", max_length=200, help_text=SOURCE)
    status = forms.ChoiceField(label="依据状态", choices=STATUSES, initial="to_confirm")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        windows: dict[str, list[list[str]]] = {}
        for weekday, _ in WEEK:
            try:
                windows |= read_windows({weekday: said.get(f"day_{weekday}", "")})
            except ValueError as error:
                self.add_error(f"day_{weekday}", f"{error}。")
        return {**said, "windows": windows}
