"""What officials fill in about money: the means sheet, another amount, changes of a grant, batches, spot checks."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from linli.dispatch.forms import area
from linli.kernel.web.fields import DayField, PhotosField
from linli.kernel.web.forms import Form
from linli.onestop.actions.money import CAUSES
from linli.onestop.books import book
from linli.onestop.incomes import Line
from linli.onestop.means import Method

BLANK = 2  # empty rows ready to be written in


def yuan_field(label: str, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal(0), max_digits=12, decimal_places=2,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}), **more,
    )  # fmt: skip


def fen_of(amount: Decimal | None) -> int:
    return int((amount or Decimal(0)) * 100)


def month_field(label: str, **more: Any) -> forms.DateField:
    """A month; the browser writes 2026-03, an older one may write 2026年3月."""
    return forms.DateField(
        label=label, input_formats=["%Y-%m", "%Y-%m-%d", "%Y年%m月"], widget=forms.TextInput({"type": "month"}), **more
    )  # fmt: skip


class MeansForm(Form):
    """核算: one block a member, one row an income line; as many rows as there are, and a few to write in."""

    page_title, submit_label = "经济状况核算", "核算"
    method = forms.ChoiceField(label="核算方法")
    care = forms.ChoiceField(label="照料护理档次", required=False)
    lines = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=200)

    def __init__(
        self, *args: Any, people: Sequence[tuple[int, str]], methods: Sequence[Method], why: Mapping[int, str],
        offered: Sequence[Line], count: int = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.people, self.names = list(people), dict(people)
        self.fields["method"].choices = [(one.code, one.zh) for one in methods]  # type: ignore[attr-defined]
        self._care(methods)
        self.count = count or max(len(offered) + BLANK, 3)
        self.fields["lines"].initial = self.count
        for number, name in people:
            self._member(number, name, why.get(number, ""))
        for at in range(self.count):
            self._line(at, offered[at] if at < len(offered) else None)

    def _care(self, methods: Sequence[Method]) -> None:
        wanted = [code for one in methods for code in one.add]
        words = {one.code: one.zh for one in book().figures}
        if wanted:
            self.fields["care"].choices = [(code, words[code]) for code in wanted]  # type: ignore[attr-defined]
        else:
            del self.fields["care"]

    def _member(self, number: int, name: str, why: str) -> None:
        rules = book()
        choices = [("", "请选择"), *rules.always.items(), ("other", "其他共同生活的人（写明依据）")]
        away = [(code, f"不计入：{words}") for code, words in rules.never.items()]
        self.fields[f"why_{number}"] = forms.ChoiceField(
            label=f"{name}是否计入",
            choices=[*choices, *away],
            initial=why,
            error_messages={"required": f"请选择{name}是否计入"},
        )
        self.fields[f"reason_{number}"] = forms.CharField(label="依据", required=False, max_length=200)

    def _line(self, at: int, line: Line | None) -> None:
        rules, blank = book(), [("", "请选择")]
        out = {one.code: f"{one.zh}{'' if one.valid_to is None else f'（至 {one.valid_to}）'}" for one in rules.disregards}  # fmt: skip
        people = [(str(number), name) for number, name in self.people]
        has = line is not None
        self.fields[f"person_{at}"] = forms.ChoiceField(
            label="成员", choices=blank + people, required=False, initial=str(line.person) if line else ""
        )
        self.fields[f"kind_{at}"] = forms.ChoiceField(
            label="类别", choices=[*blank, *rules.kinds.items()], required=False, initial=line.kind if line else ""
        )  # fmt: skip
        self.fields[f"yuan_{at}"] = yuan_field("每月金额（元）", required=False)
        if line and line.fen is not None:
            self.fields[f"yuan_{at}"].initial = Decimal(line.fen) / 100
        self.fields[f"disregard_{at}"] = forms.ChoiceField(
            label="不计入的项目", choices=[("", "无"), *out.items()], required=False,
            initial=line.disregard if line else "",
        )  # fmt: skip
        self.fields[f"note_{at}"] = forms.CharField(
            label="说明", required=False, max_length=60, initial=line.note if line else ""
        )
        self.fields[f"source_{at}"] = forms.CharField(
            label="来源", required=False, max_length=120, initial=line.source if has and line else ""
        )

    @property
    def blocks(self) -> list[tuple[str, list[Any]]]:
        """Members as the template shows them."""
        return [(name, [self[f"why_{n}"], self[f"reason_{n}"]]) for n, name in self.people]

    @property
    def rows(self) -> list[list[Any]]:
        names = ("person", "kind", "yuan", "disregard", "note", "source")
        return [[self[f"{name}_{at}"] for name in names] for at in range(self.count)]

    @property
    def relatives(self) -> list[dict[str, Any]]:
        said = self.cleaned_data
        return [
            {"person": n, "why": said[f"why_{n}"], "reason": said[f"reason_{n}"].strip()} for n, _ in self.people
        ]  # fmt: skip

    @property
    def incomes(self) -> list[dict[str, Any]]:
        """Rows somebody wrote in or a source told of; an amount left empty is none (0)."""
        said, found = self.cleaned_data, []
        for at in range(self.count):
            person, amount = said.get(f"person_{at}"), said.get(f"yuan_{at}")
            if not person and amount is None:
                continue
            found.append(
                {
                    "person": int(person or 0), "kind": said[f"kind_{at}"], "fen": fen_of(amount),
                    "disregard": said[f"disregard_{at}"], "note": said[f"note_{at}"].strip(),
                    "source": said[f"source_{at}"].strip() or "经办人填写",
                }
            )  # fmt: skip
        return found

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for at in range(self.count):
            amount, person = said.get(f"yuan_{at}"), said.get(f"person_{at}")
            if amount is not None and not person:
                self.add_error(f"person_{at}", f"第 {at + 1} 行：请选择是谁的收入")
            if (amount is not None or person) and not said.get(f"kind_{at}"):
                self.add_error(f"kind_{at}", f"第 {at + 1} 行：请选择收入类别")
        return said


class AskAmountForm(Form):
    page_title, submit_label = "另定金额", "提交"
    page_lead = (
        "金额应当由核算或标准得出。确有特殊情况的，写明理由，由本单位另一人同意后才能按另定的金额确认。"
    )
    amount = yuan_field("另定的金额（元）")
    reason = forms.CharField(label="理由和依据", widget=area(4), max_length=1000)


class AgreeForm(Form):
    page_title, submit_label = "另定金额：第二人意见", "提交意见"
    agree = forms.ChoiceField(
        label="意见", choices=[("1", "同意"), ("0", "不同意")], widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label="理由", required=False, widget=area(2), max_length=200, help_text="不同意的必须写明"
    )


class ReasonForm(Form):
    """An act on a grant that needs nothing but its reason."""

    reason = forms.CharField(label="理由和依据", widget=area(3), max_length=1000)


class AdjustForm(ReasonForm):
    page_title, submit_label = "调整金额", "调整"
    page_lead = "从起始月起按新的金额；已经发过的月份在下一批里自动补发或抵扣。"
    amount = yuan_field("调整后的金额（元）")
    month = month_field("起始月份")
    field_order = ["amount", "month", "reason"]


class StopForm(ReasonForm):
    page_title, submit_label = "停发", "停发"
    cause = forms.ChoiceField(label="情形", choices=[("", "请选择"), *CAUSES.items()])
    month = month_field("从哪个月起停发")
    phase_months = forms.IntegerField(
        label="渐退期（月）", min_value=0, max_value=12, required=False, initial=0,
        help_text="最长 6 个月，成员死亡的最长 3 个月；没有渐退期填 0",
    )  # fmt: skip
    phase_amount = yuan_field("渐退期每月金额（元）", required=False, help_text="不填按原金额")
    field_order = ["cause", "month", "phase_months", "phase_amount", "reason"]


class RestoreForm(ReasonForm):
    page_title, submit_label = "恢复发放", "恢复"
    page_lead = "停发有误时用。停掉的月份在下一批里补发。"


class AccountForm(ReasonForm):
    page_title, submit_label = "更正收款账户", "保存账户"
    page_lead = "没有发成的钱，更正后自动进入下一批。"
    account = forms.CharField(
        label="银行账号",
        max_length=40,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    payee = forms.CharField(label="户名", max_length=60)
    field_order = ["account", "payee", "reason"]


class OpenRecheckForm(ReasonForm):
    page_title, submit_label = "发起复核", "发起复核"
    due = DayField(label="期限")
    field_order = ["due", "reason"]


class RecheckForm(Form):
    page_title, submit_label = "办理复核", "提交复核结论"
    outcome = forms.ChoiceField(
        label="结论", widget=forms.RadioSelect,
        choices=[("keep", "不变"), ("increase", "增发"), ("decrease", "减发"), ("stop", "停发")],
    )  # fmt: skip
    amount = yuan_field("调整后的金额（元）", required=False, help_text="增发、减发时填写")
    month = month_field("起始月份", required=False, help_text="不填为下月")
    phase_months = forms.IntegerField(
        label="渐退期（月）", min_value=0, max_value=12, required=False, help_text="停发时可设"
    )
    note = forms.CharField(label="核查情况", widget=area(4), max_length=2000)


class CustodyForm(Form):
    page_title, submit_label = "登记代管", "登记"
    page_lead = "本人不能自己保管银行卡的，凭书面协议由他人代管。经办本办件的人员不能代管。"
    keeper_name = forms.CharField(label="代管人姓名", max_length=40)
    relation = forms.CharField(label="与本人关系", max_length=32)
    keeper_phone = forms.CharField(label="代管人电话", max_length=20, required=False)
    since = DayField(label="起始日期")
    agreement = PhotosField(label="代管协议照片")


class EndCustodyForm(ReasonForm):
    page_title, submit_label = "终止代管", "终止"
    until = DayField(label="终止日期")
    field_order = ["until", "reason"]


class BatchForm(Form):
    page_title, submit_label = "编制发放批次", "编制"
    page_lead = (
        "把截至这个月应发而未发的全部列入，漏发的补上，多发的抵扣。编好后由另一人复核，再下载银行文件。"
    )
    item = forms.ChoiceField(label="事项")
    area = forms.ChoiceField(label="范围")
    month = month_field("月份")
    layout = forms.ChoiceField(label="银行文件格式", required=False)

    def __init__(
        self, *args: Any, items: list[tuple[str, str]], areas: list[tuple[str, str]], layouts: list[tuple[str, str]], **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        for name, choices in (("item", items), ("area", areas), ("layout", layouts)):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


class CheckForm(Form):
    page_title, submit_label = "复核批次", "提交复核"
    agree = forms.ChoiceField(
        label="复核意见", widget=forms.RadioSelect,
        choices=[("1", "相符，同意发放"), ("0", "有误，作废这一批")],
    )  # fmt: skip
    reason = forms.CharField(
        label="理由", required=False, widget=area(2), max_length=200, help_text="作废的必须写明"
    )


class ReturnForm(Form):
    page_title, submit_label = "上传银行回盘", "读入回盘"
    page_lead = "每行三列：流水号、金额（元）、结果码。有一行不对就整个不读，并逐行指出。"
    file = forms.FileField(label="回盘文件")


class SampleForm(Form):
    page_title, submit_label = "抽取", "抽取"
    page_lead = (
        "从这段时间作出决定的办件中随机抽取。种子取自截止之后的台账根，谁也不能事先知道，谁都可以重抽验证。"
    )
    item = forms.ChoiceField(label="事项")
    area = forms.ChoiceField(label="范围")
    first = DayField(label="从")
    last = DayField(label="到")
    percent = forms.IntegerField(label="比例（%）", min_value=1, max_value=100, initial=30)

    def __init__(
        self, *args: Any, items: list[tuple[str, str]], areas: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = items  # type: ignore[attr-defined]
        self.fields["area"].choices = areas  # type: ignore[attr-defined]


class ResultForm(Form):
    page_title, submit_label = "登记抽查结果", "登记"
    sound = forms.ChoiceField(
        label="核查结果", choices=[("1", "属实"), ("0", "不属实")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="核查情况", widget=area(4), max_length=2000)
    photos = PhotosField(label="照片", required=False)
