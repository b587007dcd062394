from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "linli.site"
    label = "site"
    verbose_name = "站点"

    def ready(self) -> None:
        from linli.kernel.web.imports import register_import
        from linli.site.sheets import ACCOUNTS

        register_import(ACCOUNTS)
