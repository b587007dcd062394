from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccessConfig(AppConfig):
    name = "linli.kernel.access"
    label = "access"
    verbose_name = "权限"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from linli.kernel.access import queries
        from linli.kernel.identity import ports

        post_migrate.connect(_load_roles, sender=self)
        ports.bind_actor_maker(queries.actor_for_scopes)


def _load_roles(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate` (and after a test emptied the tables): the catalogue of roles is there."""
    from django.db import connections

    from linli.kernel.access.actions import load_roles

    if using == "default" and "access_role" in connections[using].introspection.table_names():
        load_roles()
