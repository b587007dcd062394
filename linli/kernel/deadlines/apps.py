from django.apps import AppConfig


class DeadlinesConfig(AppConfig):
    name = "linli.kernel.deadlines"
    label = "deadlines"
    verbose_name = "时限"
