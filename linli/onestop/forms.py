"""What residents and windows fill in for one case, one thing a page."""

import json
from typing import Any

from django import forms

from linli.dispatch.forms import area
from linli.kernel.web.fields import PhotosField
from linli.kernel.web.forms import Form
from linli.onestop.books import terms
from linli.onestop.forms_asked import add_asked
from linli.onestop.models import Application

YES = [("1", "是"), ("0", "否")]
ACCOUNT = terms()["form"]["account"]  # the key of the application form the money goes by


class StartForm(Form):
    """办给谁: oneself, or somebody one is guardian of."""

    page_title, submit_label = "为谁申请", "开始填写"
    person = forms.ChoiceField(label="申请人", widget=forms.RadioSelect)

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = people  # type: ignore[attr-defined]
        if people:
            self.fields["person"].initial = people[0][0]


class ResumeForm(Form):
    page_title, submit_label = "继续填写草稿", "继续"
    page_lead = "输入草稿的续办码和申请人的手机号。本人登录后继续填写，窗口工作人员可当面代为填写。"
    code = forms.CharField(
        label="续办码",
        max_length=16,
        help_text="10 位字母和数字，不分大小写",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "class": "code-in"}),
    )
    phone = forms.CharField(
        label="手机号", max_length=20, widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"})
    )


class StepForm(Form):
    """A page of the application; what is written is kept when the page is sent."""

    submit_label = "保存并继续"

    def __init__(self, *args: Any, row: Application, **kwargs: Any) -> None:
        self.row = row
        super().__init__(*args, **kwargs)


class StoryForm(StepForm):
    page_title = "申请说明"
    story = forms.CharField(
        label="为什么申请", widget=area(4), max_length=1000, help_text="写明家里的情况和困难，几句话即可"
    )
    contact = forms.CharField(
        label="联系电话", max_length=20, widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"})
    )

    def __init__(self, *args: Any, row: Application, paid: bool = False, **kwargs: Any) -> None:
        """`paid`: the item pays by bank, so the account is asked for here and never at the window again."""
        super().__init__(*args, row=row, **kwargs)
        written = json.loads(row.form) if row.form else {}
        self.fields["story"].initial = written.get("说明", "")
        self.fields["contact"].initial = written.get("联系电话", "")
        self.asked = add_asked(self, row.version.definition.get("form_fields", ()), written)
        if paid:
            self.fields["account"] = forms.RegexField(
                r"^\d(?: ?\d){11,23}$",
                label="收款银行卡号",
                required=False,
                initial=written.get(ACCOUNT, ""),
                help_text="申请人本人的卡或社保卡；现在没有可以空着，确认后再补",
                error_messages={"invalid": "银行卡号应为 12 至 24 位数字，请核对"},
                widget=forms.TextInput({"autocomplete": "off", "inputmode": "numeric"}),
            )


class MembersForm(StepForm):
    """One block a member: the relation, and what only the family can tell. Names are never asked again."""

    page_title = "家庭成员"
    page_lead = "成员来自户籍登记。名单与实际不符的，请联系社区更正后再提交。"

    def __init__(self, *args: Any, row: Application, asked: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        self.members = list(row.members.select_related("person"))
        for one in self.members:
            name = one.person.masked_name
            self.fields[f"relation_{one.person_id}"] = forms.CharField(
                label=f"{name}与申请人的关系",
                max_length=16,
                initial=one.relation,
                error_messages={"required": f"请填写{name}与申请人的关系"},
            )
            if asked:
                self.fields[f"facts_{one.person_id}"] = forms.MultipleChoiceField(
                    label=f"{name}的情况", choices=asked, required=False, widget=forms.CheckboxSelectMultiple,
                    initial=[fact for fact, _ in asked if one.facts.get(fact)],
                )  # fmt: skip

    def told(self, asked: list[tuple[str, str]]) -> dict[int, dict[str, Any]]:
        """Person id -> relation and facts, as `Given.members` takes them."""
        given = self.cleaned_data
        return {
            one.person_id: {
                "relation": given[f"relation_{one.person_id}"],
                **{fact: fact in given.get(f"facts_{one.person_id}", ()) for fact, _ in asked},
            }
            for one in self.members
        }


class FactsForm(StepForm):
    page_title = "情况说明"

    def __init__(self, *args: Any, row: Application, asked: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        for name, words in asked:
            known = row.facts.get(name)
            self.fields[name] = forms.ChoiceField(
                label=words,
                choices=YES,
                widget=forms.RadioSelect,
                error_messages={"required": f"请选择：{words}"},
                initial=None if known is None else str(int(known)),
            )


class PapersForm(StepForm):
    page_title, submit_label = "上传材料", "上传"
    papers = PhotosField(label="照片")


class SignForm(StepForm):
    page_title = "承诺与授权"
    declared = forms.BooleanField(label="我承诺所填内容和所交材料属实，愿承担不实的责任")
    authorised = forms.BooleanField(label="我授权办理部门为本事项向有关单位核对我的信息")


class ReviewForm(StepForm):
    page_title, submit_label = "核对并提交", "提交申请"
    signed = forms.BooleanField(label="以上内容我已核对无误，同意提交")


class WithdrawForm(Form):
    page_title, submit_label = "撤回申请", "确认撤回"
    reason = forms.CharField(label="撤回的原因", widget=area(2), max_length=200)


class ConfirmForm(Form):
    """A page that asks once more before an act without anything to fill in."""
