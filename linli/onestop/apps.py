from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OnestopConfig(AppConfig):
    name = "linli.onestop"
    label = "onestop"
    verbose_name = "一站式服务"

    def ready(self) -> None:
        from linli.areas.duties import register as register_duty
        from linli.areas.ports import register_holding
        from linli.kernel.web import subjects
        from linli.onestop import duties, jobs, reactions  # noqa: F401  they register themselves
        from linli.onestop.subjects import APPLICATION, TASK

        subjects.register(APPLICATION)
        subjects.register(TASK)
        register_duty("onestop.task", duties.held_by_account, duties.move_tasks, label="办件任务")
        register_holding("onestop", duties.held_by_unit)
        post_migrate.connect(_load, sender=self)


def _load(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate`, and after a test emptied the tables: the shipped catalogue is there."""
    from django.db import connections

    from linli.onestop.shipped import load_items

    if using == "default" and "onestop_itemversion" in connections[using].introspection.table_names():
        load_items()
