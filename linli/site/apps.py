from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "linli.site"
    label = "site"
    verbose_name = "站点"
