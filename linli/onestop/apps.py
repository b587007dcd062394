from django.apps import AppConfig


class OnestopConfig(AppConfig):
    name = "linli.onestop"
    label = "onestop"
    verbose_name = "一站式服务"
