"""The forms of gateways, words and quiet hours."""

from typing import Any

from django import forms

from linli.kernel.notify.rules import KINDS, Template, places
from linli.kernel.web.forms import Form

REASON = {"label": "理由", "max_length": 200, "widget": forms.Textarea(attrs={"rows": 3})}


class ChannelForm(Form):
    page_lead = (
        "网关地址含密钥，加密保存，保存后不再显示原文。其中的 {address} 在发送时换成收件人的手机号或邮箱。"
    )
    submit_label = "保存"
    url = forms.CharField(
        label="网关地址（apprise 写法）",
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    active = forms.BooleanField(label="启用", required=False, initial=True)


EXAMPLES = {
    "sms": "例如 jsons://网关域名/send?-to={address}，必须含 {address}",
    "wecom": "例如 wecombot://机器人密钥",
    "dingtalk": "例如 dingtalk://机器人令牌",
    "email": "例如 mailtos://用户:密码@邮件服务器?to={address}",
}


class SwitchForm(Form):
    submit_label = "确定"
    reason = forms.CharField(**REASON)


class ResendForm(Form):
    page_lead = "重新排队后几秒内发出；再次失败会照常按间隔重试。"
    submit_label = "重发"
    reason = forms.CharField(**{**REASON, "required": False})


class QuietForm(Form):
    page_title = "设置免打扰时段"
    page_lead = (
        "时段内不发短信等外部消息，到时间再发；紧急消息和验证码不受限制。开始和结束相同，表示不设免打扰。"
    )
    submit_label = "保存为新版本"
    start = forms.TimeField(
        label="开始", input_formats=["%H:%M"], widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "开始应写成 21:30 的样子"},
    )  # fmt: skip
    end = forms.TimeField(
        label="结束", input_formats=["%H:%M"], widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "结束应写成 07:30 的样子"},
    )  # fmt: skip
    source = forms.CharField(label="依据", max_length=200, help_text="写明文件名称和文号，将记入存证")


class WordingForm(Form):
    """The words of one template: title, text, and a text of its own for every channel it goes by."""

    submit_label = "预览"
    title = forms.CharField(label="标题", max_length=100)
    text = forms.CharField(label="正文", widget=forms.Textarea(attrs={"rows": 5}))

    def __init__(self, *args: Any, template: Template, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].help_text = f"可用占位符：{places(template)}"
        for kind in dict.fromkeys([*template.channels, *template.texts]):
            self.fields[f"text_{kind}"] = forms.CharField(
                label=f"{KINDS[kind]}专用正文",
                required=False,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text="不填则用上面的正文",
            )
        self.fields["reason"] = forms.CharField(**REASON)

    def texts(self) -> dict[str, str]:
        said = self.cleaned_data
        return {name[5:]: said[name] for name in said if name.startswith("text_") and said[name].strip()}
