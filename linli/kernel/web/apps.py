from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "linli.kernel.web"
    label = "web"
    verbose_name = "页面"
