"""What an editor of the catalogue fills in: picked from lists wherever a word has to be known; no code is typed."""

from collections.abc import Mapping
from typing import Any

from django import forms

from linli.dispatch.forms import area
from linli.kernel.web.forms import Form
from linli.onestop.editing import FIELD_WORDS as FIELD_KINDS
from linli.onestop.editing import MODES, OBTAIN, STATUS, UNITS
from linli.onestop.forms_conditions import WithCondition, days_field, picks
from linli.onestop.glossary import glossary
from linli.onestop.shape import KINDS, PAYOUTS

PAYOUT_WORDS = {
    "none": "不发放", "monthly": "按月", "yearly": "按年", "one_off": "一次性", "settle_with_provider": "与机构结算", "in_kind": "实物",
}  # fmt: skip
ONE_OPEN = {"household": "每户一件", "person": "每人一件", "none": "不限"}
FIELD_WORDS = {
    "name": "姓名",
    "area": "地区",
    "household_size": "家庭人数",
    "amount": "金额",
    "reason": "理由",
}


class BasicForm(Form):
    page_title, submit_label, dense = "基本信息", "保存", True
    name_zh = forms.CharField(label="事项名称", max_length=80)
    kind = forms.ChoiceField(label="办件类型", choices=[(one, one) for one in KINDS])
    lead_department = forms.ChoiceField(label="主办部门")
    applicants_zh = forms.CharField(label="办理对象", max_length=300, required=False, widget=area(2))
    one_open_per = forms.ChoiceField(label="同时在办", choices=list(ONE_OPEN.items()))
    task_type = forms.CharField(label="事项类型", max_length=40, required=False)
    basic_code = forms.CharField(label="基本编码", max_length=60, required=False)
    implement_code = forms.CharField(label="实施编码", max_length=60, required=False)
    exercise_level = forms.CharField(label="行使层级", max_length=40, required=False)
    handling_forms = forms.CharField(label="办理形式", max_length=80, required=False)
    visits = days_field("到现场次数")
    legal_basis_zh = forms.CharField(label="设定依据", max_length=1000, required=False, widget=area(3))
    result_sample = forms.CharField(label="结果样本", max_length=200, required=False)
    note_zh = forms.CharField(label="备注", max_length=1000, required=False, widget=area(2))

    def __init__(self, *args: Any, raw: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lead_department"].choices = [(one, one) for one in glossary().departments]  # type: ignore[attr-defined]
        for name in self.NAMES:
            self.fields[name].initial = raw.get(name, "person" if name == "one_open_per" else None)

    NAMES = (
        "name_zh", "kind", "lead_department", "applicants_zh", "one_open_per", "task_type", "basic_code",
        "implement_code", "exercise_level", "handling_forms", "visits", "legal_basis_zh", "result_sample", "note_zh",
    )  # fmt: skip


class TermsForm(Form):
    """All days of an item on one page: the limits and each step's own, for they have to add up."""

    page_title, submit_label = "时限", "保存时限"
    promised_limit = days_field("承诺时限（天）", required=True)
    statutory_limit = days_field("法定时限（天）", least=1, required=True)
    unit = forms.ChoiceField(label="按什么天计算", choices=list(UNITS.items()))
    extended_limit = days_field("延长后的法定时限（天）", help_text="没有就留空")
    delegated_limit = days_field("下放乡镇后的法定时限（天）", help_text="没有就留空")
    fast_limit = days_field("快速办理时限（天）", help_text="没有就留空")
    promised_status = forms.ChoiceField(label="承诺时限的依据", choices=list(STATUS.items()))
    statutory_status = forms.ChoiceField(label="法定时限的依据", choices=list(STATUS.items()))
    promised_excludes = forms.MultipleChoiceField(
        label="承诺时限停走的情形", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="勾选的情形发生时承诺时限停走，未勾选的照走",
    )  # fmt: skip
    statutory_excludes = forms.MultipleChoiceField(
        label="法定时限停走的情形", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, raw: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("promised_limit", "statutory_limit", "extended_limit", "delegated_limit", "fast_limit"):
            self.fields[name].initial = raw.get(name, {}).get("days")
        self.fields["unit"].initial = raw["statutory_limit"].get("unit", "working_day")
        fallback = raw["provenance"].get("other", "to_confirm")
        for side in ("promised", "statutory"):
            self.fields[f"{side}_status"].initial = raw["provenance"].get(f"{side}_limit", fallback)
            field = self.fields[f"{side}_excludes"]
            field.choices = list(glossary().causes.items())  # type: ignore[attr-defined]
            field.initial = list(raw[f"{side}_limit"].get("excludes", ()))
        self.steps = []
        for at, step in enumerate(raw["steps"]):
            for name, label in (("promised", "承诺"), ("limit", "法定")):
                key = f"{name}_{at}"
                self.fields[key] = days_field(f"{step['name_zh']}：{label}（天）")
                self.fields[key].initial = step.get(name, {}).get("days")
            self.steps.append((step["name_zh"], f"promised_{at}", f"limit_{at}"))

    @property
    def heads(self) -> list[Any]:
        return [self[n] for n in ("promised_limit", "statutory_limit", "unit", "extended_limit", "delegated_limit", "fast_limit", "promised_status", "statutory_status")]  # fmt: skip

    @property
    def stops(self) -> list[Any]:
        return [self["promised_excludes"], self["statutory_excludes"]]

    @property
    def rows(self) -> list[tuple[str, Any, Any]]:
        return [(name, self[one], self[other]) for name, one, other in self.steps]


class MaterialForm(WithCondition):
    page_title, submit_label = "材料", "保存材料"
    name_zh = forms.CharField(label="材料名称", max_length=80)
    obtain = forms.ChoiceField(label="怎样取得", choices=list(OBTAIN.items()), widget=forms.RadioSelect)
    source = forms.CharField(
        label="来源渠道", max_length=60, required=False, help_text="数据共享的必须写明，例如 公安·人口库"
    )
    need = forms.ChoiceField(
        label="什么时候要", widget=forms.RadioSelect,
        choices=[("always", "人人都要"), ("when", "条件成立时才要（在下面选条件）"), ("one_of", "与其他材料任选其一")],
    )  # fmt: skip
    one_of = forms.CharField(
        label="任选其一的组名",
        max_length=32,
        required=False,
        help_text="同组的材料写同样的组名，例如 收入证明",
    )
    tolerable_days = days_field("可以容缺的天数", help_text="受理后几个工作日内补交；不能容缺就留空")
    core = forms.BooleanField(label="核心材料", required=False)
    sample = forms.CharField(label="样表", max_length=200, required=False)

    def __init__(self, *args: Any, row: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        need = row.get("need", {})
        for name in ("name_zh", "obtain", "source", "tolerable_days", "core", "sample"):
            self.fields[name].initial = row.get(name)
        self.fields["obtain"].initial = row.get("obtain", "submit")
        self.fields["need"].initial = "one_of" if "one_of" in need else "when" if "when" in need else "always"
        self.fields["one_of"].initial = need.get("one_of", "")
        self.add_condition(need.get("when"))

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if said.get("obtain") == "share" and not said.get("source"):
            self.add_error("source", "请写明从哪里共享取得")
        if said.get("need") == "when" and not self.errors and not self.condition():
            self.add_error("need", "请在下面选择条件")
        if said.get("need") == "one_of" and not said.get("one_of"):
            self.add_error("one_of", "请填写组名")
        return said

    def row(self, old: Mapping[str, Any], code: str) -> dict[str, Any]:
        """The row as it is kept; what this page does not show stays."""
        said = self.cleaned_data
        need: dict[str, Any] = {}
        if said["need"] == "when":
            need = {"when": self.condition()}
        elif said["need"] == "one_of":
            need = {"one_of": said["one_of"].strip()}
        return {
            **old, "code": code, "name_zh": said["name_zh"].strip(), "obtain": said["obtain"], "source": said["source"].strip(),
            "core": said["core"] or None, "need": need, "tolerable_days": said["tolerable_days"] or None,
            "sample": said["sample"].strip(),
        }  # fmt: skip


class FieldForm(Form):
    page_title, submit_label = "填写项", "保存填写项"
    label_zh = forms.CharField(label="问什么", max_length=60, help_text="申请人看到的话，例如 房屋产权人")
    kind = forms.ChoiceField(label="怎样填", choices=list(FIELD_KINDS.items()), widget=forms.RadioSelect)
    options = forms.CharField(
        label="可选的答案", required=False, widget=area(4), help_text="选择题填写，每行一个"
    )
    required = forms.BooleanField(label="必填", required=False)
    help_zh = forms.CharField(label="提示", max_length=200, required=False)

    def __init__(self, *args: Any, row: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("label_zh", "required", "help_zh"):
            self.fields[name].initial = row.get(name)
        self.fields["kind"].initial = row.get("kind", "text")
        self.fields["options"].initial = "\n".join(row.get("options", ()))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("kind") == "choice" and not said.get("options", "").strip():
            self.add_error("options", "请列出可选的答案，每行一个")
        return said

    def row(self, old: Mapping[str, Any], key: str) -> dict[str, Any]:
        said = self.cleaned_data
        options = [one.strip() for one in said["options"].splitlines() if one.strip()]
        return {
            **old, "key": key, "label_zh": said["label_zh"].strip(), "kind": said["kind"], "required": said["required"] or None,
            "options": options if said["kind"] == "choice" else None, "help_zh": said["help_zh"].strip(),
        }  # fmt: skip


class StepForm(WithCondition):
    page_title, submit_label = "步骤", "保存步骤"
    name_zh = forms.CharField(label="步骤名称", max_length=80)
    kind = forms.ChoiceField(label="类型")
    role = forms.ChoiceField(label="由谁办理")
    actor_zh = forms.CharField(label="办理人（给群众看的说法）", max_length=60, required=False)
    side = forms.ChoiceField(label="与相邻步骤", widget=forms.RadioSelect)
    join = forms.ChoiceField(
        label="同时办理的，怎样算办完", required=False,
        choices=[("all", "全部办完"), ("any", "任何一家办完"), ("n", "至少几家办完")],
    )  # fmt: skip
    join_n = forms.IntegerField(label="至少几家", min_value=1, max_value=9, required=False)
    min_people = forms.IntegerField(
        label="至少几人一起办", min_value=1, max_value=9, initial=1, help_text="入户调查填 2"
    )
    promised = days_field("承诺期限（工作日）")
    limit = days_field("法定期限（工作日）")
    start_within = days_field("几个工作日内启动")
    cause = forms.ChoiceField(
        label="等待时时限是否停走", required=False, help_text="选了情形，等待期间时限按该情形的规定停走或照走"
    )
    article = forms.CharField(label="条款", max_length=40, required=False)

    def __init__(
        self, *args: Any, row: Mapping[str, Any], before: str, after: str, beside: list[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        words, fields = glossary(), self.fields
        fields["kind"].choices = list(words.step_kinds.items())  # type: ignore[attr-defined]
        posts = [("lead", "主办部门"), *((code, one.zh) for code, one in words.posts.items())]
        fields["role"].choices = posts  # type: ignore[attr-defined]
        causes = [(code, f"因“{zh}”等待") for code, zh in words.causes.items()]
        fields["cause"].choices = picks(causes, "照走")  # type: ignore[attr-defined]
        fields["side"].choices = self._sides(before, after, beside)  # type: ignore[attr-defined]
        fields["side"].initial = "keep" if beside else "alone"
        for name in ("name_zh", "kind", "role", "actor_zh", "cause", "article"):
            fields[name].initial = row.get(name)
        fields["kind"].initial = row.get("kind", "desk")
        fields["min_people"].initial = row.get("min_people", 1)
        for name in ("promised", "limit", "start_within"):
            fields[name].initial = row.get(name, {}).get("days")
        join = row.get("join", "all")
        fields["join"].initial, fields["join_n"].initial = ("n", join) if isinstance(join, int) else (join, None)  # fmt: skip
        self.add_condition(row.get("when"))

    def _sides(self, before: str, after: str, beside: list[str]) -> list[tuple[str, str]]:
        found = [("keep", f"与{'、'.join(f'“{one}”' for one in beside)}同时办理（不变）")] if beside else []
        found.append(("alone", "单独办理"))
        found += [("prev", f"与上一步“{before}”同时办理")] if before and before not in beside else []
        found += [("next", f"与下一步“{after}”同时办理")] if after and after not in beside else []
        return found

    @property
    def joint(self) -> str | int:
        said = self.cleaned_data
        return (said["join_n"] or 1) if said["join"] == "n" else said["join"] or "all"

    def row(self, old: Mapping[str, Any], key: str) -> dict[str, Any]:
        said = self.cleaned_data
        terms = {
            name: {**old.get(name, {"unit": "working_day"}), "days": said[name]} if said[name] is not None else None
            for name in ("promised", "limit", "start_within")
        }  # fmt: skip
        return {
            **old, "key": key, "name_zh": said["name_zh"].strip(), "kind": said["kind"], "role": said["role"],
            "actor_zh": said["actor_zh"].strip(), "cause": said["cause"], "article": said["article"].strip(),
            "min_people": said["min_people"] if said["min_people"] > 1 else None, "when": self.condition(), **terms,
        }  # fmt: skip


class AssistForm(WithCondition):
    page_title, submit_label = "协办", "保存协办"
    dept = forms.ChoiceField(label="请哪个部门")
    purpose_zh = forms.CharField(label="请它核什么", max_length=100)
    stage = forms.ChoiceField(label="在哪一步")
    binding = forms.ChoiceField(
        label="效力", widget=forms.RadioSelect,
        choices=[("fact", "事实：决定时必须回应"), ("opinion", "意见：可以说明理由后不采纳")],
    )  # fmt: skip

    def __init__(
        self, *args: Any, row: Mapping[str, Any], stages: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dept"].choices = picks((one, one) for one in glossary().departments)  # type: ignore[attr-defined]
        self.fields["stage"].choices = picks(stages)  # type: ignore[attr-defined]
        for name in ("dept", "purpose_zh", "stage"):
            self.fields[name].initial = row.get(name)
        self.fields["binding"].initial = row.get("binding", "fact")
        self.add_condition(row.get("when"))

    def row(self, old: Mapping[str, Any], key: str) -> dict[str, Any]:
        said = self.cleaned_data
        names = ("dept", "purpose_zh", "stage", "binding")
        return {**old, **{name: said[name] for name in names}, "when": self.condition()}


class PublicityForm(WithCondition):
    page_title, submit_label = "公示", "保存公示"
    mode = forms.ChoiceField(label="是否公示", choices=list(MODES.items()), widget=forms.RadioSelect)
    days = days_field("公示天数", least=1)
    unit = forms.ChoiceField(label="按什么天计算", choices=list(UNITS.items()))
    fields_shown = forms.MultipleChoiceField(
        label="公示哪些内容", required=False, widget=forms.CheckboxSelectMultiple
    )
    on_objection = forms.ChoiceField(label="异议成立后从哪一步重来", required=False)
    republish = forms.BooleanField(label="重来之后再次公示", required=False)
    other_mode = forms.ChoiceField(
        label="另有规定时改为", required=False, choices=picks(MODES.items(), "（没有另外规定）"),
        help_text="例如申请人未成年时禁止公示：在下面选条件",
    )  # fmt: skip

    def __init__(
        self, *args: Any, raw: Mapping[str, Any], stages: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        row, fields = raw["publicity"], self.fields
        usual = glossary().defaults["publicity_fields"]
        known = {**FIELD_WORDS, **{one: one for one in row.get("fields", ()) if one not in FIELD_WORDS}}
        fields["fields_shown"].choices = list(known.items())  # type: ignore[attr-defined]
        fields["fields_shown"].initial = list(row.get("fields", usual))
        fields["on_objection"].choices = picks(stages, "（不适用）")  # type: ignore[attr-defined]
        fields["mode"].initial, fields["days"].initial = row.get("mode", "none"), row.get("days", 7)
        fields["unit"].initial = row.get("unit", "calendar_day")
        fields["on_objection"].initial = row.get("on_objection", "")
        fields["republish"].initial = row.get("republish", glossary().defaults["republish_after_objection"])
        others = list(row.get("modes_when", ()))
        self.more = others[1:]  # kept as they are
        fields["other_mode"].initial = others[0]["mode"] if others else ""
        self.add_condition(others[0]["when"] if others else None)

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if said.get("other_mode") and not self.errors and not self.condition():
            self.add_error("other_mode", "请在下面选择什么情况下改为这种方式")
        return said

    def value(self, old: Mapping[str, Any]) -> dict[str, Any]:
        """The block as it is kept: what equals the rule of the catalogue is not written out."""
        said, usual = self.cleaned_data, glossary().defaults
        others = [{"mode": said["other_mode"], "when": self.condition()}] if said["other_mode"] else []
        fresh = {
            "days": said["days"] or 7, "unit": said["unit"], "fields": said["fields_shown"],
            "on_objection": said["on_objection"], "republish": said["republish"], "modes_when": others + self.more,
        }  # fmt: skip
        default = {
            "days": 7, "unit": "calendar_day", "fields": usual["publicity_fields"], "on_objection": "",
            "republish": usual["republish_after_objection"], "modes_when": [],
        }  # fmt: skip
        made = {**old, "mode": said["mode"]}
        for name, value in fresh.items():
            if name in old or value != default[name]:
                made[name] = value
        if said["mode"] != "required" and old.get("mode") == "required" and not others:
            made = {"mode": said["mode"]}
        return {name: one for name, one in made.items() if one not in (None, "", [])}


class NoticesForm(Form):
    page_title, submit_label, dense = "告知与发放", "保存", True
    refusal_days = days_field("不予确认几个工作日内告知", least=1, required=True)
    refusal_via = forms.ChoiceField(label="由谁送达", required=False)
    payout = forms.ChoiceField(label="发放", choices=[(one, PAYOUT_WORDS.get(one, one)) for one in PAYOUTS])
    start = forms.ChoiceField(label="从哪个月起发", required=False)
    fee = forms.DecimalField(label="收费（元）", min_value=0, max_digits=10, decimal_places=2, required=False)

    def __init__(self, *args: Any, raw: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words, fields = glossary(), self.fields
        notice = {**words.defaults["refusal_notice"], **raw.get("refusal_notice", {})}
        posts = [(code, one.zh) for code, one in words.posts.items()]
        fields["refusal_via"].choices = picks(posts, "受理的窗口")  # type: ignore[attr-defined]
        fields["start"].choices = picks(words.payout_starts.items(), "（不适用）")  # type: ignore[attr-defined]
        payout = raw.get("payout", {"kind": "none"})
        fields["refusal_days"].initial, fields["refusal_via"].initial = notice["days"], notice.get("via", "")
        fields["payout"].initial, fields["start"].initial = payout["kind"], payout.get("start", "")
        fields["fee"].initial = raw.get("fee_fen", 0) / 100 if raw.get("fee_fen") is not None else None


class ImportForm(Form):
    page_title, submit_label = "导入事项", "导入为草稿"
    page_lead = "YAML 或 Excel，格式与导出的相同。与现行版本一字不差的事项不动，其余存为草稿，检查、模拟后由另一人发布。有一处不对就整个不导入。"
    file = forms.FileField(label="事项文件", help_text=".yaml、.yml 或 .xlsx，不超过 10 MB")
