from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "linli.people"
    label = "people"
    verbose_name = "人户"

    def ready(self) -> None:
        from linli.kernel.web import imports, registry, subjects, sync
        from linli.people import jobs, offline, reactions, sheets  # noqa: F401  they register themselves
        from linli.people.subjects import HOUSEHOLD, PERSON

        subjects.register(PERSON)
        subjects.register(HOUSEHOLD)
        imports.register_import(sheets.RESIDENTS)
        sync.register_offline(offline.NOTE, offline.HOUSEHOLDS)
        registry.register_nav(
            registry.NavEntry(_("人户"), "people:households", "people.view", order=30, group="residents"),
            registry.NavEntry(
                _("走访"), "people:not_visited", "people.note", order=40, audience="field", icon="people"
            ),
        )
