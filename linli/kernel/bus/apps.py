from django.apps import AppConfig


class BusConfig(AppConfig):
    name = "linli.kernel.bus"
    label = "bus"
    verbose_name = "消息"
