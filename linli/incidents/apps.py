from pathlib import Path

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IncidentsConfig(AppConfig):
    name = "linli.incidents"
    label = "incidents"
    verbose_name = "事件"

    def ready(self) -> None:
        from linli.dispatch import registry
        from linli.dispatch.registry import OrderKind
        from linli.incidents import jobs, reactions  # noqa: F401  they register themselves
        from linli.incidents.subjects import INCIDENT, REPORT
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web import subjects

        registry.register(OrderKind("incident.handle", "处置", verify="other"))
        registry.register(OrderKind("incident.confirm", "现场核实", verify="none", form="incidents.confirm"))
        registry.register(OrderKind("incident.check", "到场核查", verify="none", form="incidents.check"))
        subjects.register(INCIDENT)
        subjects.register(REPORT)
        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        post_migrate.connect(_load, sender=self)


def _load(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate`, and after a test emptied the tables: classes and routing rules are there."""
    from django.db import connections

    from linli.incidents.shipped import load_classes, load_routing

    if using == "default" and "incidents_routingrule" in connections[using].introspection.table_names():
        load_classes()
        load_routing()
