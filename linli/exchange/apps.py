from pathlib import Path

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "linli.exchange"
    label = "exchange"
    verbose_name = "与外部系统交换"

    def ready(self) -> None:
        from linli.exchange import jobs, reactions  # noqa: F401  they register themselves
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web.registry import NavEntry, register_nav

        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        register_nav(
            NavEntry(
                "消息推送",
                "exchange:webhooks",
                "exchange.manage",
                order=840,
                group="system.messages",
                words="把事件和工单的变化推送给其他系统，查看推送结果。",
            )
        )
