from pathlib import Path

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IncidentsConfig(AppConfig):
    name = "linli.incidents"
    label = "incidents"
    verbose_name = "事件"

    def ready(self) -> None:
        from linli.dispatch import registry
        from linli.dispatch.background import register_background
        from linli.dispatch.registry import OrderKind
        from linli.incidents import jobs, offline, reactions  # noqa: F401  they register themselves
        from linli.incidents.actions.notes import report_from_note
        from linli.incidents.class_sheet import CLASSES
        from linli.incidents.subjects import INCIDENT, REPORT
        from linli.incidents.telling_orders import background_of
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web import subjects
        from linli.kernel.web.imports import register_import
        from linli.kernel.web.registry import NavEntry, register_nav
        from linli.people.ports import register_note_target

        registry.register(OrderKind("incident.handle", "处置", verify="other"))
        registry.register(OrderKind("incident.confirm", "现场核实", verify="none", form="incidents.confirm"))
        registry.register(OrderKind("incident.check", "到场核查", verify="none", form="incidents.check"))
        subjects.register(INCIDENT)
        subjects.register(REPORT)
        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        offline.register()
        register_import(CLASSES)
        register_background("incident", background_of)
        register_note_target("incident", "转为网格事件", report_from_note)
        register_nav(
            NavEntry("受理台", "desk:triage", verb="incidents.triage", order=10),
            NavEntry("事件", "desk:all", verb="incidents.triage", order=15),
            NavEntry("核查", "desk:checks", verb="incidents.check", order=28),
            NavEntry("类别", "incidents_admin:classes", verb="incidents.classes", order=82),
            NavEntry("派遣规则", "incidents_admin:routing", verb="incidents.routing", order=84),
            NavEntry("分类模型", "incidents_admin:model", verb="incidents.model", order=86),
            NavEntry(
                "上报",
                "desk:quick_report",
                verb="incidents.report_own",
                order=11,
                audience="field",
                icon="report",
            ),
        )
        post_migrate.connect(_load, sender=self)


def _load(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate`, and after a test emptied the tables: classes and routing rules are there."""
    from django.db import connections

    from linli.incidents.shipped import load_classes, load_routing

    if using == "default" and "incidents_routingrule" in connections[using].introspection.table_names():
        load_classes()
        load_routing()
