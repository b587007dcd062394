from django.apps import AppConfig


class PublicityConfig(AppConfig):
    name = "linli.publicity"
    label = "publicity"
    verbose_name = "公示"
