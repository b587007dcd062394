from django.apps import AppConfig
from django.db.models.signals import post_migrate

PAGES = [
    ("授权一览", "access:grants", "access.grant", "谁在哪个区域、哪个单位有什么角色，等待复核的管理员授权。"),
    ("角色", "access:roles", "access.grant", "每个角色可以办理的事项。"),
    (
        "临时许可",
        "access:passes",
        "access.pass",
        "应急查看、限时查看和一次性链接：理由、到期时间，提前撤销。",
    ),
    ("回避与封存", "access:bars", "access.bar", "不论角色都不能查看和办理某一事项的账号：设置和解除。"),
]


class AccessConfig(AppConfig):
    name = "linli.kernel.access"
    label = "access"
    verbose_name = "权限"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from linli.kernel.access import queries
        from linli.kernel.identity import ports
        from linli.kernel.web.registry import NavEntry, register_nav

        for order, (label, name, verb, words) in enumerate(PAGES, 760):
            register_nav(NavEntry(label, name, verb, order=order, group="system.people", words=words))
        post_migrate.connect(_load_roles, sender=self)
        ports.bind_actor_maker(queries.actor_for_scopes)


def _load_roles(sender: AppConfig, using: str, **_: object) -> None:
    """After every `migrate` (and after a test emptied the tables): the catalogue of roles is there."""
    from django.db import connections

    from linli.kernel.access.actions import load_roles

    if using == "default" and "access_role" in connections[using].introspection.table_names():
        load_roles()
