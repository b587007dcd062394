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
        from linli.incidents.actions.steps import follow_unit
        from linli.incidents.class_sheet import CLASSES
        from linli.incidents.subjects import INCIDENT, REPORT
        from linli.incidents.telling_orders import background_of
        from linli.kernel.notify.registry import register_templates
        from linli.kernel.web import subjects
        from linli.kernel.web.imports import register_import
        from linli.kernel.web.registry import NavEntry, register_nav
        from linli.people.ports import register_note_target

        registry.register(OrderKind("incident.handle", "处置", verify="other", moved=follow_unit))
        registry.register(OrderKind("incident.confirm", "现场核实", verify="none", form="incidents.confirm"))
        registry.register(OrderKind("incident.check", "到场核查", verify="none", form="incidents.check"))
        subjects.register(INCIDENT)
        subjects.register(REPORT)
        register_templates(Path(__file__).parent / "data" / "notices.yaml")
        offline.register()
        register_import(CLASSES)
        register_background("incident", background_of)
        register_note_target("incident", "转为网格事件", report_from_note)
        catalogue = [
            (
                "类别",
                "classes",
                "incidents.classes",
                "事件分类目录：名称、时限、承办、证据要求，按版本发布。",
            ),
            ("派遣规则", "routing", "incidents.routing", "哪一类事件在哪个区域派给哪个单位。"),
            ("分类模型", "model", "incidents.model", "自动分类的准确率，重新训练和换用。"),
        ]
        register_nav(
            NavEntry("受理台", "desk:triage", verb="incidents.triage", order=10),
            NavEntry("事件", "desk:all", verb="incidents.triage", order=15),
            NavEntry("核查", "desk:checks", verb="incidents.check", order=28),
            NavEntry(
                "上报", "desk:quick_report", "incidents.report_own", 11, audience="field", icon="report"
            ),
            *(
                NavEntry(
                    label, f"incidents_admin:{page}", verb, 780 + n, group="system.catalogue", words=words
                )
                for n, (label, page, verb, words) in enumerate(catalogue)
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
