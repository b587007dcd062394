from pathlib import Path

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OnestopConfig(AppConfig):
    name = "linli.onestop"
    label = "onestop"
    verbose_name = "一站式服务"

    def ready(self) -> None:
        from linli.areas.duties import register as register_duty
        from linli.areas.ports import register_holding
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web import subjects
        from linli.kernel.web.registry import NavEntry, register_nav
        from linli.onestop import board, duties, jobs, notices, offline, orders, reactions  # noqa: F401
        from linli.onestop.subjects import APPLICATION, BUNDLE, OFFER, TASK

        subjects.register(APPLICATION)
        subjects.register(TASK)
        subjects.register(OFFER)
        subjects.register(BUNDLE)
        register_duty("onestop.task", duties.held_by_account, duties.move_tasks, label="办件任务")
        register_holding("onestop", duties.held_by_unit)
        orders.register_kinds()
        offline.register()
        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        board.register_kinds()
        notices.bind(board.PublicityBoard())
        register_nav(
            NavEntry("办件", "onestop:desk", verb="onestop.work", order=26),
            NavEntry("窗口", "onestop:intake", verb="onestop.accept", order=27),
            NavEntry("出件", "onestop:outlet_made", verb="onestop.outlet", order=27),
            NavEntry("叫号", "onestop:centres", verb="onestop.queue", order=27),
            NavEntry("发放", "onestop:batches", verb="onestop.pay", order=27),
            NavEntry("抽查", "onestop:samples", verb="onestop.supervise", order=29),
            NavEntry("免申即享", "onestop:offers", verb="onestop.view", order=29),
            NavEntry("一件事", "onestop:bundles", verb="onestop.view", order=29),
            NavEntry("调查签字", "onestop:surveys", verb="onestop.work", order=26),
            NavEntry("好差评", "onestop:reviews", verb="onestop.view", order=29),
            NavEntry("无人承办", "onestop:unowned", verb="onestop.supervise", order=28),
            NavEntry(
                "事项目录",
                "onestop:catalogue",
                verb="onestop.catalogue",
                order=60,
                group="system.catalogue",
                words="事项的版本、检查、模拟与发布",
            ),
            NavEntry("办事", "onestop:items", order=15, audience="resident"),
            NavEntry("我的办件", "onestop:cases", verb="onestop.apply", order=25, audience="resident"),
        )
        post_migrate.connect(_load, sender=self)


def _load(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate`, and after a test emptied the tables: the shipped catalogue is there."""
    from django.db import connections

    from linli.onestop.shipped import load_items

    if using == "default" and "onestop_itemversion" in connections[using].introspection.table_names():
        load_items()
