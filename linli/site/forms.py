"""Forms of the first run."""

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from linli.kernel.web.forms import Form
from linli.site.actions import REMOVE_WORD


class FirstForm(Form):
    page_title = gettext_lazy("首次设置：第一位管理员")
    page_lead = gettext_lazy(
        "只在本站还没有管理员时可用。首次设置码在服务器数据目录的 keys/setup-code 文件里。"
    )
    submit_label = gettext_lazy("建立管理员账号")
    code = forms.CharField(label=gettext_lazy("首次设置码"), max_length=64)
    username = forms.CharField(
        label=gettext_lazy("账号名"),
        max_length=32,
        help_text=gettext_lazy("小写字母开头，3 到 32 位字母、数字或 . _ -"),
    )
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=64)
    password = forms.CharField(
        label=gettext_lazy("密码"), max_length=128, widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=gettext_lazy("至少 10 位，不要只用数字"),
    )  # fmt: skip


class DivisionsForm(Form):
    page_title = gettext_lazy("导入区划名单")
    page_lead = gettext_lazy(
        "CSV 或 Excel，两列：代码、名称。县 6 位，乡镇街道 9 位，村（社区）12 位，网格 15 位。边界可以以后再导入。"
    )
    submit_label = gettext_lazy("导入")
    file = forms.FileField(label=gettext_lazy("名单文件"))


class ProfileForm(Form):
    page_title = gettext_lazy("名称与徽标")
    submit_label = gettext_lazy("保存")
    name = forms.CharField(label=gettext_lazy("平台名称"), max_length=40)
    county = forms.ChoiceField(label=gettext_lazy("县（市）"), choices=())
    welcome = forms.CharField(label=gettext_lazy("欢迎语"), max_length=200, required=False)
    logo = forms.FileField(
        label=gettext_lazy("徽标"),
        required=False,
        help_text=gettext_lazy("PNG 或 JPEG，不超过 256 KB；不选则保持原样"),
    )


class RemoveDemoForm(Form):
    page_title = gettext_lazy("整体删除演示数据")
    page_lead = gettext_lazy("演示区划、单位、账号、居民、事件和工单会全部删除，不能恢复。台账记录保留。")
    submit_label = gettext_lazy("全部删除")
    word = forms.CharField(
        label=gettext_lazy("确认"),
        max_length=20,
        help_text=format_lazy("{}{}", gettext_lazy("请输入："), REMOVE_WORD),
    )
