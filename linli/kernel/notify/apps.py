from pathlib import Path

from django.apps import AppConfig

PAGES = [
    ("通知通道", "notify:channels", "站内信、短信、企业微信、钉钉、邮件：设置网关，停用，给自己发测试消息。"),
    ("发送记录", "notify:notices", "每条消息是否送达，失败的原因，逐条重发。"),
    ("免打扰时段", "notify:quiet", "夜间不发消息的时段，按版本保留。"),
    ("消息文案", "notify:wordings", "各类消息的文字，改动存为新版本，保存前可预览。"),
]


class NotifyConfig(AppConfig):
    name = "linli.kernel.notify"
    label = "notify"
    verbose_name = "通知"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from linli.kernel.notify import jobs, registry  # noqa: F401  (jobs registers its timers)
        from linli.kernel.web.registry import NavEntry, register_nav

        for order, (label, name, words) in enumerate(PAGES, 830):
            register_nav(
                NavEntry(label, name, "notify.manage", order=order, group="system.messages", words=words)
            )
        registry.register_templates(Path(__file__).parent / "data" / "templates.yaml")
