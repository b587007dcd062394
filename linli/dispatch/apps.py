from pathlib import Path

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DispatchConfig(AppConfig):
    name = "linli.dispatch"
    label = "dispatch"
    verbose_name = "派单"

    def ready(self) -> None:
        from linli.areas import duties
        from linli.areas.ports import register_holding
        from linli.dispatch import jobs, offline, reactions  # noqa: F401  they register themselves
        from linli.dispatch.actions import handovers
        from linli.dispatch.subjects import ORDER
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web import subjects
        from linli.kernel.web.registry import NavEntry, register_nav

        subjects.register(ORDER)
        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        offline.register()
        register_holding("dispatch", handovers.held_by_unit)
        duties.register("dispatch.orders", handovers.open_orders, handovers.hand_over_orders, label="工单")
        duties.register("dispatch.duties", handovers.open_duties, handovers.hand_over_duties, label="值班")
        register_nav(
            NavEntry("今日", "dispatch:work", verb="dispatch.work", order=10, audience="field", icon="today"),
            NavEntry("我的工单", "dispatch:work", verb="dispatch.work", order=20),
            NavEntry("本单位", "dispatch:unit", verb="dispatch.reassign", order=25),
            NavEntry("审批", "dispatch:approvals", verb="dispatch.approve", order=30),
            NavEntry("值班表", "dispatch:duty", verb="dispatch.view", order=70),
            NavEntry(
                "各环节时限",
                "dispatch:clocks",
                verb="dispatch.ladders",
                order=800,
                group="system.time",
                words="派遣、接单、处置、核查各环节限多久，按工单种类和紧急程度。",
            ),
            NavEntry(
                "催办督办阶梯",
                "dispatch:ladders",
                verb="dispatch.ladders",
                order=802,
                group="system.time",
                words="用时到多少提醒谁、升级到哪一级。",
            ),
        )
        post_migrate.connect(_load, sender=self)


def _load(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate`, and after a test emptied the tables: the catalogue is there."""
    from django.db import connections

    from linli.dispatch.catalogue import load_catalogue

    if using == "default" and "dispatch_ladder" in connections[using].introspection.table_names():
        load_catalogue()
