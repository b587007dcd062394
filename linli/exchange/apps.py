from pathlib import Path

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ExchangeConfig(AppConfig):
    name = "linli.exchange"
    label = "exchange"
    verbose_name = "与外部系统交换"

    def ready(self) -> None:
        from linli.exchange import jobs, queries, reactions  # noqa: F401  they register themselves
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web.registry import NavEntry, register_nav
        from linli.onestop import usage

        usage.bind(queries.uses_of)
        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        register_nav(
            NavEntry(
                "消息推送",
                "exchange:webhooks",
                "exchange.manage",
                order=840,
                group="system.messages",
                words="把事件和工单的变化推送给其他系统，查看推送结果。",
            ),
            NavEntry(
                "数据源",
                "exchange:sources",
                "exchange.sources",
                order=845,
                group="system.messages",
                words="向部门核对申请人的材料：接口、查询结果和未查成的请求。",
            ),
        )
        post_migrate.connect(_load, sender=self)


def _load(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate`, and after a test emptied the tables: the shipped sources are there."""
    from django.db import connections

    from linli.exchange.shipped import load_sources

    if using == "default" and "exchange_datasource" in connections[using].introspection.table_names():
        load_sources()
