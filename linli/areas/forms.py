"""Shapes and words of the forms of areas."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.areas import queries, rules
from linli.areas.coordinates import SYSTEMS
from linli.areas.models import Branch, Unit
from linli.kernel.identity.models import Account
from linli.kernel.web.fields import DayField
from linli.kernel.web.forms import Form


class AccountField(forms.CharField):
    """A colleague by name or account name; cleans to the account's id. Two of one name: the account name decides."""

    def __init__(self, *, party_member: bool = False, **kwargs: Any) -> None:
        self.party_member = party_member
        kwargs.setdefault("help_text", gettext_lazy("填写姓名；重名时填写账号名"))
        super().__init__(max_length=150, **kwargs)

    def clean(self, value: Any) -> int | None:
        words = super().clean(value)
        if not words:
            return None
        rows = Account.objects.filter(kind="staff", is_active=True)
        if self.party_member:
            rows = rows.filter(party_member=True)
        exact = list(rows.filter(username=words).values_list("pk", flat=True))
        found = exact or list(rows.filter(name=words).values_list("pk", flat=True)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise forms.ValidationError(_("有不止一位“%s”，请填写账号名") % words)
        raise forms.ValidationError(_("没有找到“%s”，请核对姓名或账号名") % words)


class NameForm(Form):
    page_title = gettext_lazy("修改名称")
    submit_label = gettext_lazy("保存")
    name = forms.CharField(label=gettext_lazy("名称"), max_length=64)


class AreaForm(NameForm):
    page_title = gettext_lazy("添加下级区域")
    code = forms.CharField(
        label=gettext_lazy("代码"),
        help_text=gettext_lazy("上级代码后加三位数字，例如 430181001001 的下级是 430181001001003"),
        max_length=15,
    )
    field_order = ["code", "name"]


class ReasonForm(Form):
    """For whatever ends something; the title says what."""

    reason = forms.CharField(label=gettext_lazy("理由"), max_length=200)

    def __init__(self, *args: Any, title: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page_title = title
        self.submit_label = _("确定")


class KeeperForm(Form):
    submit_label = gettext_lazy("任命")
    account = AccountField(label=gettext_lazy("人员"))


class UnitForm(Form):
    submit_label = gettext_lazy("保存")
    dense = True
    code = forms.CharField(label=gettext_lazy("单位代码"), max_length=32)
    name = forms.CharField(label=gettext_lazy("单位名称"), max_length=64)
    kind = forms.ChoiceField(label=gettext_lazy("类型"), choices=Unit.KINDS)
    area = forms.CharField(label=gettext_lazy("区域代码"), max_length=15)
    function = forms.CharField(
        label=gettext_lazy("职能代码"),
        max_length=16,
        required=False,
        help_text=gettext_lazy("派单规则用它找到单位，例如 CG"),
    )
    parent = forms.CharField(label=gettext_lazy("上级单位代码"), max_length=32, required=False)
    head = AccountField(label=gettext_lazy("负责人"), required=False)


class BranchForm(Form):
    submit_label = gettext_lazy("保存")
    name = forms.CharField(label=gettext_lazy("支部名称"), max_length=64)
    secretary = AccountField(label=gettext_lazy("支部书记"), required=False, party_member=True)
    grids = forms.MultipleChoiceField(
        label=gettext_lazy("建在哪些网格"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, community: str, branch: Branch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page_title = _("调整支部") if branch else _("新建支部")
        self.page_lead = queries.area_path(community)
        self.fields["grids"].choices = queries.choices("grid", community)  # type: ignore[attr-defined]


class MemberForm(Form):
    page_title = gettext_lazy("增加支部成员")
    submit_label = gettext_lazy("增加")
    account = AccountField(label=gettext_lazy("党员"), party_member=True)


class ImportForm(Form):
    page_title = gettext_lazy("导入区域边界")
    page_lead = gettext_lazy("先试检查，不会改动任何区域；看过结果再确认。一处有错，整份不导入。")
    submit_label = gettext_lazy("上传并检查")
    file = forms.FileField(
        label=gettext_lazy("边界文件"),
        help_text=gettext_lazy("GeoJSON，或压缩成 zip 的 Shapefile；属性里要有 code 和 name"),
    )
    system = forms.ChoiceField(
        label=gettext_lazy("坐标系"),
        required=False,
        choices=[("", gettext_lazy("按文件自带说明，没有则 WGS-84")), *SYSTEMS.items()],
    )
    illustrative = forms.BooleanField(label=gettext_lazy("这是示意边界，不是真实区划"), required=False)


class HandoverForm(Form):
    page_title = gettext_lazy("新建移交单")
    page_lead = gettext_lazy("名下全部在办职责会列成一份清单，双方签字后一次移交。")
    submit_label = gettext_lazy("生成清单")
    giver = AccountField(label=gettext_lazy("移交人"))
    receiver = AccountField(label=gettext_lazy("接收人"))
    reason = forms.ChoiceField(label=gettext_lazy("原因"), choices=list(rules.REASONS.items()))
    starts = DayField(label=gettext_lazy("开始日期"))
    ends = DayField(
        label=gettext_lazy("结束日期"),
        required=False,
        help_text=gettext_lazy("请假和替岗到期后自动交还；离任留空"),
    )
    note = forms.CharField(label=gettext_lazy("说明"), max_length=200, required=False)


class SignForm(Form):
    """One button under the list; `seen` is the digest of the list as it was shown."""

    page_title = gettext_lazy("签字")
    submit_label = gettext_lazy("我已核对清单，签字")
    seen = forms.CharField(widget=forms.HiddenInput, max_length=16)


class SignForForm(SignForm):
    page_title = gettext_lazy("代移交人签字")
    submit_label = gettext_lazy("代签")
    reason = forms.CharField(label=gettext_lazy("代签理由"), max_length=200)
