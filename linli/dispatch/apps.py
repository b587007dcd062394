from pathlib import Path

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DispatchConfig(AppConfig):
    name = "linli.dispatch"
    label = "dispatch"
    verbose_name = "派单"

    def ready(self) -> None:
        from linli.dispatch import jobs, reactions  # noqa: F401  they register themselves
        from linli.dispatch.subjects import ORDER
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web import subjects

        subjects.register(ORDER)
        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        post_migrate.connect(_load, sender=self)


def _load(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate`, and after a test emptied the tables: the catalogue is there."""
    from django.db import connections

    from linli.dispatch.catalogue import load_catalogue

    if using == "default" and "dispatch_ladder" in connections[using].introspection.table_names():
        load_catalogue()
