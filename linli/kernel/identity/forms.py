"""The forms of sign-in and of one's own account."""

from typing import Any

from django import forms

from linli.kernel.identity.models import Account
from linli.kernel.web.forms import Form


def _password(label: str, autocomplete: str, **more: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete}, render_value=False)
    return forms.CharField(label=label, widget=widget, strip=False, max_length=128, **more)


class PhoneForm(Form):
    """First step of a resident's sign-in: where to send the code."""

    submit_label = "获取验证码"
    phone = forms.CharField(
        label="手机号",
        help_text="我们会发送 6 位数字验证码，首次登录自动建立账号",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )


class CodeForm(Form):
    """Second step: the six digits."""

    submit_label = "登录"
    code = forms.CharField(
        label="验证码",
        help_text="短信中的 6 位数字，10 分钟内有效",
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class PasswordForm(Form):
    """Staff by name and password."""

    submit_label = "登录"
    username = forms.CharField(
        label="账号",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username webauthn", "autocapitalize": "none"}),
    )
    password = _password("密码", "current-password")


class NewPasswordForm(Form):
    page_title = "修改密码"
    page_lead = "修改后，其他设备上的登录会全部退出。"
    submit_label = "保存新密码"
    old = _password("原密码", "current-password", required=False)
    password = _password("新密码", "new-password", help_text="至少 10 位，不要使用姓名、手机号或常见密码")


class SetPasswordForm(Form):
    page_title = "重置密码"
    page_lead = "重置后，该账号在所有设备上的登录会全部退出。请当面告知本人，并请其登录后立即修改。"
    submit_label = "重置"
    password = _password("新密码", "new-password", help_text="至少 10 位")


class AccountForm(Form):
    page_title = "新建账号"
    submit_label = "建立账号"
    dense = True
    username = forms.CharField(label="账号名", max_length=32, help_text="小写字母开头，可含数字和 . _ -")
    name = forms.CharField(label="姓名或系统名称", max_length=64)
    kind = forms.ChoiceField(label="类别", choices=[("staff", "工作人员"), ("service", "系统接口")])
    unit = forms.CharField(label="所在单位代码", max_length=32, required=False)
    phone = forms.CharField(label="手机号", max_length=20, required=False)
    password = _password(
        "初始密码", "new-password", required=False, help_text="至少 10 位；系统接口账号不用填写"
    )


class ReasonForm(Form):
    page_title = "停用账号"
    page_lead = "停用后立即退出登录，接口令牌全部撤销。"
    submit_label = "停用"
    reason = forms.CharField(label="理由", max_length=200, widget=forms.Textarea(attrs={"rows": 3}))


class TokenForm(Form):
    page_title = "办理接口令牌"
    page_lead = "令牌只显示一次，代表本账号在所选事项内办事，请妥善保管。"
    submit_label = "生成令牌"
    name = forms.CharField(label="用途", max_length=64, help_text="例如：数据大屏读取工单")
    scopes = forms.CharField(
        label="可办事项",
        help_text="每行一项，写成“房间.动作”，例如 incidents.view",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    days = forms.TypedChoiceField(
        label="有效期",
        coerce=int,
        initial=90,
        choices=[(30, "30 天"), (90, "90 天"), (365, "一年")],
    )


def kind_words(account: Account) -> str:
    return dict(Account._meta.get_field("kind").choices or ())[account.kind]
