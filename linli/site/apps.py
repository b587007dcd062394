from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "linli.site"
    label = "site"
    verbose_name = "站点"

    def ready(self) -> None:
        from linli.kernel.files.registry import bind_may_see
        from linli.kernel.identity.ports import bind_deliver_code
        from linli.kernel.notify.actions import deliver_code
        from linli.kernel.web import subjects
        from linli.kernel.web.imports import register_import
        from linli.site.sheets import ACCOUNTS

        bind_deliver_code(deliver_code)
        bind_may_see(subjects.may_see)
        register_import(ACCOUNTS)
